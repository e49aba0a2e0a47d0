"""Figures (numbers/inventory/metrics.py) in words and as plots: the dashboard's and the admin's."""

from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.utils import timezone
from django.utils.formats import date_format, number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from integrations.models import Integration
from integrations.views.labels import standing
from numbers.inventory.metrics import DAILY_UP_TO, HOURS
from numbers.models import PhoneNumber
from numbers.numbering.countries import country
from organizations.models import Organization
from organizations.web.views.charts import Bars, Columns, Lines, Plot, Series, bars

Find = Callable[..., str]  # from filters of the list of numbers to its address
STATES = ("active", "pending", "failed", "inactive", "deleted")  # what matters most comes first


def tiles(counts: Mapping[str, int], find: Find) -> list[dict[str, Any]]:
    """One per state; the deleted ones that are counted are still held by their platforms."""
    labels = dict(PhoneNumber.Status.choices) | {"deleted": _("being removed")}
    return [
        {
            "status": state,
            "label": labels[state],
            "count": counts.get(state, 0),
            "url": find(status="removing" if state == "deleted" else state),
        }
        for state in STATES
    ]


def shares(
    data: Mapping[str, Any], find: Find, organization: Organization | None = None
) -> list[Bars]:
    """By carrier, platform and country. An `organization` learns no name of another one's
    platform."""
    return [
        by_carrier(data["carriers"], find),
        by_platform(data["platforms"], find, organization),
        by_country(data["countries"], find),
    ]


def by_carrier(counts: Mapping[tuple, int], find: Find) -> Bars:
    rows = [
        (name or _("without a carrier"), count, find(carrier=carrier_id) if carrier_id else "")
        for (carrier_id, name), count in counts.items()
    ]
    return shared("carriers", _("By carrier"), _("Carrier"), rows)


def by_platform(counts: list[tuple], find: Find, organization: Organization | None) -> Bars:
    rows = [
        (name, count, find(platform=pk))
        if organization is None or owner == organization.pk
        else (_("the installation's platform"), count, "")
        for pk, name, owner, count in counts
    ]
    return shared("platforms", _("By platform"), _("Integration"), rows)


def by_country(counts: Mapping[int | None, int], find: Find) -> Bars:
    rows = [
        (f"+{code} {country(code)}", count, find(country=code)) if code else (_("other"), count, "")
        for code, count in counts.items()
    ]
    return shared("countries", _("By country"), _("Calling code"), rows)


def shared(key: str, title: str, thing: str, rows: list[tuple[str, int, str]]) -> Bars:
    nothing = _("Shown with the first number.")
    return Bars(key, title, thing, bars(rows, others=_("others")), nothing, _("Numbers"))


def refusals(data: Mapping[str, Any], url: str) -> Bars:
    rows = [(reason or _("no reason given"), count, url) for reason, count in data["refusals"]]
    nothing = _("No platform has refused anything in this time.")
    shown = bars(rows, others=_("other reasons"))
    return Bars("refusals", _("Failures by reason"), _("Reason"), shown, nothing, _("Failures"))


def history(data: Mapping[str, Any]) -> list[Plot]:
    """The plots over the chosen range."""
    moments = data["moments"]
    days = {
        "labels": [date_format(day, "Y-m-d") for day in moments],
        "moment": _("Week from") if weekly(moments) else _("Day"),
    }
    halves, most = ([pair[at] for pair in data["set_up"]] for at in (0, 1))
    lines = [Series(_("half of them"), halves), Series(_("95 of 100"), most, "warn")]
    return [
        Lines(
            "held",
            _("Numbers over time"),
            series=[Series(_("numbers"), data["held"])],
            least=1,
            is_filled=True,
            summary=growth(data["held"]),
            nothing=_("There was no number in this time."),
            **days,
        ),
        Lines(
            "set-up",
            _("Time to set up a number"),
            series=lines,
            form=duration,
            summary=speed(halves, most),
            nothing=_("No number was set up in this time."),
            **days,
        ),
    ]


def weekly(moments: list[date]) -> bool:
    return (moments[-1] - moments[0]).days > DAILY_UP_TO


def growth(values: list[int]) -> str:
    change = values[-1] - values[0]
    words = {"count": f"{values[-1]:,}", "change": f"{change:+,}"}
    return _("%(count)s now, %(change)s in this time") % words if change else words["count"]


def speed(halves: list[float | None], most: list[float | None]) -> str:
    """Of the last day, or week, that had any."""
    last = next(((a, b) for a, b in zip(reversed(halves), reversed(most), strict=True) if a), None)
    if last is None:
        return ""
    words = {"half": duration(last[0]), "most": duration(last[1] or 0)}
    return _("Lately half within %(half)s, 95 of 100 within %(most)s") % words


def duration(seconds: float) -> str:
    if seconds < 1:
        return _("%(count)s ms") % {"count": round(seconds * 1000)}
    if seconds < 120:
        return _("%(count)s s") % {"count": short(seconds)}
    if seconds < 7200:
        return _("%(count)s min") % {"count": short(seconds / 60)}
    return _("%(count)s h") % {"count": short(seconds / 3600)}


def short(figure: float) -> str:
    """Three digits, as the reader's language writes them."""
    return number_format(Decimal(f"{figure:.3g}"))


def platform_health(
    data: Mapping[str, Any], integrations: Iterable[Integration], page: Callable[[Any], str]
) -> list[dict[str, Any]]:
    """Of each integration: how it stands, and its calls of the last day."""
    since, hours = data["health"]
    quiet = [(0, 0)] * HOURS
    return [
        {
            "integration": row,
            "standing": standing(row),
            "url": page(row),
            "calls": calls(row, since, hours.get(row.pk, quiet)),
        }
        for row in integrations
    ]


def calls(integration: Integration, since: datetime, hours: list[tuple[int, int]]) -> Columns:
    good, bad = ([hour[at] for hour in hours] for at in (0, 1))
    first = timezone.localtime(since)
    labels = [date_format(first + timedelta(hours=at), "H:i") for at in range(len(hours))]
    total = sum(good) + sum(bad)
    told = ngettext("%(total)s call", "%(total)s calls", total) % {"total": f"{total:,}"}
    failed = _("%(count)s failed") % {"count": f"{sum(bad):,}"} if sum(bad) else _("none failed")
    return Columns(
        f"calls-{integration.pk}",
        _("Calls of %(name)s in the last 24 hours") % {"name": integration.name},
        labels,
        [Series(_("answered"), good), Series(_("failed"), bad, "bad")],
        least=1,
        summary=f"{told}, {failed}" if total else "",
        nothing=_("No call in the last 24 hours."),
        moment=_("Hour"),
    )
