"""The measures of the web: GET one, a list of 50, and create."""

import http.client
import json
import random
import re
import uuid
from functools import partial

from django.db.models import QuerySet

from numbers.api.serializers import COLUMNS
from numbers.inventory.operations import add_number
from numbers.models import PhoneNumber
from tests.bench.http_load import CONNECTIONS, HttpCall, LoadResult, run_http_load
from tests.bench.installation import Installation, MeasuredOrganization
from tests.bench.replay import capture_statements, replace_identifiers
from tests.bench.sql_load import Job, run_sql_load
from tests.bench.table import Measure, WrongAnswer

URL = "/v1/phone-numbers"
OK, CREATED = b"HTTP/1.1 200", b"HTTP/1.1 201"
SQL_PROCESSES = 2


class WebMeasures:
    """Patchbay and the bare views, each on a granian of its own."""

    def __init__(self, owner: MeasuredOrganization, seconds: float):
        self.owner, self.seconds = owner, seconds
        self.installation: Installation = owner.installation
        self.port, self.unheld, self.bare = self.installation.webs(owner.id)
        self.ids = random.sample(owner.ids, min(5000, len(owner.ids)))
        self.created = 0

    def measures(self) -> dict[str, Measure]:
        return {"one": self.one(), "list": self.many(), "create": self.create()}

    def one(self) -> Measure:
        self.compare(f"{URL}/{self.ids[0]}")
        calls = [self.call("GET", f"{URL}/{id_}", OK, id_.encode()) for id_ in self.ids]
        rows = [self.rows().filter(pk=id_) for id_ in self.ids]
        return self.read("GET one", calls, rows)

    def many(self) -> Measure:
        self.compare(URL)
        call = self.call("GET", URL, OK, b'"next_cursor":')
        rows = self.rows().exclude(status="deleted").order_by("-created_at", "-id")[:51]
        return self.read("list of 50", [call], [rows])

    def read(self, name: str, calls: list[HttpCall], rows: list[QuerySet]) -> Measure:
        beside = {
            "without row-level security": partial(self.http, self.unheld, calls),
            "bare Django view, same query": partial(self.http, self.bare, calls),
            "bare psycopg, same rows": partial(self.sql, build_query_jobs(rows)),
            "HTTP alone (constant view)": partial(self.http, self.bare, [self.constant()]),
        }
        return Measure(name, lambda: run_http_load(self.port, calls, self.seconds), beside)

    def create(self) -> Measure:
        beside = {
            "bare psycopg, same inserts": self.raw_create,
            "HTTP alone (constant view)": partial(self.http, self.bare, [self.constant()]),
        }
        return Measure("create", self.post, beside)

    def post(self) -> LoadResult:
        numbers = [self.owner.fresh_number() for _ in range(int(2000 * self.seconds) + 100)]
        calls = [
            self.call("POST", URL, CREATED, number.encode(), body={"number": number})
            for number in numbers
        ]
        done = run_http_load(self.port, calls, self.seconds)
        here = self.owner.member.organization.phone_numbers.filter(e164__in=numbers)
        if not done.wrong and here.count() != len(done.times):
            raise WrongAnswer(f"{len(done.times)} numbers created, {here.count()} are there")
        return done

    def raw_create(self) -> float:
        """What one creation writes, and nothing it reads."""
        made: list[PhoneNumber] = []
        by = self.owner.member.by
        seen = capture_statements(
            lambda: made.append(add_number(by, number=self.owner.fresh_number()))
        )
        written = [statement for statement in seen if statement.startswith(("INSERT", "NOTIFY"))]
        names = number_identifiers(made[0])
        jobs = [
            replace_identifiers(written, dict(zip(names, self.fresh_names(), strict=True)))
            for _ in range(int(1500 * self.seconds) + 20)
        ]
        return self.sql(jobs, seconds=0, atomic=True)

    def fresh_names(self) -> list[str]:
        ids = [str(uuid.uuid4()) for _ in range(4)]
        return [*ids, f"phon_{uuid.uuid4().hex[:12]}", self.owner.fresh_number()]

    def rows(self) -> QuerySet:
        return self.owner.member.organization.phone_numbers.values(*COLUMNS)

    def sql(self, jobs: list[Job], *, seconds: float | None = None, atomic: bool = False) -> float:
        url = self.installation.env["DATABASE_OWNER_URL"]
        share = {"processes": SQL_PROCESSES, "threads": CONNECTIONS // SQL_PROCESSES}
        seconds = self.seconds if seconds is None else seconds
        return run_sql_load(url, jobs, seconds, atomic=atomic, **share)

    def http(self, port: int, calls: list[HttpCall]) -> float:
        done = run_http_load(port, calls, self.seconds)
        if done.wrong:
            raise WrongAnswer(done.wrong)
        return done.per_second

    def constant(self) -> HttpCall:
        return self.call("GET", "/healthz", OK, b'"ok"')

    def call(
        self, method: str, path: str, head: bytes, needle: bytes, *, body: dict | None = None
    ) -> HttpCall:
        content = json.dumps(body).encode() if body else b""
        lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", "Accept: */*"]
        lines.append(f"Authorization: Bearer {self.owner.member.key_text}")
        if body:
            lines += ["Content-Type: application/json", f"Content-Length: {len(content)}"]
        return "\r\n".join([*lines, "", ""]).encode() + content, head, needle

    def compare(self, path: str) -> None:
        """Patchbay and the bare view must say the same, or the race is none."""
        ours, theirs = self.get(self.port, path), self.get(self.bare, path)
        if ours.pop("next_cursor", "") is None or theirs.pop("next_cursor", "") is None:
            raise WrongAnswer(f"{path}: there are more rows than that")
        if ours != theirs:
            raise WrongAnswer(f"{path}: {ours} is not {theirs}")

    def get(self, port: int, path: str) -> dict:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        connection.request("GET", path, headers={"X-API-Key": self.owner.member.key_text})
        answer = connection.getresponse()
        if answer.status != http.HTTPStatus.OK:
            raise WrongAnswer(f"{path}: {answer.status} {answer.read()}")
        # JsonResponse cuts times to milliseconds.
        return json.loads(re.sub(rb"(:\d\d\.\d{3})\d{3}Z", rb"\1Z", answer.read()))


def build_query_jobs(rows: list[QuerySet]) -> list[Job]:
    """The queries as Django writes them; psycopg prepares what it meets often."""
    return [[each.query.sql_with_params()] for each in rows]


def number_identifiers(number: PhoneNumber) -> list[str]:
    """Everything that is unique in the rows that a creation writes."""
    placement = number.placements.get()
    operation = placement.integration.operations.get(subject_id=placement.id)
    ids = [number.id, number.phone_number_sid, placement.id, operation.id]
    return [*map(str, ids), number.public_id, number.e164]
