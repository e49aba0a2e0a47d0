"""Charts and labels of metrics (numbers/inventory/metrics.py) for the dashboard and the admin."""

from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.utils import timezone
from django.utils.formats import date_format, number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from integrations.models import Integration
from integrations.web.labels import integration_status
from numbers.inventory.metrics import HEALTH_HOURS, MAX_DAILY_BUCKETS
from numbers.models import PhoneNumber
from numbers.numbering.countries import calling_code_country
from organizations.models import Organization
from organizations.web.views.charts import (
    BarChart,
    LineChart,
    Series,
    StackedColumnChart,
    TimeChart,
    build_bars,
)

ListUrl = Callable[..., str]  # list filters to the URL of the list
STATUS_ORDER = (
    "active",
    "pending",
    "failed",
    "inactive",
    "deleted",
)  # most important first


def status_tiles(counts: Mapping[str, int], find: ListUrl) -> list[dict[str, Any]]:
    """Returns one tile for each status. "deleted" counts the numbers that are still being removed
    from their platforms."""
    labels = dict(PhoneNumber.Status.choices) | {"deleted": _("being removed")}
    return [
        {
            "status": state,
            "label": labels[state],
            "count": counts.get(state, 0),
            "url": find(status="removing" if state == "deleted" else state),
        }
        for state in STATUS_ORDER
    ]


def distribution_charts(
    data: Mapping[str, Any], find: ListUrl, organization: Organization | None = None
) -> list[BarChart]:
    """Returns the charts by carrier, integration and country. With `organization`, the names of
    integrations of other organizations are hidden."""
    return [
        carrier_chart(data["carriers"], find),
        integration_chart(data["platforms"], find, organization),
        country_chart(data["countries"], find),
    ]


def carrier_chart(counts: Mapping[tuple, int], find: ListUrl) -> BarChart:
    rows = [
        (name or _("without a carrier"), count, find(carrier=carrier_id) if carrier_id else "")
        for (carrier_id, name), count in counts.items()
    ]
    return distribution_chart("carriers", _("By carrier"), _("Carrier"), rows)


def integration_chart(
    counts: list[tuple], find: ListUrl, organization: Organization | None
) -> BarChart:
    rows = [
        (name, count, find(platform=pk))
        if organization is None or owner == organization.pk
        else (_("the installation's platform"), count, "")
        for pk, name, owner, count in counts
    ]
    return distribution_chart("platforms", _("By platform"), _("Integration"), rows)


def country_chart(counts: Mapping[int | None, int], find: ListUrl) -> BarChart:
    rows = [
        (f"+{code} {calling_code_country(code)}", count, find(country=code))
        if code
        else (_("other"), count, "")
        for code, count in counts.items()
    ]
    return distribution_chart("countries", _("By country"), _("Calling code"), rows)


def distribution_chart(
    key: str, title: str, thing: str, rows: list[tuple[str, int, str]]
) -> BarChart:
    nothing = _("Shown with the first number.")
    return BarChart(key, title, thing, build_bars(rows, others=_("others")), nothing, _("Numbers"))


def failure_chart(data: Mapping[str, Any], url: str) -> BarChart:
    rows = [(reason or _("no reason given"), count, url) for reason, count in data["refusals"]]
    nothing = _("No platform has refused anything in this time.")
    shown = build_bars(rows, others=_("other reasons"))
    return BarChart("refusals", _("Failures by reason"), _("Reason"), shown, nothing, _("Failures"))


def history_charts(data: Mapping[str, Any]) -> list[TimeChart]:
    """Returns the charts over the chosen range."""
    moments = data["moments"]
    days = {
        "labels": [date_format(day, "Y-m-d") for day in moments],
        "moment": _("Week from") if is_weekly(moments) else _("Day"),
    }
    halves, most = ([pair[at] for pair in data["set_up"]] for at in (0, 1))
    lines = [Series(_("half of them"), halves), Series(_("95 of 100"), most, "warn")]
    return [
        LineChart(
            "held",
            _("Numbers over time"),
            series=[Series(_("numbers"), data["held"])],
            least=1,
            is_filled=True,
            summary=growth_summary(data["held"]),
            nothing=_("There was no number in this time."),
            **days,
        ),
        LineChart(
            "set-up",
            _("Time to set up a number"),
            series=lines,
            form=format_duration,
            summary=provisioning_time_summary(halves, most),
            nothing=_("No number was set up in this time."),
            **days,
        ),
    ]


def is_weekly(moments: list[date]) -> bool:
    return (moments[-1] - moments[0]).days > MAX_DAILY_BUCKETS


def growth_summary(values: list[int]) -> str:
    change = values[-1] - values[0]
    words = {"count": f"{values[-1]:,}", "change": f"{change:+,}"}
    return _("%(count)s now, %(change)s in this time") % words if change else words["count"]


def provisioning_time_summary(halves: list[float | None], most: list[float | None]) -> str:
    """Returns a sentence about the last day, or week, in which a number was set up, or an empty
    string."""
    last = next(((a, b) for a, b in zip(reversed(halves), reversed(most), strict=True) if a), None)
    if last is None:
        return ""
    words = {"half": format_duration(last[0]), "most": format_duration(last[1] or 0)}
    return _("Lately half within %(half)s, 95 of 100 within %(most)s") % words


def format_duration(seconds: float) -> str:
    if seconds < 1:
        return _("%(count)s ms") % {"count": round(seconds * 1000)}
    if seconds < 120:
        return _("%(count)s s") % {"count": format_figure(seconds)}
    if seconds < 7200:
        return _("%(count)s min") % {"count": format_figure(seconds / 60)}
    return _("%(count)s h") % {"count": format_figure(seconds / 3600)}


def format_figure(figure: float) -> str:
    """Formats three significant digits in the reader's locale."""
    return number_format(Decimal(f"{figure:.3g}"))


def integration_health(
    data: Mapping[str, Any], integrations: Iterable[Integration], page: Callable[[Any], str]
) -> list[dict[str, Any]]:
    """Returns status and calls of the last day for each integration."""
    since, hours = data["health"]
    quiet = [(0, 0)] * HEALTH_HOURS
    return [
        {
            "integration": row,
            "standing": integration_status(row),
            "url": page(row),
            "calls": call_chart(row, since, hours.get(row.pk, quiet)),
        }
        for row in integrations
    ]


def call_chart(
    integration: Integration, since: datetime, hours: list[tuple[int, int]]
) -> StackedColumnChart:
    good, bad = ([hour[at] for hour in hours] for at in (0, 1))
    first = timezone.localtime(since)
    labels = [date_format(first + timedelta(hours=at), "H:i") for at in range(len(hours))]
    total = sum(good) + sum(bad)
    told = ngettext("%(total)s call", "%(total)s calls", total) % {"total": f"{total:,}"}
    failed = _("%(count)s failed") % {"count": f"{sum(bad):,}"} if sum(bad) else _("none failed")
    return StackedColumnChart(
        f"calls-{integration.pk}",
        _("Calls of %(name)s in the last 24 hours") % {"name": integration.name},
        labels,
        [Series(_("answered"), good), Series(_("failed"), bad, "bad")],
        least=1,
        summary=f"{told}, {failed}" if total else "",
        nothing=_("No call in the last 24 hours."),
        moment=_("Hour"),
    )
