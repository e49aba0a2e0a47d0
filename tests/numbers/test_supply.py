"""Numbers that an account supplies and a SIP platform carries: two placements, one state."""

from concurrent.futures import ThreadPoolExecutor
from time import sleep

import pytest
from django.db import connection, transaction
from django.db.models.functions import Now

from integrations.ledger import worker
from integrations.ledger.operation_requests import IntegrationInUse, disconnect_integration
from integrations.models import Operation, SandboxObject
from numbers.inventory import operations
from numbers.inventory.acquisition import (
    NoUsableIntegration,
    add_provider_number,
    buy_number,
    import_number,
)
from numbers.inventory.reservation import NumberNotSupplied, NumberStateConflict
from numbers.models import PhoneNumber
from tests.support import factories, supply
from tests.support.supply import (  # noqa: F401  fixtures
    NUMBER,
    TRUNK_SETTINGS,
    find_placement_operation,
    get_placement,
    import_supplied_number,
    run_placement_operation,
    settle_placement,
)

# Fixtures.
number = supply.number
trunks = supply.trunks

pytestmark = pytest.mark.django_db


def sandbox_rows(number: PhoneNumber) -> dict[str, dict]:
    """What each of its sandboxes holds for it."""
    rows = SandboxObject.objects.filter(kind="number", name=number.e164)
    return {row.integration.name: row.data for row in rows.select_related("integration")}


class TestSettingUp:
    def test_trunks_wait_for_the_supply(self, alice, trunks):
        number = import_supplied_number(alice, trunks)
        assert find_placement_operation(number, "voice").waits_for == find_placement_operation(
            number, "supply"
        )
        run_placement_operation(number, "supply")
        assert number.status == "pending"
        run_placement_operation(number, "voice")
        assert (number.status, number.source) == ("active", "twilio")
        assert sandbox_rows(number)["Sandbox"]["lands_elsewhere"] is True

    def test_a_number_the_account_does_not_own_gets_no_trunks(self, alice, trunks):
        number = import_supplied_number(alice, trunks)
        settle_placement(number, "supply", "refused", "The account does not own it.")
        assert run_placement_operation(number, "voice").status == "refused"
        assert (number.status, number.error_message) == ("failed", "The account does not own it.")
        assert sandbox_rows(number) == {}

    def test_refused_trunks_fail_the_number_with_their_reason(self, alice, trunks):
        number = import_supplied_number(alice, trunks, outbound_trunk_id="no trunk")
        factories.run_number_operations(number)
        assert number.status == "failed"
        assert "no outbound trunk" in number.error_message
        operations.change_number(alice.by, number.pk, outbound_trunk_id=None)
        number.refresh_from_db()
        assert (number.status, number.error_message) == ("pending", None)
        factories.run_number_operations(number)
        assert number.status == "active"

    def test_a_retry_begins_with_the_supply(self, alice, trunks):
        number = import_supplied_number(alice, trunks, "+15005550001")
        factories.run_number_operations(number)
        operations.retry_number(alice.by, number.pk)
        assert find_placement_operation(number, "voice").waits_for == find_placement_operation(
            number, "supply"
        )
        factories.run_number_operations(number)
        assert number.status == "failed"

    def test_secrets_are_sealed(self, number):
        voice = get_placement(number, "voice")
        assert voice.secrets() == {"password": TRUNK_SETTINGS["password"]}
        assert TRUNK_SETTINGS["password"] not in voice.sealed + str(voice.settings) + str(
            voice.refs
        )

    def test_a_recorded_number_waits_for_its_supply_too(self, alice):
        number = add_provider_number(
            alice.by, number=NUMBER, provider="twilio", outbound_trunk_id="ST_4Xo2mZgQsfyQ"
        )
        assert find_placement_operation(number, "voice").waits_for == find_placement_operation(
            number, "supply"
        )
        factories.run_number_operations(number)
        assert number.status == "active"

    def test_without_a_home_it_is_recorded_until_there_is_one(self, alice):
        defaults = alice.organization.default_integrations
        role = defaults.get(role="twilio")
        role.delete()
        number = add_provider_number(alice.by, number=NUMBER, provider="twilio")
        assert (number.status, number.placements.count()) == ("inactive", 0)
        assert "twilio" in number.error_message
        with pytest.raises(NumberStateConflict):
            operations.retry_number(alice.by, number.pk)
        with pytest.raises(NumberStateConflict, match="Recorded only"):
            operations.change_number(alice.by, number.pk, status="active")
        role.save(force_insert=True)
        assert operations.retry_number(alice.by, number.pk).status == "pending"
        factories.run_number_operations(number)
        assert (number.status, number.error_message) == ("active", None)


class TestChanging:
    def test_only_what_depends_on_a_change_is_asked(self, alice, number):
        operations.change_number(alice.by, number.pk, inbound_agent_id="agent_x")
        assert (
            find_placement_operation(number, "supply") is None,
            find_placement_operation(number, "voice"),
        ) == (False, None)
        factories.run_number_operations(number)
        operations.change_number(alice.by, number.pk, sip_settings={"room_name": "support-*"})
        assert (
            find_placement_operation(number, "supply"),
            find_placement_operation(number, "voice") is None,
        ) == (None, False)
        factories.run_number_operations(number)
        assert sandbox_rows(number)["Trunks"]["sip"]["room_name"] == "support-*"
        operations.change_number(alice.by, number.pk, outbound_agent_id="agent_x", label="x")
        assert (
            find_placement_operation(number, "supply"),
            find_placement_operation(number, "voice"),
        ) == (None, None)

    def test_a_carriers_platform_is_not_told_of_agents(self, alice):
        number = factories.create_number(alice.by)
        operations.change_number(
            alice.by, number.pk, inbound_agent_id="a", inbound_webhook_url="https://example.com"
        )
        assert find_placement_operation(number, "voice") is None

    @pytest.mark.parametrize(
        "change", [{"supports_inbound": False}, {"sip_settings": {"pin": "1"}}]
    )
    def test_a_carriers_number_has_no_trunks_of_its_own(self, alice, change):
        number = factories.create_number(alice.by)
        with pytest.raises(NumberStateConflict):
            operations.change_number(alice.by, number.pk, **change)

    def test_it_is_inactive_when_both_are(self, alice, number):
        operations.change_number(alice.by, number.pk, status="inactive")
        run_placement_operation(number, "supply")
        assert (number.status, number.wanted) == ("active", "inactive")
        run_placement_operation(number, "voice")
        assert number.status == "inactive"
        assert [row["routed"] for row in sandbox_rows(number).values()] == [False, False]

    def test_a_refused_switch_is_undone_where_it_was_made(self, alice, number):
        operations.change_number(alice.by, number.pk, status="inactive")
        run_placement_operation(number, "voice")
        settle_placement(number, "supply", "refused", "The account is locked.")
        assert (number.status, number.wanted) == ("active", "active")
        assert sandbox_rows(number)["Trunks"]["routed"] is False
        run_placement_operation(number, "voice")
        assert sandbox_rows(number)["Trunks"]["routed"] is True
        assert number.error_message == "The account is locked."

    def test_a_refused_change_is_told_until_it_is_made(self, alice, number):
        operations.change_number(alice.by, number.pk, supports_inbound=False)
        settle_placement(number, "supply", "refused", "The account is locked.")
        assert (number.status, number.error_message) == ("active", "The account is locked.")
        run_placement_operation(number, "voice")  # its success is not the other one's
        assert number.error_message == "The account is locked."
        operations.retry_number(alice.by, number.pk)
        factories.run_number_operations(number)
        assert (number.status, number.error_message) == ("active", None)
        assert sandbox_rows(number)["Sandbox"]["lands_elsewhere"] is False
        with pytest.raises(NumberStateConflict, match="nothing to try again"):
            operations.retry_number(alice.by, number.pk)

    def test_a_change_does_not_forget_a_merge(self, alice, number):
        operations.merge_duplicates(alice.by, number.pk)
        operations.change_number(alice.by, number.pk, supports_outbound=False)
        assert {find_placement_operation(number, role).wish for role in ("supply", "voice")} == {
            "merge"
        }
        factories.run_number_operations(number)
        assert number.status == "active"


class TestBuying:
    def test_it_is_a_wish_before_the_platform_is_asked(self, alice):
        number = buy_number(alice.by, number=NUMBER, extras={"address_sid": "AD1"})
        assert (number.status, number.source) == ("pending", "twilio")
        assert get_placement(number, "supply").purchase == {"address_sid": "AD1"}
        event = alice.organization.events.get(action="phone_number.created")
        assert event.after["purchase"] == {"address_sid": "AD1"}
        factories.run_number_operations(number)
        assert number.status == "active"

    def test_not_everybody_sells(self, alice, monkeypatch):
        monkeypatch.setattr("integrations.providers.sandbox.Sandbox.sells_numbers", False)
        with pytest.raises(NoUsableIntegration, match="sells no numbers"):
            buy_number(alice.by, number=NUMBER)
        assert not alice.organization.phone_numbers.exists()


class TestDeleting:
    def test_it_is_released_when_both_are_gone(self, alice, number):
        operations.delete_number(alice.by, number.pk)
        run_placement_operation(number, "supply")
        assert number.released_at is None
        run_placement_operation(number, "voice")
        assert number.released_at is not None
        assert sandbox_rows(number) == {}

    def test_a_refused_removal_holds_it_and_says_why(self, alice, number):
        operations.delete_number(alice.by, number.pk)
        settle_placement(number, "supply", "refused", "It is in use there.")
        run_placement_operation(number, "voice")
        assert (number.error_message, number.released_at) == ("It is in use there.", None)
        operations.retry_number(alice.by, number.pk)
        assert find_placement_operation(number, "voice") is None
        run_placement_operation(number, "supply")
        assert (number.error_message, number.released_at is None) == (None, False)

    def test_the_account_keeps_it_unless_it_is_given_back(self, alice, number):
        operations.delete_number(alice.by, number.pk)
        assert (
            worker.reconcilers.get_reconciler(find_placement_operation(number, "supply"))
            .spec(find_placement_operation(number, "supply"))
            .release
            is False
        )
        operations.delete_number(alice.by, number.pk)  # twice changes nothing
        with pytest.raises(NumberStateConflict, match="deleted already"):
            operations.delete_number(alice.by, number.pk, release=True)

    def test_giving_back_is_asked_even_where_we_have_never_been(self, alice):
        number = import_number(alice.by, number=NUMBER, provider="twilio")
        operations.delete_number(alice.by, number.pk, release=True)
        operations.delete_number(alice.by, number.pk, release=True)
        operation = find_placement_operation(number, "supply")
        assert operation.wish == "remove"
        assert worker.reconcilers.get_reconciler(operation).spec(operation).release is True
        factories.run_number_operations(number)
        assert number.released_at is not None

    def test_what_no_account_supplies_cannot_be_given_back(self, alice):
        number = factories.create_number(alice.by)
        with pytest.raises(NumberNotSupplied):
            operations.delete_number(alice.by, number.pk, release=True)
        number.refresh_from_db()
        assert number.status == "active"

    def test_the_account_is_forgotten_when_its_numbers_are_gone(self, alice, trunks, number):
        operations.delete_number(alice.by, number.pk)
        with pytest.raises(IntegrationInUse):
            disconnect_integration(alice.by, trunks)
        factories.run_number_operations(number)
        disconnect_integration(alice.by, trunks)
        assert [each.role for each in number.placements.all()] == ["supply"]
        assert alice.organization.phone_numbers.get().status == "deleted"


@pytest.mark.django_db(transaction=True)
def test_two_placements_that_settle_at_once_make_the_number_active(alice, trunks):
    number = import_supplied_number(alice, trunks)
    Operation.objects.update(waits_for=None, next_attempt_at=Now())
    with ThreadPoolExecutor(1) as other, transaction.atomic():
        settle_placement(number, "supply", "done")
        ended = other.submit(settle_elsewhere, number)
        sleep(0.2)  # it looks at the number while we are not committed
    ended.result()
    number.refresh_from_db()
    assert number.status == "active"


def settle_elsewhere(number: PhoneNumber) -> None:
    try:
        settle_placement(PhoneNumber.objects.get(pk=number.pk), "voice", "done")
    finally:
        connection.close()


def test_a_supplied_number_that_names_a_trunk_moves_in_beside_it(alice):
    number = import_number(alice.by, number="+15551234567", provider="twilio")
    factories.run_number_operations(number)
    operations.change_number(alice.by, number.id, outbound_trunk_id="ST_4Xo2mZgQsfyQ")
    factories.run_due_operations()
    voice = number.placements.get(role="voice")
    number.refresh_from_db()
    assert (voice.state, number.status, number.error_message) == ("settled", "active", None)
    assert voice.refs["outbound_trunk_id"] == "ST_4Xo2mZgQsfyQ"
