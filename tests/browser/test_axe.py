"""axe-core over every page of the portal, light and dark: nothing serious, nothing critical."""

import pytest
from playwright.sync_api import Browser

from tests.browser.conftest import set_session_cookie
from tests.browser.manners import BROWSER_MODES, selected_pages
from tests.support import node_peers
from tests.support.pages import create_page_fixtures

pytestmark = [pytest.mark.peers, pytest.mark.django_db(transaction=True)]
AXE = node_peers.MODULES / "axe-core" / "axe.min.js"
RULES = """async () => (await axe.run({
    runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]})).violations
    .filter(v => ["serious", "critical"].includes(v.impact))
    .map(v => `${v.id}: ${v.nodes.map(n => n.target.join(" ")).slice(0, 5).join(", ")}`)"""


@pytest.mark.parametrize("manner", ["light", "dark"])
def test_no_page_has_a_serious_fault(browser: Browser, live_server, manner: str):
    if reason := node_peers.install_node_peers():
        node_peers.skip_or_fail(reason)
    made, axe = create_page_fixtures(), AXE.read_text()
    wrong: list[str] = []
    for page in selected_pages():
        with browser.new_context(base_url=live_server.url, **BROWSER_MODES[manner]) as context:
            if page.who:
                set_session_cookie(context, getattr(made, page.who), live_server.url)
            tab = context.new_page()
            tab.goto(page.url(made))
            tab.wait_for_load_state("networkidle")
            tab.evaluate(axe)  # not as a script of the page: its policy forbids that
            wrong += [f"{page.name}: {fault}" for fault in tab.evaluate(RULES)]
    assert not wrong, "\n".join(wrong)
