"""The dashboard: metrics of the organization's numbers, and alerts."""

from functools import partial
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _

from integrations.ledger.operation_requests import connect_integration
from integrations.models import Integration
from integrations.providers import PROVIDERS
from numbers.counts import count_requests
from numbers.inventory import metrics
from numbers.inventory.metrics import RANGE_DAYS, build_metrics_source
from numbers.views import charts
from numbers.views.alerts import list_alerts
from numbers.views.onboarding import build_onboarding
from organizations.access.roles import Permission
from organizations.models import Organization
from organizations.web import computed_cache
from organizations.web.computed_cache import Snapshot
from organizations.web.views.base import OrgScreen, screen_url

MAX_INTEGRATIONS = 12  # integrations shown
INLINE_COUNT_LIMIT = 20_000  # numbers; larger organizations are counted by a worker
ONBOARDING_COOKIE = "patchbay_started"
MONTH_SECONDS = 31 * 24 * 3600


class DashboardScreen(OrgScreen):
    """Renders one section for htmx if `part` is given. `now` forces a recount."""

    permissions = {"GET": Permission.PHONE_NUMBERS_READ}

    def get(self, request: HttpRequest) -> HttpResponse:
        part = request.GET.get("part") if request.htmx else None
        integrations = list(self.organization.integrations.order_by("name"))
        if part == "figures":
            return self.page("numbers/_figures.html", **self.figures(integrations))
        if part == "start":
            return self.start(integrations)
        return self.page(
            "numbers/dashboard.html",
            start=self.first_run(integrations),
            tasks=list_alerts(self.principal, integrations),
            **self.figures(integrations),
        )

    def first_run(self, integrations: list[Integration]) -> Any:
        dismissed = ONBOARDING_COOKIE in self.request.COOKIES
        return build_onboarding(self.principal, integrations, dismissed=dismissed)

    def start(self, integrations: list[Integration]) -> HttpResponse:
        """Renders the onboarding section. Status 286 tells htmx to stop polling."""
        start = self.first_run(integrations)
        status = 200 if start and start.is_busy else 286
        return self.page("numbers/_first_run.html", status, start=start, is_part=True)

    def figures(self, integrations: list[Integration]) -> dict[str, Any]:
        """Returns the context of the metrics section, without metrics while they are still being
        counted."""
        days = selected_range(self.request)
        ranges = [{"days": each, "is_chosen": each == days} for each in RANGE_DAYS]
        kept, state = self.kept(days)
        context = {"days": days, "ranges": ranges, "kept": kept, "state": state}
        if kept is None:
            return {**context, "has_numbers": True}
        return {**context, **dashboard_charts(self.organization, kept, integrations)}

    def kept(self, days: int) -> tuple[Snapshot | None, str]:
        """Returns the last metrics and the state of newer ones: `waiting`, `running`, `done` or
        `failed`."""
        anew = "now" in self.request.GET
        if not has_few_numbers(self.organization):
            return count_requests.get_counted_metrics(self.organization, days=days, anew=anew)
        kept = self.snapshot(days, anew=anew)
        is_done = kept and (kept.is_fresh or kept.is_cheap)
        return kept, count_requests.State.DONE if is_done else count_requests.State.WAITING

    def snapshot(self, days: int, *, anew: bool) -> Snapshot | None:
        """Returns the metrics of a small organization. Computes them in this request if that is
        quick; otherwise the page is sent first and htmx requests them."""
        key = f"figures:{self.organization.pk}:{days}:{timezone.get_current_timezone_name()}"
        compute = partial(
            metrics.compute_metrics, build_metrics_source(self.organization), days=days
        )
        last = computed_cache.last_snapshot(key)
        if self.request.htmx or anew or last is None or last.is_cheap:
            return computed_cache.get_or_compute(key, compute, anew=anew)
        return last


def selected_range(request: HttpRequest) -> int:
    named = request.GET.get("range", "")
    return int(named) if named in map(str, RANGE_DAYS) else RANGE_DAYS[0]


def has_few_numbers(organization: Organization) -> bool:
    return not organization.phone_numbers.order_by()[
        INLINE_COUNT_LIMIT : INLINE_COUNT_LIMIT + 1
    ].exists()


def dashboard_charts(
    organization: Organization, kept: Snapshot, integrations: list[Integration]
) -> dict[str, Any]:
    listing = screen_url(organization, "numbers")
    operations = screen_url(organization, "operations")

    def find(**filters: Any) -> str:
        return f"{listing}?{urlencode(filters)}"

    def page(integration: Integration) -> str:
        return screen_url(organization, "integration", integration_id=integration.pk)

    data = kept.data
    return {
        "has_numbers": any(data["status"].values()) or any(data["held"]),
        "tiles": charts.status_tiles(data["status"], find),
        "shares": charts.distribution_charts(data, find, organization),
        "history": charts.history_charts(data),
        "refusals": charts.failure_chart(data, operations and f"{operations}?status=refused"),
        "health": charts.integration_health(data, integrations[:MAX_INTEGRATIONS], page),
        "reach": data["reach"],
    }


class SandboxScreen(OrgScreen):
    """Adds a sandbox integration for practice in one click, as the default of every role that has
    none."""

    permissions = {"POST": Permission.INTEGRATIONS_CREATE}

    def post(self, request: HttpRequest) -> HttpResponse:
        if self.organization.integrations.filter(kind="sandbox").exists():
            self.say(_("The sandbox is here already."))
            return self.go("dashboard")
        taken = self.organization.default_integrations.values_list("role", flat=True)
        roles = set(PROVIDERS["sandbox"].roles) - set(taken)
        connect_integration(
            self.principal, kind="sandbox", name="Sandbox", account={}, default_for=sorted(roles)
        )
        self.say(_("The sandbox is being connected."))
        return self.go("dashboard")


class DismissOnboardingScreen(OrgScreen):
    """Hides the onboarding section and remembers that in this browser."""

    permissions = {"POST": Permission.PHONE_NUMBERS_READ}

    def post(self, request: HttpRequest) -> HttpResponse:
        response = self.go("dashboard")
        response.set_cookie(
            ONBOARDING_COOKIE,
            "1",
            max_age=MONTH_SECONDS,
            path=self.url("dashboard"),
            samesite="Lax",
            secure=request.is_secure(),
            httponly=True,
        )
        return response
