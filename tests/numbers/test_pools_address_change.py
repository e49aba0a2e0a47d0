"""Number pools and the numbers that were held before: they stay, and are set up nowhere new."""

import pytest

from integrations.models import DefaultIntegration
from numbers.bulk import jobs
from numbers.inventory import operations
from numbers.inventory.acquisition import add_provider_number, import_number
from numbers.inventory.agents import create_agent
from numbers.inventory.repair import repair_number
from numbers.inventory.reservation import NumberOutsidePools, NumberStateConflict
from numbers.models import PhoneNumber
from organizations.web.views.base import screen_url
from tests.support import factories
from tests.support.dialects import DIALECTS
from tests.support.number_pools import OUTSIDE_POOL, assign_pool, limit_to_pools

pytestmark = pytest.mark.django_db


class TestMovingIn:
    @pytest.fixture
    def recorded(self, alice) -> PhoneNumber:
        kept = list(DefaultIntegration.objects.filter(organization=alice.organization))
        alice.organization.default_integrations.all().delete()
        number = add_provider_number(alice.by, number=OUTSIDE_POOL, provider="twilio")
        DefaultIntegration.objects.bulk_create(kept)
        return number

    @pytest.fixture
    def failed(self, alice) -> PhoneNumber:
        number = factories.create_number(alice.by, "+15005550001")
        assert number.status == "failed"
        return number

    def test_a_recorded_number_moves_in(self, alice, recorded):
        assert operations.retry_number(alice.by, recorded.pk).status == "pending"

    def test_but_not_outside_the_pools(self, limited_later, recorded, api):
        answer = api(limited_later).post(f"/v1/phone-numbers/{recorded.pk}/retry")
        assert answer.status_code == 409
        assert answer.json()["type"].endswith("number-not-assigned")
        assert not recorded.placements.exists()

    def test_nor_by_a_change_which_is_made_all_the_same(self, limited_later, recorded, api):
        body = {"inbound_agent_id": "agent_x"}
        answer = api(limited_later).patch(f"/v1/phone-numbers/{recorded.pk}", body)
        assert (answer.status_code, answer.json()["status"]) == (200, "inactive")
        assert answer.json()["inbound_agent_id"] == "agent_x"
        assert not recorded.placements.exists()

    def test_butter_assigns_no_number_that_would_go_nowhere(self, limited_later, recorded):
        agent = create_agent(limited_later.by, name="Reception", agent_id="agent_a1b2c3d4e5f6")
        path = f"/api/agents/{agent.agent_id}/assign-phone-number"
        body = {"phone_number_id": recorded.public_id}
        answer = DIALECTS["butter"].send(limited_later, "POST", path, body)
        assert (answer.status_code, "pools: London" in answer.json()["detail"]) == (409, True)
        recorded.refresh_from_db()
        assert recorded.inbound_agent_id is None

    @pytest.mark.parametrize("again", [
        operations.retry_number, operations.merge_duplicates, repair_number,
    ])  # fmt: skip
    def test_a_failed_number_is_not_set_up_again(self, limited_later, failed, again):
        with pytest.raises(NumberOutsidePools):
            again(limited_later.by, failed.pk)
        failed.refresh_from_db()
        assert failed.status == "failed"

    def test_a_failed_number_is_changed_and_not_set_up(self, limited_later, failed):
        changed = operations.change_number(
            limited_later.by, failed.pk, application_sid=failed.phone_number_sid
        )
        assert (changed.status, changed.application_sid) == ("failed", failed.phone_number_sid)

    def test_in_bulk_each_row_says_why(self, limited_later, failed):
        numbers = limited_later.organization.phone_numbers.all()
        batch = jobs.create_change_job(
            limited_later.by, action="retry", options={}, numbers=numbers
        )
        jobs.start_bulk_job(limited_later.by, batch.pk)
        factories.run_due_bulk_jobs()
        assert "number pools: London" in batch.rows.get().message
        assert batch.rows.get().fate == "failed"

    def test_on_the_screens_it_is_a_sentence(self, limited_later, failed, browse):
        url = screen_url(limited_later.organization, "number_do", number_id=failed.pk, deed="retry")
        page = browse(limited_later).post(url, follow=True)
        assert "number pools: London" in page.text

    def test_a_supplied_number_gets_no_trunk_of_a_further_platform(self, limited_later, api):
        limit_to_pools(limited_later, limited=False)
        number = import_number(limited_later.by, number=OUTSIDE_POOL, provider="twilio")
        factories.run_number_operations(number)
        limit_to_pools(limited_later)
        path = f"/v1/phone-numbers/{number.pk}"
        answer = api(limited_later).patch(path, {"outbound_trunk_id": "ST_1"})
        assert answer.status_code == 409
        number.refresh_from_db()
        assert number.outbound_trunk_id is None

    def test_a_deleted_number_that_was_recorded_stays_deleted(self, alice, recorded):
        operations.delete_number(alice.by, recorded.pk)
        with pytest.raises(NumberStateConflict):
            operations.retry_number(alice.by, recorded.pk)
        assert not recorded.placements.exists()

    @pytest.fixture
    def limited_later(self, request, alice):
        for name in {"recorded", "failed"} & set(request.fixturenames):
            request.getfixturevalue(name)
        limit_to_pools(alice)
        assign_pool(alice)
        return alice
