"""What may happen to a supplied number at the same moment: nothing is lost, and nothing is bought
that nobody wants any more. On the fake Twilio, since money and other people's routing are at stake.
"""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from threading import Barrier
from time import sleep

import pytest
from django.db import connection, transaction

from integrations.ledger import dispatch, leases, platform_queries, worker
from integrations.ledger.leases import AttemptResult
from integrations.ledger.operation_requests import change_requested_action
from integrations.models import Integration, Operation, SandboxObject
from numbers.inventory import agents, operations
from numbers.inventory import provisioning as numbers_worker
from numbers.inventory.acquisition import buy_number, import_number
from tests.support import factories

# Fixtures and helpers of the two files whose subjects meet here.
from tests.support.supply import (
    find_placement_operation,
    get_placement,
    import_supplied_number,
    number,
    run_placement_operation,
    settle_placement,
    trunks,
)
from tests.support.twilio_purchase import (
    bench,
    house,
    make_operations_due,
    purchase_request_bodies,
    twilio,
)

__all__ = ["bench", "house", "number", "trunks", "twilio"]  # the fixtures

NUMBER, BEFORE, OURS = "+15551234567", "https://before.example/x", "https://ours.example/v"
commits = pytest.mark.django_db(transaction=True)
pytestmark = pytest.mark.django_db


def elsewhere(pool: ThreadPoolExecutor, doing: Callable) -> Future:
    """In a thread with a connection of its own."""

    def run():
        try:
            return doing()
        finally:
            connection.close()

    return pool.submit(run)


@contextmanager
def meanwhile(doing: Callable, then: Callable = lambda: None):
    """It begins before the block's transaction has ended, and must wait for it; `then` is the end
    of that transaction."""
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            yield
            other = elsewhere(pool, doing)
            sleep(0.3)
            then()
        other.result()


def routed(house, twilio):
    """Its supply is about to be settled: the platform routes it to us already."""
    twilio.own(NUMBER, voice_url=BEFORE, voice_method="POST")
    number = import_number(house.by, number=NUMBER, provider="twilio", inbound_webhook_url=OURS)
    operation = leases.claim_operation(find_placement_operation(number, "supply").pk)
    return number, operation, worker.attempt_operation(operation)


@commits
@pytest.mark.parametrize("release", [False, True])
def test_a_deletion_knows_what_was_settled_while_it_waited(house, twilio, release):
    number, operation, verdict = routed(house, twilio)
    delete = lambda: operations.delete_number(house.by, number.pk, release=release)  # noqa: E731
    with meanwhile(delete):
        worker.settle_operation(operation, verdict)
    factories.run_number_operations(number)
    left = [row["voice_url"] for row in twilio.found(NUMBER)]
    assert left == ([] if release else [BEFORE])


@commits
def test_a_change_knows_what_was_settled_while_it_waited(house, twilio):
    number, operation, verdict = routed(house, twilio)
    change = lambda: operations.change_number(  # noqa: E731
        house.by, number.pk, inbound_webhook_url=f"{OURS}2"
    )
    with meanwhile(change):
        worker.settle_operation(operation, verdict)
    factories.run_number_operations(number)
    operations.delete_number(house.by, number.pk)
    factories.run_number_operations(number)
    assert twilio.found(NUMBER)[0]["voice_url"] == BEFORE


@commits
def test_two_changes_of_trunk_settings_are_both_kept(alice, number):
    room = lambda: operations.change_number(  # noqa: E731
        alice.by, number.pk, sip_settings={"room_name": "desk"}
    )
    with meanwhile(room):
        operations.change_number(alice.by, number.pk, sip_settings={"password": "new-pass"})
    voice = get_placement(number, "voice")
    assert (voice.secrets()["password"], voice.settings["room_name"]) == ("new-pass", "desk")


@commits
def test_a_refused_switch_and_a_settlement_do_not_stop_each_other(alice, number, monkeypatch):
    """The refusal asks the other placement back, and would wait for its operation."""
    settle_claim, turn_back = leases.settle_attempt, numbers_worker.revert_other_placements

    def slowly(operation, verdict, subject_ids):
        closed = settle_claim(operation, verdict, subject_ids)
        sleep(0.2 if verdict.outcome == "done" else 0)
        return closed

    monkeypatch.setattr(leases, "settle_attempt", slowly)
    monkeypatch.setattr(
        numbers_worker, "revert_other_placements", lambda *a: (sleep(0.4), turn_back(*a))
    )
    operations.change_number(alice.by, number.pk, status="inactive")
    voice, supply = (
        leases.claim_operation(find_placement_operation(number, role).pk)
        for role in ("voice", "supply")
    )
    gate = Barrier(2)

    def end(operation, verdict):
        gate.wait()
        sleep(0.1 if verdict.outcome == "done" else 0)
        worker.settle_operation(operation, verdict)

    with ThreadPoolExecutor(2) as pool:
        both = [
            elsewhere(pool, lambda: end(voice, AttemptResult("refused", "no"))),
            elsewhere(pool, lambda: end(supply, AttemptResult("done"))),
        ]
    assert [future.exception() for future in both] == [None, None]


@pytest.mark.parametrize("change", ["inactive", "agent"])
def test_what_was_given_back_elsewhere_is_not_bought_again(house, twilio, change):
    agent = agents.create_agent(house.by, name="A", agent_id="a1", voice_url="https://a.example/1")
    number = buy_number(house.by, number=NUMBER, inbound_agent_id="a1")
    factories.run_number_operations(number)
    twilio.numbers.clear()
    if change == "inactive":
        operations.change_number(house.by, number.pk, status="inactive")
    else:
        agents.change_agent(house.by, agent.pk, voice_url="https://a.example/2")
    factories.run_number_operations(number)
    assert len(purchase_request_bodies(twilio)) == 1
    assert "not in this Twilio account" in number.error_message


def test_a_purchase_that_is_not_wanted_any_more_is_not_made(house, twilio):
    """The attempt has begun when the number is deleted."""
    number = buy_number(house.by, number=NUMBER)
    operation = leases.claim_operation(find_placement_operation(number, "supply").pk)
    operations.delete_number(house.by, number.pk)
    worker.settle_operation(operation, worker.attempt_operation(operation))
    make_operations_due()
    factories.run_number_operations(number)
    assert purchase_request_bodies(twilio) == []
    assert number.released_at


def test_a_number_that_takes_no_calls_is_left_as_it_was(house, twilio):
    """Not even the account's default application gets them."""
    integration = house.organization.integrations.get(kind="twilio")
    integration.settings |= {"application_sid": f"AP{'1' * 32}"}
    integration.save()
    twilio.own(NUMBER, voice_url=BEFORE, voice_method="POST")
    number = import_number(house.by, number=NUMBER, provider="twilio", supports_inbound=False)
    factories.run_number_operations(number)
    assert number.status == "active"
    row = twilio.found(NUMBER)[0]
    assert (row["voice_url"], row["voice_application_sid"] or "") == (BEFORE, "")


def test_trunks_that_are_added_wait_for_the_supply_which_is_routed_to_them(alice):
    number = import_number(alice.by, number=NUMBER, provider="twilio")
    factories.run_number_operations(number)
    operations.change_number(alice.by, number.pk, outbound_trunk_id="ST_4Xo2mZgQsfyQ")
    assert find_placement_operation(number, "voice").waits_for == find_placement_operation(
        number, "supply"
    )
    factories.run_due_operations()
    held = [row.data for row in SandboxObject.objects.filter(kind="number", name=NUMBER)]
    assert [row["lands_elsewhere"] for row in held if "lands_elsewhere" in row] == [True]


def test_trunks_wait_for_the_supply_when_it_is_tried_again(alice, trunks):
    number = import_supplied_number(alice, trunks)
    settle_placement(number, "supply", "refused", "not owned")
    operations.retry_number(alice.by, number.pk)
    assert find_placement_operation(number, "voice").waits_for == find_placement_operation(
        number, "supply"
    )
    assert not leases.claim_operation(find_placement_operation(number, "voice").pk)
    settle_placement(number, "supply", "refused", "not owned")
    run_placement_operation(number, "voice")
    assert not SandboxObject.objects.filter(kind="number", name=number.e164).exists()


def test_questions_come_before_a_backlog(alice):
    integration = alice.organization.integrations.get()
    Integration.objects.filter(pk=integration.pk).update(max_in_flight=3)
    for each in range(6):
        import_number(alice.by, number=f"+1415555010{each}", provider="twilio")
    Operation.objects.update(next_attempt_at="2026-01-01T00:00Z")
    question = platform_queries.request_query(alice.by, integration, "search", {"country": "US"})
    published = []
    dispatch.dispatch_due_operations(published.append)
    assert question.pk in published
    assert len(published) == 3


def test_a_lost_answer_is_given_its_time_whatever_is_wished_next(alice, trunks):
    number = import_supplied_number(alice, trunks)
    operation = leases.claim_operation(find_placement_operation(number, "supply").pk)
    worker.settle_operation(operation, AttemptResult("unknown", "The answer was lost."))
    held = find_placement_operation(number, "supply")
    change_requested_action(alice.by, held, "remove", None)
    assert not leases.claim_operation(held.pk), "what was sent may still come true"


@commits
def test_a_request_that_assigns_and_a_change_of_the_agent_do_not_stop_each_other(
    house, api, twilio
):
    """Both lock the agent before its numbers; the number is routed to where the agent went."""
    agents.create_agent(house.by, name="A", agent_id="a1", voice_url="https://a.example/1")
    agent = house.organization.agents.get()
    twilio.own(NUMBER, voice_url=BEFORE, voice_method="POST")
    number = import_number(house.by, number=NUMBER, provider="twilio")
    factories.run_due_operations()
    path, answers = f"/v1/phone-numbers/{number.pk}", []
    assign = lambda: answers.append(api(house).patch(path, {"inbound_agent_id": "a1"}))  # noqa: E731
    with meanwhile(assign, then=lambda: operations.lock_number(house.by, number.pk)):
        agents.change_agent(house.by, agent.pk, voice_url="https://a.example/2")
    assert [answer.status_code for answer in answers] == [200]
    factories.run_due_operations()
    assert twilio.found(NUMBER)[0]["voice_url"] == "https://a.example/2"
