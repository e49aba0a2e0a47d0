"""The chain of seals over the audit log, and its verification, which trusts the database only for
the texts of its rows.

A trigger (migration 0008) writes a Seal for each event when its transaction commits: SHA-256 over
the previous digest and the event's fields. Whoever changes, removes, adds or moves an event later
breaks the chain there. Rewriting all of the log, or cutting off its end, is detected by an anchor
that was stored elsewhere: position and digest of the last seal on a day.
"""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

from django.db import connection

from organizations.models import EventArchive, Organization, Seal

READ_BATCH_SIZE = 2_000
# Same fields and order as in the trigger. Times are in microseconds since 1970.
FIELD_EXPRESSIONS = (
    *(
        "e.id::text",
        "e.organization_id::text",
        "(extract(epoch FROM e.at) * 1000000)::bigint::text",
    ),
    *("e.actor_kind", "e.actor_id", "e.actor_label", "e.action"),
    *("e.subject_kind", "e.subject_id::text", "e.subject_label"),
    *("e.before::text", "e.after::text", "e.request_id::text"),
    *("host(e.client_address)", "e.outcome"),
)
FIELD_NAMES = (
    *("id", "organization_id", "at_microseconds", "actor_kind", "actor_id", "actor_label"),
    *("action", "subject_kind", "subject_id", "subject_label", "before", "after", "request_id"),
    *("client_address", "outcome"),
)
SEALS_QUERY = f"""
SELECT s.position, s.event_id, s.digest, e.id, {", ".join(FIELD_EXPRESSIONS)}
FROM organizations_seal s LEFT JOIN organizations_event e
  ON e.id = s.event_id AND e.organization_id = s.organization_id
WHERE s.organization_id = %s AND s.position > %s ORDER BY s.position LIMIT {READ_BATCH_SIZE}
"""  # noqa: S608  names of ours
UNSEALED_EVENT_QUERY = """
SELECT e.id FROM organizations_event e WHERE e.organization_id = %s
  AND NOT EXISTS (SELECT FROM organizations_seal s
                  WHERE s.event_id = e.id AND s.organization_id = e.organization_id
                    AND s.position IS NOT NULL)
ORDER BY e.id LIMIT 1
"""


@dataclass(frozen=True)
class Anchor:
    """The end of a chain at an earlier time. `digest` is hexadecimal."""

    organization: str  # public id
    position: int
    digest: str


@dataclass(frozen=True)
class ChainVerification:
    """The verified state of one organization's chain. `broken` describes the first event that is
    not as it was sealed, and is "" if all are intact; `last` is None if there are no events. Of the
    `sealed` events, the first `archived` ones are in files and no longer in the log."""

    organization: Organization
    sealed: int
    last: Anchor | None
    broken: str = ""
    archived: int = 0

    def as_dict(self) -> dict[str, Any]:
        return {
            "organization": self.organization.public_id,
            "sealed": self.sealed,
            "archived": self.archived,
            "last": self.last and asdict(self.last),
            "broken": self.broken,
        }


def verify_chain(organization: Organization, anchors: Iterable[Anchor] = ()) -> ChainVerification:
    """Verifies the chain from its beginning, or from the end of the last archive. `anchors` may
    belong to any organizations."""
    start, digest = last_archived_seal(organization)
    due = {each.position: each for each in anchors if each.organization == organization.public_id}
    position, broken = start, find_archive_mismatch(organization, start, digest, due)
    due = {at: each for at, each in due.items() if at > start}
    for at, event_id, sealed, found_id, *fields in () if broken else iterate_seals(organization):
        broken = find_sequence_gap(at, position + 1, event_id, found_id)
        position = at
        if not broken and event_digest(digest, fields) != sealed:
            broken = f"event {event_id} is not as it was sealed"
        anchor = due.pop(at, None)
        if not broken and anchor and anchor.digest != sealed.hex():
            broken = f"event {event_id} is not the one that the anchor names"
        digest = sealed
        if broken:
            break
    broken = broken or find_tail_mismatch(organization, due)
    last = Anchor(organization.public_id, position, digest.hex()) if position else None
    return ChainVerification(organization, position, last, broken, archived=start)


def last_archived_seal(organization: Organization) -> tuple[int, bytes]:
    """Returns position and digest of the last archived event, after which the chain in the database
    continues, or (0, b"")."""
    archives = EventArchive.objects.filter(organization=organization).order_by("-last")
    last = archives.values_list("last", "digest").first()
    return (last[0], bytes(last[1])) if last else (0, b"")


def find_archive_mismatch(
    organization: Organization, start: int, digest: bytes, anchors: dict[int, Anchor]
) -> str:
    """Returns what is wrong where the archive ends and the log begins, or "". An anchor from before
    that point can be compared only with the files."""
    if not start:
        return ""
    kept = Seal.objects.filter(organization=organization, position=start).first()
    if kept is None:
        return f"the seal with position {start} is missing, where the archive ends"
    if bytes(kept.digest) != digest:
        return f"the seal with position {start} is not that of the archive"
    if start in anchors and anchors[start].digest != digest.hex():
        return f"the archive does not end with the line that the anchor names ({start})"
    return ""


def iterate_seals(organization: Organization) -> Iterator[list[Any]]:
    """Yields position, event id, digest, the id of the event found (None if it is missing) and its
    fields as texts, for all seals that are not archived."""
    position, _digest = last_archived_seal(organization)
    while True:
        with connection.cursor() as cursor:
            cursor.execute(SEALS_QUERY, [organization.pk, position])
            rows = cursor.fetchall()
        for at, event_id, digest, *rest in rows:
            yield [at, event_id, bytes(digest), *rest]
            position = at
        if len(rows) < READ_BATCH_SIZE:
            return


def find_sequence_gap(position: int, expected: int, event_id: int, found_id: int | None) -> str:
    if position != expected:
        return f"the seal with position {expected} is missing"
    if found_id is None:
        return f"event {event_id} is missing"
    return ""


def find_tail_mismatch(organization: Organization, anchors: dict[int, Anchor]) -> str:
    if anchors:
        return f"the log ends before position {min(anchors)}, which an anchor names"
    with connection.cursor() as cursor:
        cursor.execute(UNSEALED_EVENT_QUERY, [organization.pk])
        row = cursor.fetchone()
    return f"event {row[0]} has no seal" if row else ""


def event_digest(before: bytes, fields: Iterable[str | None]) -> bytes:
    """Returns the SHA-256 digest over the previous digest and the fields. Each field is preceded by
    the length of its UTF-8 bytes, so that no two rows read alike; NULL is "-"."""
    written = [b"-" if text is None else encode_with_length(text.encode()) for text in fields]
    return hashlib.sha256(before + b"".join(written)).digest()


def encode_with_length(data: bytes) -> bytes:
    return b"%d:%s" % (len(data), data)
