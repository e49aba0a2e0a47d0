"""Idempotency-Key: the changes of a request and its response are committed together, or not at all.

The claim is an INSERT in the request's own transaction. A second request with the same key waits in
PostgreSQL for the end of the first: after a commit it finds the saved response, and after a
rollback it executes. No lock can get stuck, because the claim of a process that dies is rolled
back.
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
# Takes over an expired row as if it had been deleted in time.
CLAIM_STATEMENT = f"""
    INSERT INTO {TABLE} AS saved
        (organization_id, key, fingerprint, status, headers, body, created_at, expires_at)
    VALUES (%s, %s, %s, 0, '{{}}', '', now(), now() + %s)
    ON CONFLICT (organization_id, key) DO UPDATE
        SET fingerprint = EXCLUDED.fingerprint, created_at = now(), expires_at = EXCLUDED.expires_at
        WHERE saved.expires_at < now()
    RETURNING id
"""
# Only the claim has this short timeout. The request's own locks keep the usual one.
RESTORE_LOCK_TIMEOUT = "SELECT set_config('lock_timeout', %s, true)"
SHORTEN_LOCK_TIMEOUT = (
    "SELECT current_setting('lock_timeout'), set_config('lock_timeout', %s, true)"
)


@dataclass(frozen=True)
class IdempotencyClaim:
    """The right to execute the request. `save` stores its response in the same transaction."""

    row_id: int
    organization: Organization

    def save(self, response: HttpResponse) -> None:
        self.organization.saved_replies.filter(pk=self.row_id).update(
            status=response.status_code, headers=dict(response.headers), body=response.content
        )

    def drop(self) -> None:
        """Deletes the saved response, because the final result was an error, and errors are not
        saved."""
        self.organization.saved_replies.filter(pk=self.row_id).delete()


def read_idempotency_key(request: HttpRequest) -> str | None:
    """Returns the header, or None without one. Two headers arrive joined by a comma, which no key
    contains. Raises Problem for an invalid key."""
    key = request.META.get("HTTP_IDEMPOTENCY_KEY")
    if key is None or KEY_PATTERN.fullmatch(key):
        return key
    error = field_error(HEADER, _("8 to 255 characters of A-Z a-z 0-9 _ - are expected."))
    raise Problem("invalid-idempotency-key", errors=[error])


def claim_idempotency_key(
    request: HttpRequest, organization: Organization, key: str
) -> IdempotencyClaim | HttpResponse:
    """Returns a claim, or the response that was saved under the key. Raises Problem. Requires a
    transaction."""
    mark = request_fingerprint(request)
    row_id = insert_idempotency_claim(organization, key, mark)
    if row_id is not None:
        return IdempotencyClaim(row_id, organization)
    saved = organization.saved_replies.filter(key=key).first()
    if saved is None:  # deleted by the cleanup since the INSERT
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
    """Returns a digest of method, path, query and body. Two requests are the same if all of them
    are equal, byte by byte."""
    parts = (request.method, request.path, request.META.get("QUERY_STRING", ""))
    digest = hashlib.sha256("\0".join(parts).encode("utf-8", "surrogateescape"))
    digest.update(b"\0" + request.body)
    return digest.digest()


def replay_saved_response(saved: SavedReply) -> HttpResponse:
    headers = saved.headers | {"Idempotent-Replayed": "true"}
    return HttpResponse(bytes(saved.body), status=saved.status, headers=headers)


def in_progress_problem() -> Problem:
    return Problem("idempotency-in-progress", headers={"Retry-After": "2"})
