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
from integrations.ledger.job_sources import BrokerAway
from integrations.models import Operation
from organizations.models import Organization
from tests.support import factories
from tests.support.dialects import DIALECTS
from tests.support.factories import Member

# Facts that also change without an event that names them: a settlement or a retry moves them.
MOVED = {"status"}


@dataclass
class Change:
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


def request(
    member: Member, method: str, path: str, body: Any = None, *, dialect: str = "v1", **fact: Any
) -> Change:
    """A request in one of the dialects; `fact` is the one fact that it changes."""
    send = DIALECTS[dialect].send
    ((name, value),) = fact.items() or (("", None),)
    return Change(lambda: send(member, method, path, body), name, value)


SPREAD = 0.05  # seconds within which all begin, so that they meet one another halfway


def make_at_once(changes: Iterable[Change]) -> list[Change]:
    """All of them, each in a thread with a connection of its own, from one moment on."""
    changes = list(changes)
    gate = Barrier(len(changes))
    threads = [Thread(target=make, args=(change, gate)) for change in changes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return changes


@contextmanager
def meanwhile(
    doing: Callable[[], Any], *, then: Callable[[], Any] = lambda: None
) -> Iterator[Change]:
    """It begins before the block's transaction has ended, whose last act is `then`; what came of it
    is known afterwards."""
    other = Change(doing)
    thread = Thread(target=make, args=(other, Barrier(1)))
    with transaction.atomic():
        yield other
        thread.start()
        thread.join(SPREAD + 0.3)
        other.waited = thread.is_alive()
        then()
    thread.join()


def accepted(changes: Iterable[Change], *also: str) -> None:
    """All succeeded, but for refusals whose problem type is in `also`."""
    assert [str(each) for each in changes if not each.is_done and not is_refusal(each, also)] == []


def is_refusal(change: Change, kinds: tuple[str, ...]) -> bool:
    if not change.status or change.status >= 500:
        return False
    body = change.answer.json()
    return any(f"/{kind}" in body.get("type", "") or body.get("error") == kind for kind in kinds)


def make(change: Change, gate: Barrier) -> None:
    try:
        connection.ensure_connection()
        gate.wait()
        time.sleep(uniform(0, SPREAD))
        change.answer = change.call()
    except Exception as error:
        change.error = error
    finally:
        connection.close()


@dataclass
class Workers:
    """Two workers and a dispatcher whose broker is away every other time."""

    errors: list[BaseException] = field(default_factory=list)
    stopped: Event = field(default_factory=Event)
    turns: int = 0

    def work(self) -> None:
        due = Operation.objects.filter(status="open", waits_for=None, next_attempt_at__lte=Now())
        for operation_id in due.order_by("?").values_list("pk", flat=True):
            worker.run(operation_id)

    def dispatch(self) -> None:
        self.turns += 1
        with suppress(BrokerAway):
            dispatching.dispatch_due(self.publish)

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
def workers_at_work() -> Iterator[None]:
    """Workers settle what is due while the block runs; then everything that is left is settled."""
    workers = Workers()
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
    factories.work_all()


def count_deadlocks() -> int:
    """Of the test's database so far; what others counted is reported when they disconnect."""
    with connection.cursor() as cursor:
        others = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
        deadline = time.monotonic() + 5
        while cursor.execute(others).fetchone()[0] > 1 and time.monotonic() < deadline:
            time.sleep(0.01)
        counted = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
        return cursor.execute(counted).fetchone()[0]


def gaps(organization: Organization, kind: str, row: models.Model) -> list[str]:
    """Where an event's `before` is not what the events until then had left."""
    known: dict[str, Any] = {}
    found = []
    for event in organization.events.filter(subject_kind=kind, subject_id=row.pk).order_by("pk"):
        for name, value in event.before.items():
            if name not in MOVED and known.get(name, value) != value:
                found.append(f"{event.action}: {name} was {value}, not {known[name]}")
        known |= {**event.before, **event.after}
        if "wanted" not in event.after:
            known.pop("wanted", None)
    return found


def lost(
    organization: Organization, kind: str, row: models.Model, changes: Iterable[Change]
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
        if hasattr(row, name) and name not in MOVED and plain(getattr(row, name)) != value:
            found.append(f"{name} is {getattr(row, name)}, not {value}")
    return found


def plain(value: Any) -> Any:
    """As the audit log has it."""
    if hasattr(value, "order_by"):  # a carrier's gateways
        return [str(row) for row in value.order_by("position")]
    return value if value is None or isinstance(value, bool | int | dict) else str(value)
