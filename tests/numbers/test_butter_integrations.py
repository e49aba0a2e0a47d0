"""Butter's /api/integrations: checked before they count, and never a secret in an answer."""

import json

import pytest
from django.test import Client

from carriers.operations import make_installation_default_carrier
from integrations.ledger.operation_requests import get_default_integration, set_default_integration
from integrations.ledger.worker import run_attempt
from integrations.models import Integration, Operation
from numbers.dialects.butter import examples
from numbers.inventory.acquisition import import_number
from organizations.models import Event
from tests.support import factories
from tests.support.dialects import DIALECTS

pytestmark = pytest.mark.django_db

GOOD = {"provider": "sandbox", "access_code": "s3cret-code"}
WRONG = {"provider": "sandbox", "access_code": "wrong"}
DANGLING = "Remove or reassign them first."


def send(member, method, path="", body=None, **headers):
    answer = send_with(member, method, path, body, headers)
    assert "s3cret" not in answer.content.decode()
    return answer


def send_with(member, method, path, body, headers):
    headers = {**DIALECTS["butter"].headers(member), **headers}
    data = "" if body is None else json.dumps(body)
    url = f"/api/integrations{path}"
    return Client().generic(method, url, data, "application/json", headers=headers)


def create(member, name="My Twilio", credentials=GOOD, **headers):
    return send(member, "POST", "", {"name": name, "credentials": credentials}, **headers)


@pytest.fixture
def dana(db) -> factories.Member:
    """Admin of an organization that has nothing yet."""
    return factories.create_member("Dana")


def test_dana_connects_an_account(dana, worker):
    answer = create(dana)
    body = answer.json()
    made = Integration.objects.get()
    assert (answer.status_code, body["success"]) == (201, True)
    assert body["message"] == "Integration created successfully"
    times = {name: body["data"][name] for name in ("created_at", "updated_at")}
    assert body["data"] == {
        "integration_id": made.public_id,
        "client_id": dana.organization.public_id,
        "name": "My Twilio",
        "provider": "sandbox",
        "category": "telephony",
        "status": "active",
        "error_message": None,
        **times,
    }
    assert all(time.endswith("Z") for time in times.values())
    assert made.account() == {"access_code": "s3cret-code"}


def test_the_first_becomes_the_default_and_none_gives_way(dana, worker):
    first = create(dana).json()["data"]["integration_id"]
    create(dana, name="Another")
    for role in ("carrier", "sip", "twilio"):
        assert get_default_integration(dana.by, role).public_id == first


def test_only_what_has_no_default_gets_one(dana, worker):
    there = factories.create_sandbox(dana.by, default=False)
    set_default_integration(dana.by, there, role="sip")
    create(dana)
    assert get_default_integration(dana.by, "sip") == there
    assert get_default_integration(dana.by, "twilio").name == "My Twilio"


def test_refused_credentials_leave_nothing_behind(dana, worker):
    headers = {"Idempotency-Key": "connect-once"}
    answer = create(dana, credentials=WRONG, **headers)
    assert answer.status_code == 400
    assert answer.json()["detail"].startswith("credentials: The sandbox does not accept")
    assert not Integration.objects.exists()
    assert not dana.organization.default_integrations.exists()
    again = create(dana, credentials=WRONG, **headers)
    assert (again.status_code, "Idempotent-Replayed" in again) == (400, False)


def test_a_platform_that_does_not_answer_leaves_it_pending(dana, monkeypatch):
    monkeypatch.setattr(
        "integrations.ledger.operation_requests.wait_for_operation",
        lambda pk, **manner: Operation.objects.get(pk=pk),
    )
    answer = create(dana)
    assert (answer.status_code, answer.json()["data"]["status"]) == (201, "pending")
    assert answer.json()["data"]["error_message"] == "The credentials are still being checked."
    integration_id = answer.json()["data"]["integration_id"]
    run_attempt(Operation.objects.get().pk)
    assert send(dana, "GET", f"/{integration_id}").json()["data"]["status"] == "active"


def test_the_documented_credentials_are_twilios(dana, monkeypatch):
    """Word for word; nobody asks Twilio here."""
    monkeypatch.setattr(
        "integrations.ledger.operation_requests.wait_for_operation",
        lambda pk, **manner: Operation.objects.get(pk=pk),
    )
    body = create(dana, credentials=examples.INTEGRATION_REQUEST["credentials"]).json()
    made = Integration.objects.get()
    assert (body["data"]["provider"], body["data"]["status"]) == ("twilio", "pending")
    assert set(made.candidate_account()) == {"account_sid", "auth_token"}
    assert [d.role for d in made.default_for.all()] == ["twilio"]


@pytest.mark.parametrize(
    ("body", "status", "told"),
    [
        ({"credentials": GOOD}, 400, "name: This field is required."),
        ({"name": "x"}, 400, "credentials: This field is required."),
        ({"name": "x" * 101, "credentials": GOOD}, 400, "name: At most 100"),
        ({"name": "x", "credentials": {}}, 400, "credentials.provider: This field is required."),
        (
            {"name": "x", "credentials": {"provider": "plivo"}},
            400,
            "credentials.provider: One of these is expected: sandbox, jambonz",
        ),
        (
            {"name": "x", "credentials": {**GOOD, "pin": "s3cret"}},
            400,
            "credentials.pin: Not a field of this platform.",
        ),
        (
            {"name": "x", "credentials": {"provider": "jambonz", "token": "s3cret"}},
            400,
            "credentials.",
        ),
        ({"name": "x", "credentials": "s3cret"}, 422, ["body", "credentials"]),
        (
            {"name": "x", "credentials": {**GOOD, "access_code": 1}},
            422,
            ["body", "credentials", "access_code"],
        ),
    ],
)
def test_what_cannot_be_an_account_is_refused(dana, body, status, told):
    answer = send(dana, "POST", "", body)
    detail = answer.json()["detail"]
    assert answer.status_code == status
    if status == 400:
        assert told in detail
    else:
        assert [entry["loc"] for entry in detail] == [told]
    assert not Integration.objects.exists()


def test_a_name_is_there_once(dana, worker):
    create(dana)
    answer = create(dana, credentials=WRONG)
    assert answer.status_code == 409
    assert "of this name" in answer.json()["detail"]
    create(dana, name="Another")
    other = Integration.objects.get(name="Another").public_id
    assert send(dana, "PUT", f"/{other}", {"name": "My Twilio"}).status_code == 409
    assert Integration.objects.get(name="My Twilio").state == "connected"


def test_the_list_has_the_own_ones_newest_first(alice, mallory, worker):
    create(alice)
    body = send(alice, "GET").json()
    assert [row["name"] for row in body["data"]] == ["My Twilio", "Sandbox"]
    assert body["pagination"]["total_count"] == 2


def test_a_strangers_integration_is_404(alice, mallory):
    path = f"/{alice.organization.integrations.get().public_id}"
    for method, body in [("GET", None), ("PUT", {"name": "Mine"}), ("DELETE", None)]:
        answer = send(mallory, method, path, body)
        assert (answer.status_code, answer.json()) == (404, {"detail": "Integration not found"})


def test_a_new_name_and_new_credentials(dana, worker):
    path = f"/{create(dana).json()['data']['integration_id']}"
    body = {"name": "Main", "credentials": {"access_code": "s3cret-two"}}
    answer = send(dana, "PUT", path, body)
    assert answer.status_code == 200
    assert answer.json()["message"] == "Integration updated successfully"
    assert (answer.json()["data"]["name"], answer.json()["data"]["status"]) == ("Main", "active")
    assert Integration.objects.get().account() == {"access_code": "s3cret-two"}


def test_refused_new_credentials_change_nothing(dana, worker):
    path = f"/{create(dana).json()['data']['integration_id']}"
    answer = send(dana, "PUT", path, {"name": "Main", "credentials": WRONG})
    assert answer.status_code == 400
    assert answer.json()["detail"].startswith("credentials: The sandbox does not accept")
    integration = Integration.objects.get()
    assert (integration.name, integration.state) == ("My Twilio", "connected")
    assert integration.account() == {"access_code": "s3cret-code"}


def test_the_provider_is_fixed(dana, worker):
    path = f"/{create(dana).json()['data']['integration_id']}"
    answer = send(dana, "PUT", path, {"credentials": {"provider": "jambonz", "token": "x"}})
    assert answer.status_code == 400
    assert answer.json()["detail"].startswith("credentials.provider: It is fixed")


def test_an_integration_with_numbers_stays(dana, worker):
    path = f"/{create(dana).json()['data']['integration_id']}"
    number = import_number(dana.by, number="+12345678900", provider="sip")
    refusal = "Integration is still referenced by phone numbers: ['+12345678900']. " + DANGLING
    answer = send(dana, "DELETE", path)
    assert (answer.status_code, answer.json()) == (409, {"detail": refusal})
    factories.run_number_operations(number)
    headers = DIALECTS["butter"].headers(dana)
    Client().delete(f"/api/phone-numbers/{number.public_id}", headers=headers)
    still = send(dana, "DELETE", path)
    assert (still.status_code, still.json()) == (409, {"detail": refusal})
    factories.run_due_operations()
    assert send(dana, "DELETE", path).status_code == 200


def test_an_integration_with_carriers_stays(alice):
    answer = send(alice, "DELETE", f"/{alice.organization.integrations.get().public_id}")
    assert (answer.status_code, "carriers" in answer.json()["detail"]) == (409, True)


def test_strangers_numbers_are_not_named(alice, mallory):
    """Mallory's number is on the installation's default carrier, which is Alice's."""
    make_installation_default_carrier(alice.by, alice.organization.carriers.get())
    mallory.organization.carriers.update(is_default=False)
    number = factories.create_number(mallory.by, "+18005559999")
    integration = alice.organization.integrations.get()
    refused = send(alice, "DELETE", f"/{integration.public_id}")
    assert (refused.status_code, "+18005559999" in str(refused.json())) == (409, False)
    headers = DIALECTS["butter"].headers(mallory)
    shown = Client().get(f"/api/phone-numbers/{number.public_id}", headers=headers).json()["data"]
    assert (shown["integration_id"], shown["provisioning_status"]) == (None, "active")


def test_the_deleted_one_is_shown_once_more(dana, worker):
    shown = create(dana).json()["data"]
    answer = send(dana, "DELETE", f"/{shown['integration_id']}")
    assert answer.json() == {
        "success": True,
        "message": "Integration deleted successfully",
        "data": shown,
    }
    assert not Integration.objects.exists()


def test_what_is_done_to_an_integration_is_told_without_secrets(dana, worker):
    path = f"/{create(dana).json()['data']['integration_id']}"
    send(dana, "PUT", path, {"credentials": {"access_code": "s3cret-two"}})
    events = Event.objects.filter(subject_kind="integration")
    assert {"integration.connecting", "integration.changed"} <= {e.action for e in events}
    assert "s3cret" not in str([(e.before, e.after) for e in events])


def test_permissions(bob, carol, worker):
    """integrations:create, update and delete: admin and agent_manager."""
    assert create(bob).status_code == 201
    assert create(carol, name="Carol's").status_code == 403
    assert send(carol, "GET").status_code == 200
