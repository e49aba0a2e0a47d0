"""By keyboard alone, on a phone, and without scripts: the ways that all pages share."""

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from organizations.operations import add_member
from tests.browser.conftest import set_session_cookie
from tests.support import factories
from tests.support.pages import PAGES, create_page_fixtures

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def alice(page: Page, live_server) -> factories.Member:
    member = factories.create_ready_member("Alice", trunk="Acme Trunk")
    for number in range(3):
        factories.create_number(member.by, f"+1415555010{number}", label=f"Desk {number}")
    set_session_cookie(page.context, member, live_server.url)
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

    def test_the_palette_opens_over_the_list_of_numbers(self, page: Page, alice):
        """Whose own script shares no name with it."""
        page.goto(f"/o/{alice.organization.public_id}/numbers/")
        page.keyboard.press("Control+k")
        page.keyboard.type("0102")
        page.keyboard.press("Enter")
        expect(page).to_have_url(re.compile(r"\?q=0102$"))

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
    member = factories.create_ready_member("Alice", trunk="Acme Trunk")
    with browser.new_context(base_url=live_server.url, java_script_enabled=False) as context:
        set_session_cookie(context, member, live_server.url)
        page = context.new_page()
        page.goto("/")
        ways = page.locator(".side a")
        for place in range(ways.count()):
            way = ways.nth(place)
            title = way.inner_text().strip()
            way.click()
            expect(page.locator(".side a[aria-current]")).to_have_text(title)


def test_on_a_phone_filters_are_folded_until_asked_for(browser: Browser, live_server):
    member = factories.create_ready_member("Alice", trunk="Acme Trunk")
    factories.create_number(member.by, "+14155550100")
    phone = {"viewport": {"width": 390, "height": 844}, "java_script_enabled": False}
    with browser.new_context(base_url=live_server.url, **phone) as context:
        set_session_cookie(context, member, live_server.url)
        page = context.new_page()
        page.goto(f"/o/{member.organization.public_id}/numbers/?agent=-")
        expect(page.locator("#filter-carrier")).to_be_hidden()
        expect(page.locator("#filter-agent")).to_be_visible()  # as it narrows
        page.get_by_text("More filters").click()
        expect(page.locator("#filter-carrier")).to_be_visible()


class TestTwoOrganizations:
    """Dora belongs to Alice's and to Mallory's; each stands in a tab of its own."""

    @pytest.fixture
    def dora(self, page: Page, live_server) -> tuple[factories.Member, factories.Member]:
        alice = factories.create_ready_member("Alice", trunk="Acme Trunk")
        mallory = factories.create_ready_member("Mallory", trunk="Evil Trunk")
        factories.create_number(alice.by, "+14155550100", label="Acme desk")
        factories.create_number(mallory.by, "+14155550199", label="Evil desk")
        dora = factories.create_member("Dora", organization=alice.organization)
        add_member(mallory.by, user=dora.user, role="user")
        set_session_cookie(page.context, dora, live_server.url)
        return alice, mallory

    def test_they_stand_side_by_side(self, page: Page, dora):
        alice, mallory = dora
        acme, evil = page, page.context.new_page()
        acme.goto(f"/o/{alice.organization.public_id}/numbers/")
        evil.goto(f"/o/{mallory.organization.public_id}/numbers/")
        acme.reload()
        expect(acme.locator("main")).to_contain_text("Acme desk")
        expect(acme.locator("main")).not_to_contain_text("Evil desk")
        expect(evil.locator("main")).to_contain_text("Evil desk")
        expect(evil.locator("main")).not_to_contain_text("Acme desk")
        expect(acme.get_by_role("link", name="Add numbers").first).to_be_visible()
        expect(evil.get_by_role("link", name="Add numbers")).to_have_count(0)  # only a reader there

    def test_the_switcher_leads_from_one_to_the_other(self, page: Page, dora):
        alice, mallory = dora
        page.goto(f"/o/{alice.organization.public_id}/numbers/")
        page.locator(".topbar .menu summary").first.click()
        page.get_by_role("link", name=mallory.organization.name).click()
        expect(page).to_have_url(re.compile(f"/o/{mallory.organization.public_id}/$"))
        expect(page.locator("main")).not_to_contain_text("+1 (415) 555-0100")

    def test_a_row_of_one_is_not_found_in_the_other(self, page: Page, dora):
        alice, mallory = dora
        number = alice.organization.phone_numbers.get()
        answer = page.goto(f"/o/{mallory.organization.public_id}/numbers/{number.pk}/")
        assert answer.status == 404


def test_a_viewer_is_offered_nothing_that_would_refuse(browser: Browser, live_server):
    """Whatever form a page shows Carol, sending it is not forbidden."""
    made = create_page_fixtures()
    with browser.new_context(base_url=live_server.url, java_script_enabled=False) as context:
        set_session_cookie(context, made.carol, live_server.url)
        page = context.new_page()
        offered: dict[str, str] = {}
        for shown in (each for each in PAGES if each.who and each.name not in UNSHARED_PAGES):
            if page.goto(shown.url(made)).status == 200:
                for form in page.locator("main form[method=post]").all():
                    offered[form.get_attribute("action") or page.url] = shown.name
        page.goto(made.url("dashboard"))
        token = {
            "csrfmiddlewaretoken": page.locator("[name=csrfmiddlewaretoken]").first.input_value()
        }
        sent = {
            action: context.request.post(action, form=token, max_redirects=0).status
            for action in offered
        }
    assert sent
    assert not [(offered[action], action) for action, status in sent.items() if status == 403]


# What one does with oneself; some of it ends the session.
UNSHARED_PAGES = (
    "organization_leave",
    "password",
    "second_factor",
    "invitation_other",
    "confirm_access",
)
