"""The sandbox as a supplier and as a SIP platform: what newcomers try without an account."""

import pytest

from integrations.ledger import platform_queries
from integrations.models import Operation
from integrations.providers import sandbox_shop
from integrations.providers.base import Refused, SearchQuery
from numbers.inventory.acquisition import buy_number, import_number
from tests.support import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def sandbox(alice):
    return alice.organization.integrations.get()


def answer_to(by, integration, wish, **question) -> Operation:
    operation = platform_queries.request_query(by, integration, wish, question)
    factories.run_due_operations()
    operation.refresh_from_db()
    return operation


def numbers_of(operation: Operation) -> list[str]:
    return [found.get("number") or found["name"] for found in operation.result["numbers"]]


def test_numbers_for_sale_fit_what_is_looked_for(alice, sandbox):
    found = answer_to(alice.by, sandbox, "search", country="US", area_code="212", contains="0*7")
    assert numbers_of(found)[:2] == ["+12125550170", "+12125550171"]
    assert found.result["numbers"][0]["locality"] == "New York"


@pytest.mark.parametrize(("country", "kind", "beginning"), [
    ("US", "local", "+1415"), ("US", "toll_free", "+1800"), ("GB", "mobile", "+447"),
    ("DE", "local", "+49"),
])  # fmt: skip
def test_countries_have_numbers_of_their_own(country, kind, beginning):
    found = sandbox_shop.search_sandbox_stock(SearchQuery(country, kind))
    assert found
    assert all(number.number.startswith(beginning) for number in found)


def test_what_a_country_has_not_is_no_error():
    assert sandbox_shop.search_sandbox_stock(SearchQuery("US", "national")) == []
    with pytest.raises(Refused, match="no country XX"):
        sandbox_shop.search_sandbox_stock(SearchQuery("XX"))


def test_a_bought_number_is_not_sold_again(alice, sandbox):
    number = buy_number(alice.by, number="+12125550100", label="New York")
    factories.run_number_operations(number)
    assert number.status == "active"
    found = answer_to(alice.by, sandbox, "search", country="US", area_code="212", limit=1)
    assert numbers_of(found) == ["+12125550101"]


def test_discovery_lists_what_is_not_imported_yet(alice, sandbox):
    before = answer_to(alice.by, sandbox, "discover").result["numbers"]
    assert {n["name"]: n["ours"] for n in before} == dict.fromkeys(
        sandbox_shop.OWNED_NUMBERS, False
    )
    factories.run_number_operations(
        import_number(alice.by, number=sandbox_shop.OWNED_NUMBERS[0], provider="twilio")
    )
    after = answer_to(alice.by, sandbox, "discover").result["numbers"]
    assert [n["name"] for n in after if n["ours"]] == [sandbox_shop.OWNED_NUMBERS[0]]
    assert len(after) == len(before)


def test_a_sip_number_has_the_trunks_its_directions_ask_for(alice):
    settings = {"server_address": "sip.example.com", "username": "user", "password": "p4ss"}
    number = import_number(alice.by, number="+15559876543", provider="sip", sip_settings=settings)
    factories.run_number_operations(number)
    refs = number.placements.get().refs
    assert {"inbound_trunk_id", "dispatch_rule_id", "outbound_trunk_id"} <= refs.keys()
    held = alice.organization.sandbox_objects.get(kind="number")
    assert "p4ss" not in str(held.data)


def test_a_trunk_that_cannot_be_is_refused(alice):
    number = import_number(
        alice.by, number="+15559876543", provider="sip", outbound_trunk_id="trunk 1"
    )
    factories.run_number_operations(number)
    assert (number.status, "no outbound trunk trunk 1" in number.error_message) == ("failed", True)


def test_a_paused_account_answers_no_question(alice, sandbox):
    sandbox.state, sandbox.state_reason = "paused", "The access code was changed."
    sandbox.save()
    with pytest.raises(platform_queries.IntegrationUnavailable, match="access code was changed"):
        platform_queries.request_query(alice.by, sandbox, "discover")
