"""The front page of the admin: how the installation fares, in a handful of queries."""

from functools import partial
from typing import Any
from urllib.parse import urlencode

from django.db.models import Count, Q
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from carriers.models import Carrier
from integrations.admin.integration import reason
from integrations.ledger.leases import BREAKER_THRESHOLD
from integrations.ledger.retry import late
from integrations.models import Integration, Operation
from integrations.runtime import availability
from numbers.admin.phone_number import STATUS_COLOURS
from numbers.counts import count_requests
from numbers.inventory.metrics import RANGES, figures, source_of
from numbers.models import PhoneNumber
from numbers.views import charts
from numbers.views.dashboard import MANY, chosen_range
from organizations.web import computed_cache
from organizations.web.admin.base import page_of
from organizations.web.computed_cache import Snapshot

SHOWN = 8
TROUBLED = ("paused", "refused", "checking")


def overview(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """What the operator may not see elsewhere is not counted here either."""
    context["title"] = _("Overview")
    may = request.user.has_perm
    if may("numbers.view_phonenumber"):
        context |= plots(request)
    if may("carriers.view_carrier"):
        context["failed_carriers"] = Carrier.objects.filter(status=Carrier.Status.FAILED).count()
    if may("integrations.view_operation"):
        context |= {"ledger": ledger(), "failures": failures(), "running": availability.now()}
    if may("integrations.view_integration"):
        context["troubled"] = [(row, reason(row)) for row in troubled()]
    return context


def plots(request: HttpRequest) -> dict[str, Any]:
    """The installation's figures. Many numbers are counted by a worker, few here, if none are kept
    or it is quick; who wants newer ones asks for them."""
    days, anew = chosen_range(request), "now" in request.GET
    ranges = [{"days": each, "is_chosen": each == days} for each in RANGES]
    context = {"days": days, "ranges": ranges}
    if has_many():
        kept, context["count_state"] = count_requests.figures_of(None, days=days, anew=anew)
        counted = kept.data["status"] if kept else None
    else:
        kept, counted = snapshot(days, anew=anew), count_now()
    context |= {"kept": kept, "numbers": None if counted is None else tiles(counted)}
    return {**context, **drawn(request, kept)} if kept else context


def has_many() -> bool:
    return PhoneNumber.objects.order_by()[MANY : MANY + 1].exists()


def snapshot(days: int, *, anew: bool) -> Snapshot | None:
    key = f"figures:installation:{days}:{timezone.get_current_timezone_name()}"
    kept = computed_cache.last(key)
    if kept is None or kept.is_cheap or anew:
        return computed_cache.take(key, partial(figures, source_of(None), days=days), anew=anew)
    return kept


def count_now() -> dict[str, int]:
    held = PhoneNumber.objects.filter(released_at=None).values_list("status")
    return dict(held.annotate(count=Count("pk")).order_by())


def drawn(request: HttpRequest, kept: Snapshot) -> dict[str, Any]:
    """Of what happened only what the operator may look at."""
    data, may = kept.data, request.user.has_perm
    held, set_up = charts.history(data)
    sees_operations = may("integrations.view_operation")
    return {
        "shares": charts.shares(data, find_numbers),
        "history": [held, set_up] if sees_operations else [held],
        "refusals": charts.refusals(data, refused_operations()) if sees_operations else None,
        "health": busiest(data) if may("integrations.view_providercall") else None,
    }


FILTERS = {"carrier": "carrier__id__exact", "status": "status"}


def refused_operations() -> str:
    return f"{reverse('admin:integrations_operation_changelist')}?status__exact=refused"


def find_numbers(**filters: Any) -> str:
    """The list of numbers, where it has such a filter."""
    if not filters.keys() <= FILTERS.keys():
        return ""
    query = urlencode({FILTERS[name]: value for name, value in filters.items()})
    return f"{reverse('admin:numbers_phonenumber_changelist')}?{query}"


def busiest(data: dict[str, Any]) -> list[dict[str, Any]]:
    """The platforms that failed, or were called, most in the last day."""
    _since, hours = data["health"]
    calls = {pk: (sum(bad for _good, bad in row), sum(map(sum, row))) for pk, row in hours.items()}
    first = sorted(calls, key=calls.__getitem__, reverse=True)[:SHOWN]
    rows = Integration.objects.in_bulk(first)
    return charts.platform_health(data, [rows[pk] for pk in first if pk in rows], page_of)


def tiles(counted: dict[str, int]) -> list[dict[str, Any]]:
    address = reverse("admin:numbers_phonenumber_changelist")
    return [
        {
            "status": status,
            "label": label,
            "count": counted.get(status, 0),
            "colour": STATUS_COLOURS[status],
            "url": f"{address}?status={'removing' if status == 'deleted' else status}",
        }
        for status, label in PhoneNumber.Status.choices
    ]


def ledger() -> dict[str, int]:
    is_open = Operation.objects.filter(status=Operation.Status.OPEN)
    return {"open": is_open.count(), "late": late(is_open).count()}


def failures() -> list[Operation]:
    """What failed last, and what is being tried in vain: both need somebody to look."""
    in_vain = Q(status=Operation.Status.OPEN, attempts__gte=3)
    rows = Operation.objects.filter(Q(status=Operation.Status.REFUSED) | in_vain)
    return list(rows.select_related("organization", "integration").order_by("-created_at")[:SHOWN])


def troubled() -> list[Integration]:
    """Paused, never connected, or resting until the platform is back."""
    resting = Q(failures__gte=BREAKER_THRESHOLD, open_until__gt=timezone.now())
    rows = Integration.objects.filter(Q(state__in=TROUBLED) | resting)
    return list(rows.select_related("organization").order_by("-updated_at")[:SHOWN])
