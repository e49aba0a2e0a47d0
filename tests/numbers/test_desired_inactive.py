"""Numbers that are inactive from the first day, wherever they go."""

import pytest

from integrations.models import Operation, SandboxObject
from integrations.providers.sandbox import ALWAYS_UNAVAILABLE_NUMBER, REFUSED_NUMBER
from numbers.bulk.preview import UNSETTLED_CASE
from numbers.inventory.acquisition import add_provider_number, import_number, record_number_only
from numbers.inventory.operations import add_number, change_number, retry_number
from numbers.models import PhoneNumber
from numbers.views.number_state import build_number_state
from organizations.access.principals import system_principal
from organizations.models import Event
from tests.support import factories
from tests.support.bulk_jobs import propose_bulk_change

pytestmark = pytest.mark.django_db

NUMBER = "+14155550101"


@pytest.fixture
def routed(monkeypatch) -> list[bool]:
    """Whether each object that the platform was given is routed."""
    seen: list[bool] = []
    save = SandboxObject.save

    def noting(self, *args, **kwargs):
        if self.kind == "number":
            seen.append(self.data["routed"])
        save(self, *args, **kwargs)

    monkeypatch.setattr(SandboxObject, "save", noting)
    return seen


def on_carrier(by, **fields) -> PhoneNumber:
    return add_number(by, number=NUMBER, **fields)


def of_account(by, **fields) -> PhoneNumber:
    return import_number(by, number=NUMBER, provider="twilio", **fields)


def of_account_with_voice(by, **fields) -> PhoneNumber:
    voice_on = by.organization.default_integrations.get(role="sip").integration
    return import_number(by, number=NUMBER, provider="twilio", voice_on=voice_on, **fields)


def on_own_trunks(by, **fields) -> PhoneNumber:
    return import_number(by, number=NUMBER, provider="sip", **fields)


def with_named_trunk(by, **fields) -> PhoneNumber:
    return add_provider_number(
        by, number=NUMBER, provider=None, outbound_trunk_id="ST_x1", **fields
    )


WAYS = [on_carrier, of_account, of_account_with_voice, on_own_trunks, with_named_trunk]


@pytest.fixture(params=WAYS, ids=lambda way: way.__name__)
def number(request, alice) -> PhoneNumber:
    return request.param(alice.by, wanted="inactive")


def statuses(number: PhoneNumber) -> list[str]:
    """That it has had, as the audit log tells."""
    events = Event.objects.filter(subject_id=number.pk).order_by("pk")
    return [event.after["status"] for event in events if "status" in event.after]


def test_it_is_set_up_and_never_active(number, routed):
    assert (number.status, number.wanted) == ("pending", "inactive")
    factories.run_number_operations(number)
    assert (number.status, number.wanted, number.error_message) == ("inactive", "inactive", None)
    assert routed
    assert not any(routed)
    assert set(number.placements.values_list("state", flat=True)) == {"settled"}
    assert statuses(number) == ["pending", "inactive"]


def test_it_can_be_switched_on_later(alice, number, routed):
    factories.run_number_operations(number)
    change_number(alice.by, number.pk, status="active")
    factories.run_number_operations(number)
    assert (number.status, routed[-1]) == ("active", True)


def test_one_that_failed_is_inactive_when_it_was_tried_again(alice, routed):
    number = factories.create_number(alice.by, REFUSED_NUMBER, wanted="inactive")
    assert (number.status, number.wanted) == ("failed", "inactive")
    PhoneNumber.objects.filter(pk=number.pk).update(e164=NUMBER)
    retry_number(alice.by, number.pk)
    factories.run_number_operations(number)
    assert (number.status, number.wanted, routed) == ("inactive", "inactive", [False])


def test_one_that_failed_is_inactive_when_it_was_changed(alice, routed):
    number = factories.create_number(alice.by, REFUSED_NUMBER, wanted="inactive")
    PhoneNumber.objects.filter(pk=number.pk).update(e164=NUMBER)
    application = "0e0e0e0e-0e0e-4e0e-8e0e-0e0e0e0e0e0e"
    change_number(alice.by, number.pk, application_sid=application)
    factories.run_number_operations(number)
    assert (number.status, routed) == ("inactive", [False])


def test_one_that_failed_active_is_active_when_it_was_tried_again(alice):
    number = factories.create_number(alice.by, REFUSED_NUMBER)
    PhoneNumber.objects.filter(pk=number.pk).update(e164=NUMBER)
    retry_number(alice.by, number.pk)
    factories.run_number_operations(number)
    assert number.status == "active"


def test_until_then_its_page_says_what_it_will_be(alice):
    number = factories.create_number(alice.by, ALWAYS_UNAVAILABLE_NUMBER, wanted="inactive")
    state = build_number_state(
        number, number.placements.all(), Operation.objects.filter(status="open")
    )
    assert (state.status, state.label) == ("pending", "pending → inactive")
    assert (
        build_number_state(factories.create_number(alice.by, settled=False), [], []).label
        == "pending"
    )


def test_until_then_it_cannot_be_switched_on(alice):
    factories.create_number(alice.by, ALWAYS_UNAVAILABLE_NUMBER, wanted="inactive")
    assert propose_bulk_change(alice, "activate").rows.get().message == UNSETTLED_CASE.message
    assert (
        propose_bulk_change(alice, "deactivate").rows.get().message == "It is on its way already."
    )


def test_a_program_sees_what_is_wanted(api, alice, number):
    answer = api(alice).get(f"/v1/phone-numbers/{number.pk}").json()
    assert (answer["status"], answer["desired_status"]) == ("pending", "inactive")


class TestRecordedOnly:
    def test_it_is_on_no_platform_though_there_is_one(self, alice):
        """A trunk would find a home on the default integration."""
        fields = {"outbound_trunk_id": "ST_x1", "wanted": "active", "label": "x"}
        number = record_number_only(system_principal(alice.organization), number=NUMBER, **fields)
        assert (number.status, number.wanted, number.source) == ("inactive", "inactive", "import")
        assert (number.outbound_trunk_id, number.label) == ("ST_x1", "x")
        assert not number.placements.exists()
        assert Event.objects.filter(subject_id=number.pk).count() == 1
