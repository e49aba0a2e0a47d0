"""/v1/integrations and /v1/default-integrations: connect, test, rotate, delete; no secret comes
out."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from integrations.ledger import operation_requests as ledger
from integrations.models import Integration, Operation, ProviderCall
from integrations.providers.base import AccountField, Unavailable
from integrations.providers.sandbox import Sandbox
from organizations.models import Event, SavedReply
from tests.support import factories

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("worker")]
URL = "/v1/integrations"
DEFAULTS = "/v1/default-integrations"
SECRET = "s3cret-code"
REQUEST = {"kind": "sandbox", "name": "Second", "account": {"access_code": SECRET}}
WRONG = {**REQUEST, "account": {"access_code": "wrong"}}


@pytest.fixture
def _no_worker(worker, monkeypatch):
    """Nothing settles in time."""
    monkeypatch.setattr(ledger, "wait_for_operation", lambda pk, **_: Operation.objects.get(pk=pk))


@pytest.fixture
def second(alice, api) -> dict:
    """A connected sandbox with an access code, as its creation was answered."""
    return api(alice).post(URL, REQUEST).json()


def at(integration: dict, *more: str) -> str:
    return "/".join([URL, integration["id"], *more])


def row_of(answer: dict) -> Integration:
    return Integration.objects.get(public_id=answer["id"])


class TestKinds:
    def test_a_program_can_draw_the_form(self, alice, carol, api):
        answer = api(carol).get(f"{URL}/kinds")
        kinds = {kind["kind"]: kind for kind in answer.json()["data"]}
        assert kinds["sandbox"]["roles"] == ["carrier", "sip", "twilio"]
        assert kinds["sandbox"]["sells_numbers"] is True
        (field,) = kinds["sandbox"]["fields"]
        assert (field["name"], field["secret"], field["required"]) == ("access_code", True, False)
        assert kinds["jambonz"]["sells_numbers"] is False


class TestConnecting:
    def test_it_works(self, alice, api):
        answer = api(alice).post(URL, REQUEST)
        body = answer.json()
        assert answer.status_code == 201
        assert answer["Location"] == at(body)
        assert (body["state"], body["state_reason"]) == ("connected", None)
        assert body["facts"]["scope"] == "sandbox"
        assert body["secrets"] == ["access_code"]
        assert body["default_for"] == []
        assert body["check"]["status"] == "done"
        assert api(alice).get(at(body)).json() == {k: v for k, v in body.items() if k != "check"}

    def test_a_refused_one_stays_with_the_reason_until_it_is_put_right(self, alice, api):
        refused = api(alice).post(URL, WRONG)
        assert refused.status_code == 201
        assert refused.json()["state"] == "refused"
        assert "does not accept this access code" in refused.json()["state_reason"]
        right = api(alice).patch(at(refused.json()), {"account": {"access_code": "right"}})
        assert (right.status_code, right.json()["state"]) == (200, "connected")

    @pytest.mark.usefixtures("_no_worker")
    def test_what_is_not_answered_in_time_is_still_being_checked(self, alice, api):
        answer = api(alice).post(URL, {**REQUEST, "default_for": ["carrier"]})
        assert (answer.status_code, answer.json()["state"]) == (201, "checking")
        check = api(alice).get(f"/v1/operations/{answer.json()['check']['id']}").json()
        assert (check["status"], check["wish"]) == ("open", "check")
        assert answer.json()["default_for"] == []

    def test_it_becomes_the_default_where_asked_and_accepted(self, alice, api):
        made = api(alice).post(URL, {**REQUEST, "default_for": ["twilio"]}).json()
        assert made["default_for"] == ["twilio"]
        api(alice).post(URL, {**WRONG, "name": "Third", "default_for": ["twilio", "sip"]})
        held = alice.organization.default_integrations.values_list("role", "integration__name")
        assert dict(held) == {"carrier": "Sandbox", "sip": "Sandbox", "twilio": "Second"}

    def test_a_name_that_is_there_never_gets_other_credentials(self, alice, api, second):
        again = api(alice).post(URL, {**REQUEST, "account": {"access_code": "other"}})
        assert again.status_code == 400
        assert again.json()["errors"][0]["path"] == "name"
        assert row_of(second).secrets() == {"access_code": SECRET}

    @pytest.mark.parametrize(
        ("change", "path"),
        [
            ({"kind": "fax"}, "kind"),
            ({"account": {"pin": "1"}}, "account.pin"),
            ({"account": {"access_code": 5}}, "account.access_code"),
            ({"account": "wrong"}, "account"),
            ({"account": None}, "account"),
            ({"name": ""}, "name"),
            ({"default_for": ["fax"]}, "default_for.0"),
            ({"kind": "jambonz", "account": {"token": "t"}}, "account.base_url"),
            ({"kind": "jambonz", "default_for": ["carrier", "sip"]}, "default_for.1"),
            ({"colour": "red"}, "colour"),
        ],
    )
    def test_what_is_wrong_is_named(self, alice, api, change, path):
        answer = api(alice).post(URL, {**REQUEST, **change})
        assert answer.status_code == 400
        assert path in [error["path"] for error in answer.json()["errors"]]
        assert alice.organization.integrations.count() == 1

    def test_a_repeated_request_connects_once(self, alice, api):
        first = api(alice).post(URL, REQUEST, Idempotency_Key="connect-second")
        again = api(alice).post(URL, REQUEST, Idempotency_Key="connect-second")
        assert (again.status_code, again["Idempotent-Replayed"]) == (201, "true")
        assert again.json()["id"] == first.json()["id"]
        assert again["Location"] == first["Location"]


class TestChanging:
    def test_new_credentials_are_used_once_they_are_accepted(self, alice, api, second):
        answer = api(alice).patch(at(second), {"account": {"access_code": "newer"}})
        assert (answer.status_code, answer.json()["check"]["status"]) == (200, "done")
        assert row_of(second).secrets() == {"access_code": "newer"}

    def test_refused_ones_leave_the_old_ones_in_use(self, alice, api, second):
        answer = api(alice).patch(at(second), {"account": {"access_code": "wrong"}})
        assert answer.status_code == 409
        assert answer.json()["type"].endswith("/credentials-refused")
        assert "does not accept this access code" in answer.json()["detail"]
        row = row_of(second)
        assert (row.state, row.secrets(), row.candidate) == (
            "connected",
            {"access_code": SECRET},
            "",
        )

    @pytest.mark.usefixtures("_no_worker")
    def test_unanswered_the_old_ones_work_on_and_the_operation_is_told(self, alice, api):
        body = {"account": {"access_code": "newer"}}
        path = f"{URL}/{alice.organization.integrations.get().public_id}"
        first = api(alice).patch(path, body, Idempotency_Key="rotate-2026")
        again = api(alice).patch(path, body, Idempotency_Key="rotate-2026")
        for answer in (first, again):
            assert (answer.status_code, answer.json()["status"]) == (202, "open")
            assert answer["Location"] == f"/v1/operations/{answer.json()['id']}"
        assert api(alice).get(path).json()["state"] == "connected"
        factories.run_due_operations()
        done = api(alice).get(first["Location"]).json()
        assert (done["status"], done["result"]["facts"]["scope"]) == ("done", "sandbox")

    def test_name_and_pace_change_at_once(self, alice, api, second):
        answer = api(alice).patch(at(second), {"name": "Demo", "max_in_flight": 3})
        body = answer.json()
        assert (answer.status_code, body["name"], body["max_in_flight"]) == (200, "Demo", 3)
        assert body["check"] is None
        event = Event.objects.filter(action="integration.changed").get()
        assert event.before == {"name": "Second", "max_in_flight": 64}
        assert event.after == {"name": "Demo", "max_in_flight": 3, "fields": []}

    @pytest.mark.parametrize(
        ("change", "path"),
        [
            ({"max_in_flight": 0}, "max_in_flight"),
            ({"max_in_flight": 65}, "max_in_flight"),
            ({"max_in_flight": True}, "max_in_flight"),
            ({"name": "Sandbox"}, "name"),
            ({"kind": "jambonz"}, "kind"),
            ({"account": {"pin": "1"}}, "account.pin"),
        ],
    )
    def test_what_is_wrong_is_named(self, alice, api, second, change, path):
        answer = api(alice).patch(at(second), change)
        assert answer.status_code == 400
        assert path in [error["path"] for error in answer.json()["errors"]]

    def test_secrets_follow_to_no_other_address(self, alice, bob, api, second, monkeypatch):
        """Nor, by who is no admin, those that carriers and numbers have there."""
        monkeypatch.setattr(
            Sandbox, "fields", (AccountField("url", "Address", required=False), *Sandbox.fields)
        )
        monkeypatch.setattr(Sandbox, "base_url_field", "url")
        monkeypatch.setattr(Sandbox, "origins", classmethod(lambda cls, a: {"": a.get("url", "")}))
        moved = {"url": "https://evil.example"}
        answer = api(alice).patch(at(second), {"account": moved})
        assert answer.status_code == 400
        assert answer.json()["errors"][0]["path"] == "account.access_code"
        whole = {**moved, "access_code": "bobs-own"}
        answer = api(bob).patch(at(second), {"account": whole})
        assert answer.status_code == 400
        assert "takes an admin" in answer.json()["errors"][0]["message"]
        assert row_of(second).settings == {}
        assert api(alice).patch(at(second), {"account": whole}).status_code == 200
        assert row_of(second).settings == moved

    def test_an_optional_field_can_be_taken_away(self, alice, api, second):
        answer = api(alice).patch(at(second), {"account": {"access_code": None}})
        assert answer.json()["secrets"] == []


class TestTesting:
    def test_it_tells_what_the_platform_says(self, alice, api, second, monkeypatch):
        good = api(alice).post(at(second, "test"))
        assert (good.status_code, good.json()["check"]["status"]) == (200, "done")
        row = row_of(second)
        row.keep_secrets({"access_code": "wrong"})  # changed on the platform, say
        row.save()
        bad = api(alice).post(at(second, "test"))
        assert (bad.status_code, bad.json()["check"]["status"]) == (200, "refused")
        assert bad.json()["state"] == "paused"
        assert "does not accept" in bad.json()["check"]["reason"]

    def test_a_platform_that_is_out_is_asked_again_later(self, alice, api, second, monkeypatch):
        def out(self):
            raise Unavailable("The sandbox is out.", retry_after=30)

        monkeypatch.setattr(Sandbox, "check", out)
        answer = api(alice).post(at(second, "test"))
        assert answer.status_code == 202
        assert (answer.json()["outcome"], answer.json()["reason"]) == (
            "unavailable",
            "The sandbox is out.",
        )
        assert answer.json()["next_attempt_at"]

    def test_what_was_never_connected_has_nothing_to_test(self, alice, api):
        refused = api(alice).post(URL, WRONG).json()
        answer = api(alice).post(at(refused, "test"))
        assert (answer.status_code, answer.json()["title"]) == (409, "Not connected")

    def test_it_takes_no_parameters(self, alice, api, second):
        assert api(alice).post(at(second, "test"), {"kind": "sandbox"}).status_code == 400


class TestDeleting:
    def test_it_is_gone_with_its_defaults(self, alice, api):
        made = api(alice).post(URL, {**REQUEST, "default_for": ["twilio"]}).json()
        assert api(alice).delete(at(made)).status_code == 204
        assert api(alice).get(at(made)).status_code == 404
        assert not alice.organization.default_integrations.filter(role="twilio").exists()

    def test_it_stays_while_something_is_on_it(self, alice, api):
        used = alice.organization.integrations.get()
        answer = api(alice).delete(f"{URL}/{used.id}")
        assert answer.status_code == 409
        assert answer.json()["type"].endswith("/integration-in-use")


class TestListing:
    def test_newest_first_in_pages_and_filtered(self, alice, api, second):
        api(alice).post(URL, {**WRONG, "name": "Third"})
        page = api(alice).get(f"{URL}?limit=2").json()
        assert [row["name"] for row in page["data"]] == ["Third", "Second"]
        rest = api(alice).get(f"{URL}?cursor={page['next_cursor']}").json()
        assert [row["name"] for row in rest["data"]] == ["Sandbox"]
        refused = api(alice).get(f"{URL}?state=refused&kind=sandbox").json()["data"]
        assert [row["name"] for row in refused] == ["Third"]
        assert api(alice).get(f"{URL}?kind=fax").status_code == 400

    def test_more_rows_cost_no_more_queries(self, alice, api, second):
        def queries() -> int:
            with CaptureQueriesContext(
                connection,
            ) as seen:
                assert api(alice).get(URL).status_code == 200
            return len(seen)

        queries()  # the key has been seen then
        few = queries()
        for name in "abc":
            factories.create_sandbox(alice.by, name=name, default=False)
        assert queries() == few <= 4

    def test_a_resting_one_says_until_when(self, alice, api, second):
        until = timezone.now() + timedelta(minutes=5)
        Integration.objects.filter(name="Second").update(failures=7, open_until=until)
        shown = api(alice).get(at(second)).json()
        assert (shown["failures"], bool(shown["resting_until"])) == (7, True)

    def test_a_lost_encryption_key_hides_no_integration(self, alice, api, second):
        Integration.objects.filter(name="Second").update(sealed="sealed by an older key")
        assert api(alice).get(at(second)).json()["secrets"] is None


class TestDefaults:
    def test_they_are_set_and_cleared(self, alice, api, second):
        put = api(alice).send("PUT", f"{DEFAULTS}/sip", {"integration_id": second["id"]})
        assert (put.status_code, put.json()["name"]) == (200, "Second")
        assert api(alice).delete(f"{DEFAULTS}/carrier").status_code == 204
        assert api(alice).delete(f"{DEFAULTS}/carrier").status_code == 404
        roles = api(alice).get(DEFAULTS).json()["data"]
        assert {row["role"]: row["name"] for row in roles} == {
            "carrier": None,
            "sip": "Second",
            "twilio": "Sandbox",
        }
        cleared = Event.objects.get(action="integration.default_cleared")
        assert cleared.before == {"role": "carrier"}

    def test_a_platform_has_its_roles(self, alice, api, second):
        Integration.objects.filter(name="Second").update(kind="jambonz")
        body = {"integration_id": second["id"]}
        answer = api(alice).send("PUT", f"{DEFAULTS}/sip", body)
        assert (answer.status_code, answer.json()["errors"][0]["path"]) == (400, "integration_id")
        assert api(alice).send("PUT", f"{DEFAULTS}/fax", body).status_code == 404

    @pytest.mark.parametrize("other", ["Mallory's", "nobody's", "no id"])
    def test_a_stranger_s_is_unknown(self, alice, mallory, api, other):
        known = {
            "Mallory's": mallory.organization.integrations.get().public_id,
            "nobody's": str(uuid4()),
            "no id": "intg_1",
        }
        answer = api(alice).send("PUT", f"{DEFAULTS}/sip", {"integration_id": known[other]})
        assert answer.status_code == 400
        assert answer.json()["detail"] == "integration_id: There is no such integration."


class TestWhoMay:
    def test_strangers_find_nothing(self, alice, mallory, api, second):
        stranger = api(mallory)
        for answer in (
            stranger.get(at(second)),
            stranger.patch(at(second), {"account": {"access_code": "hers"}}),
            stranger.post(at(second, "test")),
            stranger.delete(at(second)),
            stranger.get(f"{URL}/intg_%00"),
        ):
            assert answer.status_code == 404
        assert [row["name"] for row in stranger.get(URL).json()["data"]] == ["Sandbox"]
        assert row_of(second).secrets() == {"access_code": SECRET}

    def test_readers_read(self, alice, carol, api, second):
        assert api(carol).get(at(second)).status_code == 200
        assert api(carol).post(URL, {**REQUEST, "name": "x"}).status_code == 403
        assert api(carol).patch(at(second), {"name": "x"}).status_code == 403
        assert api(carol).post(at(second, "test")).status_code == 403
        assert api(carol).delete(f"{DEFAULTS}/sip").status_code == 403


def test_no_secret_comes_out_or_is_written_down(alice, api):
    """Neither of an accepted nor of a refused account, however it was asked for."""
    monitored = api(alice)
    made = monitored.post(URL, REQUEST, Idempotency_Key="with-a-secret")
    answers = [
        made,
        monitored.post(URL, REQUEST, Idempotency_Key="with-a-secret"),
        monitored.patch(
            at(made.json()),
            {"account": {"access_code": f"{SECRET}-2"}},
            Idempotency_Key="another-secret",
        ),
        monitored.post(URL, {**REQUEST, "account": {"access_code": SECRET, "oops": SECRET}}),
        monitored.get(at(made.json())),
        monitored.get(URL),
        monitored.get("/v1/operations"),
    ]
    texts = [answer.content.decode() for answer in answers]
    for model in (Event, Operation, ProviderCall, Integration):
        texts += [str(values) for values in model.objects.values_list()]
    texts += [bytes(saved.body).decode() for saved in SavedReply.objects.all()]
    assert SavedReply.objects.count() == 2
    assert not [text for text in texts if SECRET in text]
