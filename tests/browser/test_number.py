"""A number's life on its page: added, active by itself, switched, changed, refused, deleted; the
same without JavaScript, and added by keyboard alone."""

import time
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from numbers.models import PhoneNumber
from organizations.web.views.base import screen_url
from tests.browser.conftest import set_session_cookie
from tests.support import factories

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
STATE = ".number-state"


@pytest.fixture
def alice(transactional_db) -> factories.Member:
    return factories.create_ready_member("Alice", trunk="Acme Trunk")


@pytest.fixture
def portal(page: Page, alice, live_server) -> Page:
    """Alice has signed in."""
    set_session_cookie(page.context, alice, live_server.url)
    return page


@pytest.fixture
def plain(browser: Browser, alice, live_server) -> Iterator[Page]:
    """Likewise, in a browser without JavaScript."""
    with browser.new_context(base_url=live_server.url, java_script_enabled=False) as context:
        set_session_cookie(context, alice, live_server.url)
        yield context.new_page()


def add_number(page: Page, alice, number: str) -> None:
    page.goto(screen_url(alice.organization, "add_one"))
    page.get_by_label("Number", exact=True).fill(number)
    page.get_by_role("button", name="Add the number").click()


@pytest.mark.usefixtures("worker")
def test_a_number_from_adding_to_deleting(portal: Page, alice, complaints: list[str]):
    add_number(portal, alice, "+1 (415) 555-0123")
    expect(portal.locator(STATE)).to_be_visible()
    portal.evaluate("window.wasNotReloaded = true")
    expect(portal.locator(STATE)).to_contain_text("It is set up", timeout=10_000)
    assert portal.evaluate("window.wasNotReloaded") is True

    portal.get_by_role("button", name="Deactivate").click()
    expect(portal.get_by_text("is being switched off: calls")).to_be_visible()
    expect(portal.locator(STATE)).to_contain_text("calls lead nowhere", timeout=10_000)
    portal.get_by_role("button", name="Undo").click()
    expect(portal.locator(STATE)).to_contain_text("It is set up", timeout=10_000)

    portal.get_by_role("link", name="Edit").click()
    portal.get_by_label("Label").fill("Front desk")
    portal.get_by_role("button", name="Save").click()
    expect(portal.get_by_text("is changed.")).to_be_visible()
    expect(portal.locator(".number-lead")).to_contain_text("Front desk")

    portal.get_by_role("button", name="What does the platform say now?").click()
    expect(portal.locator(".look")).to_contain_text("as it shall be", timeout=10_000)

    portal.get_by_role("link", name="Delete").click()
    expect(portal.get_by_text("It is removed from Sandbox")).to_be_visible()
    portal.get_by_role("button", name="Delete the number").click()
    expect(portal.locator(STATE)).to_contain_text("gone from its platforms", timeout=10_000)
    assert not complaints


@pytest.mark.usefixtures("worker")
def test_a_refused_number_says_why_and_what_next(portal: Page, alice, complaints: list[str]):
    add_number(portal, alice, "+15005550001")
    state = portal.locator(STATE)
    expect(state).to_contain_text("the number is not in this account", timeout=10_000)
    expect(state).to_contain_text("Mend what is named above")
    expect(state.get_by_role("button", name="Try again")).to_be_visible()
    assert not complaints


def reload_until(page: Page, text: str) -> None:
    """As a reader without JavaScript does."""
    deadline = time.monotonic() + 10
    while text not in page.locator(STATE).inner_text() and time.monotonic() < deadline:
        time.sleep(0.1)
        page.reload()
    expect(page.locator(STATE)).to_contain_text(text)


@pytest.mark.usefixtures("worker")
def test_the_same_without_javascript(plain: Page, alice):
    add_number(plain, alice, "+1 (415) 555-0123")
    reload_until(plain, "It is set up")
    plain.get_by_role("button", name="Deactivate").click()
    plain.get_by_role("button", name="Undo").click()
    reload_until(plain, "It is set up")
    plain.get_by_role("link", name="Edit").click()
    plain.get_by_label("Label").fill("Front desk")
    plain.get_by_role("button", name="Save").click()
    expect(plain.locator(".number-lead")).to_contain_text("Front desk")
    plain.locator(".in-place > summary").click()
    plain.get_by_label("Label", exact=True).fill("Back desk")
    plain.get_by_role("button", name="Save").click()
    expect(plain.locator(".number-lead")).to_contain_text("Back desk")
    plain.get_by_role("button", name="What does the platform say now?").click()
    reload_until_inspected(plain)
    plain.get_by_role("link", name="Delete").click()
    plain.get_by_role("button", name="Delete the number").click()
    reload_until(plain, "gone from its platforms")


def test_a_label_can_be_typed_as_soon_as_it_is_opened(portal: Page, alice):
    number = factories.create_number(alice.by, "+14155550123")
    portal.goto(screen_url(alice.organization, "number", number_id=number.pk))
    portal.get_by_text("No label").click()
    expect(portal.get_by_label("Label", exact=True)).to_be_focused()
    portal.keyboard.type("Front desk")
    portal.keyboard.press("Enter")
    expect(portal.locator(".number-lead")).to_contain_text("Front desk")


def reload_until_inspected(page: Page) -> None:
    for _turn in range(50):
        if "as it shall be" in page.locator(".look").inner_text():
            return
        time.sleep(0.1)
        page.reload()
    raise AssertionError("The platform gave no answer.")


@pytest.mark.usefixtures("worker")
def test_by_keyboard_alone(portal: Page, alice, complaints: list[str]):
    portal.goto(screen_url(alice.organization, "add_one"))
    tab_to(portal, "number")
    portal.keyboard.type("+14155550123")
    portal.keyboard.press("Enter")
    expect(portal.locator(STATE)).to_contain_text("It is set up", timeout=10_000)
    assert PhoneNumber.objects.get().e164 == "+14155550123"
    tab_to(portal, "do-deactivate")
    portal.keyboard.press("Enter")
    expect(portal.get_by_text("is being switched off: calls")).to_be_visible()
    assert not complaints


def tab_to(page: Page, name: str) -> None:
    """By Tab until the focus is there, and is to be seen."""
    for _turn in range(60):
        page.keyboard.press("Tab")
        here = page.evaluate("[document.activeElement.name, document.activeElement.id]")
        if name in here:
            style = "getComputedStyle(document.activeElement).outlineStyle"
            assert page.evaluate(style) != "none"
            return
    raise AssertionError(f"{name} is not reached by Tab")
