"""Phone numbers in the admin: adding, switching, deleting, and the story each page tells."""

import pytest
from django.contrib.messages import get_messages
from django.test import Client
from django.urls import reverse

from integrations.models import Integration, Operation, ProviderCall
from numbers.inventory import operations
from numbers.models import PhoneNumber
from organizations.models import User
from tests.support import factories

pytestmark = pytest.mark.django_db

LIST = reverse("admin:numbers_phonenumber_changelist")
ADD = reverse("admin:numbers_phonenumber_add")


def page_of(number: PhoneNumber) -> str:
    return reverse("admin:numbers_phonenumber_change", args=[number.pk])


def do(name: str, number: PhoneNumber) -> str:
    return reverse("admin:numbers_phonenumber_do", args=[number.pk, name])


def text_of(response) -> str:
    return response.content.decode()


def told(response) -> list[str]:
    """The messages that the operator sees next."""
    return [str(message) for message in get_messages(response.wsgi_request)]


def select(staff: Client, action: str, *numbers: PhoneNumber, **more):
    chosen = [str(number.pk) for number in numbers]
    return staff.post(LIST, {"action": action, "_selected_action": chosen, **more})


class TestAdd:
    def add(self, staff: Client, member, **fields):
        values = {"number": "+1 (800) 555-1234", "carrier": "", "label": "", "application_sid": ""}
        return staff.post(f"{ADD}?organization={member.organization.pk}", {**values, **fields})

    def test_it_is_asked_of_the_operations_by_the_operator(self, alice, mallory, staff):
        response = self.add(staff, alice, label="Support")
        number = alice.organization.phone_numbers.get()
        assert response.url == page_of(number)
        assert (number.e164, number.status, number.label) == ("+18005551234", "pending", "Support")
        assert number.carrier == alice.organization.carriers.get()
        event = alice.organization.events.get(action="phone_number.created")
        assert (event.actor_kind, event.actor_label) == ("staff", "operator olga@example.com")
        factories.run_number_operations(number)
        assert number.status == "active"

    def test_where_there_are_several_organizations_one_is_chosen_first(self, alice, mallory, staff):
        assert "for which organization?" in text_of(staff.get(ADD))
        response = staff.post(ADD, {"organization": str(alice.organization.pk)})
        assert response.url == f"{ADD}?organization={alice.organization.pk}"
        assert "Add a number to Alice" in text_of(staff.get(response.url))

    def test_where_there_is_one_organization_nobody_is_asked(self, alice, staff):
        assert "Add a number to Alice" in text_of(staff.get(ADD))

    @pytest.mark.parametrize("named", ["7", "00000000-0000-0000-0000-000000000000"])
    def test_an_organization_that_is_none_is_asked_for_again(self, alice, mallory, staff, named):
        page = staff.get(f"{ADD}?organization={named}")
        assert "for which organization?" in text_of(page)

    def test_only_the_organization_s_carriers_and_the_installation_s_are_offered(
        self, alice, mallory, staff
    ):
        page = text_of(staff.get(f"{ADD}?organization={alice.organization.pk}"))
        assert "Acme Trunk" in page
        assert "Evil Trunk" not in page
        mallory.organization.carriers.update(is_installation_default=True)
        page = text_of(staff.get(f"{ADD}?organization={alice.organization.pk}"))
        assert "Evil Trunk" in page

    def test_a_stranger_s_carrier_is_refused(self, alice, mallory, staff):
        strange = mallory.organization.carriers.get()
        page = self.add(staff, alice, carrier=str(strange.pk))
        assert "carrier" in page.context["adminform"].form.errors
        assert not PhoneNumber.objects.exists()

    def test_a_number_that_is_taken_is_told_beside_the_field(self, alice, mallory, staff):
        factories.create_number(mallory.by)
        page = self.add(staff, alice)
        errors = page.context["adminform"].form.errors
        assert errors == {"number": ["+18005551234 is already in this installation."]}
        assert "Mallory" not in str(errors)

    def test_an_impossible_number_is_told_beside_the_field(self, alice, staff):
        page = self.add(staff, alice, number="+1800")
        assert "too short" in str(page.context["adminform"].form.errors["number"])

    def test_a_failed_carrier_is_told_beside_the_field(self, alice, staff):
        alice.organization.carriers.update(status="failed", error_message="Wrong address.")
        page = self.add(staff, alice)
        assert "Wrong address." in str(page.context["adminform"].form.errors["carrier"])


class TestChange:
    def test_label_and_application_are_changed_by_the_operations(self, alice, staff):
        number = factories.create_number(alice.by)
        sid = "0b1e4b8e-0f62-4b6e-9b39-3a2a4f0f4a4e"
        form = {**empty_inlines(), "label": "Sales", "application_sid": sid}
        assert staff.post(page_of(number), form).status_code == 302
        number.refresh_from_db()
        assert (number.label, str(number.application_sid)) == ("Sales", sid)
        assert factories.find_open_operation("placement", number.placements.get().pk)
        event = alice.organization.events.get(action="phone_number.changed")
        assert event.actor_kind == "staff"

    def test_the_status_cannot_be_written(self, alice, staff):
        number = factories.create_number(alice.by)
        form = {**empty_inlines(), "label": "", "status": "deleted", "wanted": "deleted"}
        staff.post(page_of(number), {**form, "e164": "+18005550000", "version": "9"})
        number.refresh_from_db()
        assert (number.status, number.wanted, number.e164) == ("active", "active", "+18005551234")

    def test_a_deleted_number_is_read_only(self, alice, staff):
        number = factories.create_number(alice.by)
        operations.delete_number(alice.by, number.pk)
        assert staff.get(page_of(number)).status_code == 200
        assert staff.post(page_of(number), {"label": "x"}).status_code == 403

    def test_what_became_impossible_meanwhile_is_told(self, alice, staff, monkeypatch):
        number = factories.create_number(alice.by)

        def too_late(*args, **kwargs):
            raise operations.NumberStateConflict("The number is deleted.")

        monkeypatch.setattr(operations, "change_number", too_late)
        response = staff.post(page_of(number), {**empty_inlines(), "label": "Sales"})
        assert response.url == page_of(number)
        assert told(response) == ["The number is deleted."]


def empty_inlines() -> dict[str, str]:
    return {"placements-TOTAL_FORMS": "0", "placements-INITIAL_FORMS": "0"}


class TestActions:
    def test_deactivate_and_activate(self, alice, staff):
        number = factories.create_number(alice.by)
        staff.post(do("deactivate", number))
        factories.run_number_operations(number)
        assert number.status == "inactive"
        staff.post(do("activate", number))
        factories.run_number_operations(number)
        assert number.status == "active"

    def test_retry_of_a_failed_number(self, alice, staff):
        number = factories.create_number(alice.by, "+15005550001")
        response = staff.post(do("retry", number))
        number.refresh_from_db()
        assert number.status == "pending"
        assert told(response) == ["+15005550001 is tried again."]

    def test_deleting_asks_first_and_says_what_is_lost(self, alice, staff):
        number = factories.create_number(alice.by)
        question = text_of(staff.get(do("delete", number)))
        assert "+18005551234" in question
        assert "removed from Sandbox" in question
        assert staff.post(do("delete", number)).status_code == 200
        number.refresh_from_db()
        assert number.status == "active"
        staff.post(do("delete", number), {"confirmed": "yes"})
        number.refresh_from_db()
        assert (number.status, number.released_at) == ("deleted", None)
        event = alice.organization.events.get(action="phone_number.deleted")
        assert event.actor_label == "operator olga@example.com"

    @pytest.mark.parametrize("action", ["retry", "activate", "deactivate"])
    def test_nothing_is_done_by_a_link(self, alice, staff, action):
        number = factories.create_number(alice.by)
        assert staff.get(do(action, number)).status_code == 405

    def test_an_action_that_is_none_is_not_found(self, alice, staff):
        assert staff.post(do("explode", factories.create_number(alice.by))).status_code == 404

    def test_a_form_of_another_site_does_nothing(self, alice, staff):
        number = factories.create_number(alice.by)
        strict = Client(enforce_csrf_checks=True)
        strict.cookies = staff.cookies
        assert strict.post(do("deactivate", number)).status_code == 403

    def test_the_page_offers_what_is_possible(self, alice, staff):
        number = factories.create_number(alice.by)
        page = text_of(staff.get(page_of(number)))
        assert do("deactivate", number) in page
        assert do("delete", number) in page
        assert do("activate", number) not in page
        assert do("retry", number) not in page

    def test_a_list_is_done_row_by_row_and_refusals_are_told_in_words(self, alice, mallory, staff):
        fine, failed = (
            factories.create_number(alice.by),
            factories.create_number(alice.by, "+15005550001"),
        )
        strange = factories.create_number(mallory.by, "+18005550000")
        response = select(staff, "deactivate", fine, failed, strange)
        assert set(PhoneNumber.objects.filter(wanted="inactive")) == {fine, strange}
        done, refused = told(response)
        assert done == "Deactivate: +18005550000, +18005551234."
        assert refused.startswith("+15005550001: Only an active or inactive number")
        labels = Operation.objects.filter(status="open").values_list("organization", flat=True)
        assert set(labels) == {alice.organization.pk, mallory.organization.pk}

    def test_a_list_is_deleted_only_when_confirmed(self, alice, staff):
        numbers = [factories.create_number(alice.by, f"+1800555120{n}") for n in range(3)]
        question = text_of(select(staff, "delete", *numbers))
        assert all(number.e164 in question for number in numbers)
        assert not PhoneNumber.objects.filter(status="deleted").exists()
        select(staff, "delete", *numbers, confirmed="yes")
        assert PhoneNumber.objects.filter(status="deleted").count() == 3

    def test_not_more_than_a_bounded_number_at_once(self, alice, staff, monkeypatch):
        monkeypatch.setattr("organizations.web.admin.row_actions.MAX_ROWS", 1)
        numbers = [factories.create_number(alice.by, f"+1800555120{n}") for n in range(2)]
        assert told(select(staff, "deactivate", *numbers)) == ["Choose at most 1 at a time."]
        assert not PhoneNumber.objects.filter(wanted="inactive").exists()

    def test_a_long_list_of_refusals_is_cut(self, alice, staff, monkeypatch):
        monkeypatch.setattr("organizations.web.admin.row_actions.MAX_NAMED_ROWS", 1)
        numbers = [factories.create_number(alice.by, f"+1800555120{n}") for n in range(3)]
        assert told(select(staff, "retry", *numbers))[1:] == ["and 2 more"]

    def test_django_s_own_deletion_is_not_offered(self, alice, staff):
        number = factories.create_number(alice.by)
        assert "delete_selected" not in text_of(staff.get(LIST))
        delete = reverse("admin:numbers_phonenumber_delete", args=[number.pk])
        assert staff.post(delete, {"post": "yes"}).status_code == 403
        assert PhoneNumber.objects.filter(pk=number.pk).exists()


class TestStory:
    def test_it_tells_attempts_outcomes_calls_and_the_audit_log(self, alice, staff):
        number = factories.create_number(alice.by, "+15005550001")
        operation = Operation.objects.get(subject_kind="placement")
        call(operation, url="https://example.com/v1/PhoneNumbers", response_body="no such number")
        page = text_of(staff.get(page_of(number)))
        for words in (
            "Asked",
            "by alice@example.com",
            "1 attempt;",
            "the number is not in this account",
            "https://example.com/v1/PhoneNumbers",
            "no such number",
            "phone_number.failed",
        ):
            assert words in page

    def test_it_says_which_carrier_is_waited_for(self, alice, staff):
        carrier = factories.create_carrier(alice.by, name="Slow", settled=False)
        sid = carrier.voip_carrier_sid
        number = factories.create_number(alice.by, voip_carrier_sid=sid, settled=False)
        assert "Waits for Slow to be set up." in text_of(staff.get(page_of(number)))
        assert "Waits for Slow" in text_of(staff.get(LIST))

    def test_it_says_that_the_integration_is_paused_and_why(self, alice, staff):
        number = factories.create_number(alice.by, settled=False)
        Integration.objects.update(state="paused", state_reason="Wrong token.")
        page = text_of(staff.get(page_of(number)))
        assert "Waits for the integration Sandbox: Wrong token." in page

    def test_a_platform_s_answer_is_no_html_of_ours(self, alice, staff):
        number = factories.create_number(alice.by)
        operation = Operation.objects.get(subject_kind="placement")
        call(operation, response_body="<script>alert(1)</script>", error="<b>x</b>")
        page = text_of(staff.get(page_of(number)))
        assert "<script>alert(1)" not in page
        assert "<b>x</b>" not in page

    def test_a_long_story_costs_as_many_queries_as_a_short_one(
        self, alice, staff, django_assert_num_queries
    ):
        short, long = (
            factories.create_number(alice.by),
            factories.create_number(alice.by, "+18005551235"),
        )
        for status in ("inactive", "active") * 4:
            operations.change_number(alice.by, long.pk, status=status)
            factories.run_number_operations(long)
        for operation in Operation.objects.filter(subject_id=long.placements.get().pk):
            for _ in range(3):
                call(operation)
        staff.get(page_of(short))
        count = queries_of(staff, page_of(short))
        with django_assert_num_queries(count):
            page = staff.get(page_of(long))
        assert len(page.context["story"]) == 9

    def test_it_is_bounded(self, alice, staff, monkeypatch):
        monkeypatch.setattr("numbers.admin.phone_number.MAX_OPERATIONS", 2)
        monkeypatch.setattr("numbers.admin.phone_number.MAX_CALLS_EACH", 1)
        number = factories.create_number(alice.by)
        for status in ("inactive", "active"):
            operations.change_number(alice.by, number.pk, status=status)
            factories.run_number_operations(number)
        for operation in Operation.objects.filter(subject_kind="placement"):
            call(operation)
            call(operation)
        story = staff.get(page_of(number)).context["story"]
        assert [len(chapter.calls) for chapter in story] == [1, 1]


def call(operation: Operation, **fields) -> ProviderCall:
    values = {"method": "GET", "url": "https://example.com/", "status": 200, "duration_ms": 12}
    owner = {"organization": operation.organization, "integration": operation.integration}
    return ProviderCall.objects.create(operation=operation, **owner, **{**values, **fields})


def queries_of(client: Client, address: str) -> int:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as captured:
        assert client.get(address).status_code == 200
    return len(captured)


class TestList:
    def test_deleted_numbers_are_shown_when_asked_for(self, alice, staff):
        number = factories.create_number(alice.by)
        operations.delete_number(alice.by, number.pk)
        assert number.e164 not in text_of(staff.get(LIST))
        assert number.e164 in text_of(staff.get(LIST, {"status": "removing"}))
        factories.run_number_operations(number)
        assert number.e164 not in text_of(staff.get(LIST, {"status": "removing"}))
        assert number.e164 in text_of(staff.get(LIST, {"status": "deleted"}))
        assert number.e164 in text_of(staff.get(LIST, {"status": "any"}))

    def test_the_other_filters(self, alice, staff):
        factories.create_number(alice.by)
        factories.create_number(alice.by, "+15005550001")
        page = text_of(staff.get(LIST, {"status": "failed"}))
        assert "+15005550001" in page
        assert "+18005551234" not in page

    @pytest.mark.parametrize("term", ["+1 (800) 555-1234", "5551234", "sup", "Alice"])
    def test_a_number_is_found_as_people_write_it(self, alice, mallory, staff, term):
        factories.create_number(alice.by, label="Support")
        factories.create_number(mallory.by, "+4930123456")
        page = text_of(staff.get(LIST, {"q": term}))
        assert "+18005551234" in page
        assert "+4930123456" not in page

    def test_a_number_is_found_by_its_ids(self, alice, staff):
        number = factories.create_number(alice.by)
        for term in (number.pk, number.public_id, number.phone_number_sid):
            assert number.e164 in text_of(staff.get(LIST, {"q": str(term)}))

    def test_more_rows_cost_no_more_queries(self, alice, staff, django_assert_num_queries):
        factories.create_number(alice.by)
        count = queries_of(staff, LIST)
        for n in range(10):
            factories.create_number(alice.by, f"+1800555120{n}")
        with django_assert_num_queries(count):
            staff.get(LIST)

    def test_an_operator_with_the_right_to_read_reads(self, alice):
        number = factories.create_number(alice.by)
        reader = operator("view_phonenumber")
        assert number.e164 in text_of(reader.get(LIST))
        assert reader.get(page_of(number)).status_code == 200
        assert do("delete", number) not in text_of(reader.get(page_of(number)))
        assert reader.post(do("deactivate", number)).status_code == 403
        assert reader.post(do("delete", number), {"confirmed": "yes"}).status_code == 403
        assert reader.get(ADD).status_code == 403
        select(reader, "delete", number, confirmed="yes")
        number.refresh_from_db()
        assert number.status == "active"


def operator(*permissions: str) -> Client:
    """A browser of an operator who is no superuser, with these rights."""
    from django.contrib.auth.models import Permission

    user = User.objects.create_user("oscar@example.com", "correct horse battery", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    client = Client()
    client.force_login(user)
    return client
