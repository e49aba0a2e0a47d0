"""Fixtures: the cast, and an API client that speaks JSON with a key."""

import json

import pytest
from django.test import Client

from integrations import operations as ledger
from integrations.models import Operation
from organizations.api import guessing, rate_limits
from organizations.models import User
from tests import factories


@pytest.fixture
def alice(db) -> factories.Member:
    """Admin of Acme; a sandbox and an active default carrier are set up."""
    return factories.settled_in("Alice", trunk="Acme Trunk")


@pytest.fixture
def bob(alice) -> factories.Member:
    """Agent manager at Alice's."""
    return factories.person("Bob", organization=alice.organization, role="agent_manager")


@pytest.fixture
def carol(alice) -> factories.Member:
    """Reads at Alice's, and may change nothing."""
    return factories.person("Carol", organization=alice.organization, role="user")


@pytest.fixture
def mallory(db) -> factories.Member:
    """Admin of another organization, with a sandbox and a carrier of their own."""
    return factories.settled_in("Mallory", trunk="Evil Trunk")


@pytest.fixture(autouse=True)
def forget_limits():
    """Rate limits live in the process; no test shall be slowed down by another one's requests."""
    guessing.failures_by_address.clear()
    rate_limits.requests_by_key.clear()


@pytest.fixture
def worker(monkeypatch):
    """A worker for requests that wait: whatever is due is attempted when somebody waits for it."""

    def work_and_look(operation_id, *, seconds=10.0):
        factories.work_all()
        return Operation.objects.get(pk=operation_id)

    monkeypatch.setattr(ledger, "wait", work_and_look)


class Api:
    """A program that holds one key; JSON in, JSON out."""

    def __init__(self, key_text: str = ""):
        self.client = Client(raise_request_exception=False)
        self.headers = {"Authorization": f"Bearer {key_text}"} if key_text else {}

    def get(self, path: str, **headers):
        return self.client.get(path, headers={**self.headers, **headers})

    def post(self, path: str, body: object = None, **headers):
        return self.send("POST", path, body, **headers)

    def patch(self, path: str, body: object = None, **headers):
        return self.send("PATCH", path, body, **headers)

    def delete(self, path: str, **headers):
        return self.send("DELETE", path, None, **headers)

    def send(self, method: str, path: str, body: object, **headers):
        data = "" if body is None else json.dumps(body)
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.client.generic(
            method, path, data, "application/json", headers={**self.headers, **headers}
        )


@pytest.fixture
def api():
    """`api(alice)` speaks with Alice's key, `api()` with none."""
    return lambda member=None: Api(member.key_text if member else "")


@pytest.fixture
def staff(db) -> Client:
    """A browser in which Olga, an operator of the installation, has signed in to the admin."""
    client = Client()
    client.force_login(User.objects.create_superuser("olga@example.com", "correct horse battery"))
    return client


@pytest.fixture
def browse():
    """`browse(alice)` is a browser in which Alice has signed in."""

    def signed_in(member: factories.Member) -> Client:
        client = Client()
        client.force_login(member.user, "django.contrib.auth.backends.ModelBackend")
        return client

    return signed_in
