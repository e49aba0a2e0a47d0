"""Every screen, called as everybody; every page within its budget of queries; no button that would
refuse. Drawn from the URL resolver and tests/support/pages.py, so that a new screen is in it or
fails."""

import re
from html.parser import HTMLParser
from urllib.parse import urljoin, urlsplit

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import Resolver404, resolve

from config import BASE_DIR
from organizations.access.roles import ROLE_PERMISSIONS, Permission
from organizations.web.views.base import OrgScreen
from tests.support import pages, screen_calls
from tests.support.pages import PAGES
from tests.support.screen_calls import (  # noqa: F401  fixtures
    CALLS,
    row_parameters,
    send_view_call,
    signed_in_client,
)

# Fixtures.
examples = screen_calls.examples
world = screen_calls.world

pytestmark = pytest.mark.django_db
INLINE = re.compile(r"\sstyle=|\son[a-z]+=|<script(?![^>]*\bsrc=)|javascript:|hx-on")


each_call = pytest.mark.parametrize("call", CALLS, ids=str)
each_page = pytest.mark.parametrize("shown", PAGES, ids=lambda page: page.name)


@each_call
def test_nobody_is_asked_to_sign_in(world, call):
    answer = send_view_call(None, call, {}, world.alice.organization.public_id)
    assert answer.status_code == 302
    assert answer["Location"].startswith("/accounts/login/?next=/o/")


@each_call
def test_a_stranger_finds_no_organization(world, examples, call):
    answer = send_view_call(world.mallory, call, examples, world.alice.organization.public_id)
    assert answer.status_code == 404
    assert world.alice.organization.name not in answer.text


@pytest.mark.parametrize("call", list(filter(row_parameters, CALLS)), ids=str)
def test_rows_of_others_are_not_found_in_ones_own_organization(world, examples, call):
    """Alice's ids below Mallory's organization."""
    rows = row_parameters(call)
    assert rows <= set(examples), "tests/support/pages.py has no page with these parameters"
    answer = send_view_call(world.mallory, call, examples, world.mallory.organization.public_id)
    assert answer.status_code == 404


@each_call
@pytest.mark.parametrize(("who", "role"), [("carol", "user"), ("bob", "agent_manager")])
def test_a_role_may_what_its_table_says(world, call, who, role):
    answer = send_view_call(getattr(world, who), call, {}, world.alice.organization.public_id)
    assert (answer.status_code == 403) == (call.permission not in ROLE_PERMISSIONS[role])


def test_every_page_is_tried(world):
    shown = {resolve(urlsplit(page.url(world)).path).url_name for page in PAGES}
    unseen = (
        {call.name for call in CALLS if call.method == "GET"} - shown - set(pages.EXCLUDED_PAGES)
    )
    assert not unseen, "missing in tests/support/pages.py"


@each_page
def test_a_page_keeps_to_its_budget(world, shown):
    client = signed_in_client(getattr(world, shown.who, None))
    url = shown.url(world)
    client.get(url)  # what is looked up once in a process is
    with CaptureQueriesContext(
        connection,
    ) as made:
        answer = client.get(url)
    assert answer.status_code == 200, url
    assert len(made) <= shown.queries, "\n".join(query["sql"][:160] for query in made)


@each_page
def test_a_page_has_no_inline_code(world, shown):
    answer = signed_in_client(getattr(world, shown.who, None)).get(shown.url(world))
    assert not INLINE.findall(re.sub(r'<script[^>]*type="application/json"', "", answer.text))
    policy = answer["Content-Security-Policy"]
    assert "unsafe" not in policy


class Ways(HTMLParser):
    """Where a page's links and forms lead."""

    def __init__(self):
        super().__init__()
        self.found: set[tuple[str, str]] = set()
        self.form = "GET"

    def handle_starttag(self, tag: str, attrs: list) -> None:
        given = dict(attrs)
        if tag == "form":
            self.form = (given.get("method") or "get").upper()
            self.found.add((self.form, given.get("action") or ""))
        elif tag == "a" and given.get("href"):
            self.found.add(("GET", given["href"]))
        elif given.get("formaction"):
            self.found.add((self.form, given["formaction"]))
        for method in ("get", "post"):
            if given.get(f"hx-{method}"):
                self.found.add((method.upper(), given[f"hx-{method}"]))


@pytest.mark.parametrize("shown", [page for page in PAGES if page.who], ids=lambda page: page.name)
@pytest.mark.parametrize(("who", "role"), [("carol", "user"), ("bob", "agent_manager")])
def test_nobody_sees_a_way_that_would_refuse(world, shown, who, role):
    url = shown.url(world)
    answer = signed_in_client(getattr(world, who)).get(url)
    if answer.status_code == 403:
        return
    ways = Ways()
    ways.feed(answer.text)
    assert not [way for way in ways.found if refuses(url, *way, role)]


def refuses(base: str, method: str, address: str, role: str) -> bool:
    if method == "DIALOG" or address.startswith(("#", "mailto:", "tel:")):
        return False
    target = urlsplit(urljoin(base, address))
    if target.netloc:
        return False
    try:
        view = getattr(resolve(target.path).func, "view_class", object)
    except Resolver404:
        return not target.path.startswith("/static/")
    if not issubclass(view, OrgScreen):
        return False
    permission = view.permissions.get(method)
    return permission is None or permission not in ROLE_PERMISSIONS[role]


def test_templates_ask_for_permissions_that_exist():
    known = {permission.name.lower() for permission in Permission}
    wrong = [
        f"{path.relative_to(BASE_DIR)}: may.{name}"
        for path in (BASE_DIR / "templates").rglob("*.html")
        for name in re.findall(r"\bmay\.(\w+)", path.read_text())
        if name not in known
    ]
    assert not wrong
