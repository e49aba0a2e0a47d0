"""What an account holds, and what is for sale: asking, waiting, picking, buying once."""

import pytest

from integrations.ledger import platform_queries
from integrations.models import Operation
from integrations.providers.base import Unavailable
from integrations.providers.sandbox import Sandbox
from integrations.providers.sandbox_shop import OWNED_NUMBERS
from numbers.models import PhoneNumber
from organizations.models import Organization
from organizations.web.views.base import screen_url
from tests.support import factories

pytestmark = pytest.mark.django_db
FOR_SALE = "+14155550107"


def url(member, name: str, **path) -> str:
    return screen_url(member.organization, name, **path)


@pytest.fixture
def sandbox(alice):
    return alice.organization.integrations.get()


@pytest.fixture
def discovered(alice, sandbox) -> Operation:
    return answered(alice, sandbox, "discover")


@pytest.fixture
def searched(alice, sandbox) -> Operation:
    question = {"country": "US", "type": "local", "area_code": "415"}
    return answered(alice, sandbox, "search", question)


def answered(member, integration, wish: str, question: dict | None = None) -> Operation:
    asked = platform_queries.request_query(member.by, integration, wish, question)
    factories.run_due_operations()
    asked.refresh_from_db()
    return asked


class TestAsking:
    def test_looking_asks_the_platform_and_waits_by_itself(self, alice, sandbox, browse):
        client = browse(alice)
        answer = client.post(url(alice, "add_discover"), {"integration": sandbox.pk})
        asked = alice.organization.operations.get(wish="discover")
        assert answer.url == url(alice, "add_discover_found", operation_id=asked.pk)
        assert 'hx-trigger="every 1s"' in client.get(answer.url).text
        live = client.get(answer.url, headers={"HX-Request": "true"})
        assert live.text.strip().startswith('<div id="asking"')
        factories.run_due_operations()
        live = client.get(answer.url, headers={"HX-Request": "true"})
        assert live["HX-Refresh"] == "true"

    def test_asked_twice_the_platform_is_asked_once(self, alice, sandbox, browse):
        for _n in range(2):
            browse(alice).post(url(alice, "add_discover"), {"integration": sandbox.pk})
        assert alice.organization.operations.filter(wish="discover").count() == 1

    def test_a_refusal_is_told_with_a_way_to_ask_again(self, alice, sandbox, browse, monkeypatch):
        def out(provider):
            raise Unavailable("The platform is out.")

        monkeypatch.setattr(Sandbox, "inventory", out)
        asked = answered(alice, sandbox, "discover")
        page = browse(alice).get(url(alice, "add_discover_found", operation_id=asked.pk)).text
        assert "The platform is out." in page
        assert f"?integration={sandbox.pk}" in page

    def test_too_many_questions_are_said(self, alice, sandbox, browse):
        Organization.objects.update(quotas={"queries_per_hour": 0})
        answer = browse(alice).post(url(alice, "add_discover"), {"integration": sandbox.pk})
        assert answer.status_code == 422
        assert "quota is used up" in answer.text

    def test_a_stranger_s_integration_cannot_be_asked(self, alice, mallory, browse):
        theirs = mallory.organization.integrations.get()
        answer = browse(alice).post(url(alice, "add_discover"), {"integration": theirs.pk})
        assert answer.status_code == 422
        assert not Operation.objects.filter(wish="discover").exists()

    def test_without_a_platform_the_page_leads_to_one(self, browse):
        nina = factories.create_member("Nina")
        for name in ("add_discover", "add_search"):
            page = browse(nina).get(url(nina, name)).text
            assert url(nina, "integrations_add") in page


class TestDiscovered:
    def test_what_is_here_is_told_apart(self, alice, sandbox, browse):
        here = factories.create_number(alice.by, OWNED_NUMBERS[0])
        asked = answered(alice, sandbox, "discover")
        address = url(alice, "add_discover_found", operation_id=asked.pk)
        new, known = browse(alice).get(address), browse(alice).get(f"{address}?show=here")
        assert [row["number"] for row in new.context["page"].object_list] == list(OWNED_NUMBERS[1:])
        assert [row["number"] for row in known.context["page"].object_list] == [OWNED_NUMBERS[0]]
        assert url(alice, "number", number_id=here.pk) in known.text

    def test_the_picked_become_an_import_to_look_at(self, alice, sandbox, browse, discovered):
        address = url(alice, "add_discover_found", operation_id=discovered.pk)
        data = {"number": [OWNED_NUMBERS[1], OWNED_NUMBERS[2]], "place": f"account:{sandbox.pk}"}
        answer = browse(alice).post(address, data)
        batch = alice.organization.batches.get()
        assert answer.url == url(alice, "batch", batch_id=batch.pk)
        assert batch.options["destination"] == "account"
        assert str(sandbox.pk) in batch.options.values()
        assert batch.title == "Found on Sandbox"
        assert OWNED_NUMBERS[1].encode() in bytes(batch.file)
        assert OWNED_NUMBERS[3].encode() not in bytes(batch.file)

    def test_all_are_those_that_are_not_here(self, alice, browse, sandbox):
        factories.create_number(alice.by, OWNED_NUMBERS[0])
        asked = answered(alice, sandbox, "discover")
        carrier = alice.organization.carriers.get()
        data = {"all": "1", "place": f"carrier:{carrier.voip_carrier_sid}"}
        browse(alice).post(url(alice, "add_discover_found", operation_id=asked.pk), data)
        batch = alice.organization.batches.get()
        assert batch.options["carrier"] == str(carrier.voip_carrier_sid)
        assert OWNED_NUMBERS[0].encode() not in bytes(batch.file)
        assert all(number.encode() in bytes(batch.file) for number in OWNED_NUMBERS[1:])

    @pytest.mark.parametrize(
        "data",
        [
            {"place": "record"},
            {"place": "record", "number": "+14155559999"},
            {"place": "account:nobody", "number": OWNED_NUMBERS[0]},
        ],
    )
    def test_nothing_else_can_be_slipped_in(self, alice, browse, discovered, data):
        address = url(alice, "add_discover_found", operation_id=discovered.pk)
        assert browse(alice).post(address, data).status_code == 422
        assert not alice.organization.batches.exists()

    def test_a_platform_that_supplies_nothing_offers_its_carriers_or_the_record(
        self, alice, browse, discovered, monkeypatch
    ):
        monkeypatch.setattr(Sandbox, "roles", frozenset({"carrier"}))
        page = browse(alice).get(url(alice, "add_discover_found", operation_id=discovered.pk))
        labels = [label for _value, label in page.context["form"].fields["place"].choices]
        assert labels == [
            "on the carrier Acme Trunk",
            "only on record: nothing changes on the platform",
        ]

    def test_a_stranger_s_answer_is_not_found(self, mallory, browse, discovered):
        address = url(mallory, "add_discover_found", operation_id=discovered.pk)
        assert browse(mallory).get(address).status_code == 404
        assert browse(mallory).post(address, {"all": "1"}).status_code == 404

    def test_who_reads_may_not_look(self, alice, carol, browse):
        assert browse(carol).get(url(alice, "add_discover")).status_code == 403


class TestSearching:
    def search(self, browse, member, **fields):
        integration = member.organization.integrations.get()
        given = {"integration": integration.pk, "country": "US", "type": "local", **fields}
        return browse(member).post(url(member, "add_search"), given)

    def test_the_question_is_asked_as_the_provider_knows_it(self, alice, browse):
        answer = self.search(browse, alice, area_code="212", contains="55*", locality="New York")
        asked = alice.organization.operations.get(wish="search")
        assert answer.url == url(alice, "add_search_found", operation_id=asked.pk)
        assert asked.question == {
            "country": "US",
            "type": "local",
            "area_code": "212",
            "contains": "55*",
            "locality": "New York",
        }
        factories.run_due_operations()
        page = browse(alice).get(answer.url)
        assert page.context["found"][0]["number"].startswith("+1212")
        assert "New York, NY" in page.text
        assert page.context["form"]["area_code"].value() == "212"

    @pytest.mark.parametrize(
        ("field", "value"), [("area_code", "abc"), ("contains", "+1"), ("country", "XX")]
    )
    def test_what_nobody_sells_is_said_beside_its_field(self, alice, browse, field, value):
        answer = self.search(browse, alice, **{field: value})
        assert answer.status_code == 422
        assert field in answer.context["form"].errors

    def test_only_shops_are_offered(self, alice, browse, monkeypatch):
        monkeypatch.setattr(Sandbox, "sells_numbers", False)
        page = browse(alice).get(url(alice, "add_search")).text
        assert "No connected platform sells numbers" in page

    def test_an_empty_shelf_says_what_to_try(self, alice, sandbox, browse):
        question = {"country": "US", "type": "local", "contains": "999999"}
        asked = answered(alice, sandbox, "search", question)
        page = browse(alice).get(url(alice, "add_search_found", operation_id=asked.pk)).text
        assert "Try another area code" in page


class TestBuying:
    def address(self, member, searched) -> str:
        return url(member, "add_search_buy", operation_id=searched.pk)

    def test_before_it_costs_money_it_is_said_what_is_bought(self, alice, browse, searched):
        page = browse(alice).get(self.address(alice, searched), {"number": FOR_SALE}).text
        assert "+1 (415) 555-0107" in page
        assert "is charged by its platform" in page
        assert "cannot be undone here" in page
        assert not PhoneNumber.objects.exists()

    def test_one_is_bought_and_leads_to_its_page(self, alice, browse, searched):
        data = {"number": FOR_SALE, "label": "Bought", "address_sid": "AD1"}
        answer = browse(alice).post(self.address(alice, searched), data)
        number = alice.organization.phone_numbers.get()
        assert answer.url == url(alice, "number", number_id=number.pk)
        assert (number.e164, number.label, number.status) == (FOR_SALE, "Bought", "pending")
        assert number.placements.get().purchase == {"address_sid": "AD1"}

    def test_sent_twice_it_is_bought_once(self, alice, browse, searched):
        client = browse(alice)
        client.post(self.address(alice, searched), {"number": FOR_SALE})
        again = client.post(self.address(alice, searched), {"number": FOR_SALE}, follow=True)
        assert alice.organization.phone_numbers.count() == 1
        assert "+1 (415) 555-0107: " in again.text
        assert again.redirect_chain[0][0].startswith("/o/")

    def test_several_are_bought_and_one_that_is_taken_is_told(
        self, alice, mallory, browse, searched
    ):
        factories.create_number(mallory.by, FOR_SALE)
        numbers = ["+14155550101", "+14155550102", FOR_SALE]
        page = (
            browse(alice).post(self.address(alice, searched), {"number": numbers}, follow=True).text
        )
        assert "2 numbers are being bought." in page
        assert "+1 (415) 555-0107: " in page
        assert alice.organization.phone_numbers.count() == 2

    def test_only_what_the_search_has_found_can_be_bought(self, alice, browse, searched):
        answer = browse(alice).post(
            self.address(alice, searched), {"number": "+14155559999"}, follow=True
        )
        assert "Choose one to 20 numbers" in answer.text
        assert not PhoneNumber.objects.exists()

    def test_a_stranger_buys_nothing_with_it(self, mallory, browse, searched):
        answer = browse(mallory).post(self.address(mallory, searched), {"number": FOR_SALE})
        assert answer.status_code == 404

    def test_who_reads_buys_nothing(self, alice, carol, browse, searched):
        answer = browse(carol).post(self.address(alice, searched), {"number": FOR_SALE})
        assert answer.status_code == 403
        assert not PhoneNumber.objects.exists()
