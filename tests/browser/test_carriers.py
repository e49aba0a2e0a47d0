"""Carriers in a real browser: one of each trunk type until it is active, and what goes wrong."""

import pytest
from playwright.sync_api import Page, expect

from organizations.web.views.base import screen_url
from tests.browser.conftest import set_session_cookie
from tests.support import factories
from tests.support.factories import Member

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def alice(transactional_db) -> Member:
    return factories.create_ready_member("Alice", trunk="Acme Trunk")


@pytest.fixture
def there(page: Page, alice, live_server, complaints) -> Page:
    """Alice has signed in and looks at her carriers; nothing is complained of until the end."""
    set_session_cookie(page.context, alice, live_server.url)
    page.goto(screen_url(alice.organization, "carriers"))
    yield page
    # A form with errors is answered with 422, which the console tells.
    assert not [text for text in complaints if "422" not in text]


def begin_carrier(page: Page, *, carrier: str, name: str) -> None:
    page.get_by_role("link", name="Add a carrier").click()
    page.get_by_role("link", name=carrier).click()
    page.get_by_label("Name", exact=True).fill(name)


def gateway_group(page: Page, place: int = 1):
    return page.get_by_role("group", name=f"Gateway {place}", exact=False).first


def expect_carrier_active(page: Page, name: str) -> None:
    page.get_by_role("button", name="Add the carrier").click()
    expect(page.get_by_role("heading", name=name, level=1)).to_be_visible()
    expect(page.get_by_text("numbers can be put on it")).to_be_visible(timeout=15_000)


@pytest.mark.usefixtures("worker")
class TestTrunkTypes:
    def test_by_address(self, there):
        begin_carrier(there, carrier="Another carrier", name="By address")
        gateway_group(there).get_by_label("Address").fill("203.0.113.10")
        expect_carrier_active(there, "By address")
        expect(there.get_by_text("192.0.2.10:5060")).to_be_visible()

    def test_by_password(self, there):
        begin_carrier(there, carrier="Another carrier", name="By password")
        gateway_group(there).get_by_label("Address").fill("203.0.113.11")
        there.get_by_role("link", name="By password").click()
        expect(there.get_by_role("link", name="By password")).to_have_attribute(
            "aria-current", "true"
        )
        expect(there.get_by_role("link", name="By password")).to_be_focused()
        there.get_by_label("User name").fill("acme")
        there.get_by_label("Password").fill("s3cret-of-the-trunk")
        # What stood in the rest of the form is still there.
        expect(gateway_group(there).get_by_label("Address")).to_have_value("203.0.113.11")
        expect_carrier_active(there, "By password")
        assert "s3cret" not in there.content()

    def test_by_registration(self, there):
        begin_carrier(there, carrier="Another carrier", name="By registration")
        there.get_by_role("link", name="By registration").click()
        there.get_by_label("User name").fill("acme")
        there.get_by_label("Password").fill("s3cret-of-the-trunk")
        there.get_by_label("Domain to register with").fill("sip.example.com")
        row = gateway_group(there)
        row.get_by_label("Address").fill("sip.example.com")
        row.get_by_label("Inbound").uncheck()
        expect_carrier_active(there, "By registration")

    def test_by_a_preset(self, there, alice):
        begin_carrier(there, carrier="Twilio Elastic SIP Trunking", name="Twilio")
        expect(gateway_group(there).get_by_label("Address")).to_have_value("54.172.60.0")
        gateway_group(there, 8).get_by_label("Leave out").check()
        gateway_group(there, 9).get_by_label("Address").fill("acme.pstn.twilio.com")
        expect_carrier_active(there, "Twilio")
        made = alice.organization.carriers.get(name="Twilio")
        assert made.gateways.count() == 8


def test_an_overlap_is_told_and_may_be_meant(there, alice):
    begin_carrier(there, carrier="Another carrier", name="Twin")
    gateway_group(there).get_by_label("Address").fill("198.51.100.7")
    there.get_by_role("button", name="Add the carrier").click()
    expect(there.get_by_text("The platform cannot tell these calls apart")).to_be_visible()
    assert alice.organization.carriers.count() == 1
    there.get_by_label("I know; save it all the same").check()
    there.get_by_role("button", name="Add the carrier").click()
    expect(there.get_by_role("heading", name="Twin", level=1)).to_be_visible()
    assert alice.organization.carriers.count() == 2


def test_gateways_are_added_changed_and_removed(there, alice):
    trunk = alice.organization.carriers.get()
    there.get_by_role("link", name="Acme Trunk").click()
    there.get_by_role("link", name="Add a gateway").click()
    there.get_by_label("Address").fill("sip.example.com")
    there.get_by_role("button", name="Add the gateway").click()
    expect(there.get_by_text("a host name cannot be matched")).to_be_visible()
    there.get_by_label("Inbound").uncheck()
    there.get_by_role("button", name="Add the gateway").click()
    there.get_by_role("link", name="Edit sip.example.com").click()
    there.get_by_label("Port").fill("5080")
    there.get_by_role("button", name="Save", exact=True).last.click()
    expect(there.get_by_role("cell", name="5080")).to_be_visible()
    there.get_by_role("link", name="Remove 198.51.100.7").click()
    there.get_by_role("button", name="Remove the gateway").click()
    expect(there.get_by_role("row", name="198.51.100.7")).to_have_count(0)
    assert [str(one) for one in trunk.gateways.all()] == ["sip.example.com:5080"]


def test_a_carrier_with_numbers_stays(there, alice):
    factories.create_number(alice.by, "+14155550101", settled=False)
    there.get_by_role("link", name="Acme Trunk").click()
    there.get_by_role("link", name="Delete").click()
    expect(there.get_by_text("1 number is still on it")).to_be_visible()
    expect(there.get_by_text("+1 (415) 555-0101")).to_be_visible()
    expect(there.get_by_role("button", name="Delete the carrier")).to_have_count(0)
