"""Quotas of an organization: what is counted, who is refused and how, and who may raise them."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from integrations.ledger.operation_requests import connect_integration
from integrations.models import Integration
from numbers.models import PhoneNumber
from organizations import operations
from organizations.access import quotas
from organizations.models import Organization
from tests.support import factories

SANDBOX = {"kind": "sandbox", "name": "Another", "account": {"access_code": "x"}}


@pytest.fixture(autouse=True)
def _nothing_granted(monkeypatch):
    monkeypatch.setattr(quotas, "_cached_allowances", {})


def bound(member: factories.Member, **limits: int) -> None:
    Organization.objects.filter(pk=member.organization.pk).update(quotas=limits)


@pytest.mark.django_db
class TestTheList:
    URL = "/v1/organization/quotas"

    def test_names_each_quota_its_limit_and_what_is_used(self, alice, carol, bob, api):
        bound(alice, numbers=0)
        api(alice).post("/v1/imports", {"rows": [{"number": "+14155550101"}]})
        answer = api(carol).get(self.URL)
        assert answer.json() == {
            "data": [
                {
                    "name": name,
                    "limit": 0 if name == "numbers" else quota.default,
                    "used": quota.used(alice.organization),
                }
                for name, quota in sorted(quotas._registry.items())
            ]
        }
        used = {one["name"]: one["used"] for one in answer.json()["data"]}
        assert (used["integrations"], used["open_imports"]) == (1, 1)

    def test_counts_nothing_of_others(self, alice, mallory, api):
        before = api(mallory).get(self.URL).json()
        api(alice).post("/v1/phone-numbers", {"number": "+18005550100"})
        assert api(mallory).get(self.URL).json() == before

    def test_takes_one_query_for_each(self, alice, api, django_assert_num_queries):
        api(alice).get(self.URL)
        with django_assert_num_queries(1 + len(quotas._registry)):  # who asks, and the counts
            assert api(alice).get(self.URL).status_code == 200
        with CaptureQueriesContext(connection) as queries:
            api(alice).get("/v1/organization")
        assert not [query for query in queries if "count(" in query["sql"].lower()]


@pytest.mark.django_db
class TestRefusals:
    @pytest.mark.parametrize(("name", "path", "body"), [
        ("integrations", "/v1/integrations", SANDBOX),
        ("numbers", "/v1/phone-numbers", {"number": "+18005550100"}),
        ("open_imports", "/v1/imports", {"rows": [{"number": "+14155550101"}]}),
        ("queries_per_hour", "/v1/integrations/{}/numbers", None),
    ])  # fmt: skip
    def test_the_api_names_the_quota_its_limit_and_what_is_used(self, alice, api, name, path, body):
        quota = quotas._registry[name]
        used = quota.used(alice.organization)
        bound(alice, **{name: used})
        path = path.format(alice.organization.integrations.get().public_id)
        answer = api(alice).post(path, body) if body else api(alice).get(path)
        assert answer.status_code == 409, answer.text
        problem = answer.json()
        assert problem["type"].endswith("/v1/problems/quota-exceeded")
        (error,) = problem["errors"]
        assert error["path"] == f"quotas.{name}"
        assert error["message"] == f"limit {used}, used {used}"
        assert quota.used(alice.organization) == used

    def test_one_more_than_now_is_one_more(self, alice, api):
        bound(alice, numbers=1)
        assert api(alice).post("/v1/phone-numbers", {"number": "+18005550100"}).status_code == 201
        assert api(alice).post("/v1/phone-numbers", {"number": "+18005550101"}).status_code == 409

    def test_giving_an_integration_new_credentials_needs_no_room(self, alice):
        alice.organization.quotas = {"integrations": 0}
        named = {"kind": "sandbox", "name": alice.organization.integrations.get().name}
        assert connect_integration(alice.by, **named, account={"access_code": "x"})

    def test_a_row_of_an_import_fails_with_that_reason(self, alice):
        from numbers.bulk import jobs

        bound(alice, numbers=1)
        by = factories.system_principal(Organization.objects.get(pk=alice.organization.pk))
        rows = [{"number": f"+1415555010{n}"} for n in range(3)]
        options = {"destination": "record", "start": True}
        batch = jobs.create_import_job(by, title="x", options=options, rows=rows)
        factories.run_due_bulk_jobs()
        batch.refresh_from_db()
        assert (batch.state, batch.done, batch.failed) == ("done", 1, 2)
        assert "quota" in batch.rows.filter(fate="failed").first().message

    def test_the_screen_says_it_above_the_form(self, alice, browse):
        bound(alice, numbers=0)
        url = reverse("screens:add_one", kwargs={"org_id": alice.organization.public_id})
        answer = browse(alice).post(f"{url}?to=record", {"number": "+14155550101"})
        assert answer.status_code == 422
        assert "quota is used up" in answer.text


@pytest.mark.django_db
class TestLimits:
    def test_are_shown_in_the_settings(self, alice, browse):
        bound(alice, integrations=7)
        url = reverse("screens:organization", kwargs={"org_id": alice.organization.public_id})
        page = browse(alice).get(url).text
        assert "1 of 7" in page
        assert "0 of 1,000,000" in page

    def test_an_operator_changes_them_and_the_audit_log_says_so(self, alice, staff):
        url = reverse("admin:organizations_organization_change", args=[alice.organization.pk])
        form = {"name": alice.organization.name, "quotas": json.dumps({"numbers": 5})}
        inline = {"memberships-TOTAL_FORMS": 0, "memberships-INITIAL_FORMS": 0}
        assert staff.post(url, {**form, **inline}).status_code == 302
        assert Organization.objects.get(pk=alice.organization.pk).quotas == {"numbers": 5}
        event = alice.organization.events.get(action="organization.quotas_changed")
        assert (event.before, event.after) == ({"quotas": {}}, {"quotas": {"numbers": 5}})

    @pytest.mark.parametrize("value", [
        [], {"beer": 5}, {"numbers": -1}, {"numbers": "5"}, {"numbers": True}, {"numbers": 10**12},
    ])  # fmt: skip
    def test_nonsense_is_none(self, alice, value):
        with pytest.raises(ValidationError):
            operations.change_quotas(alice.by, quotas=value)


@pytest.mark.django_db
class TestCounting:
    def test_is_not_done_for_each_where_much_is_left(self, alice, django_assert_num_queries):
        with transaction.atomic():
            quotas.ensure_quota(alice.organization, "numbers")
            with django_assert_num_queries(0):
                for _ in range(100):
                    quotas.ensure_quota(alice.organization, "numbers")

    def test_is_done_for_each_where_little_is_left(self, alice):
        alice.organization.quotas = {"integrations": 5}
        for n in range(4):
            quotas.ensure_quota(alice.organization, "integrations")
            factories.create_sandbox(alice.by, name=f"S{n}", default=False)
        with pytest.raises(quotas.QuotaExceeded):
            quotas.ensure_quota(alice.organization, "integrations")


@pytest.mark.django_db(transaction=True)
def test_two_at_once_do_not_both_take_the_last_place(alice):
    bound(alice, numbers=3)

    def add(n: int) -> bool:
        try:
            owner = factories.system_principal(Organization.objects.get(pk=alice.organization.pk))
            factories.add_number(owner, number=f"+1800555010{n}")
        except quotas.QuotaExceeded:
            return False
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(add, range(8))) == 3
    assert PhoneNumber.objects.count() == 3
    assert Integration.objects.count() == 1
