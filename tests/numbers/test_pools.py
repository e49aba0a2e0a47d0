"""Who may hold a number: only numbers of the pools that an operator assigned, at every entrance."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from carriers.models import Carrier
from integrations.models import Operation
from numbers.inventory import operations
from numbers.inventory.acquisition import buy_number, import_number, record_number, record_only
from numbers.inventory.number_pools import change_pool, delete_pool
from numbers.inventory.repair import repair_number
from numbers.inventory.reservation import NoCarrier, OutsidePools
from organizations.web.views.base import screen_url
from tests.support import factories
from tests.support.butter_bodies import SIP, TRUNKS
from tests.support.dialects import DIALECTS
from tests.support.number_entrances import PEOPLE, STRICT, stored
from tests.support.number_pools import INSIDE, OUTSIDE, assign, limit

pytestmark = pytest.mark.django_db
NAMES = {"ids": lambda send: send.__name__}


@pytest.fixture
def limited(alice):
    """Alice's organization may have numbers of London."""
    limit(alice)
    assign(alice)
    return alice


@pytest.fixture
def shared(mallory) -> Carrier:
    """Mallory's carrier, which is the installation's default one."""
    mallory.organization.carriers.update(is_installation_default=True)
    return mallory.organization.carriers.get()


class TestEveryEntrance:
    @pytest.mark.parametrize("send", STRICT, **NAMES)
    def test_of_programs(self, limited, worker, send):
        said = send(limited, None, OUTSIDE)
        assert "number-not-assigned" in said or "number pools: London" in said
        assert "number pools: London" in said
        assert stored() == []
        assert not Operation.objects.filter(subject_kind="placement").exists()
        send(limited, None, INSIDE)
        assert stored() == [INSIDE]

    @pytest.mark.parametrize("send", PEOPLE, **NAMES)
    def test_of_people(self, limited, browse, send):
        client = browse(limited)
        assert "number pools: London" in send(limited, client, OUTSIDE)
        assert stored() == []
        send(limited, client, INSIDE)
        assert stored() == [INSIDE]

    def test_of_operators(self, limited, staff):
        url = f"{reverse('admin:numbers_phonenumber_add')}?organization={limited.organization.pk}"
        answer = staff.post(url, {"number": OUTSIDE})
        assert "number pools: London" in answer.context["adminform"].form.errors["number"][0]
        assert staff.post(url, {"number": INSIDE}).status_code == 302
        assert stored() == [INSIDE]

    @pytest.mark.parametrize("hold", [
        lambda by, number: operations.add_number(by, number=number),
        lambda by, number: import_number(by, number=number, provider="twilio"),
        lambda by, number: import_number(by, number=number, provider="sip"),
        lambda by, number: buy_number(by, number=number),
        lambda by, number: record_number(by, number=number, provider="twilio"),
        lambda by, number: record_only(by, number=number),
    ])  # fmt: skip
    def test_of_operations(self, limited, hold):
        with pytest.raises(OutsidePools):
            hold(limited.by, OUTSIDE)
        assert hold(limited.by, INSIDE).e164 == INSIDE

    def test_without_a_limit_no_pool_is_asked_for(self, alice):
        with CaptureQueriesContext(connection) as asked:
            operations.add_number(alice.by, number=OUTSIDE)
        assert not [q for q in asked.captured_queries if "numberpool" in q["sql"]]

    def test_without_pools_nothing_can_be_added(self, alice):
        limit(alice)
        with pytest.raises(OutsidePools, match="has no number pools"):
            record_only(alice.by, number=INSIDE)


class TestRefusals:
    @pytest.mark.parametrize(("dialect", "path", "body"), [
        ("v1", "/v1/phone-numbers", {"number": OUTSIDE}),
        ("butter", "/api/phone-numbers", {"phone_number": OUTSIDE, **SIP, **TRUNKS}),
        ("zudu", "/api/phone-numbers/create", {"phone_number": OUTSIDE}),
    ])  # fmt: skip
    def test_have_the_shape_of_their_dialect(self, limited, dialect, path, body):
        answer = DIALECTS[dialect].send(limited, "POST", path, body)
        assert answer.status_code == 409, answer.text
        assert DIALECTS[dialect].refused(answer)

    def test_name_the_field_and_the_pools(self, limited, api):
        problem = api(limited).post("/v1/phone-numbers", {"number": OUTSIDE}).json()
        assert problem["type"].endswith("/v1/problems/number-not-assigned")
        (error,) = problem["errors"]
        assert (error["path"], error["code"]) == ("number", "not-assigned")
        assert OUTSIDE in error["message"]
        assert "London" in error["message"]

    def test_name_each_number_of_an_import(self, limited, api):
        numbers = [{"number": n} for n in (INSIDE, OUTSIDE, "+14155550101")]
        body = {"provider": "twilio", "numbers": numbers}
        problem = api(limited).post("/v1/phone-numbers/import", body).json()
        paths = [error["path"] for error in problem["errors"]]
        assert paths == ["numbers.1.number", "numbers.2.number"]
        assert stored() == []

    def test_do_not_tell_who_holds_the_number(self, limited, mallory, api):
        factories.number(mallory.by, OUTSIDE)
        problem = api(limited).post("/v1/phone-numbers", {"number": OUTSIDE}).json()
        assert problem["type"].endswith("number-not-assigned")

    def test_zudu_connects_no_account_for_it(self, limited):
        body = {"phone_number": OUTSIDE, "provider": "twilio", "auth_token": "tok"}
        body["account_sid"] = "AC0123456789abcdef0123456789ab1234"
        DIALECTS["zudu"].send(limited, "POST", "/api/phone-numbers/import", body)
        assert not limited.organization.integrations.filter(kind="twilio").exists()


class TestPools:
    @pytest.mark.parametrize("number", ["+442071838750", "+14155550101"])
    def test_hold_prefixes_and_listed_numbers(self, alice, number):
        limit(alice)
        assign(alice, numbers=["+14155550101"])
        assert record_only(alice.by, number=number)

    @pytest.mark.parametrize("number", ["+14155550102", "+441618505555"])
    def test_hold_no_other(self, alice, number):
        limit(alice)
        assign(alice, numbers=["+14155550101"])
        with pytest.raises(OutsidePools):
            record_only(alice.by, number=number)

    def test_a_listed_number_is_no_prefix(self, alice):
        limit(alice)
        assign(alice, prefixes=[], numbers=["+4930901820"])
        with pytest.raises(OutsidePools):
            record_only(alice.by, number="+493090182012")

    def test_of_another_organization_allow_nothing(self, alice, mallory):
        limit(alice)
        assign(mallory, numbers=["+14155550101"])
        for number in (INSIDE, "+14155550101"):
            with pytest.raises(OutsidePools):
                record_only(alice.by, number=number)

    def test_that_are_withdrawn_leave_what_is_held(self, limited, api):
        number = factories.number(limited.by, INSIDE)
        delete_pool(limited.by, limited.organization.number_pools.get().pk)
        path = f"/v1/phone-numbers/{number.pk}"
        changed = api(limited).patch(path, {"label": "Desk", "inbound_agent_id": "agent_x"})
        assert changed.status_code == 200
        assert api(limited).patch(path, {"status": "inactive"}).status_code == 200
        factories.work_all()
        assert api(limited).patch(path, {"status": "active"}).status_code == 200
        factories.work_all()
        assert repair_number(limited.by, number.pk).status == "active"
        assert api(limited).delete(path).status_code == 204

    def test_numbers_added_meanwhile_are_looked_up_then(self, limited):
        pool = limited.organization.number_pools.get()
        change_pool(
            limited.by, pool.pk, name="Berlin", prefixes=["+4930"], numbers=[], carrier=None
        )
        assert record_only(limited.by, number=OUTSIDE)
        with pytest.raises(OutsidePools, match="Berlin"):
            record_only(limited.by, number=INSIDE)


class TestCarriers:
    def test_a_pool_with_a_carrier_allows_no_other(self, alice):
        limit(alice)
        named = factories.carrier(alice.by, name="Named")
        assign(alice, carrier=named)
        for hold in (operations.add_number, record_only):
            with pytest.raises(OutsidePools, match="for this carrier only: Named"):
                hold(alice.by, number=INSIDE)
        sid = named.voip_carrier_sid
        assert operations.add_number(alice.by, number=INSIDE, voip_carrier_sid=sid)

    def test_another_organization_s_carrier_is_used_for_the_pool_s_numbers(self, alice, mallory):
        lent = mallory.organization.carriers.get()
        sid = lent.voip_carrier_sid
        with pytest.raises(NoCarrier):
            operations.add_number(alice.by, number=INSIDE, voip_carrier_sid=sid)
        assign(alice, carrier=lent)
        number = operations.add_number(alice.by, number=INSIDE, voip_carrier_sid=sid)
        factories.work_number(number)
        assert (number.status, number.source) == ("active", "topcalls")
        with pytest.raises(OutsidePools):  # though the organization is not limited
            operations.add_number(alice.by, number=OUTSIDE, voip_carrier_sid=sid)
        assert operations.add_number(alice.by, number=OUTSIDE).source == "byoc"

    def test_a_pool_without_a_carrier_opens_none_of_others(self, alice, mallory):
        lent = mallory.organization.carriers.get()
        assign(alice, carrier=lent, name="Dublin", prefixes=["+3531"])
        assign(alice)
        sid = lent.voip_carrier_sid
        with pytest.raises(OutsidePools):
            operations.add_number(alice.by, number=INSIDE, voip_carrier_sid=sid)

    def test_of_a_lent_carrier_sid_and_name_are_shown(self, alice, mallory, api, browse):
        lent = mallory.organization.carriers.get()
        assign(alice, carrier=lent)
        page = browse(alice).get(screen_url(alice.organization, "add_one") + "?to=carrier").text
        assert "Evil Trunk (of the installation)" in page
        assert api(alice).get(f"/v1/phone-numbers/carriers/{lent.pk}").status_code == 404
        body = {"number": INSIDE, "voip_carrier_sid": str(lent.voip_carrier_sid)}
        made = api(alice).post("/v1/phone-numbers", body).json()
        assert made["carrier_name"] == "Evil Trunk"
        (placed,) = api(alice).get(f"/v1/phone-numbers/{made['id']}/placements").json()["data"]
        assert (placed["integration_id"], placed["kind"], placed["refs"]) == (None, None, {})

    def test_withdrawn_its_numbers_stay_on_it(self, alice, mallory, api):
        lent = mallory.organization.carriers.get()
        pool = assign(alice, carrier=lent)
        sid = lent.voip_carrier_sid
        number = factories.number(alice.by, INSIDE, voip_carrier_sid=sid)
        delete_pool(alice.by, pool.pk)
        assert api(alice).patch(f"/v1/phone-numbers/{number.pk}", {"label": "x"}).status_code == 200
        with pytest.raises(NoCarrier):
            operations.add_number(alice.by, number="+442071838751", voip_carrier_sid=sid)

    def test_a_deleted_one_takes_nothing(self, alice, mallory):
        lent = mallory.organization.carriers.get()
        assign(alice, carrier=lent)
        mallory.organization.carriers.update(status="deleted", is_default=False)
        with pytest.raises(NoCarrier):
            operations.add_number(alice.by, number=INSIDE, voip_carrier_sid=lent.voip_carrier_sid)


class TestTheInstallationsDefault:
    @pytest.fixture(autouse=True)
    def _no_carrier_of_her_own(self, alice, shared):
        alice.organization.carriers.update(is_default=False)

    def test_is_everybody_s_where_operators_make_organizations(self, alice):
        assert operations.add_number(alice.by, number=OUTSIDE)

    def test_takes_numbers_of_a_pool_only_where_anybody_may(self, alice, settings):
        settings.OPEN_ORGANIZATIONS = True
        with pytest.raises(OutsidePools):
            operations.add_number(alice.by, number=OUTSIDE)
        assign(alice)
        assert operations.add_number(alice.by, number=INSIDE)

    def test_a_pool_of_another_carrier_does_not_open_it(self, alice, settings):
        settings.OPEN_ORGANIZATIONS = True
        assign(alice, carrier=alice.organization.carriers.get())
        with pytest.raises(OutsidePools, match="Acme Trunk"):
            operations.add_number(alice.by, number=INSIDE)

    def test_is_its_owner_s_as_before(self, mallory, settings):
        settings.OPEN_ORGANIZATIONS = True
        assert operations.add_number(mallory.by, number=OUTSIDE)

    def test_what_is_on_it_stays(self, alice, settings):
        number = factories.number(alice.by, OUTSIDE)
        settings.OPEN_ORGANIZATIONS = True
        assert operations.change_number(alice.by, number.pk, label="x").label == "x"
        assert operations.change_number(alice.by, number.pk, application_sid=None)

    def test_a_carrier_of_one_s_own_needs_no_pool(self, alice, settings):
        settings.OPEN_ORGANIZATIONS = True
        alice.organization.carriers.update(is_default=True)
        assert operations.add_number(alice.by, number=OUTSIDE)
