"""Number pools as operators keep them; numbers/inventory/pool_rules.py asks them which numbers are
allowed."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from carriers.models import Carrier
from numbers.models import NumberPool, PooledNumber
from numbers.models.number_pool import MAX_POOL_NUMBERS
from organizations.access.principals import Principal
from organizations.operations import record_event


@transaction.atomic
def create_pool(by: Principal, *, numbers: Iterable[str], **fields: Any) -> NumberPool:
    """Assign to the organization of `by` what begins with one of the `prefixes`, and the `numbers`
    (canonical E.164), with a `carrier` only there. Raises ValidationError by field."""
    pool = NumberPool(organization=by.organization, **fields)
    save_pool(pool)
    added, _removed = replace_pool_numbers(pool, numbers)
    record_pool_event(by, pool, "created", after={**pool_audit_snapshot(pool), "numbers": added})
    return pool


@transaction.atomic
def change_pool(
    by: Principal, pool_id: UUID, *, numbers: Iterable[str], **fields: Any
) -> NumberPool:
    """`numbers` are all that the list shall have. Numbers that are held already stay where they
    are. Raises ValidationError by field, and DoesNotExist."""
    pool = by.organization.number_pools.select_for_update().get(pk=pool_id)
    before = pool_audit_snapshot(pool)
    for name, value in fields.items():
        setattr(pool, name, value)
    save_pool(pool)
    added, removed = replace_pool_numbers(pool, numbers)
    after = pool_audit_snapshot(pool)
    if added or removed:
        before, after = {**before, "numbers": removed}, {**after, "numbers": added}
    if before != after:
        record_pool_event(by, pool, "changed", before=before, after=after)
    return pool


@transaction.atomic
def delete_pool(by: Principal, pool_id: UUID) -> None:
    """Withdraw it. Numbers that are held stay where they are. Raises DoesNotExist."""
    pool = by.organization.number_pools.select_for_update().get(pk=pool_id)
    record_pool_event(
        by,
        pool,
        "deleted",
        before={**pool_audit_snapshot(pool), "numbers": list_pool_numbers(pool)},
    )
    pool.delete()


def save_pool(pool: NumberPool) -> None:
    """Raises ValidationError by field."""
    pool.full_clean()
    if pool.carrier and pool.carrier.status == Carrier.Status.DELETED:
        raise ValidationError({"carrier": _("The carrier is deleted.")})
    pool.save()


def replace_pool_numbers(pool: NumberPool, numbers: Iterable[str]) -> tuple[list[str], list[str]]:
    """Those that were added, and those that were removed."""
    wished, present = set(numbers), set(list_pool_numbers(pool))
    if len(wished) > MAX_POOL_NUMBERS:
        text = _("A pool lists at most %(most)s numbers; make several, or give prefixes.")
        raise ValidationError({"numbers": text % {"most": f"{MAX_POOL_NUMBERS:,}"}})
    if not wished and not pool.prefixes:
        raise ValidationError({"prefixes": _("Give prefixes, numbers, or both.")})
    added, removed = sorted(wished - present), sorted(present - wished)
    pool.pooled_numbers.filter(e164__in=removed).delete()
    PooledNumber.objects.bulk_create(
        PooledNumber(organization_id=pool.organization_id, pool=pool, e164=number)
        for number in added
    )
    return added, removed


def list_pool_numbers(pool: NumberPool) -> list[str]:
    return list(pool.pooled_numbers.order_by("e164").values_list("e164", flat=True))


def record_pool_event(by: Principal, pool: NumberPool, action: str, **facts_of_it: Any) -> None:
    record_event(
        by, f"number_pool.{action}", pool, kind="number_pool", label=pool.name, **facts_of_it
    )


def pool_audit_snapshot(pool: NumberPool) -> dict[str, Any]:
    """What the audit log keeps of a pool, but for its numbers."""
    carrier = pool.carrier
    return {
        "name": pool.name,
        "carrier": str(carrier.voip_carrier_sid) if carrier else None,
        "prefixes": pool.prefixes,
    }
