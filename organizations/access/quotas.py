"""Quotas: limits on what an organization may use of shared resources, and how much it uses.

Apps register their quotas in `AppConfig.ready()`. An operator changes a quota of one organization
in the admin (`Organization.quotas`); the others have their default.
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

# While much of a quota is left, a process may grant a tenth of the remainder without counting
# again. Ten processes can do so without exceeding the limit.
COUNT_CACHE_SECONDS, ALLOWANCE_DIVISOR = 60.0, 10
# Value: the end of the allowance (time.monotonic(), seconds) and how many rows are left of it.
_cached_allowances: dict[tuple[Any, str, int], tuple[float, int]] = {}


@dataclass(frozen=True)
class Quota:
    """A quota with its default limit. `used` counts rows that every transaction sees; `title` names
    the quota to people."""

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
    """The organization has used up its quota."""

    def __init__(self, usage: Usage):
        self.usage = usage
        words = {"title": usage.quota.title, "limit": f"{usage.limit:,}", "used": f"{usage.used:,}"}
        text = _(
            "The organization's quota is used up: %(title)s, at most %(limit)s, used %(used)s. An "
            "operator can raise it."
        )
        refusal = ValidationError(text % words, code="quota-exceeded")
        super().__init__({NON_FIELD_ERRORS: [refusal]})  # like all field errors of operations


_registry: dict[str, Quota] = {}


def register_quota(quota: Quota) -> None:
    _registry[quota.name] = quota


def quota_limit(organization: Organization, quota: Quota) -> int:
    return organization.quotas.get(quota.name, quota.default)


def list_quota_usages(organization: Organization) -> list[Usage]:
    """Returns the usage of all quotas of an organization, in the order of their names."""
    quotas = (quota for _name, quota in sorted(_registry.items()))
    return [Usage(q, quota_limit(organization, q), q.used(organization)) for q in quotas]


def ensure_quota(organization: Organization, name: str, more: int = 1) -> None:
    """Raises QuotaExceeded unless `more` rows may be added in the caller's transaction.

    The organization's row is locked while the rows are counted and until the transaction ends, so
    that two requests cannot both take the last one. This lock comes after names, and before numbers
    and everything else, in the order of integrations/ledger/locks.py.
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
    """Returns whether a recent count left enough of the allowance of this process, and deducts
    `more` from it."""
    until, left = _cached_allowances.get(key, (0.0, 0))
    if left < more or time.monotonic() > until:
        return False
    _cached_allowances[key] = (until, left - more)
    return True


def validate_quotas(value: Any) -> None:
    """Validates the admin's field: an object from names of quotas to whole numbers. Raises
    ValidationError."""
    if not isinstance(value, dict):
        raise ValidationError(_('Give an object, such as {"integrations": 100}.'))
    for name, limit in value.items():
        if name not in _registry:
            known = {"name": name, "known": ", ".join(sorted(_registry))}
            raise ValidationError(_("There is no quota “%(name)s”. There are: %(known)s.") % known)
        if type(limit) is not int or not 0 <= limit <= 10**9:
            raise ValidationError(_("A quota is a whole number from 0 to 1,000,000,000."))
