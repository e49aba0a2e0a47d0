"""Schemathesis, a client that somebody else wrote, reads our OpenAPI document and attacks the API.

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
from hypothesis import HealthCheck, settings

from config import BASE_DIR
from numbers.models import PhoneNumber
from organizations.api import guessing
from tests import factories
from tests.peers import wanted

schemathesis = wanted("schemathesis")
pytestmark = [pytest.mark.peers, pytest.mark.slow]

CONFIG = {
    "seed": 1,
    "generation": {
        "deterministic": True,
        "database": "none",
        "max-examples": 40,
        "with-security-parameters": False,  # beside a good key a second one is 401, always
    },
    "checks": {
        # JSON Schema cannot say which fields go together, or which numbers are possible.
        "positive_data_acceptance": {"enabled": False},
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


def document():
    """The committed one; that it is the served one is tests/test_schema.py's to say."""
    config = schemathesis.config.SchemathesisConfig.from_dict(CONFIG)
    found = schemathesis.openapi.from_path(BASE_DIR / "docs" / "openapi.yaml", config=config)
    found.app = WSGIHandler()
    return found


schema = document()


@dataclass(frozen=True)
class World:
    """Two keys, and ids of Alice's rows by the names that the document has for them."""

    owner: dict[str, str]
    stranger: dict[str, str]
    ids: dict[str, list[str]]


@pytest.fixture(autouse=True)
def one_connection(settings) -> Iterator[None]:
    """The test's own, which Django would close after a request; with room for many requests."""
    settings.RATE_LIMIT_PER_SECOND = settings.RATE_LIMIT_BURST = 1_000_000
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.fixture
def world(alice, mallory) -> World:
    """A number in each state from which there is a way, a carrier in use and one that is not."""
    used = alice.organization.carriers.get()
    spare = factories.carrier(alice.by, name="Spare Trunk")
    active = factories.number(alice.by, "+18005550101")  # the document's own example stays free
    waiting = factories.number(alice.by, "+18005550102", settled=False)
    failed = factories.number(alice.by, "+18005550103")
    PhoneNumber.objects.filter(pk=failed.pk).update(status="failed", error_message="Refused.")
    ids = {
        "number_id": [active.id, waiting.id, failed.id],
        "carrier_id": [used.id, spare.id],
        "voip_carrier_sid": [used.voip_carrier_sid, spare.voip_carrier_sid],
        "integration_id": [used.integration_id],
    }
    texts = {name: [str(one) for one in found] for name, found in ids.items()}
    return World(key(alice), key(mallory), texts)


def key(member: factories.Member) -> dict[str, str]:
    return {"Authorization": f"Bearer {member.key_text}"}


@contextmanager
def undone() -> Iterator[None]:
    guessing.failures_by_address.clear()  # the wrong keys that Schemathesis tries
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def aim(case, world: World) -> None:
    """At rows that are there, mostly. What Schemathesis means to be wrong stays so."""
    for place, name in PLACES.items():
        values = getattr(case, place)
        if isinstance(values, Mapping) and not case.meta.is_negative_at(name):
            aimed = {name: known(name, value, world) for name, value in values.items()}
            setattr(case, place, aimed)


def known(name: str, value, world: World):
    """Which id it is, the one that was drawn decides; it stays now and then."""
    if name == "If-Match":
        return "*"
    rows = world.ids.get(name, [])
    place = sum(str(value).encode()) % (len(rows) + 1)
    return rows[place] if place < len(rows) else value


@schema.parametrize()
@RELAXED
def test_every_answer_is_in_the_document_and_nothing_is_a_strangers(case, world):
    aim(case, world)
    with undone():
        strangers = case.call(headers=world.stranger)
    with undone():
        answer = case.call_and_validate(headers=world.owner)
    assert not [one for ids in world.ids.values() for one in ids if one in strangers.text]
    if case.path_parameters and answer.status_code < 300:
        assert strangers.status_code == 404


def test_what_one_answer_names_the_next_request_finds(world):
    """Scenarios along the ids in answers: made, shown, changed, deleted."""

    class Scenario(schema.as_state_machine()):
        def setup(self):
            self.undone = undone()
            self.undone.__enter__()

        def teardown(self):
            self.undone.__exit__(None, None, None)

        def get_call_kwargs(self, case):
            return {"headers": world.owner}

        def validate_response(self, response, case, additional_checks=None, **sent):
            guessing.failures_by_address.clear()
            # Told apart from headers that were drawn, the key is known to be a good one.
            case.validate_response(
                response, headers=world.owner, transport_kwargs=sent, recorder=self.recorder
            )

    Scenario.run(settings=SCENARIOS)
