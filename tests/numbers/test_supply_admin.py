"""The page of a number beyond carriers: its placements, agent and trunks, without secrets."""

import pytest
from django.urls import reverse

from numbers.inventory import operations
from numbers.inventory.acquisition import import_number
from numbers.models import PhoneNumber
from tests.support import factories

pytestmark = pytest.mark.django_db
TRUNK = {"server_address": "sip.example.com", "username": "acme", "password": "p4ss-w0rd"}


@pytest.fixture
def number(alice) -> PhoneNumber:
    trunks = factories.create_sandbox(alice.by, name="Trunks", default=False)
    made = import_number(
        alice.by,
        number="+14155550110",
        provider="twilio",
        voice_on=trunks,
        sip_settings=TRUNK,
        inbound_agent_id="agent_support",
        inbound_webhook_url="https://example.com/calls",
    )
    factories.run_number_operations(made)
    return made


def page_of(number: PhoneNumber) -> str:
    return reverse("admin:numbers_phonenumber_change", args=[number.pk])


def do(name: str, number: PhoneNumber) -> str:
    return reverse("admin:numbers_phonenumber_do", args=[number.pk, name])


def test_the_page_tells_where_the_number_lives(staff, number):
    operations.change_number(
        factories.system_principal(number.organization), number.pk, label="Support"
    )
    page = staff.get(page_of(number)).content.decode()
    for words in ("agent_support", "https://example.com/calls", "supply", "Trunks", "ST_"):
        assert words in page
    assert "server_address: sip.example.com; username: acme; secrets are kept" in page
    assert "p4ss-w0rd" not in page
    assert number.placements.get(role="voice").sealed not in page


def test_giving_back_asks_first_and_says_what_is_lost(staff, number):
    question = staff.get(do("release", number)).content.decode()
    assert "may sell it to others" in question
    staff.post(do("release", number), {"confirmed": "yes"})
    assert number.placements.get(role="supply").release is True


def test_only_a_supplied_number_can_be_given_back(alice, staff, number):
    assert do("release", number) in staff.get(page_of(number)).content.decode()
    other = factories.create_number(alice.by)
    assert do("release", other) not in staff.get(page_of(other)).content.decode()
    staff.post(do("release", other), {"confirmed": "yes"})
    other.refresh_from_db()
    assert other.status == "active"


def test_what_was_refused_can_be_tried_again_or_merged(staff, number):
    page = staff.get(page_of(number)).content.decode()
    assert do("retry", number) not in page
    PhoneNumber.objects.update(error_message="There are two of them.")
    page = staff.get(page_of(number)).content.decode()
    assert do("retry", number) in page
    assert do("merge", number) not in page  # no duplicate was found
    PhoneNumber.objects.update(error_message="Two of them: ask for merge-duplicates.")
    assert do("merge", number) in staff.get(page_of(number)).content.decode()
    staff.post(do("merge", number))
    number.refresh_from_db()
    factories.run_number_operations(number)
    assert (number.status, number.error_message) == ("active", None)
