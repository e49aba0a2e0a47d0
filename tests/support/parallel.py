"""Changes that are made at the same moment, and what must be true afterwards."""

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from random import uniform
from threading import Barrier, Event, Thread
from typing import Any

from django.db import connection, models, transaction
from django.db.models.functions import Now

from integrations.ledger import dispatch as dispatching
from integrations.ledger import worker
from integrations.ledger.job_sources import BrokerUnavailable
from integrations.models import Operation
from organizations.models import Organization
from tests.support import factories
from tests.support.dialects import DIALECTS
from tests.support.factories import Member

# Facts that also change without an event that names them: a settlement or a retry moves them.
UNTRACKED_FIELDS = {"status"}


@dataclass
class ConcurrentChange:
    """One change; `field` and `value` are what the audit log must show of it if it succeeds."""

    call: Callable[[], Any]
    field: str = ""
    value: Any = None
    answer: Any = None
    error: BaseException | None = None
    waited: bool = False  # of `meanwhile`: until the block's transaction had ended

    @property
    def status(self) -> int:
        return getattr(self.answer, "status_code", 0)

    @property
    def is_done(self) -> bool:
        return self.error is None and (not self.status or self.status < 300)

    def __str__(self) -> str:
        text = getattr(self.answer, "text", "")
        return f"{self.field}={self.value}: {self.status} {text} {self.error or ''}"


def build_request_change(
    member: Member, method: str, path: str, body: Any = None, *, dialect: str = "v1", **fact: Any
) -> ConcurrentChange:
    """A request in one of the dialects; `fact` is the one fact that it changes."""
    send = DIALECTS[dialect].send
    ((name, value),) = fact.items() or (("", None),)
    return ConcurrentChange(lambda: send(member, method, path, body), name, value)


MAX_START_DELAY = 0.05  # seconds within which all begin, so that they meet one another halfway


def run_concurrently(changes: Iterable[ConcurrentChange]) -> list[ConcurrentChange]:
    """All of them, each in a thread with a connection of its own, from one moment on."""
    changes = list(changes)
    gate = Barrier(len(changes))
    threads = [Thread(target=run_change, args=(change, gate)) for change in changes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return changes


@contextmanager
def run_during_transaction(
    doing: Callable[[], Any], *, then: Callable[[], Any] = lambda: None
) -> Iterator[ConcurrentChange]:
    """It begins before the block's transaction has ended, whose last act is `then`; what came of it
    is known afterwards."""
    other = ConcurrentChange(doing)
    thread = Thread(target=run_change, args=(other, Barrier(1)))
    with transaction.atomic():
        yield other
        thread.start()
        thread.join(MAX_START_DELAY + 0.3)
        other.waited = thread.is_alive()
        then()
    thread.join()


def assert_accepted(changes: Iterable[ConcurrentChange], *also: str) -> None:
    """All succeeded, but for refusals whose problem type is in `also`."""
    assert [
        str(each) for each in changes if not each.is_done and not has_problem_type(each, also)
    ] == []


def has_problem_type(change: ConcurrentChange, kinds: tuple[str, ...]) -> bool:
    if not change.status or change.status >= 500:
        return False
    body = change.answer.json()
    return any(f"/{kind}" in body.get("type", "") or body.get("error") == kind for kind in kinds)


def run_change(change: ConcurrentChange, gate: Barrier) -> None:
    try:
        connection.ensure_connection()
        gate.wait()
        time.sleep(uniform(0, MAX_START_DELAY))
        change.answer = change.call()
    except Exception as error:
        change.error = error
    finally:
        connection.close()


@dataclass
class BackgroundWorkers:
    """Two workers and a dispatcher whose broker is away every other time."""

    errors: list[BaseException] = field(default_factory=list)
    stopped: Event = field(default_factory=Event)
    turns: int = 0

    def work(self) -> None:
        due = Operation.objects.filter(status="open", waits_for=None, next_attempt_at__lte=Now())
        for operation_id in due.order_by("?").values_list("pk", flat=True):
            worker.run_attempt(operation_id)

    def dispatch(self) -> None:
        self.turns += 1
        with suppress(BrokerUnavailable):
            dispatching.dispatch_due_operations(self.publish)

    def publish(self, operation_id: Any) -> None:
        if self.turns % 2:
            raise ConnectionError("no broker")

    def repeat(self, task: Callable[[], None]) -> None:
        try:
            while not self.stopped.is_set():
                task()
                time.sleep(0.005)
        except Exception as error:
            self.errors.append(error)
        finally:
            connection.close()


@contextmanager
def run_background_workers() -> Iterator[None]:
    """Workers settle what is due while the block runs; then everything that is left is settled."""
    workers = BackgroundWorkers()
    tasks = (workers.work, workers.work, workers.dispatch)
    threads = [Thread(target=workers.repeat, args=(task,)) for task in tasks]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        workers.stopped.set()
        for thread in threads:
            thread.join()
    assert workers.errors == []
    Operation.objects.filter(status="open", waits_for=None).update(
        next_attempt_at=Now(), lease_until=None
    )
    factories.run_due_operations()


def count_deadlocks() -> int:
    """Of the test's database so far; what others counted is reported when they disconnect."""
    with connection.cursor() as cursor:
        others = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
        deadline = time.monotonic() + 5
        while cursor.execute(others).fetchone()[0] > 1 and time.monotonic() < deadline:
            time.sleep(0.01)
        counted = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
        return cursor.execute(counted).fetchone()[0]


def find_audit_gaps(organization: Organization, kind: str, row: models.Model) -> list[str]:
    """Where an event's `before` is not what the events until then had left."""
    known: dict[str, Any] = {}
    found = []
    for event in organization.events.filter(subject_kind=kind, subject_id=row.pk).order_by("pk"):
        for name, value in event.before.items():
            if name not in UNTRACKED_FIELDS and known.get(name, value) != value:
                found.append(f"{event.action}: {name} was {value}, not {known[name]}")
        known |= {**event.before, **event.after}
        if "wanted" not in event.after:
            known.pop("wanted", None)
    return found


def find_lost_changes(
    organization: Organization, kind: str, row: models.Model, changes: Iterable[ConcurrentChange]
) -> list[str]:
    """The changes that succeeded and are in no event, and facts that are not the last event's."""
    events = organization.events.filter(
        subject_kind=kind, subject_id=row.pk, action__endswith=".changed"
    )
    events = list(events.order_by("pk"))
    found, last = [], {}
    for event in events:
        last |= {n: v for n, v in event.after.items() if event.before.get(n) != v}
    for change in changes:
        made = [e for e in events if e.after.get(change.field) == change.value]
        if change.field and change.is_done and not made:
            found.append(f"no event of {change}")
    row.refresh_from_db()
    for name, value in last.items():
        if (
            hasattr(row, name)
            and name not in UNTRACKED_FIELDS
            and audit_log_value(getattr(row, name)) != value
        ):
            found.append(f"{name} is {getattr(row, name)}, not {value}")
    return found


def audit_log_value(value: Any) -> Any:
    """As the audit log has it."""
    if hasattr(value, "order_by"):  # a carrier's gateways
        return [str(row) for row in value.order_by("position")]
    return value if value is None or isinstance(value, bool | int | dict) else str(value)
