"""Every page of the portal in a real browser: no complaint in the console, nothing cut off.

With SCREENSHOTS=<folder> (make screenshots) each is also kept as a picture; SCREENSHOTS_ONLY names
some pages.
"""

import os
from pathlib import Path

import pytest
from playwright.sync_api import Browser
from playwright.sync_api import Page as Tab

from tests.browser.conftest import set_session_cookie
from tests.browser.manners import BROWSER_MODES, selected_pages
from tests.support.pages import create_page_fixtures

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.mark.parametrize("manner", BROWSER_MODES)
def test_every_page_is_whole(browser: Browser, live_server, manner: str):
    made = create_page_fixtures()
    wrong: list[str] = []
    for page in selected_pages():
        with browser.new_context(base_url=live_server.url, **BROWSER_MODES[manner]) as context:
            if page.who:
                set_session_cookie(context, getattr(made, page.who), live_server.url)
            tab = context.new_page()
            collect_console_errors(tab, page.name, wrong)
            answer = tab.goto(page.url(made))
            if answer.status >= 400:
                wrong.append(f"{page.name}: {answer.status}")
            tab.wait_for_load_state("networkidle")
            width = tab.evaluate("document.documentElement.scrollWidth")
            if width > BROWSER_MODES[manner]["viewport"]["width"]:
                wrong.append(f"{page.name}: {width} px wide")
            save_screenshot(tab, f"{page.name}-{manner}.png")
    assert not wrong


def collect_console_errors(tab: Tab, name: str, wrong: list[str]) -> None:
    tab.on(
        "console",
        lambda message: (
            wrong.append(f"{name}: {message.text}") if message.type == "error" else None
        ),
    )
    tab.on("pageerror", lambda error: wrong.append(f"{name}: {error}"))


def save_screenshot(tab: Tab, file: str) -> None:
    if folder := os.environ.get("SCREENSHOTS"):
        Path(folder).mkdir(parents=True, exist_ok=True)
        tab.screenshot(path=Path(folder) / file, full_page=True)
