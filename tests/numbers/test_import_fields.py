"""What a row of a file says of its number, and what of it changes a number that is there."""

from uuid import UUID

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils.translation import override

from integrations.models import SandboxObject
from numbers.bulk import jobs
from numbers.bulk.imports import fields
from numbers.bulk.imports.fields import (
    find_differences,
    parse_row_fields,
    select_comparison_values,
    update_imported_number,
    update_rejection_reason,
)
from numbers.bulk.imports.options import clean_import_options
from numbers.inventory.acquisition import import_number, record_number_only
from numbers.inventory.agents import create_agent
from numbers.inventory.operations import change_number, delete_number
from numbers.inventory.reservation import NumberStateConflict
from numbers.models import Batch, BatchRow, PhoneNumber
from numbers.views.bulk import bulk_labels
from numbers.views.bulk.messages import translate_stored_text
from organizations.access.principals import Principal
from organizations.models import Event
from organizations.web.views.base import screen_url
from tests.support import factories

ONE, TWO = "+14155550101", "+14155550102"
APPLICATION = "0e0e0e0e-0e0e-4e0e-8e0e-0e0e0e0e0e0e"


class TestRead:
    def test_what_is_given(self):
        cells = {
            "label": "=1",
            "agent_id": "a",
            "outbound_agent_id": "b",
            "carrier": "Acme",
            "application_sid": APPLICATION.upper(),
            "outbound_trunk_id": "ST_x",
            "inbound_webhook_url": "http://example.com/",
            "wanted": "Inactive",
            "number": "1",
        }
        values = {n: text for n, text in cells.items() if n not in ("carrier", "number")}
        expected = values | {"application_sid": APPLICATION, "wanted": "inactive"}
        assert parse_row_fields(cells) == (expected, [])

    def test_an_empty_cell_says_nothing(self):
        assert parse_row_fields({"label": "", "wanted": ""}) == ({}, [])

    @pytest.mark.parametrize(
        ("text", "wanted"),
        [("active", "active"), ("INACTIVE", "inactive"), ("pending", "active")]
        + [("Failed", "active")],
    )
    def test_a_status_is_read_as_what_is_wanted(self, text, wanted):
        assert parse_row_fields({"wanted": text}) == ({"wanted": wanted}, [])

    @pytest.mark.parametrize(
        ("name", "text", "words"),
        [
            ("label", "a\nb", "Label: Line breaks"),
            ("agent_id", "x" * 101, "Agent: At most 100 characters"),
            ("outbound_agent_id", "\x00", "Outbound agent: Line breaks"),
            ("outbound_trunk_id", "x" * 101, "Trunk: At most 100 characters"),
            ("application_sid", "7", "Application: A UUID is expected."),
            ("inbound_webhook_url", "example.com", "Webhook: An address is expected"),
            ("inbound_webhook_url", "ftp://example.com/", "Webhook: An address is expected"),
            ("inbound_webhook_url", "https://a:b@example.com/", "Webhook: User name and password"),
            (
                "inbound_webhook_url",
                f"https://example.com/{'x' * 2000}",
                "Webhook: At most 2000 characters",
            ),
            ("wanted", "deleted", "Status: A deleted number cannot be imported"),
            ("wanted", "on hold", "Status: One of these is expected: active, inactive."),
        ],
    )
    def test_what_is_wrong_names_its_column(self, name, text, words):
        values, (wrong,) = parse_row_fields({name: text})
        assert wrong.startswith(words)
        assert text.startswith(values[name]), "the report gives it back to be mended"

    def test_screens_know_the_columns_of_what_is_wrong(self):
        """Each is translated behind its column (told.COLUMNS)."""
        with override("de"):
            for field in fields.IMPORT_FIELDS.values():
                with override("en"):
                    title = str(field.title)
                text = f"{title}: A UUID is expected."
                assert translate_stored_text(text).endswith(
                    translate_stored_text("A UUID is expected.")
                )
                assert translate_stored_text(text) != text


@pytest.mark.django_db
class TestDifferences:
    def row(self, member, number: str = ONE) -> dict:
        return select_comparison_values(member.organization.phone_numbers.filter(e164=number)).get()

    def test_only_what_is_given_and_otherwise(self, alice):
        factories.create_number(alice.by, ONE, label="Sales", application_sid=UUID(APPLICATION))
        values = {
            "number": ONE,
            "label": "Support",
            "application_sid": APPLICATION,
            "agent_id": "a",
            "wanted": "active",
            "outbound_trunk_id": "",
            "carrier": "Acme Trunk",
        }
        assert find_differences(self.row(alice), values) == {
            "label": ("Sales", "Support"),
            "agent_id": (None, "a"),
        }

    def test_every_column(self, alice):
        factories.create_number(alice.by, ONE)
        values = {
            "label": "x",
            "agent_id": "a",
            "outbound_agent_id": "b",
            "wanted": "inactive",
            "application_sid": APPLICATION,
            "outbound_trunk_id": "ST_x",
            "inbound_webhook_url": "https://example.com/",
        }
        found = find_differences(self.row(alice), values)
        assert {name: after for name, (_before, after) in found.items()} == values
        assert found["wanted"] == ("active", "inactive")
        before = {name: was for name, (was, _after) in found.items()}
        number = PhoneNumber.objects.get()
        update_imported_number(alice.by, number.pk, values, before)
        assert find_differences(self.row(alice), values) == {}

    def test_a_carrier_is_named_and_hinders(self, alice):
        other = factories.create_carrier(alice.by, name="Other")
        factories.create_number(alice.by, ONE)
        values = {"carrier": "Other", "voip_carrier_sid": str(other.voip_carrier_sid)}
        row = self.row(alice)
        found = find_differences(row, values)
        assert found == {"carrier": ("Acme Trunk", "Other")}
        assert "cannot move a number" in update_rejection_reason(row, found)
        own = {
            "voip_carrier_sid": str(
                alice.organization.carriers.get(is_default=True).voip_carrier_sid
            )
        }
        assert find_differences(row, own) == {}

    def test_a_carrier_is_none_that_a_recorded_number_gets(self, alice):
        record_number_only(alice.by, number=ONE)
        carrier = alice.organization.carriers.get()
        values = {"carrier": carrier.name, "voip_carrier_sid": str(carrier.voip_carrier_sid)}
        assert find_differences(self.row(alice), values) == {"carrier": (None, carrier.name)}

    def test_one_query_for_all(self, alice):
        for n in range(5):
            import_number(alice.by, number=f"+1415555010{n}", provider="twilio")
        factories.run_due_operations()
        with CaptureQueriesContext(connection) as queries:
            rows = list(select_comparison_values(alice.organization.phone_numbers.all()))
            assert [find_differences(row, {"label": "x"}) for row in rows] == [
                {"label": (None, "x")}
            ] * 5
        assert len(queries) == 1


@pytest.mark.django_db
class TestObstacle:
    SWITCHED = {"wanted": ("active", "inactive")}

    def of(self, number: PhoneNumber, found: dict) -> str:
        return update_rejection_reason(
            select_comparison_values(PhoneNumber.objects.filter(pk=number.pk)).get(), found
        )

    def test_none(self, alice):
        number = factories.create_number(alice.by, ONE)
        assert self.of(number, self.SWITCHED) == self.of(number, {"label": (None, "x")}) == ""

    def test_what_is_set_up_or_failed_cannot_be_switched(self, alice):
        number = factories.create_number(alice.by, ONE, settled=False)
        assert self.of(number, self.SWITCHED).endswith("this one is pending.")
        assert self.of(number, {"label": (None, "x")}) == ""

    def test_what_is_recorded_only_cannot_be_switched(self, alice):
        number = record_number_only(alice.by, number=ONE)
        assert "recorded only" in self.of(number, {"wanted": ("inactive", "active")})

    def test_what_is_deleted_cannot_be_changed(self, alice):
        number = factories.create_number(alice.by, ONE)
        delete_number(alice.by, number.pk)
        assert self.of(number, {"label": (None, "x")}) == "The number is deleted."


@pytest.mark.django_db
class TestUpdate:
    def test_the_platform_follows_where_it_has_to(self, alice):
        number = factories.create_number(alice.by, ONE, label="Sales")
        values = {"label": "Support", "wanted": "inactive", "agent_id": "not asked for"}
        update_imported_number(alice.by, number.pk, values, {"label": "Sales", "wanted": "active"})
        factories.run_number_operations(number)
        found = (number.label, number.status, number.wanted, number.inbound_agent_id)
        assert found == ("Support", "inactive", "inactive", None)
        assert SandboxObject.objects.get(kind="number").data["routed"] is False
        assert (
            Event.objects.filter(subject_id=number.pk, action="phone_number.changed").count() == 1
        )

    @pytest.mark.parametrize(
        ("name", "column", "was", "now"),
        [("label", "label", "Sales", "Other"), ("label", "label", "Sales", None)]
        + [("agent_id", "inbound_agent_id", None, "agent_2")],
    )
    def test_what_was_changed_since_is_left_alone(self, alice, name, column, was, now):
        number = factories.create_number(alice.by, ONE, **{column: was})
        change_number(alice.by, number.pk, **{column: now})
        with pytest.raises(NumberStateConflict, match="It was changed since the preview"):
            update_imported_number(
                alice.by, number.pk, {name: "x", "outbound_agent_id": "b"}, {name: was}
            )
        number.refresh_from_db()
        assert (getattr(number, column), number.outbound_agent_id) == (now, None)

    def test_what_was_changed_beside_it_does_not_matter(self, alice):
        number = factories.create_number(alice.by, ONE)
        change_number(alice.by, number.pk, outbound_agent_id="b")
        update_imported_number(alice.by, number.pk, {"label": "x"}, {"label": None})
        number.refresh_from_db()
        assert (number.label, number.outbound_agent_id) == ("x", "b")

    def test_a_strangers_number_is_none(self, alice, mallory):
        number = factories.create_number(mallory.by, ONE)
        with pytest.raises(PhoneNumber.DoesNotExist):
            update_imported_number(alice.by, number.pk, {"label": "x"}, {"label": None})


@pytest.fixture
def batch(alice) -> Batch:
    """An import that adds one number and changes another, not started."""
    create_agent(alice.by, name="Front desk", agent_id="agent_1")
    there = factories.create_number(alice.by, ONE, label="=Sales")
    rows = [{"number": ONE, "label": "Support", "wanted": "inactive"}, {"number": TWO}]
    made = jobs.create_import_job(
        alice.by, title="x", options=clean_import_options(alice.by, {}), rows=rows
    )
    factories.run_due_bulk_jobs()
    made.rows.filter(text=ONE).update(
        fate=BatchRow.Fate.TODO,
        phone_number_id=there.pk,
        before={"label": "=Sales", "wanted": "active"},
        message="",
    )
    Batch.objects.filter(pk=made.pk).update(state="ready", skipped=0)
    made.refresh_from_db()
    return made


def started(member, batch: Batch) -> dict[str, tuple[str, str]]:
    jobs.start_bulk_job(member.by, batch.pk)
    factories.run_due_operations()
    return {row.text: (row.fate, row.message) for row in batch.rows.all()}


@pytest.mark.django_db
class TestTakingIn:
    def test_numbers_are_changed_and_added(self, alice, batch):
        assert started(alice, batch) == {ONE: ("done", ""), TWO: ("done", "")}
        found = PhoneNumber.objects.order_by("e164").values_list("e164", "label", "status")
        assert list(found) == [(ONE, "Support", "inactive"), (TWO, None, "active")]

    def test_what_was_changed_since_fails_alone(self, alice, batch):
        PhoneNumber.objects.update(label="Mine")
        assert started(alice, batch) == {
            ONE: ("failed", "Label: It was changed since the preview, and is “Mine” now."),
            TWO: ("done", ""),
        }

    def test_who_may_only_add_changes_nothing(self, alice, batch, monkeypatch):
        can = Principal.can
        monkeypatch.setattr(
            Principal, "can", lambda by, what: what != "phone_numbers:update" and can(by, what)
        )
        assert started(alice, batch)[ONE] == ("failed", "Your role does not allow this.")
        assert PhoneNumber.objects.get(e164=ONE).label == "=Sales"


@pytest.mark.django_db
class TestThePage:
    def page(self, browse, alice, batch) -> str:
        return browse(alice).get(screen_url(alice.organization, "batch", batch_id=batch.pk)).text

    def test_it_shows_each_column_before_and_after(self, browse, alice, batch):
        page = " ".join(self.page(browse, alice, batch).split())
        assert "Label: =Sales <span" in page
        assert "<strong>Support</strong>" in page
        assert page.index("Status: active <span") < page.index("<strong>inactive</strong>")

    def test_it_counts_what_is_added_and_what_is_changed(self, browse, alice, batch):
        page = self.page(browse, alice, batch)
        assert "1 number will be added, 1 will be changed." in page
        assert ">Add 1 number, change 1<" in page
        batch.rows.filter(text=TWO).update(fate="error")
        Batch.objects.filter(pk=batch.pk).update(skipped=1)
        page = self.page(browse, alice, batch)
        assert "1 number will be changed." in page
        assert ">Change 1 number<" in page

    def test_many(self, alice):
        batch = Batch(action="import", total=1234)
        assert bulk_labels.start_description(batch, changed=34) == (
            "1,200 numbers will be added, 34 will be changed."
        )
        assert bulk_labels.start_description(batch) == "1,234 numbers are added."

    def test_a_column_that_was_empty(self):
        row = BatchRow(before={"label": None}, values={"label": "x"})
        assert bulk_labels.row_field_changes(row) == [("Label", "empty", "x")]

    def test_what_goes_with_a_new_number(self):
        values = {
            "number": ONE,
            "label": "x",
            "outbound_agent_id": "b",
            "wanted": "inactive",
            "outbound_trunk_id": "ST_x",
        }
        row = BatchRow(text=ONE, values=values)
        assert bulk_labels.row_change(Batch(action="import"), row) == (
            "",
            "x · Outbound agent: b · Trunk: ST_x · inactive",
        )
