"""The order in which a transaction locks rows, and the functions that lock them.

Every transaction, in a request as in a worker, takes the locks it needs in this order:

1. the claim of an idempotency key, which waits two seconds at most
2. names, by advisory locks (`lock_names`, all names of one kind in one call), because a row with
   that name may not exist yet: agent ids, the name of an integration, the default carrier
   then, in an organization that is near one of its quotas, the row of the organization
3. phone numbers, several in the order of their ids; new numbers in the order of the numbers
4. carriers with their gateways, then integrations
5. open operations, several in the order of subject kind and id (`in_lock_order`)
6. placements, default integrations in the order of roles, rows of a bulk job and then the job,
   audit events

The row of a number, carrier or integration guards everything that belongs to it. Only a transaction
that has locked this row opens, changes or closes an operation on it, or writes its placements or
gateways. The row always exists, so the order is the same whether an operation is open or not.
Claiming an operation and storing its ids are single statements that hold no other lock while they
wait. The check of an integration is guarded by the integration alone, so it may be locked before
other operations.

Rows are locked FOR NO KEY UPDATE. PostgreSQL checks foreign keys at commit by locking the parent
FOR KEY SHARE, which would wait for FOR UPDATE. Only a deletion takes FOR UPDATE, and a transaction
that refers to a row which must not be deleted meanwhile takes FOR KEY SHARE explicitly.
"""

from collections.abc import Iterable
from uuid import UUID, uuid5

from django.db import connection
from django.db.models import QuerySet

from integrations.models import Integration, Operation

LOCK_NAMES_SQL = "SELECT pg_advisory_xact_lock(key) FROM unnest(%s::bigint[]) AS key"


INSTALLATION_ID = UUID(int=0)


def lock_names(owner_id: UUID, kind: str, names: Iterable[str] = ("",)) -> None:
    """Locks names within an organization, or within the INSTALLATION_ID, until the transaction
    ends. Rows with these names need not exist."""
    if keys := sorted({advisory_lock_key(uuid5(owner_id, f"{kind} {name}")) for name in names}):
        with connection.cursor() as cursor:
            cursor.execute(LOCK_NAMES_SQL, [keys])


def advisory_lock_key(value: UUID) -> int:
    """Returns the key of an advisory lock: a signed integer of 64 bits."""
    return int.from_bytes(value.bytes[:8], signed=True)


def lock_integration(integration_id: UUID) -> Integration | None:
    """Locks the integration and returns its current row, or None if it was deleted."""
    rows = Integration.objects.select_for_update(no_key=True)
    return rows.filter(pk=integration_id).first()


def lock_integration_name(organization_id: UUID, name: str) -> None:
    """Locks the name, so that no other transaction connects an integration with this name, or
    renames one to it, until this one ends. Call it before you lock an integration."""
    lock_names(organization_id, "integration", [name])


def lock_dependents(integration: Integration) -> None:
    """Locks the rows that are deleted with an integration: its operations, then its default
    roles."""
    operations = integration.operations.select_for_update(no_key=True)
    list(operations.order_by("subject_kind", "pk").values_list("pk"))
    list(integration.default_for.select_for_update().order_by("role").values_list("pk"))


def lock_open_operations(
    subject_kind: str, subject_ids: Iterable[UUID] | QuerySet
) -> dict[UUID, Operation]:
    """Locks the open operations of subjects of one kind and returns them by subject id. The caller
    has locked the number, carrier or integration, so none is opened or closed meanwhile."""
    rows = Operation.objects.filter(
        subject_kind=subject_kind, subject_id__in=subject_ids, status=Operation.Status.OPEN
    )
    locked = rows.select_for_update(no_key=True).order_by("pk")
    return {operation.subject_id: operation for operation in locked}


def in_lock_order(operations: QuerySet[Operation]) -> QuerySet[Operation]:
    """Returns the same operations for an UPDATE that locks them in the lock order of this
    module."""
    locked = operations.select_for_update(no_key=True).order_by("subject_kind", "pk")
    return Operation.objects.filter(pk__in=locked.values("pk"))
