"""By keyboard alone, on a phone, and without scripts: the ways that all pages share."""

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from tests import factories
from tests.browser.conftest import sign_in

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def alice(page: Page, live_server) -> factories.Member:
    member = factories.settled_in("Alice", trunk="Acme Trunk")
    for number in range(3):
        factories.number(member.by, f"+1415555010{number}", label=f"Desk {number}")
    sign_in(page.context, member, live_server.url)
    page.goto("/")
    return member


@pytest.mark.usefixtures("alice")
class TestKeyboard:
    def test_a_slash_searches(self, page: Page, complaints: list[str]):
        page.keyboard.press("/")
        page.keyboard.type("0102")
        page.keyboard.press("Enter")
        expect(page).to_have_url(re.compile(r"\?q=0102$"))
        expect(page.locator("main")).to_contain_text("(415) 555-0102")
        expect(page.locator("main")).not_to_contain_text("(415) 555-0101")
        assert not complaints

    def test_the_palette_leads_anywhere(self, page: Page, complaints: list[str]):
        page.keyboard.press("Control+k")
        page.keyboard.type("audit")
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", level=1, name="Audit log")).to_be_visible()
        assert not complaints

    def test_rows_are_walked_selected_and_opened(self, page: Page, alice, complaints: list[str]):
        page.goto(f"/o/{alice.organization.public_id}/numbers/")
        page.keyboard.press("j")
        page.keyboard.press("j")
        page.keyboard.press("x")
        rows = page.locator("main table tbody tr")
        expect(rows.nth(1).get_by_role("checkbox")).to_be_checked()
        expect(rows.nth(0).get_by_role("checkbox")).not_to_be_checked()
        page.keyboard.press("k")
        page.keyboard.press("o")
        expect(page.get_by_role("heading", level=1)).to_contain_text("(415) 555-0102")
        assert not complaints

    def test_help_opens_and_keys_can_be_switched_off(self, page: Page):
        page.keyboard.press("?")
        page.get_by_label("Single keys do this in this browser").uncheck()
        page.keyboard.press("Escape")
        page.keyboard.press("?")
        expect(page.get_by_role("dialog", name="Keyboard")).to_be_hidden()


@pytest.mark.usefixtures("alice")
def test_the_theme_is_chosen_and_kept(page: Page):
    page.get_by_label("Your account").click()
    page.get_by_label("Theme").select_option("dark")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")


def test_every_way_of_the_side_bar_works_without_scripts(browser: Browser, live_server):
    member = factories.settled_in("Alice", trunk="Acme Trunk")
    with browser.new_context(base_url=live_server.url, java_script_enabled=False) as context:
        sign_in(context, member, live_server.url)
        page = context.new_page()
        page.goto("/")
        ways = page.locator(".side a")
        for place in range(ways.count()):
            way = ways.nth(place)
            title = way.inner_text().strip()
            way.click()
            expect(page.locator(".side a[aria-current]")).to_have_text(title)
