"""Connecting platforms in a real browser, and what they bring: numbers found there, numbers
bought."""

import re

import pytest
from playwright.sync_api import Page, expect

from organizations.web.views.base import screen_url
from tests.browser.conftest import set_session_cookie
from tests.support import factories
from tests.support.factories import Member

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("worker"),
]
SETTLE_TIMEOUT = 15_000  # ms


@pytest.fixture
def alice(page: Page, live_server) -> Member:
    """Signed in; her organization has a sandbox with a carrier on it."""
    member = factories.create_ready_member("Alice", trunk="Acme Trunk")
    set_session_cookie(page.context, member, live_server.url)
    return member


def open_page(page: Page, member: Member, name: str) -> None:
    page.goto(screen_url(member.organization, name))


def status_pill(page: Page):
    return page.locator(".page-head .pill")


def click_control(page: Page, name: str, role: str = "button") -> None:
    page.get_by_role(role, name=name, exact=True).click()


def test_a_wrong_then_a_right_credential_then_its_life(
    page: Page, alice: Member, complaints: list[str]
):
    open_page(page, alice, "integrations")
    click_control(page, "Connect a platform", "link")
    page.get_by_role("link", name=re.compile("^Sandbox")).click()
    page.get_by_label("Name").fill("Second")
    page.get_by_label("Access code").fill("wrong")
    page.get_by_label("SIP numbers").check()
    click_control(page, "Test and connect")
    refused = page.get_by_text("The platform refused the account:")
    expect(refused).to_be_visible(timeout=SETTLE_TIMEOUT)
    expect(page.get_by_text("does not accept this access code").first).to_be_visible()
    click_control(page, "Mend it", "link")
    expect(page.get_by_label("Access code")).to_have_value("")
    expect(page.get_by_label("SIP numbers")).to_be_checked()
    page.get_by_label("Access code").fill("right")
    click_control(page, "Test and use")
    expect(status_pill(page)).to_have_text("connected", timeout=SETTLE_TIMEOUT)
    assert default_integration_name(alice, "sip") == "Second"
    rotate_credentials(page)
    click_control(page, "Make default carriers")
    expect(page.get_by_text("Second is the default for carriers now")).to_be_visible()
    assert default_integration_name(alice, "carrier") == "Second"
    assert not complaints


def default_integration_name(member: Member, role: str) -> str:
    return member.organization.default_integrations.get(role=role).integration.name


def rotate_credentials(page: Page) -> None:
    click_control(page, "New credentials", "link")
    page.get_by_label("Access code").fill("wrong")
    click_control(page, "Test and use")
    kept = page.get_by_text("New credentials were refused, the earlier ones stay in use")
    expect(kept).to_be_visible(timeout=SETTLE_TIMEOUT)
    click_control(page, "New credentials", "link")
    page.get_by_label("Access code").fill("rotated")
    click_control(page, "Test and use")
    expect(kept).to_be_hidden(timeout=SETTLE_TIMEOUT)
    expect(page.get_by_text("New credentials are being checked")).to_be_hidden(
        timeout=SETTLE_TIMEOUT
    )
    expect(status_pill(page)).to_have_text("connected")


def test_in_use_it_cannot_be_disconnected(page: Page, alice: Member, complaints: list[str]):
    factories.create_sandbox(alice.by, name="Second", default=False)
    open_page(page, alice, "integrations")
    click_control(page, "Sandbox", "link")
    click_control(page, "Disconnect", "link")
    expect(page.get_by_role("heading", name="It is in use")).to_be_visible()
    expect(page.get_by_role("link", name="Carrier Acme Trunk")).to_be_visible()
    expect(page.get_by_role("button", name="Disconnect")).to_have_count(0)
    open_page(page, alice, "integrations")
    click_control(page, "Second", "link")
    click_control(page, "Disconnect", "link")
    click_control(page, "Disconnect")
    expect(page.get_by_text("Second is disconnected.")).to_be_visible()
    assert not complaints


def test_numbers_found_there_are_picked(page: Page, alice: Member, complaints: list[str]):
    open_page(page, alice, "integrations")
    click_control(page, "Sandbox", "link")
    click_control(page, "Numbers found there but not here", "link")
    click_control(page, "Look what is there")
    first = page.get_by_label("+1 (415) 555-0110")
    expect(first).to_be_visible(timeout=SETTLE_TIMEOUT)
    page.get_by_label("Pick all on this page").check()
    expect(page.get_by_role("button", name="Take in the picked (5)")).to_be_visible()
    first.uncheck()
    page.get_by_role("button", name="Take in the picked (4)").click()
    page.wait_for_url(re.compile("/batches/"))
    assert alice.organization.batches.get().title == "Found on Sandbox"
    assert not complaints


def test_a_number_is_bought_and_becomes_active(page: Page, alice: Member, complaints: list[str]):
    open_page(page, alice, "add_search")
    page.get_by_label("Area code").fill("212")
    click_control(page, "Search")
    page.get_by_label("+1 (212) 555-0107").check(timeout=SETTLE_TIMEOUT)
    page.get_by_role("button", name=re.compile("^Buy the picked")).click()
    expect(page.get_by_text("A purchase cannot be undone here")).to_be_visible()
    click_control(page, "Buy it")
    expect(page.get_by_text("+1 (212) 555-0107 is being bought.")).to_be_visible()
    expect(page.locator("main .pill").first).to_have_text("active", timeout=SETTLE_TIMEOUT)
    assert alice.organization.phone_numbers.get().source == "twilio"
    assert not complaints


def test_it_all_goes_without_scripts(browser, live_server):
    """Asking, waiting by links, picking, buying."""
    alice = factories.create_ready_member("Alice", trunk="Acme Trunk")
    options = {"base_url": live_server.url, "java_script_enabled": False}
    with browser.new_context(**options) as context:
        set_session_cookie(context, alice, live_server.url)
        page = context.new_page()
        open_page(page, alice, "add_search")
        click_control(page, "Search")
        for _look in range(40):
            if not page.get_by_role("link", name="Look now").count():
                break
            page.wait_for_timeout(100)
            click_control(page, "Look now", "link")
        page.get_by_label("+1 (415) 555-0107").check()
        click_control(page, "Buy the picked…")
        click_control(page, "Buy it")
        expect(page.get_by_text("+1 (415) 555-0107 is being bought.")).to_be_visible()
