"""The one order in which a transaction locks rows, and the locks themselves.

Every transaction, an asker's or a worker's, takes what it needs in this order and never goes back:

1. the claim of an idempotency key (before anything else; waits two seconds at most)
2. names, by advisory locks (`lock_names`, all of one kind in one call), as there may be no row of
   that name yet: the ids of agents, the name of an integration, which carrier is the default
3. phone numbers, several by their id; inserts of new numbers, several by the number
4. carriers with their gateways, then integrations
5. open operations, several by kind of subject and id (`in_order`)
6. placements, default integrations (by role), rows of batches and their batch, audit events

A number, a carrier or an integration is the lock of everything about it: its operation is opened,
changed and closed, and its placements or gateways are written, only by who has locked that row.
Such a row always exists, so the order does not depend on whether an operation is open. Claiming an
operation and keeping its ids are single statements, which hold nothing while they wait. An
operation of an integration, a check, is protected by the integration alone.

Rows are locked FOR NO KEY UPDATE: foreign keys are checked at the commit by FOR KEY SHARE on the
parents, which would wait for FOR UPDATE. FOR UPDATE is for who deletes; who refers to a row that
must not be deleted meanwhile takes FOR KEY SHARE first.
"""

from collections.abc import Iterable
from uuid import UUID, uuid5

from django.db import connection
from django.db.models import QuerySet

from integrations.models import Integration, Operation

LOCK_NAMES = "SELECT pg_advisory_xact_lock(key) FROM unnest(%s::bigint[]) AS key"


INSTALLATION = UUID(int=0)


def lock_names(owner_id: UUID, kind: str, names: Iterable[str] = ("",)) -> None:
    """Until the end of the transaction nobody else has one of the names of an organization, or of
    the INSTALLATION; whether there is a row of such a name makes no difference."""
    if keys := sorted({key_of(uuid5(owner_id, f"{kind} {name}")) for name in names}):
        with connection.cursor() as cursor:
            cursor.execute(LOCK_NAMES, [keys])


def key_of(value: UUID) -> int:
    """The key of an advisory lock, a signed number of 64 bits."""
    return int.from_bytes(value.bytes[:8], signed=True)


def lock_integration(integration_id: UUID) -> Integration | None:
    """None where it was deleted."""
    rows = Integration.objects.select_for_update(no_key=True)
    return rows.filter(pk=integration_id).first()


def lock_integration_name(organization_id: UUID, name: str) -> None:
    """Nobody else connects an integration of this name, or renames one to it, until the transaction
    ends. Before an integration is locked."""
    lock_names(organization_id, "integration", [name])


def lock_dependents(integration: Integration) -> None:
    """What is deleted with an integration: its operations, then the roles it is the default for."""
    operations = integration.operations.select_for_update(no_key=True)
    list(operations.order_by("subject_kind", "pk").values_list("pk"))
    list(integration.default_for.select_for_update().order_by("role").values_list("pk"))


def lock_open_operations(
    subject_kind: str, subject_ids: Iterable[UUID] | QuerySet
) -> dict[UUID, Operation]:
    """The open operations of subjects of one kind, by subject. The caller has locked the number,
    carrier or integration, so none can be opened or closed until its transaction ends."""
    rows = Operation.objects.filter(
        subject_kind=subject_kind, subject_id__in=subject_ids, status=Operation.Status.OPEN
    )
    locked = rows.select_for_update(no_key=True).order_by("pk")
    return {operation.subject_id: operation for operation in locked}


def in_order(operations: QuerySet[Operation]) -> QuerySet[Operation]:
    """The same ones for an UPDATE, which locks them in the one order of operations."""
    locked = operations.select_for_update(no_key=True).order_by("subject_kind", "pk")
    return Operation.objects.filter(pk__in=locked.values("pk"))
