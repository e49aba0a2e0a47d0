"""Number pools where many numbers are added or looked at: imports, searches, purchases."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from integrations.ledger.platform_queries import request_query
from integrations.models import Operation
from integrations.web import query_results
from numbers.bulk import jobs
from numbers.bulk.runner import run_bulk_job
from numbers.inventory import pool_rules
from numbers.inventory.acquisition import record_number_only
from numbers.inventory.number_pools import delete_pool
from numbers.models import BatchRow, PhoneNumber
from organizations.web.views.base import screen_url
from tests.support import factories
from tests.support.number_entrances import list_stored_numbers, run_newest_import
from tests.support.number_pools import INSIDE_POOL, OUTSIDE_POOL, assign_pool, limit_to_pools

pytestmark = pytest.mark.django_db


@pytest.fixture
def limited(alice):
    """Alice's organization may have numbers of London."""
    limit_to_pools(alice)
    assign_pool(alice)
    return alice


class TestImports:
    def propose(self, member, rows, **options):
        wished = {"destination": "record", **options}
        return jobs.create_import_job(member.by, title="x", options=wished, rows=rows)

    def test_the_preview_says_it_of_each_row(self, limited):
        batch = self.propose(
            limited, [{"number": n} for n in (INSIDE_POOL, OUTSIDE_POOL, OUTSIDE_POOL)]
        )
        factories.run_due_bulk_jobs()
        rows = list(batch.rows.order_by("line").values_list("fate", "message"))
        assert [fate for fate, _message in rows] == ["todo", "error", "error"]
        assert "number pools: London" in rows[1][1]

    def test_each_row_is_asked_of_its_own_carrier(self, alice):
        limit_to_pools(alice)
        named = factories.create_carrier(alice.by, name="Named")
        assign_pool(alice, carrier=named)
        rows = [{"number": "+442071838751"}, {"number": "+442071838752", "carrier": "Named"}]
        batch = self.propose(alice, rows, destination="carrier")
        factories.run_due_bulk_jobs()
        fates = list(batch.rows.order_by("line").values_list("fate", flat=True))
        assert fates == ["error", "todo"]

    def test_a_number_that_is_here_is_changed_by_a_file(self, limited):
        limit_to_pools(limited, limited=False)
        record_number_only(limited.by, number=OUTSIDE_POOL)
        limit_to_pools(limited)
        batch = self.propose(limited, [{"number": OUTSIDE_POOL, "label": "Desk"}], update=True)
        assert "will be done" not in run_newest_import(limited)
        assert batch.rows.get().fate == "done"
        assert PhoneNumber.objects.get().label == "Desk"

    def test_it_is_asked_again_at_work(self, limited):
        batch = self.propose(limited, [{"number": INSIDE_POOL}])
        factories.run_due_bulk_jobs()
        assert batch.rows.get().fate == "todo"
        delete_pool(limited.by, limited.organization.number_pools.get().pk)
        jobs.start_bulk_job(limited.by, batch.pk)
        factories.run_due_bulk_jobs()
        assert batch.rows.get().fate == "failed"
        assert "has no number pools" in batch.rows.get().message
        assert list_stored_numbers() == []

    def test_a_limit_that_comes_before_the_start_counts(self, alice):
        batch = self.propose(alice, [{"number": OUTSIDE_POOL}])
        factories.run_due_bulk_jobs()
        limit_to_pools(alice)
        jobs.start_bulk_job(alice.by, batch.pk)
        run_bulk_job(batch.pk)
        assert batch.rows.get().fate == "failed"

    def test_many_rows_are_checked_by_few_queries(self, limited):
        def checked(count: int) -> int:
            rows = [{"number": f"+4420718{n:05}"} for n in range(count)]
            batch = self.propose(limited, rows)
            with CaptureQueriesContext(connection) as asked:
                factories.run_due_bulk_jobs()
            assert batch.rows.filter(fate=BatchRow.Fate.TODO).count() == count
            return len([q for q in asked.captured_queries if "pool" in q["sql"]])

        assert checked(500) == checked(5) == 2

    def test_the_question_is_two_queries_for_any_number(self, alice, django_assert_num_queries):
        limit_to_pools(alice)
        listed = [f"+1415{n:07}" for n in range(2_000_000, 2_000_200)]
        assign_pool(alice, numbers=listed)
        wished = [(number, None) for number in [*listed, *[f"+4930{n}" for n in range(1000, 1200)]]]
        with django_assert_num_queries(2):
            refused = pool_rules.find_pool_violations(alice.organization, wished)
        assert len(refused) == 200
        assert not {number for number, _carrier in refused} & set(listed)


class TestShopping:
    QUESTION = {"country": "US", "type": "local", "area_code": "415"}

    @pytest.fixture
    def one_of_them(self, alice):
        limit_to_pools(alice)
        assign_pool(alice, prefixes=[], numbers=["+14155550107"])
        return alice

    def sandbox(self, member):
        return member.organization.integrations.get()

    def test_what_may_not_be_held_is_not_offered(self, one_of_them, api, worker):
        path = f"/v1/integrations/{self.sandbox(one_of_them).public_id}/available-numbers"
        query = "?country=US&type=local&area_code=415"
        found = api(one_of_them).get(path + query).json()["data"]
        assert [row["number"] for row in found] == ["+14155550107"]
        limit_to_pools(one_of_them, limited=False)
        assert len(api(one_of_them).get(path + query).json()["data"]) > 1

    def test_on_the_screens_neither_and_the_page_says_so(self, one_of_them, browse):
        asked = request_query(
            one_of_them.by, self.sandbox(one_of_them), Operation.Wish.SEARCH, self.QUESTION
        )
        factories.run_due_operations()
        client = browse(one_of_them)
        place = {"operation_id": asked.pk}
        page = client.get(screen_url(one_of_them.organization, "add_search_found", **place)).text
        assert "+1 (415) 555-0107" in page
        assert "not shown: they are in none of the organization" in page
        buy = screen_url(one_of_them.organization, "add_search_buy", **place)
        client.post(buy, {"number": ["+14155550108"]})
        assert list_stored_numbers() == []
        client.post(buy, {"number": ["+14155550107"]})
        assert list_stored_numbers() == ["+14155550107"]

    def test_withdrawn_after_a_look_it_is_refused_by_name(self, one_of_them, browse, monkeypatch):
        asked = request_query(
            one_of_them.by, self.sandbox(one_of_them), Operation.Wish.SEARCH, self.QUESTION
        )
        factories.run_due_operations()
        monkeypatch.setattr(query_results, "purchase_filters", [])  # as it was when the page looked
        url = screen_url(one_of_them.organization, "add_search_buy", operation_id=asked.pk)
        page = browse(one_of_them).post(url, {"number": ["+14155550108"]}, follow=True)
        assert "none of the organization" in page.text
        assert list_stored_numbers() == []

    def test_a_purchase_is_refused_before_it_is_made(self, one_of_them, api):
        asked = Operation.objects.count()
        body = {"number": "+14155550108"}
        answer = api(one_of_them).post("/v1/phone-numbers/purchases", body)
        assert answer.json()["type"].endswith("number-not-assigned")
        assert Operation.objects.count() == asked
