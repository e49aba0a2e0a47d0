"""An operator's first quarter of an hour, in a real browser: connect, add, look, switch, delete."""

import pytest
from playwright.sync_api import Page, expect

from organizations.models import User
from tests.support import factories

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PASSWORD = "correct horse battery"


@pytest.fixture
def olga(page: Page) -> Page:
    """Signed in to the admin of an installation with one organization, Alice's."""
    factories.create_member("Alice")
    User.objects.create_superuser("olga@example.com", PASSWORD)
    page.goto("/admin/")
    page.get_by_label("E-mail").fill("olga@example.com")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_role("heading", name="Phone numbers")).to_be_visible()
    return page


@pytest.mark.usefixtures("worker")
def test_from_an_access_code_to_an_active_number(olga: Page, complaints: list[str]):
    connect_sandbox(olga, "wrong")
    expect(olga.get_by_text("The sandbox does not accept this access code")).to_be_visible()
    assert olga.get_by_label("Access code").input_value() == ""
    connect_sandbox(olga, "right", again=True)
    expect(olga.get_by_text("is connected: Sandbox")).to_be_visible()
    add_carrier(olga)
    add_number(olga)
    olga.goto("/admin/numbers/phonenumber/?status=active")
    olga.get_by_role("link", name="+18005551234").click()
    expect(olga.locator("#story")).to_contain_text("by operator olga@example.com")
    expect(olga.locator("#story")).to_contain_text("1 attempt")
    delete_number(olga)
    assert not complaints


def connect_sandbox(page: Page, access_code: str, *, again: bool = False) -> None:
    if not again:
        page.goto("/admin/integrations/integration/add/")
        page.get_by_role("link", name="Sandbox Access code").click()
    page.get_by_label("Access code").fill(access_code)
    page.get_by_role("button", name="Connect").click()


def add_carrier(page: Page) -> None:
    page.goto("/admin/carriers/carrier/add/")
    page.get_by_label("Name", exact=False).first.fill("Acme Trunk")
    expect(page.get_by_label("Realm")).to_be_hidden()
    page.get_by_label("Trunk type").select_option("reg")
    expect(page.get_by_label("Realm")).to_be_visible()
    page.get_by_label("User name").fill("acme")
    page.get_by_label("Password").fill("secret")
    page.locator("[name=gateways-0-ipv4]").fill("198.51.100.7")
    page.get_by_text("Add another SIP gateway").click()
    page.locator("[name=gateways-1-ipv4]").fill("198.51.100.8")
    page.get_by_label("Default of the organization").check()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Acme Trunk is being set up.")).to_be_visible()
    expect(page.locator("[name=gateways-1-ipv4]")).to_have_value("198.51.100.8")


def add_number(page: Page) -> None:
    page.goto("/admin/numbers/phonenumber/add/")
    page.get_by_label("Number").fill("+1 (800) 555-1234")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("+18005551234 is being set up.")).to_be_visible()
    expect(wait_for_active_badge(page)).to_be_visible(timeout=10_000)


def wait_for_active_badge(page: Page):
    """The number's state, as it is after another look or two."""
    for _ in range(20):
        badge = page.locator(".pb-facts").get_by_text("active", exact=True)
        if badge.count():
            return badge
        page.wait_for_timeout(100)
        page.reload()
    return badge


def delete_number(page: Page) -> None:
    page.get_by_role("link", name="Delete").click()
    expect(page.get_by_text("Calls to it end.")).to_be_visible()
    page.get_by_role("button", name="Delete").click()
    expect(page.get_by_text("+18005551234 is deleted; its platforms follow.")).to_be_visible()


def test_a_list_of_numbers_is_switched_off_and_deleted(olga: Page, complaints: list[str]):
    by = factories.create_member("Bob").by
    factories.create_sandbox(by)
    factories.create_carrier(by, is_default=True)
    numbers = [factories.create_number(by, f"+1800555120{n}") for n in range(3)]
    olga.goto("/admin/numbers/phonenumber/")
    run_list_action(olga, "Deactivate")
    expect(
        olga.get_by_text("Deactivate: +18005551202, +18005551201, +18005551200.")
    ).to_be_visible()
    run_list_action(olga, "Delete")
    for number in numbers:
        expect(olga.get_by_text(number.e164)).to_be_visible()
    olga.get_by_role("button", name="Delete (3)").click()
    expect(olga.get_by_text("No results found")).to_be_visible()
    assert not complaints


def run_list_action(page: Page, action: str) -> None:
    """On all rows of the list."""
    page.locator("#action-toggle").check()
    page.get_by_label("Select action to run").select_option(label=action)
    page.get_by_role("button", name="Run").click()


def test_nothing_is_cut_off_on_a_phone(olga: Page, complaints: list[str]):
    by = factories.create_member("Bob").by
    factories.create_sandbox(by)
    factories.create_carrier(by, is_default=True)
    number = factories.create_number(
        by, "+15005550001", label="A label as long as people write them"
    )
    olga.set_viewport_size({"width": 390, "height": 844})
    for address in (
        "/admin/",
        "/admin/numbers/phonenumber/",
        f"/admin/numbers/phonenumber/{number.pk}/change/",
        "/admin/integrations/integration/",
        "/admin/integrations/operation/",
        "/admin/organizations/event/",
    ):
        olga.goto(address)
        assert olga.evaluate("document.documentElement.scrollWidth") <= 390, address
    assert not complaints
