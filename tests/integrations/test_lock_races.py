"""Pairs of changes of which one begins before the other has ended: neither is lost, neither stops
the other."""

from collections.abc import Callable
from time import sleep

import pytest
from django.db import IntegrityError
from django.db.models.deletion import Collector
from django.db.models.functions import Now

from carriers.models import Carrier
from carriers.operations import (
    CarrierActionNotAllowed,
    change_carrier,
    delete_carrier,
    lock_carrier_against_deletion,
)
from integrations.ledger import dispatch, leases, worker
from integrations.ledger import operation_requests as ledger
from integrations.ledger.leases import AttemptResult
from integrations.models import Integration, Operation, SandboxObject
from integrations.retention import cleanup
from numbers.inventory import agents
from numbers.inventory.acquisition import import_number
from numbers.inventory.operations import add_number, change_number
from numbers.inventory.reservation import CarrierUnavailable
from numbers.models import PhoneNumber
from organizations.models import SavedReply
from tests.support import factories
from tests.support.dialects import DIALECTS
from tests.support.parallel import ConcurrentChange, run_concurrently, run_during_transaction

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]

VOICE_URL = "https://voice.example/{}"
WELL = AttemptResult("done", result={"summary": "well", "facts": {}})


def both(*doing: Callable) -> list[BaseException | None]:
    return [change.error for change in run_concurrently(ConcurrentChange(each) for each in doing)]


def supplied(alice, e164: str = "+14155550123", **fields) -> PhoneNumber:
    """With two placements on the one sandbox."""
    made = import_number(
        alice.by,
        number=e164,
        provider="twilio",
        voice_on=alice.organization.integrations.get(),
        sip_settings={"username": "acme", "password": "p4ss-w0rd"},
        supports_outbound=False,
        **fields,
    )
    factories.run_due_operations()
    made.refresh_from_db()
    return made


def claimed(kind: str, subject_id) -> Operation:
    return leases.claim_operation(factories.find_open_operation(kind, subject_id).pk)


class TestCarriers:
    def test_a_deletion_sees_the_number_that_is_just_being_added(self, alice):
        carrier = alice.organization.carriers.get()
        with run_during_transaction(lambda: delete_carrier(alice.by, carrier)) as deletion:
            add_number(alice.by, number="+18005551234")
        assert isinstance(deletion.error, CarrierActionNotAllowed)
        carrier.refresh_from_db()
        assert carrier.status == "active"

    def test_a_number_is_not_added_to_a_carrier_that_is_just_being_deleted(self, alice):
        carrier = alice.organization.carriers.get()
        adding = lambda: add_number(alice.by, number="+18005551234")  # noqa: E731
        with run_during_transaction(adding) as addition:
            delete_carrier(alice.by, carrier)
        assert isinstance(addition.error, CarrierUnavailable)

    def test_a_number_on_a_carrier_that_is_gone_altogether(self, alice):
        carrier = alice.organization.carriers.get()
        Carrier.objects.filter(pk=carrier.pk).delete()
        lock_carrier_against_deletion(carrier)
        assert carrier.status == "deleted"

    def test_each_becomes_the_default_in_turn(self, alice):
        carriers = [factories.create_carrier(alice.by, name=name) for name in "abcd"]
        wishes = [
            lambda c=c: change_carrier(alice.by, c, is_default=True, name=c.name + "!")
            for c in carriers
        ]
        assert both(*wishes) == [None] * 4
        (default,) = alice.organization.carriers.filter(is_default=True)
        changed = alice.organization.events.filter(action="carrier.changed").order_by("pk")
        told = [(e.subject_id, e.after["is_default"]) for e in changed]
        assert told[-1] == (default.pk, True)
        assert sum(1 if after else -1 for _id, after in told) == 0  # as many as stepped back

    def test_the_former_default_is_another_version(self, alice, api):
        former = alice.organization.carriers.get()
        path = f"/v1/phone-numbers/carriers/{former.pk}"
        seen = api(alice).get(path)
        factories.create_carrier(alice.by, name="New", is_default=True)
        assert api(alice).get(path).json()["is_default"] is False
        late = api(alice).patch(path, {"carrier_name": "x"}, If_Match=seen.headers["ETag"])
        assert late.status_code == 412


class TestAgents:
    def test_an_agent_that_is_just_being_made_gets_the_number_that_just_names_it(self, alice):
        number = supplied(alice)

        def assign():
            change_number(alice.by, number.pk, inbound_agent_id="late")
            factories.run_number_operations(number)

        with run_during_transaction(assign):
            agents.create_agent(alice.by, name="L", agent_id="late", voice_url=VOICE_URL)
        factories.run_due_operations()
        assert webhook(number) == VOICE_URL

    def test_a_number_that_is_just_being_added_follows_its_agent(self, alice):
        old, new = VOICE_URL.format("old"), VOICE_URL.format("new")
        agent = agents.create_agent(alice.by, name="A", agent_id="a1", voice_url=old)
        with run_during_transaction(lambda: supplied(alice, inbound_agent_id="a1")):
            agents.change_agent(alice.by, agent.pk, voice_url=new)
        factories.run_due_operations()
        assert webhook(alice.organization.phone_numbers.get()) == new

    @pytest.mark.parametrize("role", ["inbound", "outbound"])
    def test_an_agent_is_not_deleted_while_a_number_is_given_it(self, alice, role):
        agent = agents.create_agent(alice.by, name="A", agent_id="a1")
        number = factories.create_number(alice.by)
        with run_during_transaction(lambda: agents.delete_agent(alice.by, agent.pk)) as deletion:
            change_number(alice.by, number.pk, **{f"{role}_agent_id": "a1"})
        assert isinstance(deletion.error, agents.AgentInUse)

    def test_new_credentials_and_an_agent_with_two_numbers(self, alice, monkeypatch):
        """Both lock the operations of both numbers, the one by numbers, the other all at once."""
        agent = agents.create_agent(alice.by, name="A", agent_id="a1", voice_url=VOICE_URL)
        made = [supplied(alice, f"+1415555010{n}", inbound_agent_id="a1") for n in range(2)]
        first, second = sorted(made, key=lambda number: number.pk)
        for number in (second, first):  # a plain UPDATE would come to the second first
            change_number(alice.by, number.pk, inbound_webhook_url="https://x.example/")
            change_number(alice.by, number.pk, inbound_webhook_url=None)
        route_number = agents.reroute_number
        monkeypatch.setattr(agents, "reroute_number", lambda *a: (sleep(0.3), route_number(*a)))
        _integration, check = ledger.connect_integration(
            alice.by, kind="sandbox", name="Sandbox", account={}
        )
        operation = leases.claim_operation(check.pk)
        route = lambda: agents.change_agent(alice.by, agent.pk, voice_url=f"{VOICE_URL}2")  # noqa: E731
        settle = lambda: (sleep(0.45), worker.settle_operation(operation, WELL))  # noqa: E731
        assert both(route, settle) == [None, None]


def webhook(number: PhoneNumber) -> str | None:
    supply = number.placements.get(role="supply")
    return SandboxObject.objects.get(marker=supply.marker).data["webhook"]


class TestNumbers:
    def test_one_that_waits_for_its_carrier_is_woken_though_it_is_just_being_changed(self, alice):
        carrier = factories.create_carrier(alice.by, name="Slow", settled=False)
        sid = {"voip_carrier_sid": carrier.voip_carrier_sid}
        number = factories.create_number(alice.by, settled=False, **sid)
        operation = claimed("carrier", carrier.pk)
        with run_during_transaction(
            lambda: worker.settle_operation(operation, AttemptResult("done"))
        ) as settlement:
            change_number(alice.by, number.pk, application_sid=carrier.pk)
        waiting = factories.find_open_operation("placement", number.placements.get().pk)
        assert settlement.waited
        assert (waiting.waits_for, waiting.generation) == (None, 2)

    def test_a_way_out_is_judged_by_what_the_number_has_by_then(self, alice):
        """Zudu's clients say by a trunk whether a number makes calls."""
        number = supplied(alice)
        path, body = f"/api/phone-numbers/{number.e164}", {"outbound_trunk_id": None}
        change_number(alice.by, number.pk, outbound_trunk_id="ST_4Xo2mZgQsfyQ")
        with run_during_transaction(
            lambda: DIALECTS["zudu"].send(alice, "PATCH", path, body)
        ) as change:
            settings = {"server_address": "sip.example.com"}
            change_number(alice.by, number.pk, sip_settings=settings)
        number.refresh_from_db()
        assert (change.status, number.supports_outbound) == (200, True)


def jambonz(alice) -> Integration:
    """A connected one, as a row that is simply there."""
    made = Integration(
        organization=alice.organization,
        kind="jambonz",
        name="jambonz",
        state="connected",
        settings={"base_url": "https://old.example/v1"},
        max_in_flight=4,
    )
    made.keep_secrets({"token": "t1"})
    made.save()
    return made


def changed(alice, integration: Integration, **account: str) -> None:
    ledger.change_integration(alice.by, integration, account=account)


class TestIntegrations:
    def test_two_changes_of_an_account_are_both_kept(self, alice):
        integration = jambonz(alice)
        one, other = "https://new.example/v1", "b6ff1f5b-2c1e-4d0a-9d0c-6a1d2f3b4c5d"
        errors = both(
            lambda: changed(alice, integration, base_url=one, token="t2"),
            lambda: changed(alice, integration, application_sid=other),
        )
        assert errors == [None, None]
        integration.refresh_from_db()
        candidate = integration.candidate_account()
        assert (candidate["base_url"], candidate["application_sid"]) == (one, other)
        assert integration.account()["base_url"] == "https://old.example/v1"

    def test_a_page_shows_the_account_on_which_a_change_builds(self, alice, browse):
        integration = jambonz(alice)
        changed(alice, integration, base_url="https://new.example/v1", token="t2")
        page = browse(alice).get(
            f"/o/{alice.organization.public_id}/integrations/{integration.pk}/edit/"
        )
        assert "https://new.example/v1" in page.text

    def test_a_refused_change_takes_no_later_name_back(self, alice, monkeypatch):
        """Butter's PUT undoes its name where the platform refuses its credentials."""
        integration = alice.organization.integrations.get()
        path = f"/api/integrations/{integration.public_id}"

        def rename_and_settle(operation_id, *, seconds=10.0):
            ledger.change_integration(alice.by, integration, name="Somebody else's")
            worker.run_attempt(operation_id)
            return Operation.objects.get(pk=operation_id)

        monkeypatch.setattr(ledger, "wait_for_operation", rename_and_settle)
        credentials = {"provider": "sandbox", "access_code": "wrong"}
        for body in ({"name": "Mine"}, {}):
            body = {**body, "credentials": credentials}
            assert DIALECTS["butter"].send(alice, "PUT", path, body).status_code == 400
            integration.refresh_from_db()
            assert integration.name == "Somebody else's"
            ledger.change_integration(alice.by, integration, name="Sandbox")

    def test_four_connect_one_name_at_once(self, alice):
        given = {"kind": "sandbox", "name": "New"}
        connects = [
            lambda n=n: ledger.connect_integration(
                alice.by, account={"access_code": f"c{n}"}, **given
            )
            for n in range(4)
        ]
        assert both(*connects) == [None] * 4
        assert Operation.objects.get(status="open").generation == 4

    def test_what_is_put_on_it_meanwhile_keeps_it(self, alice, monkeypatch):
        new = factories.create_sandbox(alice.by, name="New", default=False)
        delete = Collector.delete

        def delete_late(collector):
            if Integration in collector.data:  # what protects it has been looked for
                given = {"number": "+14155550123", "provider": "twilio", "integration": new}
                assert both(lambda: import_number(alice.by, **given)) == [None]
            return delete(collector)

        monkeypatch.setattr(Collector, "delete", delete_late)
        with pytest.raises(ledger.IntegrationInUse):
            ledger.disconnect_integration(alice.by, new)
        assert Integration.objects.filter(pk=new.pk).exists()

    def test_what_comes_too_late_for_it_is_not_done_by_half(self, alice):
        new = factories.create_sandbox(alice.by, name="New", default=False)
        given = {"number": "+14155550123", "provider": "twilio", "integration": new}
        with run_during_transaction(lambda: import_number(alice.by, **given)) as addition:
            ledger.disconnect_integration(alice.by, new)
        assert isinstance(addition.error, IntegrityError)  # 409 in the APIs
        assert not PhoneNumber.objects.exists()

    def test_forgetting_it_twice(self, alice):
        new = factories.create_sandbox(alice.by, name="New", default=False)
        assert both(*[lambda: ledger.disconnect_integration(alice.by, new)] * 3) == [None] * 3
        assert alice.organization.events.filter(action="integration.deleted").count() == 1

    @pytest.mark.parametrize("outcome", ["unavailable", "done"])
    def test_a_check_and_an_operation_that_note_the_platforms_health(
        self, alice, monkeypatch, outcome
    ):
        """The check wakes the operation, the operation writes into the integration's row."""
        number = factories.create_number(alice.by, settled=False)
        Integration.objects.update(failures=1)
        mine = claimed("placement", number.placements.get().pk)
        _integration, check = ledger.connect_integration(
            alice.by, kind="sandbox", name="Sandbox", account={}
        )
        settled = leases.claim_operation(check.pk)
        Operation.objects.filter(pk=mine.pk).update(lease_until=None)  # it is woken, too
        note_health = leases.record_integration_health

        def slowly(integration, verdict, **when):
            sleep(0 if verdict.result else 0.3)
            note_health(integration, verdict, **when)

        monkeypatch.setattr(leases, "record_integration_health", slowly)
        errors = both(
            lambda: worker.settle_operation(mine, AttemptResult(outcome, "why")),
            lambda: (sleep(0.1), worker.settle_operation(settled, WELL)),
        )
        assert errors == [None, None]


class TestDispatcher:
    def test_it_waits_for_nobody_when_it_cleans_up(self, alice):
        old = {"fingerprint": b"", "status": 200, "headers": {}, "body": b""}
        for key in ("held", "free"):
            alice.organization.saved_replies.create(key=key, expires_at="2020-01-01T00:00Z", **old)
        with run_during_transaction(cleanup.run_cleanup) as cleaning:
            SavedReply.objects.select_for_update().get(key="held")
        assert not cleaning.waited
        assert [row.key for row in SavedReply.objects.all()] == ["held"]

    def test_what_cannot_be_published_is_due_again_one_by_one(self, alice):
        made = [
            factories.create_number(alice.by, f"+1800555123{n}", settled=False) for n in range(2)
        ]
        ids = [factories.find_open_operation("placement", n.placements.get().pk).pk for n in made]
        Operation.objects.update(dispatched_at=Now())
        lock = Operation.objects.select_for_update().get
        with run_during_transaction(
            lambda: dispatch.undo_dispatch(ids), then=lambda: lock(pk=ids[0])
        ) as other:
            lock(pk=ids[1])
        assert (other.waited, other.error) == (True, None)
        assert not Operation.objects.filter(dispatched_at__isnull=False).exists()
