"""Discovery and search through /v1, and /v1/operations for those who were answered 202."""

from dataclasses import fields
from datetime import timedelta

import pytest
from django.db import connection
from django.db.models import F
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from integrations.api.account_numbers import SEARCH_PARAMETERS
from integrations.ledger import leases, platform_queries
from integrations.ledger import operation_requests as ledger
from integrations.ledger import worker as provisioning
from integrations.models import Integration, Operation, ProviderCall
from integrations.providers.base import InventoryItem, Refused, SearchQuery, Unavailable
from integrations.providers.sandbox import Sandbox
from integrations.providers.sandbox_shop import OWNED_NUMBERS
from integrations.retention import cleanup
from numbers.inventory.acquisition import import_number
from tests.support import factories

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("worker")]
OPERATIONS = "/v1/operations"


@pytest.fixture
def _no_worker(worker, monkeypatch):
    """Nothing settles in time."""
    monkeypatch.setattr(ledger, "wait_for_operation", lambda pk, **_: Operation.objects.get(pk=pk))


@pytest.fixture
def sandbox(alice) -> Integration:
    return alice.organization.integrations.get()


def at(integration: Integration, more: str) -> str:
    return f"/v1/integrations/{integration.public_id}/{more}"


def problem(answer) -> tuple[int, str]:
    return answer.status_code, answer.json()["type"].rpartition("/")[2]


class TestDiscovery:
    def test_it_lists_the_account_and_points_at_what_is_added_here(self, alice, api, sandbox):
        number = import_number(alice.by, number=OWNED_NUMBERS[0], provider="twilio")
        factories.run_number_operations(number)
        answer = api(alice).get(at(sandbox, "numbers"))
        assert (answer.status_code, answer.json()["more"]) == (200, False)
        found = {row["number"]: row for row in answer.json()["data"]}
        assert set(found) == set(OWNED_NUMBERS)
        assert found[OWNED_NUMBERS[0]]["number_id"] == str(number.id)
        assert found[OWNED_NUMBERS[1]] == {
            "number": OWNED_NUMBERS[1],
            "label": "Demo number",
            "capabilities": ["sms", "voice"],
            "refs": {},
            "ours": False,
            "number_id": None,
        }

    def test_what_others_hold_is_not_told(self, alice, mallory, api, sandbox):
        factories.run_number_operations(
            import_number(mallory.by, number=OWNED_NUMBERS[0], provider="twilio")
        )
        answer = api(alice).get(at(sandbox, "numbers"))
        (row,) = [row for row in answer.json()["data"] if row["number"] == OWNED_NUMBERS[0]]
        assert (row["number_id"], row["ours"]) == (None, False)

    def test_a_number_that_is_gone_is_not_held_any_more(self, alice, api, sandbox):
        number = import_number(alice.by, number=OWNED_NUMBERS[0], provider="twilio")
        factories.run_number_operations(number)
        api(alice).delete(f"/v1/phone-numbers/{number.id}")
        factories.run_due_operations()
        rows = api(alice).get(at(sandbox, "numbers")).json()["data"]
        assert [row["number_id"] for row in rows] == [None] * len(OWNED_NUMBERS)

    def test_many_numbers_cost_one_more_query(self, alice, api, sandbox):
        with CaptureQueriesContext(connection) as seen:
            api(alice).get(at(sandbox, "numbers"))
        asked = [query["sql"] for query in seen if '"numbers_phonenumber"."e164"' in query["sql"]]
        assert len(asked) == 1


class TestSearch:
    def test_it_finds_what_fits(self, alice, api, sandbox):
        query = "country=US&type=local&area_code=212&contains=55501*7&locality=York&limit=2"
        answer = api(alice).get(at(sandbox, f"available-numbers?{query}"))
        assert answer.status_code == 200
        assert [row["number"] for row in answer.json()["data"]] == ["+12125550107", "+12125550117"]
        assert answer.json()["data"][0] == {
            "number": "+12125550107",
            "type": "local",
            "country": "US",
            "region": "NY",
            "locality": "New York",
            "capabilities": ["sms", "voice"],
            "address_requirement": "none",
            "beta": False,
        }

    @pytest.mark.parametrize(
        ("query", "path"),
        [
            ("", "country"),
            ("country=us", "country"),
            ("country=US&type=pager", "type"),
            ("country=US&contains=%2B1", "contains"),
            ("country=US&area_code=4a", "area_code"),
            ("country=US&limit=0", "limit"),
            ("country=US&limit=101", "limit"),
            ("country=US&locality=", "locality"),
            ("country=US&colour=red", "colour"),
            ("country=US&country=GB", "country"),
        ],
    )
    def test_what_is_wrong_is_named(self, alice, api, sandbox, query, path):
        answer = api(alice).get(at(sandbox, f"available-numbers?{query}"))
        assert problem(answer) == (400, "invalid-request")
        assert answer.json()["errors"][0]["path"] == path

    def test_what_the_platform_says_no_to_is_told(self, alice, api, sandbox):
        answer = api(alice).get(at(sandbox, "available-numbers?country=XX"))
        assert problem(answer) == (409, "platform-refused")
        assert answer.json()["detail"] == "The sandbox knows no country XX."

    def test_a_platform_without_a_shop_says_so(self, alice, api, sandbox):
        Integration.objects.update(kind="jambonz")
        answer = api(alice).get(at(sandbox, "available-numbers?country=US"))
        assert answer.status_code == 400
        assert "sells no numbers" in answer.json()["detail"]


@pytest.mark.parametrize("more", ["numbers", "available-numbers?country=US"])
class TestAskingAnything:
    def test_an_account_that_is_not_connected_answers_nothing(self, alice, api, sandbox, more):
        Integration.objects.update(state="paused", state_reason="The access code was changed.")
        answer = api(alice).get(at(sandbox, more))
        assert problem(answer) == (409, "not-connected")
        assert "The access code was changed." in answer.json()["detail"]

    def test_a_platform_that_is_out_says_so_at_once(self, alice, api, sandbox, more, monkeypatch):
        def out(self, *query):
            raise Unavailable("The sandbox is out.")

        monkeypatch.setattr(Sandbox, "sign_in", out)
        answer = api(alice).get(at(sandbox, more))
        assert problem(answer) == (409, "platform-refused")
        assert answer.json()["detail"] == "The sandbox is out."

    @pytest.mark.usefixtures("_no_worker")
    def test_unanswered_the_operation_is_told_and_has_the_answer_later(
        self, alice, api, sandbox, more
    ):
        first, second = api(alice).get(at(sandbox, more)), api(alice).get(at(sandbox, more))
        assert (first.status_code, first.json()["status"]) == (202, "open")
        assert first["Location"] == second["Location"] == f"{OPERATIONS}/{first.json()['id']}"
        assert api(alice).get(first["Location"]).json()["result"] is None
        factories.run_due_operations()
        done = api(alice).get(first["Location"]).json()
        assert done["status"] == "done"
        assert done["result"]["data"][0]["capabilities"] == ["sms", "voice"]

    def test_strangers_find_nothing(self, alice, mallory, api, sandbox, more):
        assert api(mallory).get(at(sandbox, more)).status_code == 404


class TestOperations:
    def test_they_are_listed_and_filtered(self, alice, carol, api, sandbox):
        ledger.request_check(alice.by, sandbox)
        factories.run_due_operations()
        factories.create_number(alice.by, settled=False)
        api(alice).get(at(sandbox, "numbers"))
        everything = api(carol).get(OPERATIONS).json()["data"]
        assert [row["wish"] for row in everything] == ["discover", "ensure", "check"]
        assert everything[1]["subject"] == "+18005551234"
        assert everything[1]["integration_id"] == sandbox.public_id
        done = api(alice).get(f"{OPERATIONS}?status=done&wish=check").json()["data"]
        assert [row["subject"] for row in done] == ["Sandbox (sandbox)"]
        page = api(alice).get(f"{OPERATIONS}?limit=1").json()
        rest = api(alice).get(f"{OPERATIONS}?limit=1&cursor={page['next_cursor']}").json()
        assert [rest["data"][0]["id"]] == [everything[1]["id"]]
        assert api(alice).get(f"{OPERATIONS}?wish=fly").status_code == 400

    def test_more_rows_cost_no_more_queries(self, alice, api):
        def queries() -> int:
            with CaptureQueriesContext(connection) as seen:
                assert api(alice).get(OPERATIONS).status_code == 200
            return len(seen)

        queries()
        few = queries()
        factories.create_number(alice.by, settled=False)
        assert queries() == few <= 3

    def test_strangers_find_nothing(self, alice, mallory, api):
        theirs = ledger.request_check(alice.by, alice.organization.integrations.get())
        assert api(mallory).get(f"{OPERATIONS}/{theirs.id}").status_code == 404
        rows = api(mallory).get(OPERATIONS).json()["data"]
        assert not {row["id"] for row in rows} & {
            str(pk) for pk in alice.organization.operations.values_list("pk", flat=True)
        }

    def test_of_an_integration_of_others_nothing_is_told(self, alice, mallory, api):
        """A number on the installation's default carrier is set up on what the operator has."""
        hers = mallory.organization.integrations.get()
        Integration.objects.filter(pk=hers.pk).update(state="paused", name="Hers")
        operation = ledger.request_operation(
            alice.by,
            integration=hers,
            subject_kind="placement",
            subject_id=alice.organization.id,
            label="+18005551234",
            wish="ensure",
        )
        ProviderCall.objects.create(
            organization=alice.organization,
            integration=hers,
            operation=operation,
            method="GET",
            url="https://platform.hers.example",
            duration_ms=1,
        )
        shown = api(alice).get(f"{OPERATIONS}/{operation.id}")
        assert shown.json()["waits_for"] == "Waits for the installation's platform."
        assert (shown.json()["integration_id"], shown.json()["calls"]) == (None, [])
        assert "hers" not in shown.content.decode().lower()

    def test_the_calls_are_told(self, alice, api, sandbox):
        operation = ledger.request_check(alice.by, sandbox)
        ProviderCall.objects.create(
            organization=alice.organization,
            integration=sandbox,
            operation=operation,
            method="GET",
            url="https://platform.example",
            status=200,
            duration_ms=1,
        )
        (call,) = api(alice).get(f"{OPERATIONS}/{operation.id}").json()["calls"]
        assert (call["url"], call["status"]) == ("https://platform.example", 200)


def test_the_admin_leads_from_a_question_to_its_integration(alice, sandbox, staff):
    question = platform_queries.request_query(alice.by, sandbox, "search", {"country": "US"})
    page = staff.get(reverse("admin:integrations_operation_change", args=[question.pk]))
    content = page.content.decode()
    assert reverse("admin:integrations_integration_change", args=[sandbox.pk]) in content
    assert "country" in content


class TestForgetting:
    @pytest.fixture
    def question(self, alice, sandbox) -> Operation:
        return platform_queries.request_query(alice.by, sandbox, "search", {"country": "US"})

    def grown_old(self, **age: int) -> None:
        step = timedelta(**age)
        Operation.objects.update(
            created_at=F("created_at") - step, settled_at=F("settled_at") - step
        )

    def test_nobody_waits_longer_than_two_minutes(self, alice, question):
        self.grown_old(seconds=leases.QUERY_LIFETIME.seconds + 1)
        provisioning.run_attempt(question.pk)
        question.refresh_from_db()
        assert (question.status, question.attempts) == ("refused", 1)
        assert question.reason == "Nobody waits for this any more; ask again."

    def test_the_same_question_is_asked_once_while_it_is_fresh(self, alice, sandbox, question):
        ask = lambda: platform_queries.request_query(alice.by, sandbox, "search", {"country": "US"})  # noqa: E731
        assert ask().pk == question.pk
        assert (
            platform_queries.request_query(alice.by, sandbox, "search", {"country": "GB"})
            != question
        )
        self.grown_old(seconds=leases.QUERY_LIFETIME.seconds)
        assert ask().pk != question.pk

    def test_answers_are_forgotten_after_a_day_and_calls_are_not(self, alice, sandbox, question):
        ProviderCall.objects.create(
            organization=alice.organization,
            integration=sandbox,
            operation=question,
            method="GET",
            url="https://platform.example",
            duration_ms=1,
        )
        check = ledger.request_check(alice.by, sandbox)
        factories.run_due_operations()
        self.grown_old(hours=23)
        cleanup.run_cleanup()
        assert Operation.objects.filter(pk=question.pk).exists()
        self.grown_old(hours=2)
        cleanup.run_cleanup()
        assert not Operation.objects.filter(pk=question.pk).exists()
        assert Operation.objects.filter(pk=check.pk).exists()
        assert ProviderCall.objects.get().operation is None


def test_a_check_that_was_just_in_vain_keeps_its_time(alice, sandbox, monkeypatch):
    monkeypatch.setattr(Sandbox, "check", unavailable)
    operation = ledger.request_check(alice.by, sandbox)
    factories.run_due_operations()
    operation.refresh_from_db()
    assert ledger.request_check(alice.by, sandbox) == operation
    again = Operation.objects.get(pk=operation.pk)
    assert again.next_attempt_at == operation.next_attempt_at


def unavailable(provider):
    raise Unavailable("The platform is out.", retry_after=10)


def test_a_platforms_words_are_kept_in_part(alice, api, sandbox, worker, monkeypatch):
    """Its texts have no end; reasons are listed, and discoveries kept."""
    monkeypatch.setattr(Sandbox, "inventory", lambda provider: iter([endless]))
    answer = api(alice).get(at(sandbox, "numbers"))
    assert len(answer.content) < 1000
    monkeypatch.setattr(Sandbox, "inventory", refuse_at_length)
    refused = ledger_reason(api(alice).get(at(sandbox, "numbers")))
    assert len(refused) == leases.MAX_REASON_LENGTH


endless = InventoryItem("number", "+14155550100", {"sid": "x" * 50_000}, False, "y" * 50_000)


def refuse_at_length(provider):
    raise Refused("no " * 50_000)


def ledger_reason(answer) -> str:
    return answer.json()["detail"]


def test_questions_are_answered_up_to_a_number(alice, sandbox):
    alice.organization.quotas = {"queries_per_hour": 1}
    platform_queries.request_query(alice.by, sandbox, "search", {"country": "US"})
    with pytest.raises(
        platform_queries.IntegrationUnavailable, match="queries an hour, at most 1, used 1"
    ):
        platform_queries.request_query(alice.by, sandbox, "search", {"country": "GB"})


def test_a_search_can_ask_for_all_that_providers_understand():
    assert set(SEARCH_PARAMETERS) == {field.name for field in fields(SearchQuery)}
