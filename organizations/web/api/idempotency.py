"""Idempotency-Key: what a request did and what it was answered are committed together, or neither.

The claim is an INSERT in the request's own transaction. A second request with the key waits for the
first one's end in PostgreSQL: after a commit it finds the saved answer, after an abort it executes.
There is no lock to unstick: a process that dies takes its claim along.
"""

import hashlib
import re
from dataclasses import dataclass

from django.conf import settings
from django.db import OperationalError, connection
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from organizations.models import Organization, SavedReply
from organizations.web.api.exception_mapping import LOCK_TIMEOUT, sqlstate
from organizations.web.api.problems import Problem, field_error

HEADER = "Idempotency-Key"
KEY_PATTERN = re.compile(r"[A-Za-z0-9_-]{8,255}")
CLAIM_LOCK_TIMEOUT = "2s"
TABLE = SavedReply._meta.db_table
# An expired row is taken over, as if it had been deleted in time.
CLAIM_STATEMENT = f"""
    INSERT INTO {TABLE} AS saved
        (organization_id, key, fingerprint, status, headers, body, created_at, expires_at)
    VALUES (%s, %s, %s, 0, '{{}}', '', now(), now() + %s)
    ON CONFLICT (organization_id, key) DO UPDATE
        SET fingerprint = EXCLUDED.fingerprint, created_at = now(), expires_at = EXCLUDED.expires_at
        WHERE saved.expires_at < now()
    RETURNING id
"""
# Only the claim waits so shortly; the request's own locks wait as long as ever.
RESTORE_LOCK_TIMEOUT = "SELECT set_config('lock_timeout', %s, true)"
SHORTEN_LOCK_TIMEOUT = (
    "SELECT current_setting('lock_timeout'), set_config('lock_timeout', %s, true)"
)


@dataclass(frozen=True)
class IdempotencyClaim:
    """The right to execute the request; `save` keeps its answer in the same transaction."""

    row_id: int
    organization: Organization

    def save(self, response: HttpResponse) -> None:
        self.organization.saved_replies.filter(pk=self.row_id).update(
            status=response.status_code, headers=dict(response.headers), body=response.content
        )

    def drop(self) -> None:
        """What came of it after all was an error, and errors are not kept."""
        self.organization.saved_replies.filter(pk=self.row_id).delete()


def read_idempotency_key(request: HttpRequest) -> str | None:
    """The header, None without one. Two headers arrive joined by a comma, which no key has."""
    key = request.META.get("HTTP_IDEMPOTENCY_KEY")
    if key is None or KEY_PATTERN.fullmatch(key):
        return key
    error = field_error(HEADER, _("8 to 255 characters of A-Z a-z 0-9 _ - are expected."))
    raise Problem("invalid-idempotency-key", errors=[error])


def claim_idempotency_key(
    request: HttpRequest, organization: Organization, key: str
) -> IdempotencyClaim | HttpResponse:
    """The claim, or the answer that was saved under the key. Needs a transaction."""
    mark = request_fingerprint(request)
    row_id = insert_idempotency_claim(organization, key, mark)
    if row_id is not None:
        return IdempotencyClaim(row_id, organization)
    saved = organization.saved_replies.filter(key=key).first()
    if saved is None:  # swept away since the INSERT met it
        raise in_progress_problem()
    if bytes(saved.fingerprint) != mark:
        raise Problem("idempotency-mismatch")
    return replay_saved_response(saved)


def insert_idempotency_claim(organization: Organization, key: str, mark: bytes) -> int | None:
    with connection.cursor() as cursor:
        cursor.execute(SHORTEN_LOCK_TIMEOUT, [CLAIM_LOCK_TIMEOUT])
        (lock_timeout, _shortened) = cursor.fetchone()
        try:
            cursor.execute(
                CLAIM_STATEMENT, [organization.pk, key, mark, settings.IDEMPOTENCY_RETENTION]
            )
        except OperationalError as error:
            if sqlstate(error) == LOCK_TIMEOUT:
                raise in_progress_problem() from error
            raise
        row = cursor.fetchone()
        cursor.execute(RESTORE_LOCK_TIMEOUT, [lock_timeout])
    return row[0] if row else None


def request_fingerprint(request: HttpRequest) -> bytes:
    """Two requests are one wish when method, path, query and every byte of the body are equal."""
    parts = (request.method, request.path, request.META.get("QUERY_STRING", ""))
    digest = hashlib.sha256("\0".join(parts).encode("utf-8", "surrogateescape"))
    digest.update(b"\0" + request.body)
    return digest.digest()


def replay_saved_response(saved: SavedReply) -> HttpResponse:
    headers = saved.headers | {"Idempotent-Replayed": "true"}
    return HttpResponse(bytes(saved.body), status=saved.status, headers=headers)


def in_progress_problem() -> Problem:
    return Problem("idempotency-in-progress", headers={"Retry-After": "2"})
