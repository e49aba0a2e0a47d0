"""Every call of a screen, with an example for each of its parameters."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
from django.conf import settings
from django.db import transaction
from django.test import Client
from django.urls import resolve

from organizations.access.roles import Permission
from organizations.web.views.base import OrgScreen
from tests.support import pages
from tests.support.factories import Member
from tests.support.pages import PAGES, PageFixtures
from tests.support.project import iterate_routes

PARAMETER = re.compile(r"<(?:(\w+):)?(\w+)>")


UNKNOWN_VALUES = {"UUID": uuid4(), "int": 0}  # rows that are not there


@dataclass(frozen=True)
class ViewCall:
    name: str
    path: str
    method: str
    permission: Permission

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


def list_view_calls() -> Iterator[ViewCall]:
    for path, pattern in iterate_routes():
        view = getattr(pattern.callback, "view_class", object)
        if issubclass(view, OrgScreen):
            for method, permission in view.permissions.items():
                yield ViewCall(pattern.name, path, method, permission)


CALLS = list(list_view_calls())


@pytest.fixture(scope="module")
def world(django_db_setup, django_db_blocker) -> Iterator[PageFixtures]:
    """Made once, as every test undoes what it did."""
    with django_db_blocker.unblock(), transaction.atomic():
        made = pages.create_page_fixtures()
        for member in filter(lambda one: isinstance(one, Member), vars(made).values()):
            store_session(member)
        yield made
        transaction.set_rollback(True)


@pytest.fixture(scope="module")
def examples(world) -> dict[str, object]:
    """What stands for a path's parameter: the rows of Alice's that pages of the list show."""
    found: dict[str, object] = {}
    for page in PAGES:
        found |= resolve(urlsplit(page.url(world)).path).kwargs
    return found


SESSION_COOKIES: dict[str, str] = {}  # of the world's people: they sign in once


def signed_in_client(member) -> Client:
    client = Client(raise_request_exception=False)
    if member and member.user.email in SESSION_COOKIES:
        client.cookies[settings.SESSION_COOKIE_NAME] = SESSION_COOKIES[member.user.email]
    elif member:
        client.force_login(member.user, "django.contrib.auth.backends.ModelBackend")
    return client


def store_session(member) -> None:
    client = Client()
    client.force_login(member.user, "django.contrib.auth.backends.ModelBackend")
    SESSION_COOKIES[member.user.email] = client.cookies[settings.SESSION_COOKIE_NAME].value


def send_view_call(member, call: ViewCall, values: dict[str, object], org_id: str):
    def value(match: re.Match) -> str:
        known = {**values, "org_id": org_id}
        return str(known.get(match[2], UNKNOWN_VALUES.get(match[1], "none")))

    path = "/" + PARAMETER.sub(value, call.path)
    return signed_in_client(member).generic(call.method, path)


def row_parameters(call: ViewCall) -> set[str]:
    parameters = {match[2] for match in PARAMETER.finditer(call.path)} - {"org_id"}
    return {name for name in parameters if name.endswith(("_id", "_sid"))}
