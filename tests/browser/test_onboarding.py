"""A newcomer's first minutes, in a real browser: from an empty organization to an active number."""

import pytest
from playwright.sync_api import Page, expect

from organizations.web.views.base import screen_url
from tests.browser.conftest import set_session_cookie
from tests.support import factories

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def dora(transactional_db) -> factories.Member:
    """Her organization is empty."""
    return factories.create_member("Dora")


@pytest.fixture
def dashboard(page: Page, dora, live_server) -> Page:
    set_session_cookie(page.context, dora, live_server.url)
    page.goto(screen_url(dora.organization, "dashboard"))
    return page


def open_dashboard(page: Page) -> None:
    page.get_by_role("link", name="Dashboard").click()


def onboarding_step(page: Page, title: str):
    return page.get_by_role("listitem").filter(has=page.get_by_role("heading", name=title))


@pytest.mark.usefixtures("worker")
def test_from_an_empty_organization_to_the_first_active_number(
    dashboard: Page, complaints: list[str]
):
    page = dashboard
    expect(
        page.get_by_role("heading", name="From here to your first active number")
    ).to_be_visible()
    page.get_by_role("link", name="Connect a platform").click()
    page.get_by_role("link", name="Sandbox").click()
    for role in page.get_by_role("checkbox").all():
        role.check()
    page.get_by_role("button", name="Test and connect").click()
    expect(page.get_by_text("connected", exact=True).first).to_be_visible(timeout=10_000)

    open_dashboard(page)
    page.get_by_role("link", name="Add a carrier", exact=True).click()
    page.get_by_role("link", name="Another carrier").click()
    page.get_by_label("Name", exact=True).fill("Acme Trunk")
    page.get_by_role("group", name="Gateway 1").first.get_by_label("Address").fill("203.0.113.10")
    page.get_by_role("button", name="Add the carrier").click()
    expect(page.get_by_role("heading", name="Acme Trunk", level=1)).to_be_visible()

    open_dashboard(page)
    page.get_by_role("link", name="Add a number", exact=True).click()
    page.get_by_label("Number", exact=True).fill("+1 (800) 555-1234")
    page.get_by_role("button", name="Add the number").click()
    open_dashboard(page)
    expect(page.get_by_role("heading", name="Your first number is active")).to_be_visible(
        timeout=15_000
    )
    page.get_by_role("button", name="Hide this").click()
    expect(page.get_by_role("heading", name="What needs a person now")).to_be_visible()
    expect(page.get_by_role("heading", name="Your first number is active")).to_have_count(0)
    assert not complaints


@pytest.mark.usefixtures("worker")
def test_the_sandbox_by_keyboard_alone_and_its_progress_by_itself(
    dashboard: Page, complaints: list[str]
):
    page = dashboard
    button = page.get_by_role("button", name="Try with the sandbox")
    for _ in range(60):
        page.keyboard.press("Tab")
        if button.evaluate("e => e === document.activeElement"):
            break
    page.keyboard.press("Enter")
    expect(page.get_by_text("The sandbox is being connected.")).to_be_visible()
    expect(page.get_by_role("link", name="Add a carrier", exact=True)).to_be_visible(timeout=10_000)
    assert not complaints
