"""Many numbers at once in a real browser: mark, look, start, watch it move, undo."""

import pytest
from playwright.sync_api import Browser, Page, expect

from numbers.models import PhoneNumber
from organizations.web.views.base import screen_url
from tests.browser.conftest import set_session_cookie
from tests.support import factories

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

COUNT = 120


@pytest.fixture
def numbers(alice) -> None:
    factories.create_number(alice.by, "+14155559999", label="Main line")
    fields = {"source": "manual", "status": "inactive", "wanted": "inactive"}
    PhoneNumber.objects.bulk_create(
        PhoneNumber(organization=alice.organization, e164=f"+1415555{line:04}", **fields)
        for line in range(COUNT)
    )


@pytest.fixture
def signed_in(page: Page, alice, numbers, live_server) -> Page:
    set_session_cookie(page.context, alice, live_server.url)
    page.goto(screen_url(alice.organization, "numbers"))
    return page


def count_labelled(label: str) -> int:
    return PhoneNumber.objects.filter(label=label).count()


def test_on_a_phone_the_bar_stays_in_sight(signed_in: Page):
    page = signed_in
    page.set_viewport_size({"width": 390, "height": 844})
    page.get_by_role("checkbox", name="Mark +1").nth(4).check()
    page.get_by_role("checkbox", name="Mark +1").nth(9).scroll_into_view_if_needed()
    bar, top = (
        page.locator("[data-bulk-bar]").bounding_box(),
        page.locator(".topbar").bounding_box(),
    )
    assert bar["y"] >= top["y"] + top["height"] - 2
    assert bar["height"] < 160


def preview_label_change(page: Page, label: str) -> None:
    page.get_by_label("What to do with the marked numbers").select_option("label")
    page.locator("#bulk-label").fill(label)
    page.get_by_role("button", name="Preview").click()


@pytest.mark.usefixtures("worker")
def test_a_bulk_change_is_looked_at_then_done_then_undone(signed_in: Page, complaints: list[str]):
    page = signed_in
    page.locator("#bulk-all").check()
    preview_label_change(page, "Front desk")
    expect(page.get_by_text(f"{COUNT + 1} numbers get the label “Front desk”.")).to_be_visible()
    row = page.get_by_role("row").filter(has_text="555-9999")
    page.get_by_role("link", name="Next").click()
    expect(row).to_contain_text("Main line")
    expect(row).to_contain_text("Front desk")
    assert count_labelled("Front desk") == 0, "nothing changes before the start"

    page.get_by_role("button", name=f"Change {COUNT + 1} numbers").click()
    expect(page.get_by_role("progressbar")).to_be_visible()
    expect(page.get_by_role("button", name="Undo")).to_be_visible(timeout=30_000)  # by itself
    assert count_labelled("Front desk") == COUNT + 1

    page.get_by_role("button", name="Undo").click()
    page.get_by_role("button", name=f"Change {COUNT + 1} numbers").click()
    expect(page.locator("#progress .pill", has_text="done")).to_be_visible(timeout=30_000)
    assert count_labelled("Main line") == 1
    assert count_labelled("Front desk") == 0
    assert not complaints


@pytest.mark.usefixtures("worker")
def test_it_works_without_javascript(browser: Browser, alice, numbers, live_server):
    with browser.new_context(base_url=live_server.url, java_script_enabled=False) as context:
        set_session_cookie(context, alice, live_server.url)
        page = context.new_page()
        page.goto(screen_url(alice.organization, "numbers") + "?q=9999")
        page.get_by_role("checkbox", name="Mark +1 (415) 555-9999").check()
        preview_label_change(page, "Sales")
        page.get_by_role("button", name="Change 1 number").click()
        refresh_until_state(page, "done")
        assert count_labelled("Sales") == 1


def refresh_until_state(page: Page, state: str) -> None:
    """As a reader does: the link that only shows without scripts."""
    for _turn in range(50):
        if page.locator("#progress .pill").inner_text() == state:
            return
        page.get_by_role("link", name="Look again").click()
    raise AssertionError(f"never {state}")


@pytest.mark.usefixtures("worker")
def test_a_deletion_names_what_is_lost_and_can_be_discarded(signed_in: Page):
    page = signed_in
    page.goto(page.url + "?q=9999")
    page.get_by_role("checkbox", name="Mark +1 (415) 555-9999").check()
    page.get_by_label("What to do with the marked numbers").select_option("delete")
    page.get_by_role("button", name="Preview").click()
    expect(page.get_by_text("1 number is removed from Sandbox.")).to_be_visible()
    page.get_by_role("button", name="Discard").click()
    expect(page.get_by_text("alice@example.com stopped it.")).to_be_visible()
    assert not PhoneNumber.objects.filter(status="deleted").exists()
