"""The recent health of a platform's calls, in one query."""

from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Aggregate, Count, FloatField, Q
from django.utils import timezone

from integrations.models import Integration

DAY = timedelta(days=1)


class Median(Aggregate):
    """PostgreSQL's median over the rows of a group."""

    function = "PERCENTILE_CONT"
    template = "%(function)s(0.5) WITHIN GROUP (ORDER BY %(expressions)s)"
    output_field = FloatField()


@dataclass(frozen=True)
class CallHealth:
    """The figures of the last day's calls. `share` is the percentage of successful calls."""

    calls: int
    share: int = 0
    median_ms: int = 0


def summarize_call_health(integration: Integration) -> CallHealth:
    lately = integration.calls.filter(at__gte=timezone.now() - DAY)
    found = lately.aggregate(
        calls=Count("id"), good=Count("id", filter=Q(status__lt=400)), ms=Median("duration_ms")
    )
    if not found["calls"]:
        return CallHealth(0)
    return CallHealth(found["calls"], 100 * found["good"] // found["calls"], round(found["ms"]))
