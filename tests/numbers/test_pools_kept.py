"""Number pools as operators keep them, and as the organization sees them."""

import pytest
from django.contrib.auth.models import Permission
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse

from numbers.inventory.number_pools import change_pool, list_pool_numbers
from numbers.models import NumberPool, PooledNumber
from numbers.models.number_pool import MAX_POOL_NUMBERS
from organizations.models import Organization, User
from organizations.web.views.base import screen_url
from tests.support.number_pools import INSIDE_POOL, LONDON_PREFIXES, assign_pool, limit_to_pools

pytestmark = pytest.mark.django_db
ADD = reverse("admin:numbers_numberpool_add")
LIST = reverse("admin:numbers_numberpool_changelist")


def page_of(pool: NumberPool) -> str:
    return reverse("admin:numbers_numberpool_change", args=[pool.pk])


def add(staff, member, **fields):
    form = {"name": "London", "carrier": "", "prefixes": "+4420", "numbers": "", **fields}
    return staff.post(f"{ADD}?organization={member.organization.pk}", form)


def complaints(answer) -> dict:
    assert answer.status_code == 200
    return answer.context["adminform"].form.errors


class TestOperators:
    def test_assign_prefixes_numbers_and_a_carrier_of_others(self, alice, mallory, staff):
        lent = mallory.organization.carriers.get()
        written = {"prefixes": "+44 20\n\n+4420\n+1800 ", "numbers": "+44 20 7183 8750\n"}
        assert add(staff, alice, carrier=str(lent.pk), **written).status_code == 302
        pool = alice.organization.number_pools.get()
        assert (pool.prefixes, pool.carrier) == (["+1800", "+4420"], lent)
        assert list_pool_numbers(pool) == [INSIDE_POOL]
        page = staff.get(page_of(pool)).text
        assert "Evil Trunk" in page
        assert "+442071838750" in page
        event = alice.organization.events.get(action="number_pool.created")
        assert (event.actor_kind, event.subject_id) == ("staff", pool.pk)
        assert event.after["numbers"] == [INSIDE_POOL]
        assert not mallory.organization.events.filter(action__startswith="number_pool").exists()

    def test_change_them(self, alice, staff):
        pool = assign_pool(alice, numbers=[INSIDE_POOL, "+14155550101"])
        form = {
            "name": "Town",
            "carrier": "",
            "prefixes": "",
            "numbers": f"{INSIDE_POOL}\n+14155550102",
        }
        assert staff.post(page_of(pool), form).status_code == 302
        pool.refresh_from_db()
        assert (pool.name, pool.prefixes) == ("Town", [])
        assert list_pool_numbers(pool) == ["+14155550102", INSIDE_POOL]
        event = alice.organization.events.get(action="number_pool.changed")
        assert event.before["numbers"] == ["+14155550101"]
        assert event.after["numbers"] == ["+14155550102"]
        assert (event.before["name"], event.after["name"]) == ("London", "Town")

    def test_a_form_that_changes_nothing_is_no_event(self, alice, staff):
        pool = assign_pool(alice, numbers=[INSIDE_POOL])
        form = {"name": "London", "carrier": "", "prefixes": "+4420", "numbers": INSIDE_POOL}
        assert staff.post(page_of(pool), form).status_code == 302
        assert not alice.organization.events.filter(action="number_pool.changed").exists()

    def test_withdraw_them_after_a_question(self, alice, staff):
        pool = assign_pool(alice, numbers=[INSIDE_POOL])
        url = reverse("admin:numbers_numberpool_do", args=[pool.pk, "delete"])
        assert "Numbers it holds stay" in staff.get(url).text
        assert NumberPool.objects.exists()
        assert staff.post(url, {"confirmed": "1"}).status_code == 302
        assert not PooledNumber.objects.exists()
        event = alice.organization.events.get(action="number_pool.deleted")
        assert event.before["numbers"] == [INSIDE_POOL]

    @pytest.mark.parametrize(("fields", "place", "words"), [
        ({"prefixes": "+44\n4420"}, "prefixes", "Line 2"),
        ({"prefixes": "+0"}, "prefixes", "Line 1"),
        ({"prefixes": "+1234567890123456"}, "prefixes", "Line 1"),
        ({"numbers": "+442071838750\n020 7183 8750"}, "numbers", "Line 2"),
        ({"prefixes": "", "numbers": ""}, "prefixes", "Give prefixes, numbers, or both"),
        ({"name": ""}, "name", "required"),
        ({"carrier": "0d9f5a1e-58a4-4b7f-9a51-3c1f6f1c2b7d"}, "carrier", "valid choice"),
    ])  # fmt: skip
    def test_hear_what_is_wrong(self, alice, staff, fields, place, words):
        assert words in complaints(add(staff, alice, **fields))[place][0]
        assert not NumberPool.objects.exists()

    def test_names_are_used_once_in_an_organization(self, alice, mallory, staff):
        assign_pool(alice)
        assign_pool(mallory)
        assert "pool of this name" in str(complaints(add(staff, alice)))

    def test_a_deleted_carrier_is_no_choice(self, alice, staff):
        alice.organization.carriers.update(status="deleted", is_default=False)
        deleted = alice.organization.carriers.get()
        assert "carrier" in complaints(add(staff, alice, carrier=str(deleted.pk)))
        with pytest.raises(ValidationError, match="The carrier is deleted"):
            assign_pool(alice, carrier=deleted)

    def test_a_list_has_an_end(self, alice):
        many = [f"+1415{n:07}" for n in range(2_000_000, 2_000_001 + MAX_POOL_NUMBERS)]
        with pytest.raises(ValidationError, match="10,000"):
            assign_pool(alice, numbers=many)

    def test_see_them_listed(self, alice, staff):
        assign_pool(alice, prefixes=[f"+442{n}" for n in range(7)], numbers=[INSIDE_POOL])
        page = staff.get(LIST).text
        assert "+4424, …" in page
        assert staff.get(LIST, {"q": "London"}).status_code == 200

    def test_with_fewer_rights_change_nothing(self, alice):
        pool = assign_pool(alice)
        narrow = User.objects.create_user("nora@example.com", "correct horse", is_staff=True)
        names = ["view_numberpool", "view_organization"]
        narrow.user_permissions.set(Permission.objects.filter(codename__in=names))
        client = Client()
        client.force_login(narrow, "django.contrib.auth.backends.ModelBackend")
        assert client.get(page_of(pool)).status_code == 200
        assert add(client, alice, name="Mine").status_code == 403
        assert client.post(page_of(pool), {"name": "Mine"}).status_code == 403
        url = reverse("admin:numbers_numberpool_do", args=[pool.pk, "delete"])
        assert client.post(url, {"confirmed": "1"}).status_code == 403
        assert NumberPool.objects.get().name == "London"

    def test_limit_an_organization_and_the_audit_log_says_so(self, alice, staff):
        url = reverse("admin:organizations_organization_change", args=[alice.organization.pk])
        inline = {"memberships-TOTAL_FORMS": 0, "memberships-INITIAL_FORMS": 0}
        form = {"name": alice.organization.name, "quotas": "{}", "numbers_limited": "on", **inline}
        assert staff.post(url, form).status_code == 302
        assert Organization.objects.get(pk=alice.organization.pk).numbers_limited
        event = alice.organization.events.get(action="organization.changed")
        assert (event.before, event.after) == (
            {"numbers_limited": False},
            {"numbers_limited": True},
        )

    def test_a_pool_is_of_its_organization(self, alice, mallory):
        pool = assign_pool(alice)
        with pytest.raises(NumberPool.DoesNotExist):
            change_pool(mallory.by, pool.pk, numbers=[], name="Mine")


class TestTheOrganization:
    def test_reads_its_pools(self, alice, mallory, api):
        lent = mallory.organization.carriers.get()
        pool = assign_pool(alice, carrier=lent, numbers=[INSIDE_POOL])
        assign_pool(alice, name="Dublin", prefixes=["+3531"])
        first, second = api(alice).get("/v1/number-pools").json()["data"]
        assert (first["name"], first["voip_carrier_sid"], first["number_count"]) == (
            "Dublin",
            None,
            0,
        )
        assert second == {
            "id": str(pool.pk),
            "name": "London",
            "voip_carrier_sid": str(lent.voip_carrier_sid),
            "carrier_name": "Evil Trunk",
            "prefixes": LONDON_PREFIXES,
            "number_count": 1,
            "created_at": second["created_at"],
        }
        one = api(alice).get(f"/v1/number-pools/{pool.pk}").json()
        assert one == {**second, "numbers": [INSIDE_POOL]}

    def test_in_pages(self, alice, api, django_assert_max_num_queries):
        for n in range(5):
            assign_pool(alice, name=f"Pool {n}", carrier=alice.organization.carriers.get())
        with django_assert_max_num_queries(4):
            page = api(alice).get("/v1/number-pools?limit=3").json()
        assert [row["name"] for row in page["data"]] == ["Pool 4", "Pool 3", "Pool 2"]
        rest = api(alice).get(f"/v1/number-pools?cursor={page['next_cursor']}").json()
        assert [row["name"] for row in rest["data"]] == ["Pool 1", "Pool 0"]

    def test_sees_nobody_else_s(self, alice, mallory, api):
        pool = assign_pool(alice)
        assert api(mallory).get("/v1/number-pools").json()["data"] == []
        assert api(mallory).get(f"/v1/number-pools/{pool.pk}").status_code == 404

    @pytest.mark.parametrize("method", ["POST", "PATCH", "DELETE", "PUT"])
    def test_writes_none(self, alice, api, method):
        pool = assign_pool(alice)
        for path in ("/v1/number-pools", f"/v1/number-pools/{pool.pk}"):
            assert api(alice).send(method, path, {"name": "Mine"}).status_code == 405
        assert api(alice).patch("/v1/organization", {"numbers_limited": True}).status_code == 400

    def test_hears_whether_it_is_limited(self, alice, api):
        assert api(alice).get("/v1/organization").json()["numbers_limited"] is False
        limit_to_pools(alice)
        assert api(alice).get("/v1/organization").json()["numbers_limited"] is True

    def test_sees_them_in_its_settings(self, alice, bob, carol, browse, settings):
        url = screen_url(alice.organization, "organization")
        assert "No number pools are assigned" in browse(carol).get(url).text
        listed = [f"+1415555{n:04}" for n in range(30)]
        assign_pool(alice, numbers=listed, carrier=alice.organization.carriers.get())
        page = browse(bob).get(url).text
        assert "+4420…" in page
        assert "30 numbers" in page
        assert "+1 (415) 555-0019" in page
        assert "+1 (415) 555-0020" not in page
        assert "Only on the carrier Acme Trunk" in page
        assert "Only numbers in these pools" not in page
        settings.OPEN_ORGANIZATIONS = True
        assert "default carrier, only numbers in these pools" in browse(bob).get(url).text
        limit_to_pools(alice)
        assert "Only numbers in these pools can be added" in browse(bob).get(url).text

    def test_reads_of_them_in_its_log(self, alice, browse):
        pool = assign_pool(alice)
        events = browse(alice).get(screen_url(alice.organization, "events")).text
        assert "Number pool added" in events
        event = alice.organization.events.get(subject_id=pool.pk)
        url = screen_url(alice.organization, "event", event_id=event.pk)
        assert "Prefixes" in browse(alice).get(url).text
