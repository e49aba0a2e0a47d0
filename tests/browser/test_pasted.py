"""A pasted list in a real browser: it outlives a lost connection and the end of a session."""

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from numbers.models import Batch
from organizations.web.views.base import screen_url
from tests.browser.conftest import set_session_cookie

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
LIST = "1. +14155550100, Front desk\n2. +14155550101, Sales\n"


def submit_list(page: Page, text: str = LIST) -> None:
    page.get_by_label("Numbers", exact=True).fill(text)
    page.get_by_label("Carrier or account").select_option("record")
    page.get_by_role("button", name="Check them").click()


@pytest.fixture
def opened(page: Page, alice, live_server) -> Page:
    set_session_cookie(page.context, alice, live_server.url)
    page.goto(screen_url(alice.organization, "add_list"))
    return page


def block_submission(context: BrowserContext) -> None:
    context.route(
        "**/add/list/",
        lambda route: route.abort() if route.request.method == "POST" else route.fallback(),
    )


def test_a_lost_connection_loses_no_list(opened: Page, alice, mallory, live_server):
    page = opened
    address = page.url
    block_submission(page.context)
    submit_list(page)
    page.wait_for_url("chrome-error://**")
    page.goto(address)
    expect(page.get_by_label("Numbers", exact=True)).to_have_value(LIST)

    page.context.unroute_all()
    page.get_by_label("Carrier or account").select_option("record")
    page.get_by_role("button", name="Check them").click()
    page.wait_for_url("**/batches/**")
    page.goto(address)
    expect(page.get_by_label("Numbers", exact=True)).to_have_value("")  # it has arrived
    assert Batch.objects.count() == 1


def test_nobody_else_gets_it(opened: Page, mallory, live_server):
    page = opened
    block_submission(page.context)
    submit_list(page)
    page.wait_for_url("chrome-error://**")
    page.context.clear_cookies()
    set_session_cookie(page.context, mallory, live_server.url)
    page.goto(f"{live_server.url}{screen_url(mallory.organization, 'add_list')}")
    expect(page.get_by_label("Numbers", exact=True)).to_have_value("")


def test_a_session_that_ended_loses_no_list(opened: Page, alice, live_server):
    page = opened
    page.context.clear_cookies(name="patchbay_session")
    submit_list(page)
    expect(page.get_by_role("heading", name="You have been signed out")).to_be_visible()
    expect(page.get_by_label("Numbers")).to_have_value(LIST)

    set_session_cookie(page.context, alice, live_server.url)  # in another tab
    page.get_by_role("button", name="Send again").click()
    page.wait_for_url("**/batches/**")
    assert Batch.objects.get().options["destination"] == "record"
