"""The front page of the admin: the state of the installation, from a handful of queries."""

from functools import partial
from typing import Any
from urllib.parse import urlencode

from django.db.models import Count, Q
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from carriers.models import Carrier
from integrations.admin.integration import integration_problem
from integrations.ledger.leases import BREAKER_THRESHOLD
from integrations.ledger.retry import late_operations
from integrations.models import Integration, Operation
from integrations.runtime import availability
from numbers.admin.phone_number import STATUS_COLOURS
from numbers.counts import count_requests
from numbers.inventory.metrics import RANGE_DAYS, build_metrics_source, compute_metrics
from numbers.models import PhoneNumber
from numbers.views import charts, dashboard
from numbers.views.dashboard import selected_range
from organizations.web import computed_cache
from organizations.web.admin.base import admin_url
from organizations.web.computed_cache import Snapshot

MAX_ROWS = 8
PROBLEM_STATES = ("paused", "refused", "checking")


def build_admin_overview(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Returns the context with the sections that the operator has permission to view."""
    context["title"] = _("Overview")
    may = request.user.has_perm
    if may("numbers.view_phonenumber"):
        context |= build_chart_context(request)
    if may("carriers.view_carrier"):
        context["failed_carriers"] = Carrier.objects.filter(status=Carrier.Status.FAILED).count()
    if may("integrations.view_operation"):
        context |= {
            "ledger": count_open_operations(),
            "failures": list_recent_failures(),
            "running": availability.current_availability(),
        }
    if may("integrations.view_integration"):
        context["troubled"] = [
            (row, integration_problem(row)) for row in list_problem_integrations()
        ]
    return context


def build_chart_context(request: HttpRequest) -> dict[str, Any]:
    """Returns the installation's metrics. Workers count large installations; small ones are counted
    here, if nothing is cached or counting is fast. `now` in the query requests newer metrics."""
    days, anew = selected_range(request), "now" in request.GET
    ranges = [{"days": each, "is_chosen": each == days} for each in RANGE_DAYS]
    context = {"days": days, "ranges": ranges}
    if has_many_numbers():
        kept, context["count_state"] = count_requests.get_counted_metrics(
            None, days=days, anew=anew
        )
        counted = kept.data["status"] if kept else None
    else:
        kept, counted = cached_installation_metrics(days, anew=anew), count_numbers_by_status()
    context |= {"kept": kept, "numbers": None if counted is None else build_status_tiles(counted)}
    return {**context, **build_installation_charts(request, kept)} if kept else context


def has_many_numbers() -> bool:
    limit = dashboard.INLINE_COUNT_LIMIT
    return PhoneNumber.objects.order_by()[limit : limit + 1].exists()


def cached_installation_metrics(days: int, *, anew: bool) -> Snapshot | None:
    key = f"figures:installation:{days}:{timezone.get_current_timezone_name()}"
    kept = computed_cache.last_snapshot(key)
    if kept is None or kept.is_cheap or anew:
        return computed_cache.get_or_compute(
            key, partial(compute_metrics, build_metrics_source(None), days=days), anew=anew
        )
    return kept


def count_numbers_by_status() -> dict[str, int]:
    held = PhoneNumber.objects.filter(released_at=None).values_list("status")
    return dict(held.annotate(count=Count("pk")).order_by())


def build_installation_charts(request: HttpRequest, kept: Snapshot) -> dict[str, Any]:
    """Returns the charts, limited to what the operator has permission to view."""
    data, may = kept.data, request.user.has_perm
    held, set_up = charts.history_charts(data)
    sees_operations = may("integrations.view_operation")
    return {
        "shares": charts.distribution_charts(data, filtered_numbers_url),
        "history": [held, set_up] if sees_operations else [held],
        "refusals": charts.failure_chart(data, refused_operations_url())
        if sees_operations
        else None,
        "health": busiest_platform_health(data) if may("integrations.view_providercall") else None,
    }


NUMBER_LIST_FILTERS = {"carrier": "carrier__id__exact", "status": "status"}


def refused_operations_url() -> str:
    return f"{reverse('admin:integrations_operation_changelist')}?status__exact=refused"


def filtered_numbers_url(**filters: Any) -> str:
    """Returns the URL of the filtered list of numbers, or "" if the list has no such filter."""
    if not filters.keys() <= NUMBER_LIST_FILTERS.keys():
        return ""
    query = urlencode({NUMBER_LIST_FILTERS[name]: value for name, value in filters.items()})
    return f"{reverse('admin:numbers_phonenumber_changelist')}?{query}"


def busiest_platform_health(data: dict[str, Any]) -> list[dict[str, Any]]:
    """Returns the health of the integrations with the most failed calls, then the most calls, in
    the last day."""
    _since, hours = data["health"]
    calls = {pk: (sum(bad for _good, bad in row), sum(map(sum, row))) for pk, row in hours.items()}
    first = sorted(calls, key=calls.__getitem__, reverse=True)[:MAX_ROWS]
    rows = Integration.objects.in_bulk(first)
    return charts.integration_health(data, [rows[pk] for pk in first if pk in rows], admin_url)


def build_status_tiles(counted: dict[str, int]) -> list[dict[str, Any]]:
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


def count_open_operations() -> dict[str, int]:
    is_open = Operation.objects.filter(status=Operation.Status.OPEN)
    return {"open": is_open.count(), "late": late_operations(is_open).count()}


def list_recent_failures() -> list[Operation]:
    """Returns the latest operations that failed or keep failing, both of which need attention."""
    in_vain = Q(status=Operation.Status.OPEN, attempts__gte=3)
    rows = Operation.objects.filter(Q(status=Operation.Status.REFUSED) | in_vain)
    return list(
        rows.select_related("organization", "integration").order_by("-created_at")[:MAX_ROWS]
    )


def list_problem_integrations() -> list[Integration]:
    """Returns the integrations that are paused, never connected, or paused after repeated failures
    until the platform responds again."""
    resting = Q(failures__gte=BREAKER_THRESHOLD, open_until__gt=timezone.now())
    rows = Integration.objects.filter(Q(state__in=PROBLEM_STATES) | resting)
    return list(rows.select_related("organization").order_by("-updated_at")[:MAX_ROWS])
