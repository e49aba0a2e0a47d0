"""Figures that the database has, of the whole installation: a bounded number of queries, each with
an index and a time limit. No organization is a label: they are apart, and have no end."""

import time
from collections.abc import Callable, Iterable, Iterator

from django.db import Error, connection, transaction
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric

from integrations.ledger.leadership import LEASE
from integrations.ledger.leases import BREAKER_THRESHOLD
from integrations.models import Integration, Process
from integrations.providers import PROVIDERS
from integrations.runtime.processes import ALIVE_FOR
from organizations.tenancy import tenant_scope

TIME_LIMIT = 2  # seconds of one query; what takes longer is left out
FIGURES: dict[str, Callable[[], Iterator[Metric]]] = {}
Row = tuple
STATES = {
    Process.Kind.DISPATCHER: (Process.State.LEADING, Process.State.STANDING_BY),
    Process.Kind.WORKER: (Process.State.WORKING, Process.State.PAUSED),
}

# By integration first: its index has both columns, and is read alone.
OPEN = """
SELECT i.kind, sum(waiting.open), sum(waiting.due) FROM (
    SELECT integration_id, count(*) AS open,
        count(*) FILTER (WHERE next_attempt_at <= statement_timestamp()) AS due
    FROM integrations_operation WHERE status = 'open' GROUP BY integration_id) waiting
JOIN integrations_integration i ON i.id = waiting.integration_id GROUP BY i.kind
"""
RUNNING = """
SELECT i.kind, count(*) FROM integrations_operation o
JOIN integrations_integration i ON i.id = o.integration_id
WHERE o.status = 'open' AND (o.dispatched_at IS NOT NULL OR o.lease_until IS NOT NULL)
  AND o.lease_until >= statement_timestamp() GROUP BY i.kind
"""
# Where nothing but us keeps it from being attempted: no pause, no rest, nobody at it.
OLDEST = """
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
INTEGRATIONS = f"""
SELECT kind, state, count(*), count(*) FILTER (WHERE failures >= {BREAKER_THRESHOLD})
FROM integrations_integration GROUP BY kind, state
"""
JOBS = {
    "import or change": ("numbers_batch", "('checking', 'running')"),
    "export": ("organizations_export", "('waiting', 'running')"),
    "count": ("numbers_figurecount", "('waiting', 'running')"),
}
JOB = """
SELECT count(*), coalesce(extract(epoch FROM statement_timestamp() - min(created_at)), 0)
FROM {} WHERE state IN {}
"""
PROGRAMS = """
SELECT kind, state, version, (facts ->> 'queue')::float, (facts ->> 'broker_ms')::float / 1000,
    (facts ->> 'database_ms')::float / 1000
FROM integrations_process
WHERE seen_at >= statement_timestamp() - %s
"""
LEADING = """
SELECT count(*) FROM integrations_leadership
WHERE holder <> '' AND renewed_at >= statement_timestamp() - %s
"""
ATTEMPTS = """
SELECT platform, outcome, sum(attempts) FROM integrations_attemptcount GROUP BY platform, outcome
"""


def figure(name: str) -> Callable:
    def register(function: Callable[[], Iterator[Metric]]) -> Callable[[], Iterator[Metric]]:
        FIGURES[name] = function
        return function

    return register


def ask() -> list[Metric]:
    """All of them. What cannot be had is left out, and `patchbay_figures_up` says so."""
    found, up = (
        [],
        GaugeMetricFamily(
            "patchbay_figures_up",
            "1 for each group of figures that the database gave, else 0.",
            labels=("figure",),
        ),
    )
    with tenant_scope.process(tenant_scope.WEB), tenant_scope.everything():
        is_reached = True
        for name, function in FIGURES.items():
            metrics = one(function) if is_reached else None
            is_reached = metrics is not None or is_connected()
            found += metrics or []
            up.add_metric((name,), metrics is not None)
    return [*found, up]


def one(function: Callable[[], Iterator[Metric]]) -> list[Metric] | None:
    try:
        with transaction.atomic(), connection.statements_may_take(TIME_LIMIT):
            return list(function())
    except Error:
        return None


def is_connected() -> bool:
    return connection.connection is not None and not connection.connection.closed


def rows(query: str, *values) -> list[Row]:
    with connection.cursor() as cursor:
        cursor.execute(query, values or None)
        return cursor.fetchall() if cursor.description else []


def gauge(
    name: str, text: str, labels: Iterable[str], values: dict[tuple[str, ...], float]
) -> Metric:
    family = GaugeMetricFamily(f"patchbay_{name}", text, labels=tuple(labels))
    for key, value in sorted(values.items()):
        family.add_metric(key, float(value or 0))
    return family


def by_platform(found: Iterable[Row], column: int) -> dict[tuple[str, ...], float]:
    """0 for a platform that has none, so that a line in a graph does not end."""
    return {(kind,): 0.0 for kind in PROVIDERS} | {(row[0],): row[column] for row in found}


@figure("database")
def database() -> Iterator[Metric]:
    began = time.perf_counter()
    rows("SELECT 1")
    took = time.perf_counter() - began
    text = "How long the database takes to answer the web."
    yield gauge("database_answer_seconds", text, (), {(): took})


@figure("operations")
def operations() -> Iterator[Metric]:
    found, platform = rows(OPEN), ("platform",)
    text = "Operations that are not settled."
    yield gauge("operations_open", text, platform, by_platform(found, 1))
    text = "Open operations whose next attempt is due."
    yield gauge("operations_due", text, platform, by_platform(found, 2))


@figure("running")
def running() -> Iterator[Metric]:
    text = "Operations that a worker is attempting now."
    yield gauge("operations_running", text, ("platform",), by_platform(rows(RUNNING), 1))


@figure("oldest")
def oldest() -> Iterator[Metric]:
    text = "How long the oldest operation has been due that nothing but Patchbay keeps waiting."
    yield gauge("operations_oldest_due_seconds", text, ("platform",), by_platform(rows(OLDEST), 1))


@figure("integrations")
def integrations() -> Iterator[Metric]:
    found = rows(INTEGRATIONS)
    counts = {(kind, state): 0 for kind in PROVIDERS for state in Integration.State.values}
    counts |= {(kind, state): count for kind, state, count, _resting in found}
    yield gauge("integrations", "Connections to platforms.", ("platform", "state"), counts)
    resting = {(kind,): 0 for kind in PROVIDERS}
    for kind, _state, _count, failing in found:
        resting[kind,] = resting.get((kind,), 0) + failing
    text = "Connections whose breaker is open: their platform failed several times in a row."
    yield gauge("breakers_open", text, ("platform",), resting)


@figure("attempts")
def attempts() -> Iterator[Metric]:
    family = CounterMetricFamily(
        "patchbay_attempts",
        "Attempts at operations that ended, by what came of them.",
        labels=("platform", "outcome"),
    )
    for platform, outcome, count in sorted(rows(ATTEMPTS)):
        family.add_metric((platform, outcome), float(count))
    yield family


@figure("jobs")
def jobs() -> Iterator[Metric]:
    found = {(job,): rows(JOB.format(*place))[0] for job, place in JOBS.items()}
    text = "Bulk jobs that are not done."
    yield gauge("jobs_open", text, ("kind",), {key: row[0] for key, row in found.items()})
    text = "How long ago the oldest bulk job was asked for that is not done."
    yield gauge("jobs_oldest_seconds", text, ("kind",), {key: row[1] for key, row in found.items()})


@figure("programs")
def programs() -> Iterator[Metric]:
    found = rows(PROGRAMS, ALIVE_FOR)
    states = {(kind, state): 0 for kind, each in STATES.items() for state in each}
    versions: dict[tuple[str, ...], float] = {}
    for kind, state, version, *_facts in found:
        states[kind, state] = states.get((kind, state), 0) + 1
        versions[kind, version] = versions.get((kind, version), 0) + 1
    text = "Dispatchers and workers that have reported lately."
    yield gauge("processes", text, ("kind", "state"), states)
    yield gauge("process_versions", "The same by version.", ("kind", "version"), versions)
    text = "1 while a dispatcher leads, else 0."
    leading = rows(LEADING, LEASE)[0][0]
    yield gauge("dispatcher_leading", text, (), {(): leading})
    yield from as_workers_see_it(found)


def as_workers_see_it(found: list[Row]) -> Iterator[Metric]:
    """The worst of what the workers report; nothing where none runs."""
    text = "Messages in the broker that no worker has taken."
    yield worst("queue_messages", text, found, 3)
    text = "How long the broker takes to answer a worker."
    yield worst("broker_answer_seconds", text, found, 4)
    text = "How long a worker takes to connect to the database."
    yield worst("database_connect_seconds", text, found, 5)


def worst(name: str, text: str, found: list[Row], column: int) -> Metric:
    known = [row[column] for row in found if row[column] is not None]
    return gauge(name, text, (), {(): max(known)} if known else {})
