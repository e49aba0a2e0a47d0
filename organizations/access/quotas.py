"""How much an organization may have of what costs everybody: limits, and how much of them is used.

Apps register their quotas in `AppConfig.ready()`. An operator changes one for an organization in
the admin (`Organization.quotas`); the others have their default.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import transaction
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from organizations.models import Organization

# A count is good for a while where much is left: for a tenth of that, and ten processes may do so.
COUNT_CACHE_SECONDS, ALLOWANCE_DIVISOR = 60.0, 10
_cached_allowances: dict[
    tuple[Any, str, int], tuple[float, int]
] = {}  # until when, and how many more


@dataclass(frozen=True)
class Quota:
    """`used` counts, by rows that any transaction sees; `title` names it to people."""

    name: str
    title: str | Promise
    default: int
    used: Callable[[Organization], int]


@dataclass(frozen=True)
class Usage:
    quota: Quota
    limit: int
    used: int


class QuotaExceeded(ValidationError):
    """Refused, as the organization has all that it may have."""

    def __init__(self, usage: Usage):
        self.usage = usage
        words = {"title": usage.quota.title, "limit": f"{usage.limit:,}", "used": f"{usage.used:,}"}
        text = _(
            "The organization's quota is used up: %(title)s, at most %(limit)s, used %(used)s. An "
            "operator can raise it."
        )
        refusal = ValidationError(text % words, code="quota-exceeded")
        super().__init__({NON_FIELD_ERRORS: [refusal]})  # as all that operations refuse of fields


_registry: dict[str, Quota] = {}


def register_quota(quota: Quota) -> None:
    _registry[quota.name] = quota


def quota_limit(organization: Organization, quota: Quota) -> int:
    return organization.quotas.get(quota.name, quota.default)


def list_quota_usages(organization: Organization) -> list[Usage]:
    """All quotas of an organization, in the order of their names."""
    quotas = (quota for _name, quota in sorted(_registry.items()))
    return [Usage(q, quota_limit(organization, q), q.used(organization)) for q in quotas]


def ensure_quota(organization: Organization, name: str, more: int = 1) -> None:
    """Make sure that `more` may be added in the caller's transaction. Raises QuotaExceeded.

    The organization's row is locked while it is counted and until the transaction ends, so that two
    requests cannot take the last place both. It comes after names, and before numbers and all else
    in the order of integrations/ledger/locks.py.
    """
    quota = _registry[name]
    limit = quota_limit(organization, quota)
    if consume_cached_allowance((organization.pk, name, limit), more):
        return
    with transaction.atomic():
        list(Organization.objects.select_for_update(no_key=True).filter(pk=organization.pk))
        used = quota.used(organization)
    if used + more > limit:
        raise QuotaExceeded(Usage(quota, limit, used))
    grant = (limit - used - more) // ALLOWANCE_DIVISOR
    _cached_allowances[organization.pk, name, limit] = (
        time.monotonic() + COUNT_CACHE_SECONDS,
        grant,
    )


def consume_cached_allowance(key: tuple[Any, str, int], more: int) -> bool:
    """Without a count: one of shortly before has left enough for this process."""
    until, left = _cached_allowances.get(key, (0.0, 0))
    if left < more or time.monotonic() > until:
        return False
    _cached_allowances[key] = (until, left - more)
    return True


def validate_quotas(value: Any) -> None:
    """Of the admin's field: names of quotas with whole numbers."""
    if not isinstance(value, dict):
        raise ValidationError(_('Give an object, such as {"integrations": 100}.'))
    for name, limit in value.items():
        if name not in _registry:
            known = {"name": name, "known": ", ".join(sorted(_registry))}
            raise ValidationError(_("There is no quota “%(name)s”. There are: %(known)s.") % known)
        if type(limit) is not int or not 0 <= limit <= 10**9:
            raise ValidationError(_("A quota is a whole number from 0 to 1,000,000,000."))
