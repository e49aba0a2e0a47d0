"""Operations on number pools, for operators. numbers/inventory/pool_rules.py decides by the pools
which numbers are allowed."""

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
    """Creates a number pool, which assigns to the organization of `by` all numbers that begin with
    one of `prefixes`, and `numbers` (canonical E.164). With a `carrier`, they are allowed on that
    carrier only. Returns the pool. Raises ValidationError by field."""
    pool = NumberPool(organization=by.organization, **fields)
    save_pool(pool)
    added, _removed = replace_pool_numbers(pool, numbers)
    record_pool_event(by, pool, "created", after={**pool_audit_snapshot(pool), "numbers": added})
    return pool


@transaction.atomic
def change_pool(
    by: Principal, pool_id: UUID, *, numbers: Iterable[str], **fields: Any
) -> NumberPool:
    """Changes a pool and returns it. `numbers` replaces the whole list of the pool. Numbers that
    exist already are not affected. Raises ValidationError by field, and DoesNotExist."""
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
    """Deletes a pool. Numbers that exist already are not affected. Raises DoesNotExist."""
    pool = by.organization.number_pools.select_for_update().get(pk=pool_id)
    record_pool_event(
        by,
        pool,
        "deleted",
        before={**pool_audit_snapshot(pool), "numbers": list_pool_numbers(pool)},
    )
    pool.delete()


def save_pool(pool: NumberPool) -> None:
    """Validates and saves the pool. Raises ValidationError by field."""
    pool.full_clean()
    if pool.carrier and pool.carrier.status == Carrier.Status.DELETED:
        raise ValidationError({"carrier": _("The carrier is deleted.")})
    pool.save()


def replace_pool_numbers(pool: NumberPool, numbers: Iterable[str]) -> tuple[list[str], list[str]]:
    """Replaces the list of the pool. Returns the added and the removed numbers. Raises
    ValidationError by field."""
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
    """Returns what the audit log stores of a pool, except its list of numbers."""
    carrier = pool.carrier
    return {
        "name": pool.name,
        "carrier": str(carrier.voip_carrier_sid) if carrier else None,
        "prefixes": pool.prefixes,
    }
