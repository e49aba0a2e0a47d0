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
from tests.support.pages import PAGES, World
from tests.support.project import places

PARAMETER = re.compile(r"<(?:(\w+):)?(\w+)>")


NOTHING = {"UUID": uuid4(), "int": 0}  # rows that are not there


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


@pytest.fixture(scope="module")
def world(django_db_setup, django_db_blocker) -> Iterator[World]:
    """Made once, as every test undoes what it did."""
    with django_db_blocker.unblock(), transaction.atomic():
        made = pages.world()
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


def rows_named(call: Call) -> set[str]:
    parameters = {match[2] for match in PARAMETER.finditer(call.path)} - {"org_id"}
    return {name for name in parameters if name.endswith(("_id", "_sid"))}
