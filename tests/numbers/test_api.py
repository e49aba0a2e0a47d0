"""POST GET /v1/phone-numbers, GET PATCH DELETE /v1/phone-numbers/{id}, retry and operations."""

from uuid import UUID, uuid4

import pytest

from integrations.models import Operation
from numbers.models import PhoneNumber
from tests.support import factories

pytestmark = pytest.mark.django_db
URL = "/v1/phone-numbers"


class TestAdding:
    def test_it_works(self, alice, api):
        answer = api(alice).post(URL, {"number": "+18005551234", "label": "Main Line"})
        body = answer.json()
        number = PhoneNumber.objects.get()
        assert answer.status_code == 201
        assert answer["Location"] == f"{URL}/{number.id}"
        assert answer["ETag"] == '"1"'
        assert body["status"] == "pending"
        assert UUID(body["phone_number_sid"]) == number.phone_number_sid
        assert (body["number"], body["label"], body["source"]) == (
            "+18005551234",
            "Main Line",
            "byoc",
        )
        assert body["carrier_name"] == "Acme Trunk"
        assert body["account_id"] == str(alice.organization.id)
        assert body["created_by_user_id"] == str(alice.user.id)

    def test_it_is_active_when_the_worker_has_been(self, alice, api):
        number_id = api(alice).post(URL, {"number": "+18005551234"}).json()["id"]
        factories.run_number_operations(PhoneNumber.objects.get())
        assert api(alice).get(f"{URL}/{number_id}").json()["status"] == "active"

    def test_it_names_the_carrier(self, alice, api):
        other = factories.create_carrier(alice.by, name="Other")
        body = {"number": "+18005551234", "voip_carrier_sid": str(other.voip_carrier_sid)}
        assert api(alice).post(URL, body).json()["carrier_name"] == "Other"

    @pytest.mark.parametrize(
        ("number", "word"),
        [
            ("18005551234", "E.164"),
            ("+1 800 555 1234", "E.164"),
            ("+1800555123", "too short"),
            ("+180055512345", "too long"),
            ("+9995551234", "country code"),
            ("+٤١٥٥٥٥١٢٣٤", "E.164"),
            ("", "empty"),
            (18005551234, "string"),
            (None, "null"),
            (["+18005551234"], "string"),
            ("+1800\u0000", "control characters"),
        ],
    )
    def test_it_refuses_what_is_no_number(self, alice, api, number, word):
        answer = api(alice).post(URL, {"number": number})
        (error,) = answer.json()["errors"]
        assert answer.status_code == 400
        assert error["path"] == "number"
        assert word in error["message"]
        assert not PhoneNumber.objects.exists()

    @pytest.mark.parametrize(
        "number", ["+15551234567", "+15559876543", "+14157774444", "+12345678900"]
    )
    def test_it_takes_every_number_of_the_seeds(self, alice, api, number):
        assert api(alice).post(URL, {"number": number}).status_code == 201

    @pytest.mark.parametrize(
        ("body", "path"),
        [
            ({"number": "+18005551234", "colour": "red"}, "colour"),
            ({"number": "+18005551234", "label": "x" * 101}, "label"),
            ({"number": "+18005551234", "label": 5}, "label"),
            ({"number": "+18005551234", "voip_carrier_sid": "no"}, "voip_carrier_sid"),
            ({"number": "+18005551234", "voip_carrier_sid": str(uuid4())}, "voip_carrier_sid"),
            ({"label": "Main"}, "number"),
        ],
    )
    def test_it_names_the_field_that_is_wrong(self, alice, api, body, path):
        answer = api(alice).post(URL, body)
        assert answer.status_code == 400
        assert [error["path"] for error in answer.json()["errors"]] == [path]

    def test_a_strangers_carrier_is_unknown(self, alice, mallory, api):
        theirs = alice.organization.carriers.get()
        body = {"number": "+18005551234", "voip_carrier_sid": str(theirs.voip_carrier_sid)}
        answer = api(mallory).post(URL, body)
        assert answer.status_code == 400
        assert answer.json()["errors"][0]["path"] == "voip_carrier_sid"

    def test_without_any_default_carrier_it_asks_for_one(self, alice, api):
        alice.organization.carriers.update(is_default=False)
        answer = api(alice).post(URL, {"number": "+18005551234"})
        assert answer.status_code == 400
        assert answer.json()["errors"][0]["path"] == "voip_carrier_sid"

    def test_a_failed_carrier_is_refused_with_its_reason(self, alice, api):
        alice.organization.carriers.update(status="failed", error_message="No such account.")
        answer = api(alice).post(URL, {"number": "+18005551234"})
        assert answer.status_code == 409
        assert answer.json()["type"].endswith("/carrier-failed")
        assert "No such account." in answer.json()["detail"]

    def test_a_deleted_carrier_is_unknown(self, alice, api):
        alice.organization.carriers.update(status="deleted", is_default=False)
        sid = str(alice.organization.carriers.get().voip_carrier_sid)
        answer = api(alice).post(URL, {"number": "+18005551234", "voip_carrier_sid": sid})
        assert answer.status_code == 400

    def test_a_number_has_one_holder(self, alice, mallory, api):
        factories.create_number(alice.by)
        for member in (alice, mallory):
            answer = api(member).post(URL, {"number": "+18005551234"})
            assert answer.status_code == 409
            assert answer.json()["type"].endswith("/number-taken")
            assert alice.organization.name not in answer.content.decode()

    def test_the_installations_default_carrier_serves_everybody(self, alice, mallory, api):
        from carriers.operations import make_installation_default_carrier

        make_installation_default_carrier(alice.by, alice.organization.carriers.get())
        mallory.organization.carriers.update(is_default=False)
        body = api(mallory).post(URL, {"number": "+18005551234"}).json()
        assert (body["source"], body["carrier_name"]) == ("topcalls", "Acme Trunk")

    def test_a_reader_may_not(self, carol, api):
        assert api(carol).post(URL, {"number": "+18005551234"}).status_code == 403

    def test_a_repeated_request_is_executed_once(self, alice, api):
        first, second = (
            api(alice).post(URL, {"number": "+18005551234"}, Idempotency_Key="a1b2c3d4")
            for _ in range(2)
        )
        assert first.content == second.content
        assert (first.status_code, second.status_code) == (201, 201)
        assert second["Idempotent-Replayed"] == "true"
        assert PhoneNumber.objects.count() == 1


class TestReading:
    def test_it_works(self, alice, api):
        number = factories.create_number(alice.by, label="Main")
        answer = api(alice).get(f"{URL}/{number.id}")
        assert answer.status_code == 200
        assert answer.json() == {
            "id": str(number.id),
            "phone_number_id": number.public_id,
            "account_id": str(alice.organization.id),
            "number": "+18005551234",
            "source": "byoc",
            "status": "active",
            "desired_status": "active",
            "phone_number_sid": str(number.phone_number_sid),
            "voip_carrier_sid": str(number.carrier.voip_carrier_sid),
            "carrier_name": "Acme Trunk",
            "label": "Main",
            "application_sid": None,
            "error_message": None,
            "supports_inbound": True,
            "supports_outbound": True,
            "inbound_agent_id": None,
            "outbound_agent_id": None,
            "inbound_agent_version": 1,
            "outbound_agent_version": 1,
            "inbound_webhook_url": None,
            "outbound_trunk_id": None,
            "number_provider": None,
            "created_by_user_id": None,
            "created_at": answer.json()["created_at"],
            "updated_at": answer.json()["updated_at"],
        }

    def test_a_stranger_finds_nothing(self, alice, mallory, api):
        number = factories.create_number(alice.by)
        assert api(mallory).get(f"{URL}/{number.id}").status_code == 404
        assert api(mallory).get(URL).json()["data"] == []

    def test_a_failed_number_says_why(self, alice, api):
        number = factories.create_number(alice.by, "+15005550001")
        body = api(alice).get(f"{URL}/{number.id}").json()
        assert body["status"] == "failed"
        assert "not in this account" in body["error_message"]

    def test_the_list_comes_in_pages_newest_first(self, alice, api):
        made = [
            factories.create_number(alice.by, f"+1800555{n:04}", settled=False).e164
            for n in range(5)
        ]
        seen, cursor = [], ""
        while cursor is not None:
            page = api(alice).get(f"{URL}?limit=2{cursor and '&cursor=' + cursor}").json()
            seen += [row["number"] for row in page["data"]]
            cursor = page["next_cursor"]
        assert seen == made[::-1]

    @pytest.mark.parametrize(
        ("query", "count"),
        [
            ("status=active", 1),
            ("status=failed", 1),
            ("status=deleted", 1),
            ("source=byoc", 2),
            ("source=twilio", 0),
            ("label=ain", 1),
            ("number_prefix=%2B1800", 1),
            ("number_prefix=+1800", 1),
            ("number_prefix=44", 0),
            ("created_after=2020-01-01T00:00:00Z", 2),
            ("created_before=2020-01-01T00:00:00Z", 0),
            ("", 2),
        ],
    )
    def test_the_list_is_filtered(self, alice, api, query, count):
        factories.create_number(alice.by, label="Main")
        factories.create_number(alice.by, "+15005550001")
        deleted = factories.create_number(alice.by, "+14155550000")
        from numbers.inventory.operations import delete_number

        delete_number(alice.by, deleted.id)
        assert len(api(alice).get(f"{URL}?{query}").json()["data"]) == count

    @pytest.mark.parametrize(
        "query",
        [
            "colour=red",
            "status=blue",
            "limit=0",
            "limit=201",
            "limit=x",
            "cursor=abc",
            "number_prefix=x",
        ],
    )
    def test_a_filter_that_cannot_be_is_refused(self, alice, api, query):
        answer = api(alice).get(f"{URL}?{query}")
        assert answer.status_code == 400
        assert answer.json()["errors"][0]["path"] == query.partition("=")[0]

    def test_reading_one_and_a_page_takes_two_queries(self, alice, api, django_assert_num_queries):
        number = factories.create_number(alice.by)
        api(alice).get(URL)  # notes that the key was used
        for path in (f"{URL}/{number.id}", URL):
            with django_assert_num_queries(2):  # the key; the rows
                api(alice).get(path)


class TestChanging:
    def test_the_label_changes_at_once(self, alice, api):
        number = factories.create_number(alice.by)
        answer = api(alice).patch(f"{URL}/{number.id}", {"label": "New"})
        assert (answer.status_code, answer.json()["label"]) == (200, "New")
        assert not Operation.objects.filter(status="open").exists()

    def test_the_status_follows_the_platform(self, alice, api):
        number = factories.create_number(alice.by)
        body = api(alice).patch(f"{URL}/{number.id}", {"status": "inactive"}).json()
        assert (body["status"], body["desired_status"]) == ("active", "inactive")
        factories.run_number_operations(number)
        assert api(alice).get(f"{URL}/{number.id}").json()["status"] == "inactive"
        api(alice).patch(f"{URL}/{number.id}", {"status": "active"})
        factories.run_number_operations(number)
        assert api(alice).get(f"{URL}/{number.id}").json()["status"] == "active"

    @pytest.mark.parametrize(
        ("body", "path"),
        [
            ({"number": "+14155550000"}, "number"),
            ({"status": "deleted"}, "status"),
            ({"status": "pending"}, "status"),
            ({"label": "x" * 101}, "label"),
            ({"voip_carrier_sid": str(uuid4())}, "voip_carrier_sid"),
        ],
    )
    def test_it_refuses_what_cannot_change(self, alice, api, body, path):
        number = factories.create_number(alice.by)
        answer = api(alice).patch(f"{URL}/{number.id}", body)
        assert answer.status_code == 400
        assert answer.json()["errors"][0]["path"] == path

    def test_a_pending_number_cannot_be_switched(self, alice, api):
        number = factories.create_number(alice.by, settled=False)
        answer = api(alice).patch(f"{URL}/{number.id}", {"status": "inactive"})
        assert answer.status_code == 409

    def test_it_is_made_to_the_version_that_was_seen(self, alice, api):
        number = factories.create_number(alice.by)
        seen = api(alice).get(f"{URL}/{number.id}")["ETag"]
        assert (
            api(alice).patch(f"{URL}/{number.id}", {"label": "A"}, If_Match=seen).status_code == 200
        )
        assert (
            api(alice).patch(f"{URL}/{number.id}", {"label": "B"}, If_Match=seen).status_code == 412
        )
        number.refresh_from_db()
        assert number.label == "A"

    def test_a_stranger_and_a_reader_may_not(self, alice, carol, mallory, api):
        number = factories.create_number(alice.by)
        assert api(mallory).patch(f"{URL}/{number.id}", {"label": "x"}).status_code == 404
        assert api(carol).patch(f"{URL}/{number.id}", {"label": "x"}).status_code == 403


class TestDeleting:
    def test_it_leaves_a_tombstone_and_holds_the_number(self, alice, api):
        number = factories.create_number(alice.by)
        assert api(alice).delete(f"{URL}/{number.id}").status_code == 204
        assert api(alice).get(f"{URL}/{number.id}").json()["status"] == "deleted"
        assert api(alice).get(URL).json()["data"] == []
        answer = api(alice).post(URL, {"number": "+18005551234"})
        assert answer.json()["type"].endswith("/number-being-removed")
        factories.run_number_operations(number)
        assert api(alice).post(URL, {"number": "+18005551234"}).status_code == 201

    def test_it_can_be_repeated(self, alice, api):
        number = factories.create_number(alice.by)
        for _ in range(2):
            assert api(alice).delete(f"{URL}/{number.id}").status_code == 204

    def test_a_stranger_and_a_reader_may_not(self, alice, carol, mallory, api):
        number = factories.create_number(alice.by)
        assert api(mallory).delete(f"{URL}/{number.id}").status_code == 404
        assert api(carol).delete(f"{URL}/{number.id}").status_code == 403
        number.refresh_from_db()
        assert number.status == "active"


class TestRetrying:
    def test_a_failed_number_is_pending_again(self, alice, api):
        number = factories.create_number(alice.by, "+15005550001")
        answer = api(alice).post(f"{URL}/{number.id}/retry")
        assert (answer.status_code, answer.json()["status"]) == (200, "pending")
        assert factories.run_number_operations(number).status == "refused"

    def test_a_postponed_one_is_due_now(self, alice, api):
        number = factories.create_number(alice.by, "+15005550005")
        before = Operation.objects.get(subject_kind="placement").next_attempt_at
        assert api(alice).post(f"{URL}/{number.id}/retry").status_code == 200
        assert Operation.objects.get(subject_kind="placement").next_attempt_at < before

    def test_an_active_one_has_nothing_to_retry(self, alice, api):
        number = factories.create_number(alice.by)
        assert api(alice).post(f"{URL}/{number.id}/retry").status_code == 409


class TestStory:
    def test_it_tells_attempts_reasons_and_what_comes_next(self, alice, api):
        number = factories.create_number(alice.by, "+15005550005")
        (chapter,) = api(alice).get(f"{URL}/{number.id}/operations").json()["data"]
        assert (chapter["wish"], chapter["status"], chapter["outcome"]) == (
            "ensure",
            "open",
            "unavailable",
        )
        assert chapter["attempts"] == 1
        assert "out for" in chapter["reason"]
        assert chapter["next_attempt_at"]

    def test_it_says_what_a_number_waits_for(self, alice, api):
        carrier = factories.create_carrier(alice.by, name="Slow Trunk", settled=False)
        number = factories.create_number(
            alice.by, settled=False, voip_carrier_sid=carrier.voip_carrier_sid
        )
        (chapter,) = api(alice).get(f"{URL}/{number.id}/operations").json()["data"]
        assert "Slow Trunk" in chapter["waits_for"]

    def test_a_stranger_finds_nothing(self, alice, mallory, api):
        number = factories.create_number(alice.by)
        assert api(mallory).get(f"{URL}/{number.id}/operations").status_code == 404
