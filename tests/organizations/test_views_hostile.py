"""Nothing that a browser may send brings a page down: every field of every form and every parameter
of every address, filled with what no person would type."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import parse_qsl, urljoin, urlsplit

import pytest
from django.db import transaction
from django.http import HttpResponse
from django.test import Client
from django.urls import Resolver404, resolve

from tests.support import pages
from tests.support.pages import PAGES, PageFixtures

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
HOSTILE = {
    "nul": "a\0b",
    "huge": "9" * 30,
    "last_day": "9999-12-31",
    "digitlike": "²",
}
ASKED = {  # what screens read that no form or link of theirs names
    "numbers_statuses": ["number"],
    "batches": ["page"],
    "batch": ["fate", "from", "back"],
    "agents": ["from"],
    "operations": ["page", "from", "older_than", "newer_than"],
    "events": ["older_than", "newer_than", "subject"],
    "numbers": ["page", "view"],
    "add_search_buy": ["number"],
    "carriers_add": ["preset", "type", "integration"],
    "add_one": ["to", "number"],
    "dashboard": ["range"],
}
SILENT = {"csrfmiddlewaretoken"}


@dataclass
class Sheet:
    """A form, or the query of a link: where it leads, and what it would send."""

    method: str
    address: str
    values: dict[str, str] = field(default_factory=dict)

    def key(self) -> tuple:
        names = sorted(self.values)
        return self.method, view_name(self), self.values.get("action"), *names


class Sheets(HTMLParser):
    def __init__(self, base: str):
        super().__init__()
        self.base, self.found, self.form = base, [Sheet("GET", base)], None
        self.select, self.actions = "", []

    def handle_starttag(self, tag: str, attrs: list) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            address = urljoin(self.base, given.get("action", ""))
            self.form = Sheet(given.get("method", "get").upper(), address)
            self.found.append(self.form)
        elif tag == "a" and "?" in given.get("href", ""):
            address = urljoin(self.base, given["href"])
            query = dict(parse_qsl(urlsplit(address).query))
            self.found.append(Sheet("GET", address.split("?")[0], query))
        elif self.form and tag == "option" and self.select == "action":
            self.actions.append(given.get("value", ""))
        elif self.form and given.get("name") and given["name"] not in SILENT:
            self.select = given["name"] if tag == "select" else ""
            self.form.values.setdefault(given["name"], given.get("value", ""))

    def handle_endtag(self, tag: str) -> None:
        """A form that does several things is a sheet for each."""
        if tag == "form" and self.form:
            one = self.form
            more = [
                Sheet(one.method, one.address, one.values | {"action": a}) for a in self.actions
            ]
            self.found += more
            self.form, self.actions = None, []


@pytest.fixture(scope="module")
def world(django_db_setup, django_db_blocker) -> Iterator[PageFixtures]:
    with django_db_blocker.unblock(), transaction.atomic():
        yield pages.create_page_fixtures()
        transaction.set_rollback(True)


@pytest.fixture(scope="module")
def sheets(world) -> list[tuple[str, Sheet]]:
    """Each once, with whom it is shown to."""
    found: dict[tuple, tuple[str, Sheet]] = {}
    for page in PAGES:
        for sheet in sheets_of(browser(world, page.who), page.url(world)):
            if is_ours(sheet):
                found.setdefault(sheet.key(), (page.who, sheet))
    return list(found.values())


def sheets_of(client: Client, url: str) -> list[Sheet]:
    reader = Sheets(url)
    reader.feed(client.get(url).text)
    reader.found[0].values = dict(parse_qsl(urlsplit(url).query))
    for sheet in reader.found:
        name = view_name(sheet).removeprefix("screens:")
        if sheet.method == "GET":
            sheet.values |= {each: "" for each in ASKED.get(name, []) if each not in sheet.values}
    return reader.found


def view_name(sheet: Sheet) -> str:
    try:
        return resolve(urlsplit(sheet.address).path).view_name
    except Resolver404:
        return ""


def is_ours(sheet: Sheet) -> bool:
    return bool(not urlsplit(sheet.address).netloc and view_name(sheet) and sheet.values)


CLIENTS: dict[str, Client] = {}


def browser(world: PageFixtures, who: str) -> Client:
    if who not in CLIENTS:
        CLIENTS[who] = Client(raise_request_exception=False)
        if who:
            backend = "django.contrib.auth.backends.ModelBackend"
            CLIENTS[who].force_login(getattr(world, who).user, backend)
    return CLIENTS[who]


@pytest.mark.parametrize("hostile", HOSTILE.values(), ids=HOSTILE)
def test_no_page_breaks(world, sheets, hostile):
    broken = [
        f"{sheet.method} {sheet.address} {name}"
        for who, sheet in sheets
        for name in sheet.values
        if breaks(browser(world, who), sheet, {**sheet.values, name: hostile})
    ]
    assert not broken


def breaks(client: Client, sheet: Sheet, values: dict[str, str]) -> bool:
    """What it does is undone, so that the next finds the same."""
    cookies = client.cookies.copy()
    with transaction.atomic():
        answer = send(client, sheet, values)
        is_broken = answer.status_code >= 500
        transaction.set_rollback(True)
    client.cookies = cookies
    return is_broken


def send(client: Client, sheet: Sheet, values: dict[str, str]) -> HttpResponse:
    do = client.get if sheet.method == "GET" else client.post
    answer = do(sheet.address.split("?")[0], values)
    if answer.streaming:
        b"".join(answer.streaming_content)
    return answer
