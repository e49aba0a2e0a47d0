"""Every page of the portal in a real browser: no complaint in the console, nothing cut off.

With SCREENSHOTS=<folder> (make screenshots) each is also kept as a picture; SCREENSHOTS_ONLY names
some pages.
"""

import os
from pathlib import Path

import pytest
from playwright.sync_api import Browser
from playwright.sync_api import Page as Tab

from tests.browser.conftest import sign_in
from tests.browser.manners import MANNERS, chosen
from tests.support.pages import world

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.mark.parametrize("manner", MANNERS)
def test_every_page_is_whole(browser: Browser, live_server, manner: str):
    made = world()
    wrong: list[str] = []
    for page in chosen():
        with browser.new_context(base_url=live_server.url, **MANNERS[manner]) as context:
            if page.who:
                sign_in(context, getattr(made, page.who), live_server.url)
            tab = context.new_page()
            listen(tab, page.name, wrong)
            answer = tab.goto(page.url(made))
            if answer.status >= 400:
                wrong.append(f"{page.name}: {answer.status}")
            tab.wait_for_load_state("networkidle")
            width = tab.evaluate("document.documentElement.scrollWidth")
            if width > MANNERS[manner]["viewport"]["width"]:
                wrong.append(f"{page.name}: {width} px wide")
            keep(tab, f"{page.name}-{manner}.png")
    assert not wrong


def listen(tab: Tab, name: str, wrong: list[str]) -> None:
    tab.on(
        "console",
        lambda message: (
            wrong.append(f"{name}: {message.text}") if message.type == "error" else None
        ),
    )
    tab.on("pageerror", lambda error: wrong.append(f"{name}: {error}"))


def keep(tab: Tab, file: str) -> None:
    if folder := os.environ.get("SCREENSHOTS"):
        Path(folder).mkdir(parents=True, exist_ok=True)
        tab.screenshot(path=Path(folder) / file, full_page=True)
