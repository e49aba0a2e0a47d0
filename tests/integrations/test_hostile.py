"""Hostile and broken platforms: whatever they reply, each attempt ends as an outcome with a reason.

PATCHBAY_FUZZ_ROUNDS says how often forty spoiled replies are tried for each platform, others each
time if it is more than one.
"""

import json
import os
import re
import subprocess
import sys
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from config import BASE_DIR
from integrations.ledger import leases, reconcilers, worker
from integrations.models import Integration, Operation, ProviderCall, SandboxObject
from numbers.inventory.operations import delete_number
from numbers.models import PhoneNumber
from tests.support import factories
from tests.support.hostile_replies import CORRUPTIONS, VALUES, CorruptingTransport
from tests.support.provider_harness import HARNESSES, ProviderHarness

pytestmark = pytest.mark.django_db
ROUNDS = int(os.environ.get("PATCHBAY_FUZZ_ROUNDS", "1"))
PLATFORMS = ["jambonz-fake-sp-key", "livekit-fake", "twilio-fake"]
WISHES = ["ensure", "remove", "check", "discover", "search", "merge"]
fuzzed = settings(
    max_examples=40,
    deadline=None,
    derandomize=ROUNDS == 1,
    database=None,
    suppress_health_check=list(HealthCheck),
)


class Wished:
    """A subject whose wish is whatever a test says."""

    spec_now = None

    def spec(self, operation):
        return replace(self.spec_now, refs=dict(operation.refs))

    def lock(self, operation):
        return [operation.subject_id]

    def settled(self, operation):
        """Nothing follows."""

    def forget(self, integration):
        """Nothing is kept."""


class Attempts:
    """An integration of Alice's on a bench's platform, and operations on it."""

    def __init__(self, bench: ProviderHarness, organization, monkeypatch):
        self.bench, self.subject, self.monkeypatch = bench, Wished(), monkeypatch
        monkeypatch.setitem(reconcilers._registry, "fuzzed", self.subject)
        kind = bench.kind
        secret = {field.name for field in kind.fields if field.secret}
        self.integration = Integration(
            organization=organization,
            kind=kind.kind,
            name="hostile",
            state="connected",
            settings={n: v for n, v in bench.account.items() if n not in secret},
            max_in_flight=4,
        )
        self.integration.keep_secrets({n: v for n, v in bench.account.items() if n in secret})
        self.integration.save()

    def wish(self, wish: str, spec=None) -> Operation:
        self.subject.spec_now = spec or self.bench.number()
        question = {"country": "US"} if wish == "search" else {}
        Operation.objects.filter(status="open").delete()
        return Operation.objects.create(
            organization=self.integration.organization,
            integration=self.integration,
            subject_kind="fuzzed",
            subject_id=self.integration.pk,
            subject_label="fuzzed",
            wish=wish,
            question=question,
        )

    def spoil(self, spoiling: CorruptingTransport) -> None:
        self.monkeypatch.setattr(
            "integrations.http.platform_client.guarded_transport", lambda *a: spoiling
        )

    def attempt(self, operation: Operation) -> Operation:
        """One attempt, now; with an outcome and a reason that can be shown and logged."""
        Operation.objects.filter(pk=operation.pk).update(next_attempt_at="2020-01-01T00:00Z")
        worker.run_attempt(operation.pk)
        operation = Operation.objects.get(pk=operation.pk)
        assert operation.outcome
        assert operation.reason or operation.outcome == "done"
        assert re.fullmatch(r"[^\x00-\x1f\x7f\u2028\u2029\ud800-\udfff]*", operation.reason)
        assert "Patchbay's own" not in operation.reason
        assert len(operation.reason) <= leases.MAX_REASON_LENGTH
        return operation


@pytest.fixture(params=PLATFORMS)
def attempts(request, alice, monkeypatch, settings):
    settings.ALLOWED_PRIVATE_CIDRS = ["127.0.0.0/8"]
    with HARNESSES[request.param]() as bench:
        yield Attempts(bench, alice.organization, monkeypatch)


@pytest.mark.parametrize("round", range(ROUNDS))
@fuzzed
@given(
    way=st.sampled_from(CORRUPTIONS),
    place=st.integers(0, 200),
    first=st.integers(0, 6),
    once=st.booleans(),
    wish=st.sampled_from(WISHES),
    of_carrier=st.booleans(),
)
def test_no_reply_escapes_and_none_is_asked_for_without_end(
    attempts, round, way, place, first, once, wish, of_carrier
):
    takes_carriers = "carrier" in attempts.bench.kind.roles
    spec = attempts.bench.trunk("reg") if of_carrier and takes_carriers else attempts.bench.number()
    attempts.spoil(CorruptingTransport(way, place, first, once=once))
    operation = attempts.wish(wish, spec)
    faults = 0
    for _ in range(leases.MAX_FAULTS):
        operation = attempts.attempt(operation)
        if operation.status != "open":
            break
        assert operation.next_attempt_at is not None
        faults = operation.faults
    assert faults < leases.MAX_FAULTS, "it would be asked for ever"


@pytest.mark.parametrize("way", ["body cut", "body twice", "value number"])
def test_it_is_repeated_a_few_times_and_counts_for_the_breaker(attempts, way):
    operation = attempts.wish("ensure")
    attempts.spoil(CorruptingTransport(way))
    for count in range(1, leases.MAX_FAULTS):
        operation = attempts.attempt(operation)
        assert (operation.status, operation.faults) == ("open", count)
    operation = attempts.attempt(operation)
    assert (operation.status, operation.outcome) == ("refused", "refused")
    assert attempts.bench.kind.title in operation.reason or "http" in operation.reason
    attempts.integration.refresh_from_db()
    assert attempts.integration.failures == leases.MAX_FAULTS
    assert attempts.integration.open_until is not None


def test_a_good_reply_between_bad_ones_starts_the_count_anew(attempts):
    operation = attempts.wish("ensure")
    for _ in range(2):
        attempts.spoil(CorruptingTransport("body cut"))
        for _ in range(leases.MAX_FAULTS - 1):
            operation = attempts.attempt(operation)
        attempts.spoil(CorruptingTransport("head broken"))
        operation = attempts.attempt(operation)
    assert (operation.status, operation.faults) == ("open", 0)


def test_what_people_look_at_is_answered_at_once(attempts):
    operation = attempts.wish("check")
    attempts.spoil(CorruptingTransport("body page"))
    operation = attempts.attempt(operation)
    assert operation.status == "refused"
    attempts.integration.refresh_from_db()
    assert attempts.integration.failures == 1


def test_a_line_of_the_log_is_one_line(attempts, caplog):
    operation = attempts.wish("ensure")
    attempts.spoil(CorruptingTransport("error"))
    attempts.attempt(operation)
    assert caplog.records
    assert not any(re.search(r"[\r\n\x1b]", record.getMessage()) for record in caplog.records)


def test_what_is_written_down_of_calls_can_be_stored(attempts):
    operation = attempts.wish("discover")
    attempts.spoil(CorruptingTransport("value nasty", place=3))
    attempts.attempt(operation)
    assert ProviderCall.objects.filter(integration=attempts.integration).exists()


@pytest.mark.parametrize("name", [name for name in VALUES if name != "null"])
def test_the_sandbox_survives_its_own_rows(alice, name):
    number = factories.create_number(alice.by)
    value = json.loads(json.dumps(VALUES[name]).replace("\\ud800", "").replace("\\u0000", ""))
    SandboxObject.objects.filter(kind="number").update(data=value)
    delete_number(alice.by, number.pk)
    operation = factories.run_number_operations(number)
    assert operation.outcome
    assert operation.reason or operation.outcome == "done"


class TestWorkersThatEnd:
    """An attempt that ends its worker leaves a lease behind."""

    def claimed_and_left(self, operation: Operation) -> None:
        assert leases.claim_operation(operation.pk)
        Operation.objects.filter(pk=operation.pk).update(lease_until="2020-01-01T00:00Z")

    @pytest.fixture
    def operation(self, alice) -> Operation:
        number = factories.create_number(alice.by, settled=False)
        return factories.find_open_operation("placement", number.placements.get().id)

    def test_the_next_attempt_says_so(self, operation):
        self.claimed_and_left(operation)
        assert leases.claim_operation(operation.pk).reason == leases.WORKER_ENDED_REASON

    def test_it_is_refused_after_a_few(self, operation):
        for _ in range(leases.MAX_FAULTS):
            self.claimed_and_left(operation)
        worker.run_attempt(operation.pk)
        operation.refresh_from_db()
        assert (operation.status, operation.outcome) == ("refused", "refused")
        assert "worker ended" in operation.reason
        assert PhoneNumber.objects.get().status == "failed"
        # A worker may be killed for many reasons, and the platform may be well.
        assert Integration.objects.get(pk=operation.integration_id).failures == 0

    def test_and_not_one_too_early(self, operation):
        for _ in range(leases.MAX_FAULTS - 1):
            self.claimed_and_left(operation)
        worker.run_attempt(operation.pk)
        operation.refresh_from_db()
        assert operation.status == "done"


def in_a_process(*arguments: str) -> str:
    environment = {**os.environ, "PATCHBAY_MODE": "test"}
    command = [sys.executable, "-W", "ignore", *arguments]
    ended = subprocess.run(command, cwd=BASE_DIR, env=environment, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


@pytest.mark.slow
def test_no_body_fills_the_memory():
    """One after the other in one process, which is more than one worker's child would bear."""
    for name, said, kibibytes in json.loads(in_a_process("-m", "tests.support.hostile_bodies")):
        assert said.startswith("UnexpectedResponse"), name
        assert kibibytes < 300 * 1024, name


@pytest.mark.slow
def test_a_workers_child_cannot_take_more_than_its_share():
    script = """if True:
        from config import celery
        celery.limit_worker_memory()
        try:
            bytearray(celery.settings.WORKER_MEMORY)
        except MemoryError:
            print("refused")
    """
    assert in_a_process("-c", script).strip() == "refused"
