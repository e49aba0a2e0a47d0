"""The measure of the worker: numbers per second from pending to active, through the sandbox."""

import time
from uuid import UUID

from django.db.models.functions import Now

from config.supervisor import programs
from integrations.ledger import worker
from integrations.ledger.leases import NOTIFY_CHANNEL
from integrations.models import Operation
from numbers.inventory.operations import add_number
from numbers.models import Placement
from tests.bench.http_load import LoadResult
from tests.bench.installation import MeasuredOrganization
from tests.bench.replay import capture_statements, replace_identifiers
from tests.bench.sql_load import run_sql_load
from tests.bench.table import Measure, WrongAnswer

PROCESSES = 4  # as the worker has
TIMEOUT = 60  # seconds for one run


class ProvisioningMeasure:
    """Dispatcher and worker as `make up` has them, and numbers that wait."""

    def __init__(self, owner: MeasuredOrganization, count: int):
        self.owner, self.count = owner, count
        self.installation = owner.installation
        self.open = Operation.objects.filter(status="open", subject_kind="placement")
        self.stock()

    def stock(self) -> None:
        """Enough pending numbers for all runs, all of them due some other day, not now."""
        for _ in range(7 * self.count - self.open.count()):
            add_number(self.owner.member.by, number=self.owner.fresh_number())
        self.open.update(next_attempt_at="2100-01-01T00:00Z")
        self.warm_up()

    def warm_up(self) -> None:
        env = self.installation.env
        self.installation.start(programs.build_dispatcher_program(env))
        self.installation.start(programs.build_worker_program(env))
        self.provision(PROCESSES)

    def measure(self) -> Measure:
        beside = {"bare psycopg, same statements": self.raw}
        return Measure("provisioned", lambda: self.provision(self.count), beside)

    def provision(self, count: int) -> LoadResult:
        """Have them due at once; the times in the ledger tell when the last one settled."""
        ids = self.take(count)
        ((began,),) = self.installation.sql(
            "UPDATE integrations_operation SET next_attempt_at = statement_timestamp()"
            " WHERE id = ANY(%s) RETURNING statement_timestamp()",
            ids,
        )[:1]
        self.installation.sql(f"NOTIFY {NOTIFY_CHANNEL}")
        deadline = time.monotonic() + TIMEOUT
        while self.open.filter(pk__in=ids).exists():
            if time.monotonic() > deadline:
                log = self.installation.log("worker").read_text()
                raise WrongAnswer(f"after {TIMEOUT} s some numbers were pending:\n{log[-3000:]}")
            time.sleep(0.1)
        self.require_active(ids)
        ended = Operation.objects.filter(pk__in=ids).latest("settled_at").settled_at
        return LoadResult((ended - began).total_seconds(), times=[0.0] * count)

    def take(self, count: int) -> list[UUID]:
        return list(self.open.values_list("pk", flat=True)[:count])

    def raw(self) -> float:
        """What the worker says to PostgreSQL about one number, said again for others."""
        example, *ids = self.take(self.count + 1)
        self.keep_from_dispatcher([example, *ids])
        told = self.names([example])
        statements = capture_statements(lambda: worker.run_attempt(example))
        jobs = [
            replace_identifiers(statements, dict(zip(*told.values(), names, strict=True)))
            for names in self.names(ids).values()
        ]
        url = self.installation.env["DATABASE_OWNER_URL"]
        rate = run_sql_load(url, jobs, 0, processes=PROCESSES, threads=1)
        self.require_active(ids)
        return rate

    def keep_from_dispatcher(self, ids: list[UUID]) -> None:
        """Due, and as if they were on their way to a worker."""
        self.open.filter(pk__in=ids).update(next_attempt_at=Now(), dispatched_at=Now())

    def names(self, ids: list[UUID]) -> dict[UUID, list[str]]:
        """Everything that tells an operation's rows from those of another, by operation."""
        rows = Operation.objects.in_bulk(ids)
        subjects = [row.subject_id for row in rows.values()]
        placements = Placement.objects.select_related("phone_number").in_bulk(subjects)
        return {
            pk: operation_identifiers(row, placements[row.subject_id]) for pk, row in rows.items()
        }

    def require_active(self, ids: list[UUID]) -> None:
        subjects = Operation.objects.filter(pk__in=ids, status="done").values("subject_id")
        active = Placement.objects.filter(pk__in=subjects, phone_number__status="active").count()
        if active != len(ids):
            raise WrongAnswer(f"{active} of {len(ids)} numbers are active")


def operation_identifiers(operation: Operation, placement: Placement) -> list[str]:
    number = placement.phone_number
    ids = [operation.id, placement.id, number.id, number.phone_number_sid]
    return [*map(str, ids), number.public_id, number.e164]
