"""Metrics of the whole installation from the database: a bounded number of queries, each with an
index and a time limit. Organizations are not labels, because their number is unbounded."""

import time
from collections.abc import Callable, Iterable, Iterator

from django.db import Error, connection, transaction
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric

from integrations.ledger.leadership import LEADERSHIP_LEASE
from integrations.ledger.leases import BREAKER_THRESHOLD
from integrations.models import Integration, Process
from integrations.providers import PROVIDERS
from integrations.runtime.processes import ALIVE_TIMEOUT
from organizations.tenancy import tenant_scope

QUERY_TIMEOUT = 2  # seconds of one query; a metric that takes longer is left out
METRIC_GROUPS: dict[str, Callable[[], Iterator[Metric]]] = {}
Row = tuple
PROCESS_STATES = {
    Process.Kind.DISPATCHER: (Process.State.LEADING, Process.State.STANDING_BY),
    Process.Kind.WORKER: (Process.State.WORKING, Process.State.PAUSED),
}

# Grouped by integration first, because its index has both columns, so only the index is read.
OPEN_OPERATIONS_SQL = """
SELECT i.kind, sum(waiting.open), sum(waiting.due) FROM (
    SELECT integration_id, count(*) AS open,
        count(*) FILTER (WHERE next_attempt_at <= statement_timestamp()) AS due
    FROM integrations_operation WHERE status = 'open' GROUP BY integration_id) waiting
JOIN integrations_integration i ON i.id = waiting.integration_id GROUP BY i.kind
"""
RUNNING_OPERATIONS_SQL = """
SELECT i.kind, count(*) FROM integrations_operation o
JOIN integrations_integration i ON i.id = o.integration_id
WHERE o.status = 'open' AND (o.dispatched_at IS NOT NULL OR o.lease_until IS NOT NULL)
  AND o.lease_until >= statement_timestamp() GROUP BY i.kind
"""
# Only operations that could be attempted now: not paused, no open circuit breaker, not running.
OLDEST_DUE_SQL = """
SELECT i.kind, max(extract(epoch FROM statement_timestamp() - oldest.next_attempt_at))
FROM integrations_integration i CROSS JOIN LATERAL (
    SELECT o.next_attempt_at FROM integrations_operation o
    WHERE o.integration_id = i.id AND o.status = 'open'
      AND o.next_attempt_at <= statement_timestamp()
      AND coalesce(o.lease_until, '-infinity') < statement_timestamp()
      AND (i.state = 'connected' OR o.wish = 'check')
    ORDER BY o.next_attempt_at LIMIT 1) oldest
WHERE i.state IN ('connected', 'checking')
  AND coalesce(i.open_until, '-infinity') <= statement_timestamp()
  AND coalesce(i.paced_until, '-infinity') <= statement_timestamp()
GROUP BY i.kind
"""
INTEGRATION_STATES_SQL = f"""
SELECT kind, state, count(*), count(*) FILTER (WHERE failures >= {BREAKER_THRESHOLD})
FROM integrations_integration GROUP BY kind, state
"""
JOB_TABLES = {
    "import or change": ("numbers_batch", "('checking', 'running')"),
    "export": ("organizations_export", "('waiting', 'running')"),
    "count": ("numbers_figurecount", "('waiting', 'running')"),
}
OPEN_JOBS_SQL = """
SELECT count(*), coalesce(extract(epoch FROM statement_timestamp() - min(created_at)), 0)
FROM {} WHERE state IN {}
"""
PROCESSES_SQL = """
SELECT kind, state, version, (facts ->> 'queue')::float, (facts ->> 'broker_ms')::float / 1000,
    (facts ->> 'database_ms')::float / 1000
FROM integrations_process
WHERE seen_at >= statement_timestamp() - %s
"""
LEADER_SQL = """
SELECT count(*) FROM integrations_leadership
WHERE holder <> '' AND renewed_at >= statement_timestamp() - %s
"""
ATTEMPT_COUNTS_SQL = """
SELECT platform, outcome, sum(attempts) FROM integrations_attemptcount GROUP BY platform, outcome
"""


def metric_group(name: str) -> Callable:
    def register(function: Callable[[], Iterator[Metric]]) -> Callable[[], Iterator[Metric]]:
        METRIC_GROUPS[name] = function
        return function

    return register


def collect_database_metrics() -> list[Metric]:
    """Returns all metrics. Those that could not be queried are left out, which
    `patchbay_figures_up` reports."""
    found, up = (
        [],
        GaugeMetricFamily(
            "patchbay_figures_up",
            "1 for each group of figures that the database gave, else 0.",
            labels=("figure",),
        ),
    )
    with tenant_scope.for_role(tenant_scope.WEB), tenant_scope.all_organizations():
        is_reached = True
        for name, function in METRIC_GROUPS.items():
            metrics = collect_metric_group(function) if is_reached else None
            is_reached = metrics is not None or is_database_connected()
            found += metrics or []
            up.add_metric((name,), metrics is not None)
    return [*found, up]


def collect_metric_group(function: Callable[[], Iterator[Metric]]) -> list[Metric] | None:
    try:
        with transaction.atomic(), connection.statements_may_take(QUERY_TIMEOUT):
            return list(function())
    except Error:
        return None


def is_database_connected() -> bool:
    return connection.connection is not None and not connection.connection.closed


def fetch_metric_rows(query: str, *values) -> list[Row]:
    with connection.cursor() as cursor:
        cursor.execute(query, values or None)
        return cursor.fetchall() if cursor.description else []


def build_gauge(
    name: str, text: str, labels: Iterable[str], values: dict[tuple[str, ...], float]
) -> Metric:
    family = GaugeMetricFamily(f"patchbay_{name}", text, labels=tuple(labels))
    for key, value in sorted(values.items()):
        family.add_metric(key, float(value or 0))
    return family


def values_by_platform(found: Iterable[Row], column: int) -> dict[tuple[str, ...], float]:
    """Returns the values by platform, with 0 for a platform without any, so that lines in graphs
    continue."""
    return {(kind,): 0.0 for kind in PROVIDERS} | {(row[0],): row[column] for row in found}


@metric_group("database")
def database_metrics() -> Iterator[Metric]:
    began = time.perf_counter()
    fetch_metric_rows("SELECT 1")
    took = time.perf_counter() - began
    text = "How long the database takes to answer the web."
    yield build_gauge("database_answer_seconds", text, (), {(): took})


@metric_group("operations")
def operation_metrics() -> Iterator[Metric]:
    found, platform = fetch_metric_rows(OPEN_OPERATIONS_SQL), ("platform",)
    text = "Operations that are not settled."
    yield build_gauge("operations_open", text, platform, values_by_platform(found, 1))
    text = "Open operations whose next attempt is due."
    yield build_gauge("operations_due", text, platform, values_by_platform(found, 2))


@metric_group("running")
def running_operation_metrics() -> Iterator[Metric]:
    text = "Operations that a worker is attempting now."
    yield build_gauge(
        "operations_running",
        text,
        ("platform",),
        values_by_platform(fetch_metric_rows(RUNNING_OPERATIONS_SQL), 1),
    )


@metric_group("oldest")
def oldest_operation_metrics() -> Iterator[Metric]:
    text = "How long the oldest operation has been due that nothing but Patchbay keeps waiting."
    yield build_gauge(
        "operations_oldest_due_seconds",
        text,
        ("platform",),
        values_by_platform(fetch_metric_rows(OLDEST_DUE_SQL), 1),
    )


@metric_group("integrations")
def integration_metrics() -> Iterator[Metric]:
    found = fetch_metric_rows(INTEGRATION_STATES_SQL)
    counts = {(kind, state): 0 for kind in PROVIDERS for state in Integration.State.values}
    counts |= {(kind, state): count for kind, state, count, _resting in found}
    yield build_gauge("integrations", "Connections to platforms.", ("platform", "state"), counts)
    resting = {(kind,): 0 for kind in PROVIDERS}
    for kind, _state, _count, failing in found:
        resting[kind,] = resting.get((kind,), 0) + failing
    text = "Connections whose breaker is open: their platform failed several times in a row."
    yield build_gauge("breakers_open", text, ("platform",), resting)


@metric_group("attempts")
def attempt_metrics() -> Iterator[Metric]:
    family = CounterMetricFamily(
        "patchbay_attempts",
        "Attempts at operations that ended, by what came of them.",
        labels=("platform", "outcome"),
    )
    for platform, outcome, count in sorted(fetch_metric_rows(ATTEMPT_COUNTS_SQL)):
        family.add_metric((platform, outcome), float(count))
    yield family


@metric_group("jobs")
def bulk_job_metrics() -> Iterator[Metric]:
    found = {
        (job,): fetch_metric_rows(OPEN_JOBS_SQL.format(*place))[0]
        for job, place in JOB_TABLES.items()
    }
    text = "Bulk jobs that are not done."
    yield build_gauge("jobs_open", text, ("kind",), {key: row[0] for key, row in found.items()})
    text = "How long ago the oldest bulk job was asked for that is not done."
    yield build_gauge(
        "jobs_oldest_seconds", text, ("kind",), {key: row[1] for key, row in found.items()}
    )


@metric_group("programs")
def process_metrics() -> Iterator[Metric]:
    found = fetch_metric_rows(PROCESSES_SQL, ALIVE_TIMEOUT)
    states = {(kind, state): 0 for kind, each in PROCESS_STATES.items() for state in each}
    versions: dict[tuple[str, ...], float] = {}
    for kind, state, version, *_facts in found:
        states[kind, state] = states.get((kind, state), 0) + 1
        versions[kind, version] = versions.get((kind, version), 0) + 1
    text = "Dispatchers and workers that have reported lately."
    yield build_gauge("processes", text, ("kind", "state"), states)
    yield build_gauge("process_versions", "The same by version.", ("kind", "version"), versions)
    text = "1 while a dispatcher leads, else 0."
    leading = fetch_metric_rows(LEADER_SQL, LEADERSHIP_LEASE)[0][0]
    yield build_gauge("dispatcher_leading", text, (), {(): leading})
    yield from worker_reported_metrics(found)


def worker_reported_metrics(found: list[Row]) -> Iterator[Metric]:
    """Yields the worst values that the workers report, or nothing without a worker."""
    text = "Messages in the broker that no worker has taken."
    yield build_maximum_gauge("queue_messages", text, found, 3)
    text = "How long the broker takes to answer a worker."
    yield build_maximum_gauge("broker_answer_seconds", text, found, 4)
    text = "How long a worker takes to connect to the database."
    yield build_maximum_gauge("database_connect_seconds", text, found, 5)


def build_maximum_gauge(name: str, text: str, found: list[Row], column: int) -> Metric:
    known = [row[column] for row in found if row[column] is not None]
    return build_gauge(name, text, (), {(): max(known)} if known else {})
