"""Metrics of the numbers of one organization or of the whole installation.

Each function runs one query of bounded cost, as at most the MAX_OPERATIONS newest operations are
read.
"""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.db.models import (
    Aggregate,
    Count,
    DurationField,
    Exists,
    ExpressionWrapper,
    F,
    FloatField,
    Func,
    IntegerField,
    OuterRef,
    Q,
    QuerySet,
    Value,
)
from django.db.models.functions import Extract, Substr, TruncDate, TruncHour
from django.utils import timezone

from carriers.models import Carrier
from integrations.models import Operation, ProviderCall
from numbers.models import PhoneNumber, Placement
from numbers.numbering.countries import calling_code
from organizations.models import Organization

RANGE_DAYS = (30, 90, 365)  # days
MAX_DAILY_BUCKETS = 90  # longer ranges are shown by week
MAX_OPERATIONS = 100_000  # operations
MAX_REASONS = 1000  # different texts, before similar ones are merged
HEALTH_HOURS = 24
DELETED_STATUS = PhoneNumber.Status.DELETED


@dataclass(frozen=True)
class MetricsSource:
    """The rows that metrics are computed from."""

    numbers: QuerySet[PhoneNumber]
    placements: QuerySet[Placement]
    operations: QuerySet[Operation]
    calls: QuerySet[ProviderCall]


def build_metrics_source(organization: Organization | None) -> MetricsSource:
    """Returns the rows of the organization or, if it is None, of the whole installation."""
    if organization is None:
        models = (PhoneNumber, Placement, Operation, ProviderCall)
        return MetricsSource(*(model.objects.all() for model in models))
    return MetricsSource(
        organization.phone_numbers.all(),
        organization.placements.all(),
        organization.operations.all(),
        organization.provider_calls.all(),
    )


def compute_metrics(source: MetricsSource, *, days: int) -> dict[str, Any]:
    """Returns the metrics of the last `days` days as plain values that can be stored. Days are
    those of the reader's time zone."""
    moments = build_time_buckets(days)
    present = count_current_numbers(source)
    reach = metrics_window_start(source.operations, day_start(moments[0]))
    return {
        **present,
        "moments": moments,
        "held": count_numbers_over_time(source.numbers, moments, sum(present["status"].values())),
        "platforms": count_numbers_by_integration(source.placements),
        "set_up": setup_time_percentiles(source.operations, moments, reach),
        "refusals": count_refusal_reasons(source.operations, reach),
        "reach": reach if reach > day_start(moments[0]) else None,
        "health": integration_call_health(source),
    }


# ---------------------------------------------------------------------------------- current numbers


def count_current_numbers(source: MetricsSource) -> dict[str, Any]:
    """Counts the numbers by status, carrier and calling code, in one pass over the numbers that are
    not deleted. Deleted ones count while their removal is pending."""
    counted = {"status": Counter(), "carriers": Counter(), "countries": Counter()}
    living = source.numbers.exclude(status=DELETED_STATUS).order_by()
    axes = living.values_list("status", "carrier_id", Substr("e164", 2, 3))
    for status, carrier_id, digits, count in axes.annotate(count=Count("*")):
        counted["status"][status] += count
        counted["carriers"][carrier_id] += count
        counted["countries"][calling_code(digits)] += count
    counted["status"][DELETED_STATUS] = source.numbers.filter(
        status=DELETED_STATUS, released_at=None
    ).count()
    named = Carrier.objects.filter(pk__in=counted["carriers"].keys() - {None})
    names = dict(named.values_list("pk", "name"))  # joining would cost as much as counting
    carriers = {(pk, names.get(pk)): count for pk, count in counted["carriers"].items()}
    return {"carriers": carriers, **{k: dict(counted[k]) for k in ("status", "countries")}}


def count_numbers_by_integration(
    placements: QuerySet[Placement],
) -> list[tuple[Any, str, Any, int]]:
    """Returns the id, name and organization id of each integration with its count of numbers."""
    there = placements.exclude(state=Placement.State.REMOVED).order_by()
    axes = ("integration_id", "integration__name", "integration__organization_id")
    return list(there.values_list(*axes).annotate(count=Count("phone_number")))


# -------------------------------------------------------------------------------- numbers over time


def build_time_buckets(days: int) -> list[date]:
    """Returns the first day of each bucket, which is a day, or a week beginning on Monday if `days`
    is more than MAX_DAILY_BUCKETS."""
    today = timezone.localdate()
    if days <= MAX_DAILY_BUCKETS:
        return [today - timedelta(days=back) for back in reversed(range(days))]
    monday = today - timedelta(days=today.weekday())
    return [monday - timedelta(weeks=back) for back in reversed(range(days // 7 + 1))]


def day_start(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time()))


def bucket_index(day: date, moments: list[date]) -> int:
    width = moments[1] - moments[0]
    return min(len(moments) - 1, (day - moments[0]) // width)


def count_numbers_over_time(
    numbers: QuerySet[PhoneNumber], moments: list[date], now: int
) -> list[int]:
    """Returns how many numbers there were at the end of each bucket; `now` is the current count."""
    since = day_start(moments[0])
    change = [0] * len(moments)
    gone = numbers.filter(status=DELETED_STATUS, released_at__gte=since)
    for rows, at, sign in (
        (numbers.filter(created_at__gte=since), "created_at", 1),
        (gone, "released_at", -1),
    ):
        by_day = rows.order_by().values_list(TruncDate(at)).annotate(count=Count("pk"))
        for day, count in by_day:
            change[bucket_index(day, moments)] += sign * count
    values = [now]
    for step in reversed(change[1:]):
        values.append(values[-1] - step)
    return [max(0, value) for value in reversed(values)]


def metrics_window_start(operations: QuerySet[Operation], since: datetime) -> datetime:
    """Returns `since`, or the time from which there are MAX_OPERATIONS newest operations if that is
    later."""
    newest = operations.filter(created_at__gte=since).order_by("-created_at")
    last = newest.values_list("created_at", flat=True)[MAX_OPERATIONS : MAX_OPERATIONS + 1].first()
    return max(since, last) if last else since


class Percentile(Aggregate):
    function = "PERCENTILE_CONT"
    template = "%(function)s(%(share)s) WITHIN GROUP (ORDER BY %(expressions)s)"
    output_field = FloatField()


def setup_time_percentiles(
    operations: QuerySet[Operation], moments: list[date], since: datetime
) -> list[tuple[float | None, float | None]]:
    """Returns the p50 and p95, in seconds, from the request for a number to its completed setup,
    for each bucket. Both are None for a bucket without any."""
    done = first_setup_operations(operations.filter(created_at__gte=since))
    took = ExpressionWrapper(F("settled_at") - F("created_at"), DurationField())
    seconds = Extract(took, "epoch", output_field=FloatField())
    width = (moments[1] - moments[0]).days
    rows = (
        done.order_by()
        .values_list(bucket_index_expression(moments[0], width))
        .annotate(p50=Percentile(seconds, share=0.5), p95=Percentile(seconds, share=0.95))
    )
    found = {min(len(moments) - 1, at): (p50, p95) for at, p50, p95 in rows}
    return [found.get(at, (None, None)) for at in range(len(moments))]


def first_setup_operations(operations: QuerySet[Operation]) -> QuerySet[Operation]:
    """Returns the operations that first set up a placement. Later ones are status changes, other
    changes or repairs."""
    done = {"subject_kind": "placement", "status": Operation.Status.DONE}
    earlier = Operation.objects.filter(
        **done,
        wish__in=[Operation.Wish.ENSURE, Operation.Wish.MERGE],
        subject_id=OuterRef("subject_id"),
        created_at__lt=OuterRef("created_at"),
    )
    return operations.filter(~Exists(earlier), **done, wish=Operation.Wish.ENSURE)


def bucket_index_expression(first: date, width: int) -> Func:
    days = Func(
        TruncDate("created_at"), Value(first), template="(%(expressions)s)", arg_joiner=" - "
    )
    days.output_field = IntegerField()
    return Func(days, Value(width), template="(%(expressions)s)", arg_joiner=" / ")


def count_refusal_reasons(
    operations: QuerySet[Operation], since: datetime
) -> list[tuple[str, int]]:
    """Returns the reasons of refused operations on numbers and carriers with their counts. Queries
    and rejected credentials are not counted, as no number or carrier fails with them."""
    refused = operations.filter(
        subject_kind__in=["placement", "carrier"],
        status=Operation.Status.REFUSED,
        created_at__gte=since,
    )
    rows = refused.order_by().values_list("reason").annotate(count=Count("pk"))
    return merge_similar_reasons(rows.order_by("-count")[:MAX_REASONS])


NUMBER_SPECIFIC_TEXT = re.compile(
    r"""\+?\d[\d\ ().\-]{5,}\d            # a telephone number
    | [0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}   # a UUID
    | \b[A-Z]{2}[0-9a-f]{32}\b            # a sid
    | \b\w+_[0-9a-f]{12}\b                # a public id
    | \b\d{3,}\b""",
    re.VERBOSE,
)


def generalize_reason(reason: str) -> str:
    """Returns the reason without the parts that differ from number to number."""
    return NUMBER_SPECIFIC_TEXT.sub("…", reason.strip())


def merge_similar_reasons(reasons: Iterable[tuple[str | None, int]]) -> list[tuple[str, int]]:
    counted: Counter[str] = Counter()
    for reason, count in reasons:
        counted[generalize_reason(reason or "")] += count
    return counted.most_common()


# ------------------------------------------------------------------------------------- integrations


def integration_call_health(
    source: MetricsSource,
) -> tuple[datetime, dict[Any, list[tuple[int, int]]]]:
    """Returns the start of the last HEALTH_HOURS hours, and for each integration its calls per hour
    as pairs of successful and failed ones."""
    this_hour = timezone.now().replace(minute=0, second=0, microsecond=0)
    since = this_hour - timedelta(hours=HEALTH_HOURS - 1)
    failed = Count("pk", filter=Q(status=None) | Q(status__gte=500))
    lately = source.calls.filter(at__gte=since).order_by()
    rows = lately.values_list("integration_id", TruncHour("at", tzinfo=UTC))
    hours: dict[Any, list[tuple[int, int]]] = {}
    for integration_id, hour, count, bad in rows.annotate(count=Count("pk"), failed=failed):
        line = hours.setdefault(integration_id, [(0, 0)] * HEALTH_HOURS)
        line[min(HEALTH_HOURS - 1, (hour - since) // timedelta(hours=1))] = (count - bad, bad)
    return since, hours
