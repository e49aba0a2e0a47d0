"""Fixtures: the cast, and an API client that speaks JSON with a key."""

import gc
import json
from collections.abc import Callable
from dataclasses import replace
from importlib import import_module

import pytest
from cryptography.fernet import Fernet
from django.core.management import call_command
from django.db import connection
from django.test import Client

import integrations.runtime.availability
from config.web.schema_gate import schema_gate
from integrations.ledger import operation_requests as ledger
from integrations.models import Operation
from integrations.runtime.availability import ProvisioningAvailability
from organizations.models import User
from organizations.tenancy import database_roles, tenant_scope
from organizations.web.api import brute_force, rate_limits
from tests.support import factories
from tests.support.personas import PersonaCache


def pytest_ignore_collect(collection_path, config) -> bool | None:
    """Where peers are not asked for, none is read: it takes seconds."""
    asked = config.getoption("markexpr")
    return ("not peers" in asked and collection_path.name == "peers") or None


def pytest_sessionstart() -> None:
    """The schema of the tests fits; to look costs the first request a query."""
    schema_gate.is_open = True
    # Now, and not at the first request of a test: what that test has patched by then would stay in
    # the modules that import it.
    import_module("config.urls")


def pytest_collection_finish() -> None:
    """What is there by now stays to the end: the garbage collector need not look at it again."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup, django_db_blocker) -> None:
    """The second wall stands: requests and tasks have the rights, and see the rows, of their
    role."""
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute("SELECT rolname FROM pg_roles")
        known = {row[0] for row in cursor.fetchall()}
        for login in database_roles.LOGIN_ROLES:
            if login not in known:
                cursor.execute(f"CREATE ROLE {login} NOINHERIT")
        call_command("grant_roles", verbosity=0)


@pytest.fixture(scope="session")
def cast(django_db_setup, django_db_blocker) -> PersonaCache:
    with django_db_blocker.unblock():
        return PersonaCache()


@pytest.fixture
def alice(cast, db) -> factories.Member:
    """Admin of Acme; a sandbox and an active default carrier are set up."""
    return cast.enter("Alice")


@pytest.fixture
def bob(cast, alice) -> factories.Member:
    """Agent manager at Alice's."""
    return replace(cast.enter("Bob"), organization=alice.organization)


@pytest.fixture
def carol(cast, alice) -> factories.Member:
    """Reads at Alice's, and may change nothing."""
    return replace(cast.enter("Carol"), organization=alice.organization)


@pytest.fixture
def mallory(cast, db) -> factories.Member:
    """Admin of another organization, with a sandbox and a carrier of their own."""
    return cast.enter("Mallory")


@pytest.fixture(autouse=True)
def see_everything():
    """A test's own queries are the owner's; what a test calls past its request ends with it."""
    with tenant_scope.override(tenant_scope.EMPTY_SCOPE):
        yield


@pytest.fixture(autouse=True)
def forget_keys():
    """What a process remembers of keys and addresses is nothing to the next test."""
    brute_force.failures_by_address.clear()
    brute_force.recent_valid_keys.digests.clear()
    rate_limits.requests_by_actor.clear()


@pytest.fixture(autouse=True)
def running(monkeypatch) -> Callable[[ProvisioningAvailability], None]:
    """Dispatcher and worker run, as far as anybody asks; `running(found)` says otherwise."""

    def say(found: ProvisioningAvailability) -> None:
        monkeypatch.setattr(integrations.runtime.availability, "read_availability", lambda: found)
        monkeypatch.setattr(
            integrations.runtime.availability,
            "availability_cache",
            integrations.runtime.availability.AvailabilityCache(),
        )

    say(ProvisioningAvailability())
    return say


@pytest.fixture
def worker(monkeypatch):
    """A worker for requests that wait: whatever is due is attempted when somebody waits for it."""

    def work_and_look(operation_id, *, seconds=10.0):
        factories.run_due_operations()
        return Operation.objects.get(pk=operation_id)

    monkeypatch.setattr(ledger, "wait_for_operation", work_and_look)


@pytest.fixture
def keys(settings):
    """`keys("new", "old")`: these are configured, newest first; a name is always the same key, and
    "old" what all is sealed with so far."""
    made = {"old": settings.PATCHBAY_ENCRYPTION_KEYS[0]}

    def configure(*names: str) -> None:
        chosen = [made.setdefault(name, Fernet.generate_key().decode()) for name in names]
        settings.PATCHBAY_ENCRYPTION_KEYS = chosen

    return configure


class ApiClient:
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
    return lambda member=None: ApiClient(member.key_text if member else "")


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
