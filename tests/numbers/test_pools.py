"""Who may hold a number: only numbers of the pools that an operator assigned, at every entrance."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from carriers.models import Carrier
from integrations.models import Operation
from numbers.inventory import operations
from numbers.inventory.acquisition import (
    add_provider_number,
    buy_number,
    import_number,
    record_number_only,
)
from numbers.inventory.number_pools import change_pool, delete_pool
from numbers.inventory.repair import repair_number
from numbers.inventory.reservation import CarrierUnavailable, NumberOutsidePools
from organizations.web.views.base import screen_url
from tests.support import factories
from tests.support.butter_bodies import SIP_BODY, TRUNK_FIELDS
from tests.support.dialects import DIALECTS
from tests.support.number_entrances import API_ENTRANCES, STAFF_ENTRANCES, list_stored_numbers
from tests.support.number_pools import INSIDE_POOL, OUTSIDE_POOL, assign_pool, limit_to_pools

pytestmark = pytest.mark.django_db
NAMES = {"ids": lambda send: send.__name__}


@pytest.fixture
def limited(alice):
    """Alice's organization may have numbers of London."""
    limit_to_pools(alice)
    assign_pool(alice)
    return alice


@pytest.fixture
def shared(mallory) -> Carrier:
    """Mallory's carrier, which is the installation's default one."""
    mallory.organization.carriers.update(is_installation_default=True)
    return mallory.organization.carriers.get()


class TestEveryEntrance:
    @pytest.mark.parametrize("send", API_ENTRANCES, **NAMES)
    def test_of_programs(self, limited, worker, send):
        said = send(limited, None, OUTSIDE_POOL)
        assert "number-not-assigned" in said or "number pools: London" in said
        assert "number pools: London" in said
        assert list_stored_numbers() == []
        assert not Operation.objects.filter(subject_kind="placement").exists()
        send(limited, None, INSIDE_POOL)
        assert list_stored_numbers() == [INSIDE_POOL]

    @pytest.mark.parametrize("send", STAFF_ENTRANCES, **NAMES)
    def test_of_people(self, limited, browse, send):
        client = browse(limited)
        assert "number pools: London" in send(limited, client, OUTSIDE_POOL)
        assert list_stored_numbers() == []
        send(limited, client, INSIDE_POOL)
        assert list_stored_numbers() == [INSIDE_POOL]

    def test_of_operators(self, limited, staff):
        url = f"{reverse('admin:numbers_phonenumber_add')}?organization={limited.organization.pk}"
        answer = staff.post(url, {"number": OUTSIDE_POOL})
        assert "number pools: London" in answer.context["adminform"].form.errors["number"][0]
        assert staff.post(url, {"number": INSIDE_POOL}).status_code == 302
        assert list_stored_numbers() == [INSIDE_POOL]

    @pytest.mark.parametrize("hold", [
        lambda by, number: operations.add_number(by, number=number),
        lambda by, number: import_number(by, number=number, provider="twilio"),
        lambda by, number: import_number(by, number=number, provider="sip"),
        lambda by, number: buy_number(by, number=number),
        lambda by, number: add_provider_number(by, number=number, provider="twilio"),
        lambda by, number: record_number_only(by, number=number),
    ])  # fmt: skip
    def test_of_operations(self, limited, hold):
        with pytest.raises(NumberOutsidePools):
            hold(limited.by, OUTSIDE_POOL)
        assert hold(limited.by, INSIDE_POOL).e164 == INSIDE_POOL

    def test_without_a_limit_no_pool_is_asked_for(self, alice):
        with CaptureQueriesContext(connection) as asked:
            operations.add_number(alice.by, number=OUTSIDE_POOL)
        assert not [q for q in asked.captured_queries if "numberpool" in q["sql"]]

    def test_without_pools_nothing_can_be_added(self, alice):
        limit_to_pools(alice)
        with pytest.raises(NumberOutsidePools, match="has no number pools"):
            record_number_only(alice.by, number=INSIDE_POOL)


class TestRefusals:
    @pytest.mark.parametrize(("dialect", "path", "body"), [
        ("v1", "/v1/phone-numbers", {"number": OUTSIDE_POOL}),
        (
            "butter",
            "/api/phone-numbers",
            {"phone_number": OUTSIDE_POOL, **SIP_BODY, **TRUNK_FIELDS},
        ),
        ("zudu", "/api/phone-numbers/create", {"phone_number": OUTSIDE_POOL}),
    ])  # fmt: skip
    def test_have_the_shape_of_their_dialect(self, limited, dialect, path, body):
        answer = DIALECTS[dialect].send(limited, "POST", path, body)
        assert answer.status_code == 409, answer.text
        assert DIALECTS[dialect].refused(answer)

    def test_name_the_field_and_the_pools(self, limited, api):
        problem = api(limited).post("/v1/phone-numbers", {"number": OUTSIDE_POOL}).json()
        assert problem["type"].endswith("/v1/problems/number-not-assigned")
        (error,) = problem["errors"]
        assert (error["path"], error["code"]) == ("number", "not-assigned")
        assert OUTSIDE_POOL in error["message"]
        assert "London" in error["message"]

    def test_name_each_number_of_an_import(self, limited, api):
        numbers = [{"number": n} for n in (INSIDE_POOL, OUTSIDE_POOL, "+14155550101")]
        body = {"provider": "twilio", "numbers": numbers}
        problem = api(limited).post("/v1/phone-numbers/import", body).json()
        paths = [error["path"] for error in problem["errors"]]
        assert paths == ["numbers.1.number", "numbers.2.number"]
        assert list_stored_numbers() == []

    def test_do_not_tell_who_holds_the_number(self, limited, mallory, api):
        factories.create_number(mallory.by, OUTSIDE_POOL)
        problem = api(limited).post("/v1/phone-numbers", {"number": OUTSIDE_POOL}).json()
        assert problem["type"].endswith("number-not-assigned")

    def test_zudu_connects_no_account_for_it(self, limited):
        body = {"phone_number": OUTSIDE_POOL, "provider": "twilio", "auth_token": "tok"}
        body["account_sid"] = "AC0123456789abcdef0123456789ab1234"
        DIALECTS["zudu"].send(limited, "POST", "/api/phone-numbers/import", body)
        assert not limited.organization.integrations.filter(kind="twilio").exists()


class TestPools:
    @pytest.mark.parametrize("number", ["+442071838750", "+14155550101"])
    def test_hold_prefixes_and_listed_numbers(self, alice, number):
        limit_to_pools(alice)
        assign_pool(alice, numbers=["+14155550101"])
        assert record_number_only(alice.by, number=number)

    @pytest.mark.parametrize("number", ["+14155550102", "+441618505555"])
    def test_hold_no_other(self, alice, number):
        limit_to_pools(alice)
        assign_pool(alice, numbers=["+14155550101"])
        with pytest.raises(NumberOutsidePools):
            record_number_only(alice.by, number=number)

    def test_a_listed_number_is_no_prefix(self, alice):
        limit_to_pools(alice)
        assign_pool(alice, prefixes=[], numbers=["+4930901820"])
        with pytest.raises(NumberOutsidePools):
            record_number_only(alice.by, number="+493090182012")

    def test_of_another_organization_allow_nothing(self, alice, mallory):
        limit_to_pools(alice)
        assign_pool(mallory, numbers=["+14155550101"])
        for number in (INSIDE_POOL, "+14155550101"):
            with pytest.raises(NumberOutsidePools):
                record_number_only(alice.by, number=number)

    def test_that_are_withdrawn_leave_what_is_held(self, limited, api):
        number = factories.create_number(limited.by, INSIDE_POOL)
        delete_pool(limited.by, limited.organization.number_pools.get().pk)
        path = f"/v1/phone-numbers/{number.pk}"
        changed = api(limited).patch(path, {"label": "Desk", "inbound_agent_id": "agent_x"})
        assert changed.status_code == 200
        assert api(limited).patch(path, {"status": "inactive"}).status_code == 200
        factories.run_due_operations()
        assert api(limited).patch(path, {"status": "active"}).status_code == 200
        factories.run_due_operations()
        assert repair_number(limited.by, number.pk).status == "active"
        assert api(limited).delete(path).status_code == 204

    def test_numbers_added_meanwhile_are_looked_up_then(self, limited):
        pool = limited.organization.number_pools.get()
        change_pool(
            limited.by, pool.pk, name="Berlin", prefixes=["+4930"], numbers=[], carrier=None
        )
        assert record_number_only(limited.by, number=OUTSIDE_POOL)
        with pytest.raises(NumberOutsidePools, match="Berlin"):
            record_number_only(limited.by, number=INSIDE_POOL)


class TestCarriers:
    def test_a_pool_with_a_carrier_allows_no_other(self, alice):
        limit_to_pools(alice)
        named = factories.create_carrier(alice.by, name="Named")
        assign_pool(alice, carrier=named)
        for hold in (operations.add_number, record_number_only):
            with pytest.raises(NumberOutsidePools, match="for this carrier only: Named"):
                hold(alice.by, number=INSIDE_POOL)
        sid = named.voip_carrier_sid
        assert operations.add_number(alice.by, number=INSIDE_POOL, voip_carrier_sid=sid)

    def test_another_organization_s_carrier_is_used_for_the_pool_s_numbers(self, alice, mallory):
        lent = mallory.organization.carriers.get()
        sid = lent.voip_carrier_sid
        with pytest.raises(CarrierUnavailable):
            operations.add_number(alice.by, number=INSIDE_POOL, voip_carrier_sid=sid)
        assign_pool(alice, carrier=lent)
        number = operations.add_number(alice.by, number=INSIDE_POOL, voip_carrier_sid=sid)
        factories.run_number_operations(number)
        assert (number.status, number.source) == ("active", "topcalls")
        with pytest.raises(NumberOutsidePools):  # though the organization is not limited
            operations.add_number(alice.by, number=OUTSIDE_POOL, voip_carrier_sid=sid)
        assert operations.add_number(alice.by, number=OUTSIDE_POOL).source == "byoc"

    def test_a_pool_without_a_carrier_opens_none_of_others(self, alice, mallory):
        lent = mallory.organization.carriers.get()
        assign_pool(alice, carrier=lent, name="Dublin", prefixes=["+3531"])
        assign_pool(alice)
        sid = lent.voip_carrier_sid
        with pytest.raises(NumberOutsidePools):
            operations.add_number(alice.by, number=INSIDE_POOL, voip_carrier_sid=sid)

    def test_of_a_lent_carrier_sid_and_name_are_shown(self, alice, mallory, api, browse):
        lent = mallory.organization.carriers.get()
        assign_pool(alice, carrier=lent)
        page = browse(alice).get(screen_url(alice.organization, "add_one") + "?to=carrier").text
        assert "Evil Trunk (of the installation)" in page
        assert api(alice).get(f"/v1/phone-numbers/carriers/{lent.pk}").status_code == 404
        body = {"number": INSIDE_POOL, "voip_carrier_sid": str(lent.voip_carrier_sid)}
        made = api(alice).post("/v1/phone-numbers", body).json()
        assert made["carrier_name"] == "Evil Trunk"
        (placed,) = api(alice).get(f"/v1/phone-numbers/{made['id']}/placements").json()["data"]
        assert (placed["integration_id"], placed["kind"], placed["refs"]) == (None, None, {})

    def test_withdrawn_its_numbers_stay_on_it(self, alice, mallory, api):
        lent = mallory.organization.carriers.get()
        pool = assign_pool(alice, carrier=lent)
        sid = lent.voip_carrier_sid
        number = factories.create_number(alice.by, INSIDE_POOL, voip_carrier_sid=sid)
        delete_pool(alice.by, pool.pk)
        assert api(alice).patch(f"/v1/phone-numbers/{number.pk}", {"label": "x"}).status_code == 200
        with pytest.raises(CarrierUnavailable):
            operations.add_number(alice.by, number="+442071838751", voip_carrier_sid=sid)

    def test_a_deleted_one_takes_nothing(self, alice, mallory):
        lent = mallory.organization.carriers.get()
        assign_pool(alice, carrier=lent)
        mallory.organization.carriers.update(status="deleted", is_default=False)
        with pytest.raises(CarrierUnavailable):
            operations.add_number(
                alice.by, number=INSIDE_POOL, voip_carrier_sid=lent.voip_carrier_sid
            )


class TestTheInstallationsDefault:
    @pytest.fixture(autouse=True)
    def _no_carrier_of_her_own(self, alice, shared):
        alice.organization.carriers.update(is_default=False)

    def test_is_everybody_s_where_operators_make_organizations(self, alice):
        assert operations.add_number(alice.by, number=OUTSIDE_POOL)

    def test_takes_numbers_of_a_pool_only_where_anybody_may(self, alice, settings):
        settings.OPEN_ORGANIZATIONS = True
        with pytest.raises(NumberOutsidePools):
            operations.add_number(alice.by, number=OUTSIDE_POOL)
        assign_pool(alice)
        assert operations.add_number(alice.by, number=INSIDE_POOL)

    def test_a_pool_of_another_carrier_does_not_open_it(self, alice, settings):
        settings.OPEN_ORGANIZATIONS = True
        assign_pool(alice, carrier=alice.organization.carriers.get())
        with pytest.raises(NumberOutsidePools, match="Acme Trunk"):
            operations.add_number(alice.by, number=INSIDE_POOL)

    def test_is_its_owner_s_as_before(self, mallory, settings):
        settings.OPEN_ORGANIZATIONS = True
        assert operations.add_number(mallory.by, number=OUTSIDE_POOL)

    def test_what_is_on_it_stays(self, alice, settings):
        number = factories.create_number(alice.by, OUTSIDE_POOL)
        settings.OPEN_ORGANIZATIONS = True
        assert operations.change_number(alice.by, number.pk, label="x").label == "x"
        assert operations.change_number(alice.by, number.pk, application_sid=None)

    def test_a_carrier_of_one_s_own_needs_no_pool(self, alice, settings):
        settings.OPEN_ORGANIZATIONS = True
        alice.organization.carriers.update(is_default=True)
        assert operations.add_number(alice.by, number=OUTSIDE_POOL)
