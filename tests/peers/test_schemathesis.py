"""Schemathesis, which somebody else wrote, reads our OpenAPI documents and attacks the APIs.

It sends what the document allows and what it forbids; every answer must be one that the document
announces. Each request is undone, so every case meets the same rows.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import pytest
from django.core.handlers.wsgi import WSGIHandler
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, transaction
from django.db.models.functions import Now
from hypothesis import HealthCheck, settings

from config import BASE_DIR
from integrations.ledger import operation_requests as ledger
from integrations.ledger import worker
from integrations.models import Operation
from numbers.api.imports import EXCEL, OPEN_DOCUMENT
from numbers.inventory.agents import create_agent
from numbers.models import PhoneNumber
from organizations.web.api import brute_force
from tests.support import factories
from tests.support.dialects import DIALECTS
from tests.support.jambonz_peer import import_peer_module

schemathesis = import_peer_module("schemathesis")
pytest_plugins = ["schemathesis.pytest.plugin"]
pytestmark = [pytest.mark.peers, pytest.mark.slow]

CONFIG = {
    "seed": 1,
    "generation": {
        "deterministic": True,
        "database": "none",
        "max-examples": 20,
        "with-security-parameters": False,  # beside a good key a second one is 401, always
    },
    "checks": {
        # JSON Schema cannot say which fields go together, or which numbers are possible.
        "positive_data_acceptance": {"enabled": False},
        # 504 is Zudu's word for a platform that takes its time.
        "not_a_server_error": {"expected-statuses": ["2xx", "3xx", "4xx", "504"]},
        # What was deleted is still shown, as deleted.
        "use_after_free": {"enabled": False},
        # Any refusal will do: 412 comes before the body is looked at.
        "negative_data_rejection": {"expected-statuses": ["4xx"]},
    },
}
# The fixtures' rows are meant for all examples, and a slow machine is no error.
RELAXED = settings(deadline=None, suppress_health_check=list(HealthCheck))
PLACES = {"path_parameters": "path", "query": "query", "headers": "header", "body": "body"}
SCENARIOS = settings(
    RELAXED, derandomize=True, database=None, max_examples=40, stateful_step_count=6
)


def document(file: str):
    """The committed one; that it is the served one is tests/project/test_schema.py's to say."""
    config = schemathesis.config.SchemathesisConfig.from_dict(CONFIG)
    found = schemathesis.openapi.from_path(BASE_DIR / "docs" / file, config=config)
    found.app = WSGIHandler()
    return found


@schemathesis.serializer(EXCEL, OPEN_DOCUMENT)
def workbook(_context, value) -> bytes:
    """Any bytes: what is in them the worker reads, not the request."""
    return value if isinstance(value, bytes) else str(value).encode(errors="replace")


v1, butter, zudu = map(document, ("openapi.yaml", "openapi-butter.yaml", "openapi-zudu.yaml"))


@dataclass(frozen=True)
class World:
    """Two people, and ids of Alice's rows by the names that the documents have for them."""

    owner: factories.Member
    stranger: factories.Member
    ids: dict[str, list[str]]

    def rows(self, dialect: str, name: str) -> list[str]:
        return self.ids.get(f"{dialect} {name}") or self.ids.get(name, [])


@pytest.fixture(autouse=True)
def one_connection(settings) -> Iterator[None]:
    """The test's own, which Django would close after a request; with room for many requests."""
    settings.RATE_LIMIT_PER_SECOND = settings.RATE_LIMIT_BURST = 1_000_000
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.fixture(autouse=True)
def sandbox_worker(monkeypatch) -> None:
    """For requests that wait. Accounts that were drawn are tried nowhere: those wait in vain."""

    def work_and_look(operation_id, *, seconds=10.0):
        due = Operation.objects.filter(status="open", integration__kind="sandbox")
        for operation in due.filter(waits_for=None, next_attempt_at__lte=Now()):
            worker.run_attempt(operation.pk)
        return Operation.objects.get(pk=operation_id)

    monkeypatch.setattr(ledger, "wait_for_operation", work_and_look)


@pytest.fixture
def world(alice, mallory) -> World:
    """A number in each state from which there is a way, a carrier in use and one that is not."""
    used = alice.organization.carriers.get()
    spare = factories.create_carrier(alice.by, name="Spare Trunk")
    active = factories.create_number(
        alice.by, "+18005550101"
    )  # the document's own example stays free
    waiting = factories.create_number(alice.by, "+18005550102", settled=False)
    failed = factories.create_number(alice.by, "+18005550103")
    PhoneNumber.objects.filter(pk=failed.pk).update(status="failed", error_message="Refused.")
    unused = factories.create_sandbox(alice.by, name="Spare sandbox", default=False)
    agent = create_agent(alice.by, name="Front desk", agent_id="agent_front")
    numbers = [active, waiting, failed]
    phons = [number.public_id for number in numbers]
    colleague = factories.create_member("Dave", organization=alice.organization, role="user")
    ids = {
        "number_id": [number.id for number in numbers],
        "phone_number_id": phons,
        "butter number": phons,
        "zudu number": [number.e164 for number in numbers],
        "carrier_id": [used.id, spare.id],
        "voip_carrier_sid": [used.voip_carrier_sid, spare.voip_carrier_sid],
        "integration_id": [used.integration.public_id, unused.public_id],
        "operation_id": [operation.id for operation in alice.organization.operations.all()[:3]],
        "agent_id": [agent.agent_id],
        "user_id": [colleague.user.id],
        "key_id": [colleague.key.id],
        "butter key_id": [f"apikey_{colleague.key.id.hex[:12]}"],
    }
    texts = {name: [str(one) for one in found] for name, found in ids.items()}
    return World(alice, mallory, texts)


@contextmanager
def undone() -> Iterator[None]:
    brute_force.failures_by_address.clear()  # the wrong keys that Schemathesis tries
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def aim(case, world: World, dialect: str) -> None:
    """At rows that are there, mostly. What Schemathesis means to be wrong stays so."""
    for place, name in PLACES.items():
        values = getattr(case, place)
        if isinstance(values, Mapping) and not case.meta.is_negative_at(name):
            aimed = {name: known(name, value, world, dialect) for name, value in values.items()}
            setattr(case, place, aimed)


def known(name: str, value, world: World, dialect: str):
    """Which id it is, the one that was drawn decides; it stays now and then."""
    if name == "If-Match":
        return "*"
    rows = world.rows(dialect, name)
    place = sum(str(value).encode()) % (len(rows) + 1)
    return rows[place] if place < len(rows) else value


def headers_of(member: factories.Member, dialect: str) -> dict[str, str]:
    """Plain answers: the tool asks for compressed ones and reads them, within one process, as they
    are."""
    return {**DIALECTS[dialect].headers(member), "Accept-Encoding": "identity"}


def attack(case, world: World, dialect: str) -> None:
    """Every answer is in the document, and nothing of the owner's is in a stranger's."""
    aim(case, world, dialect)
    with undone():
        strangers = case.call(headers=headers_of(world.stranger, dialect))
    with undone():
        answer = case.call_and_validate(headers=headers_of(world.owner, dialect))
    sent = f"{case.path_parameters} {case.query} {case.body}"
    ids = {one for found in world.ids.values() for one in found}
    assert not [one for one in ids if one in strangers.text and one not in sent]
    if set(case.path_parameters) - {"role"} and answer.status_code < 300:
        assert strangers.status_code == 404


@v1.parametrize()
@RELAXED
def test_v1_answers_as_its_document_says(case, world):
    attack(case, world, "v1")


@butter.parametrize()
@RELAXED
def test_butters_dialect_answers_as_its_document_says(case, world):
    attack(case, world, "butter")


@zudu.parametrize()
@RELAXED
def test_zudus_dialect_answers_as_its_document_says(case, world):
    attack(case, world, "zudu")


def excused(case) -> list:
    """A body that is drawn for a file may be called wrong, and be a readable file as it is sent."""
    from schemathesis.specs.openapi.checks import negative_data_rejection

    return [negative_data_rejection] if case.media_type in (EXCEL, OPEN_DOCUMENT) else []


def test_what_one_answer_names_the_next_request_finds(world):
    """Scenarios along the ids in answers: made, shown, changed, deleted."""

    headers = headers_of(world.owner, "v1")

    class Scenario(v1.as_state_machine()):
        def setup(self):
            self.undone = undone()
            self.undone.__enter__()

        def teardown(self):
            self.undone.__exit__(None, None, None)

        def get_call_kwargs(self, case):
            return {"headers": headers}

        def validate_response(self, response, case, additional_checks=None, **sent):
            brute_force.failures_by_address.clear()
            # Told apart from headers that were drawn, the key is known to be a good one.
            case.validate_response(
                response,
                headers=headers,
                transport_kwargs=sent,
                recorder=self.recorder,
                excluded_checks=excused(case),
            )

    Scenario.run(settings=SCENARIOS)
