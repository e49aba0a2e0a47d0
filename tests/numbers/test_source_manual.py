"""`source: manual`: a number typed on the screens that no carrier and no supplying account has."""

import pytest

from numbers.bulk import jobs
from numbers.models import Batch, PhoneNumber
from organizations.web.views.base import screen_url
from tests.support import factories

pytestmark = pytest.mark.django_db
NUMBER = "+18005551234"


def type_in(browse, member, to: str, **typed) -> PhoneNumber:
    url = screen_url(member.organization, "add_one") + f"?to={to}"
    answer = browse(member).post(url, {"number": NUMBER, **typed})
    assert answer.status_code == 302, answer.text
    return PhoneNumber.objects.get()


def test_a_recorded_number_is_manual_in_the_api_and_in_its_filter(alice, browse, api):
    number = type_in(browse, alice, "record")
    shown = api(alice).get(f"/v1/phone-numbers/{number.pk}").json()
    assert (shown["source"], shown["status"], shown["voip_carrier_sid"]) == (
        "manual",
        "inactive",
        None,
    )
    listed = api(alice).get("/v1/phone-numbers?source=manual").json()["data"]
    assert [each["id"] for each in listed] == [str(number.pk)]
    assert api(alice).get("/v1/phone-numbers?source=import").json()["data"] == []
    created = alice.organization.events.get(action="phone_number.created")
    assert created.after["source"] == "manual"


def test_a_number_typed_in_with_a_trunk_of_its_own_is_manual(alice, browse):
    sandbox = alice.organization.integrations.get()
    number = type_in(browse, alice, "sip", integration=sandbox.pk, supports_inbound="on")
    assert (number.source, number.number_provider, number.status) == ("manual", "sip", "pending")


def test_it_stays_manual_when_it_moves_to_a_platform(alice, browse, api):
    number = type_in(browse, alice, "record")
    number.number_provider = "sip"
    number.save()
    api(alice).post(f"/v1/phone-numbers/{number.pk}/retry")
    factories.run_due_operations()
    number.refresh_from_db()
    assert (number.source, number.status) == ("manual", "active")


def test_on_a_carrier_and_from_an_account_it_is_theirs(alice, browse):
    carrier = alice.organization.carriers.get()
    assert type_in(browse, alice, "carrier", carrier=carrier.voip_carrier_sid).source == "byoc"
    PhoneNumber.objects.all().delete()
    sandbox = alice.organization.integrations.get()
    assert type_in(browse, alice, "account", integration=sandbox.pk).source == "twilio"


def test_a_pasted_list_is_an_import(alice, browse):
    url = screen_url(alice.organization, "add_list")
    answer = browse(alice).post(url, {"text": NUMBER, "place": "record"})
    assert answer.status_code == 302
    factories.run_due_operations()
    jobs.start_bulk_job(alice.by, Batch.objects.get().pk)
    factories.run_due_operations()
    assert PhoneNumber.objects.get().source == "import"
