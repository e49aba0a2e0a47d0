"""Every screen, called as everybody; every page within its budget of queries; no button that would
refuse. Drawn from the URL resolver and tests/portal.py, so that a new screen is in it or fails."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from html.parser import HTMLParser
from urllib.parse import urljoin, urlsplit
from uuid import uuid4

import pytest
from django.conf import settings
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import Resolver404, resolve

from config import BASE_DIR
from organizations.access.roles import ROLE_PERMISSIONS, Permission
from organizations.web.views.base import OrgScreen
from tests import portal
from tests.factories import Member
from tests.portal import PAGES, World
from tests.test_house import places

pytestmark = pytest.mark.django_db
PARAMETER = re.compile(r"<(?:(\w+):)?(\w+)>")
NOTHING = {"UUID": uuid4(), "int": 0}  # rows that are not there
INLINE = re.compile(r"\sstyle=|\son[a-z]+=|<script(?![^>]*\bsrc=)|javascript:|hx-on")


@dataclass(frozen=True)
class Call:
    name: str
    path: str
    method: str
    permission: Permission

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


def calls() -> Iterator[Call]:
    for path, pattern in places():
        view = getattr(pattern.callback, "view_class", object)
        if issubclass(view, OrgScreen):
            for method, permission in view.permissions.items():
                yield Call(pattern.name, path, method, permission)


CALLS = list(calls())
each_call = pytest.mark.parametrize("call", CALLS, ids=str)
each_page = pytest.mark.parametrize("shown", PAGES, ids=lambda page: page.name)


@pytest.fixture(scope="module")
def world(django_db_setup, django_db_blocker) -> Iterator[World]:
    """Made once, as every test undoes what it did."""
    with django_db_blocker.unblock(), transaction.atomic():
        made = portal.world()
        for member in filter(lambda one: isinstance(one, Member), vars(made).values()):
            sign_in(member)
        yield made
        transaction.set_rollback(True)


@pytest.fixture(scope="module")
def examples(world) -> dict[str, object]:
    """What stands for a path's parameter: the rows of Alice's that pages of the list show."""
    found: dict[str, object] = {}
    for page in PAGES:
        found |= resolve(urlsplit(page.url(world)).path).kwargs
    return found


SESSIONS: dict[str, str] = {}  # of the world's people: they sign in once


def browser_of(member) -> Client:
    client = Client(raise_request_exception=False)
    if member and member.user.email in SESSIONS:
        client.cookies[settings.SESSION_COOKIE_NAME] = SESSIONS[member.user.email]
    elif member:
        client.force_login(member.user, "django.contrib.auth.backends.ModelBackend")
    return client


def sign_in(member) -> None:
    client = Client()
    client.force_login(member.user, "django.contrib.auth.backends.ModelBackend")
    SESSIONS[member.user.email] = client.cookies[settings.SESSION_COOKIE_NAME].value


def send(member, call: Call, values: dict[str, object], org_id: str):
    def value(match: re.Match) -> str:
        known = {**values, "org_id": org_id}
        return str(known.get(match[2], NOTHING.get(match[1], "none")))

    path = "/" + PARAMETER.sub(value, call.path)
    return browser_of(member).generic(call.method, path)


@each_call
def test_nobody_is_asked_to_sign_in(world, call):
    answer = send(None, call, {}, world.alice.organization.public_id)
    assert answer.status_code == 302
    assert answer["Location"].startswith("/accounts/login/?next=/o/")


@each_call
def test_a_stranger_finds_no_organization(world, examples, call):
    answer = send(world.mallory, call, examples, world.alice.organization.public_id)
    assert answer.status_code == 404
    assert world.alice.organization.name not in answer.text


def rows_named(call: Call) -> set[str]:
    parameters = {match[2] for match in PARAMETER.finditer(call.path)} - {"org_id"}
    return {name for name in parameters if name.endswith(("_id", "_sid"))}


@pytest.mark.parametrize("call", list(filter(rows_named, CALLS)), ids=str)
def test_rows_of_others_are_not_found_in_ones_own_organization(world, examples, call):
    """Alice's ids below Mallory's organization."""
    rows = rows_named(call)
    assert rows <= set(examples), "tests/portal.py has no page with these parameters"
    answer = send(world.mallory, call, examples, world.mallory.organization.public_id)
    assert answer.status_code == 404


@each_call
@pytest.mark.parametrize(("who", "role"), [("carol", "user"), ("bob", "agent_manager")])
def test_a_role_may_what_its_table_says(world, call, who, role):
    answer = send(getattr(world, who), call, {}, world.alice.organization.public_id)
    assert (answer.status_code == 403) == (call.permission not in ROLE_PERMISSIONS[role])


def test_every_page_is_tried(world):
    shown = {resolve(urlsplit(page.url(world)).path).url_name for page in PAGES}
    unseen = {call.name for call in CALLS if call.method == "GET"} - shown - set(portal.NO_PAGES)
    assert not unseen, "missing in tests/portal.py"


@each_page
def test_a_page_keeps_to_its_budget(world, shown):
    client = browser_of(getattr(world, shown.who, None))
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
    answer = browser_of(getattr(world, shown.who, None)).get(shown.url(world))
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
    answer = browser_of(getattr(world, who)).get(url)
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
