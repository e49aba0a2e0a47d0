"""Imports: every row's fate before anything is written, and what the start makes of it."""

import io

import pytest
import xlsxwriter
from django.core.exceptions import ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext

from integrations.models import Integration
from numbers.bulk import jobs
from numbers.bulk.imports.options import clean_import_options
from numbers.inventory.operations import delete_number
from numbers.models import BatchRow, PhoneNumber
from tests.support import factories

pytestmark = pytest.mark.django_db


def checked(member, file="", rows=None, **options):
    """The batch, once a worker has read it."""
    given = {"rows": rows} if rows is not None else {"file": file.encode()}
    options = clean_import_options(member.by, options)
    batch = jobs.create_import_job(member.by, title="numbers.csv", options=options, **given)
    factories.run_due_bulk_jobs()
    return jobs.Batch.objects.get(pk=batch.pk)


def fates(batch):
    rows = batch.rows.order_by("line")
    return [(row.line, row.fate, row.message) for row in rows]


def done(member, batch):
    jobs.start_bulk_job(member.by, batch.pk)
    factories.run_due_bulk_jobs()
    batch.refresh_from_db()
    return batch


class TestCheck:
    def test_every_row_has_a_fate_and_nothing_is_written(self, alice):
        factories.create_number(alice.by, "+14155550101")
        batch = checked(
            alice, "number,label\n+14155550100,New\n12,x\n+1 415 555-0100,Again\n+14155550101,\n"
        )
        assert batch.state == "ready"
        assert fates(batch) == [
            (2, "todo", ""),
            (3, "error", batch.rows.get(line=3).message),
            (4, "repeated", "The number of line 2."),
            (5, "held", "It is here already, and active."),
        ]
        assert "Number: The country is missing" in batch.rows.get(line=3).message
        assert alice.organization.phone_numbers.count() == 1

    def test_all_that_is_wrong_with_a_row_is_said_at_once(self, alice):
        row = {"number": "x", "label": "l" * 101, "carrier": "Nobody", "application_sid": "7"}
        message = fates(checked(alice, rows=[row]))[0][2]
        for words in ("Number: Use digits", "Label: At most 100", "Carrier: There is no carrier"):
            assert words in message
        assert "Application: A UUID" in message
        assert len(message.splitlines()) == 4

    def test_a_complaint_is_one_line_whatever_it_quotes(self, alice):
        batch = checked(alice, 'number,carrier\n+14155550100,"A\nB"\n')
        assert batch.rows.get().message == "Carrier: There is no carrier “A B”."

    def test_an_agent_is_found_by_id_or_name(self, alice):
        for agent_id, name in (("agent_1", "Front desk"), ("agent_2", "Twin"), ("agent_3", "Twin")):
            alice.organization.agents.create(agent_id=agent_id, name=name)
        named = ("agent_1", "FRONT DESK", "elsewhere", "Twin")
        rows = [f"+1415555010{n},{agent}" for n, agent in enumerate(named)]
        batch = checked(alice, "\n".join(["number,agent", *rows]))
        found = batch.rows.order_by("line").values_list("fate", "values__agent_id", "message")
        assert list(found) == [
            ("todo", "agent_1", ""),
            ("todo", "agent_1", "“FRONT DESK” is the agent agent_1."),
            (
                "todo",
                "elsewhere",
                "No agent here has the id “elsewhere”: the number keeps it all the same.",
            ),
            ("error", "Twin", "Agent: Several agents are called so: give the id of one."),
        ]

    def test_a_program_names_agents_by_id_alone(self, alice):
        alice.organization.agents.create(agent_id="agent_1", name="support")
        batch = checked(alice, rows=[{"number": "+14155550100", "agent_id": "support"}])
        assert batch.rows.get().values["agent_id"] == "support"

    def test_other_sheets_are_told_of(self, alice):
        file = io.BytesIO()
        with xlsxwriter.Workbook(file) as book:
            book.add_worksheet("Cover").write(0, 0, "See the next sheet")
            book.add_worksheet("May").write(0, 0, "+14155550101")
        batch = jobs.create_import_job(alice.by, title="x", options={}, file=file.getvalue())
        factories.run_due_bulk_jobs()
        batch.refresh_from_db()
        assert "The sheet “May” was read. Not read: “Cover”." in batch.reason

    def test_what_is_wrong_with_one_of_two_leaves_the_other(self, alice):
        batch = checked(alice, "number,label\n+14155550100," + "x" * 101 + "\n+14155550100,ok\n")
        assert [fate for _line, fate, _message in fates(batch)] == ["error", "todo"]

    def test_a_strangers_number_is_only_taken(self, alice, mallory):
        factories.create_number(mallory.by, "+14155550101")
        ((_line, fate, message),) = fates(checked(alice, "+14155550101"))
        assert (fate, message) == ("held", "+14155550101 is already in this installation.")
        assert BatchRow.objects.get().phone_number_id is None

    def test_a_number_on_its_way_out_says_so(self, alice):
        delete_number(alice.by, factories.create_number(alice.by, "+14155550101").pk)
        ((_line, fate, message),) = fates(checked(alice, "+14155550101"))
        assert fate == "held"
        assert "being removed" in message

    def test_a_country_reads_national_numbers(self, alice):
        batch = checked(alice, "020 7183 8750\n0041 44 668 18 00\n", country="gb")
        values = batch.rows.order_by("line").values_list("values__number", flat=True)
        assert list(values) == ["+442071838750", "+41446681800"]

    def test_a_formula_in_a_label_is_text(self, alice):
        batch = checked(alice, 'number,label\n+14155550100,"=HYPERLINK(1)"\n')
        assert batch.rows.get().values["label"] == "=HYPERLINK(1)"

    def test_a_carrier_is_found_by_name_or_sid(self, alice, mallory):
        other = factories.create_carrier(alice.by, name="Other")
        strange = mallory.organization.carriers.get()
        sid = str(other.voip_carrier_sid).upper()
        lines = f"+14155550100,OTHER\n+14155550101,{sid}\n+14155550102,{strange.name}\n"
        batch = checked(alice, "number,carrier\n" + lines + "+14155550103,\n")
        carriers = batch.rows.order_by("line").values_list("fate", "values__carrier")
        assert list(carriers)[:2] == [("todo", "Other"), ("todo", "Other")]
        assert list(carriers)[2:] == [("error", strange.name), ("todo", "Acme Trunk")]

    def test_two_carriers_of_a_name_need_the_sid(self, alice):
        factories.create_carrier(alice.by, name="acme trunk")
        ((_line, fate, message),) = fates(checked(alice, "number,carrier\n+14155550100,Acme Trunk"))
        assert fate == "error"
        assert "name its sid" in message

    def test_a_failed_carrier_takes_nothing(self, alice):
        options = clean_import_options(alice.by, {})
        alice.organization.carriers.update(status="failed", error_message="Wrong address.")
        batch = jobs.create_import_job(alice.by, title="x", options=options, file=b"+14155550100")
        factories.run_due_bulk_jobs()
        assert "Wrong address." in fates(batch)[0][2]

    def test_an_unreadable_file_is_refused_whole(self, alice):
        batch = checked(alice, "colour,label\nred,+14155550100\n")
        assert (batch.state, batch.total) == ("refused", 0)
        assert "colour" in batch.reason

    def test_an_account_that_is_gone_refuses_the_file(self, alice):
        batch = jobs.create_import_job(
            alice.by,
            title="x",
            options={"destination": "account", "integration_id": str(alice.user.pk)},
            file=b"+14155550100",
        )
        factories.run_due_bulk_jobs()
        batch.refresh_from_db()
        assert (batch.state, batch.reason) == ("refused", "There is no such integration.")

    def test_lookups_are_set_wise(self, alice, django_assert_max_num_queries):
        file = "".join(f"+1415555{n:04}\n" for n in range(600))
        with django_assert_max_num_queries(56):
            batch = checked(alice, file)
        assert batch.total == 600


class TestTakeIn:
    def test_on_the_default_carrier(self, alice):
        batch = checked(alice, "+14155550100,Desk", agent_id="agent_1")
        assert done(alice, batch).done == 1
        number = alice.organization.phone_numbers.get()
        assert (number.e164, number.label, number.inbound_agent_id) == (
            "+14155550100",
            "Desk",
            "agent_1",
        )
        assert number.carrier.name == "Acme Trunk"
        assert batch.rows.get().phone_number_id == number.pk

    def test_in_an_account(self, alice):
        sandbox = Integration.objects.get()
        done(
            alice, checked(alice, "+14155550100", destination="account", integration_id=sandbox.pk)
        )
        number = alice.organization.phone_numbers.get()
        assert number.placements.get().role == "supply"
        assert number.placements.get().purchase is None  # nothing is bought

    def test_in_an_account_with_its_calls_elsewhere(self, alice):
        sandbox = Integration.objects.get()
        homes = {"integration_id": sandbox.public_id, "voice_integration_id": sandbox.public_id}
        done(alice, checked(alice, "+14155550100", destination="account", **homes))
        assert alice.organization.placements.count() == 2

    def test_recorded_only(self, alice):
        done(alice, checked(alice, "+14155550100", destination="record", label="Kept"))
        number = alice.organization.phone_numbers.get()
        assert (number.status, number.label) == ("inactive", "Kept")
        assert number.error_message == "Recorded only, as was asked for: it is on no platform."
        assert not number.placements.exists()

    def test_what_was_taken_meanwhile_fails_with_its_sentence(self, alice, mallory):
        batch = checked(alice, "+14155550100\n+14155550101\n")
        factories.create_number(mallory.by, "+14155550100")
        assert (done(alice, batch).failed, batch.done) == (1, 1)
        assert fates(batch)[0] == (1, "failed", "+14155550100 is already in this installation.")

    def test_what_was_not_begun_is_checked_again(self, alice):
        batch = checked(alice, "+14155550100,Desk", agent_id="agent_1")
        jobs.start_bulk_job(alice.by, batch.pk)
        jobs.stop_bulk_job(alice.by, batch.pk)
        again = jobs.create_retry_job(alice.by, batch.pk)
        factories.run_due_bulk_jobs()
        assert done(alice, again).done == 1
        assert alice.organization.phone_numbers.get().label == "Desk"

    def test_the_failed_are_tried_again_where_they_were_to_go(self, alice, mallory):
        other = factories.create_carrier(alice.by, name="Other")
        batch = checked(alice, "number,carrier\n+14155550100,other\n")
        theirs = factories.create_number(mallory.by, "+14155550100")
        done(alice, batch)
        PhoneNumber.objects.filter(pk=theirs.pk).delete()
        again = jobs.create_retry_job(alice.by, batch.pk)
        factories.run_due_bulk_jobs()
        assert done(alice, again).done == 1
        assert alice.organization.phone_numbers.get().carrier == other


def test_a_row_takes_no_needless_statements(alice):
    """Its number, placement, operation, event, fate and counter, its carrier before and after; the
    bell, and four savepoints, of which the first is its transaction elsewhere."""
    taken = []
    for first, rows in ((0, 1), (100, 3)):
        batch = checked(alice, "".join(f"+1415555{first + n:04}\n" for n in range(rows)))
        with CaptureQueriesContext(connection) as captured:
            done(alice, batch)
        taken.append(len(captured))
    assert (taken[1] - taken[0]) / 2 <= 9 + 4 * 2


class TestOptions:
    def test_today_s_default_is_kept(self, alice):
        sid = str(alice.organization.carriers.get().voip_carrier_sid)
        assert clean_import_options(alice.by, {}) == {"destination": "carrier", "carrier": sid}

    @pytest.mark.parametrize(
        ("given", "field"),
        [
            ({"destination": "moon"}, "destination"),
            ({"country": "XX"}, "country"),
            ({"label": "x" * 101}, "label"),
            ({"label": "two\nlines"}, "label"),
            ({"application_sid": "x"}, "application_sid"),
            ({"carrier": "x"}, "carrier"),
            ({"carrier": "00000000-0000-0000-0000-000000000000"}, "carrier"),
            ({"destination": "record", "integration_id": "x"}, "integration_id"),
            ({"destination": "account", "integration_id": "intg_000000000000"}, "integration_id"),
            ({"colour": "red"}, "colour"),
        ],
    )
    def test_what_cannot_be_is_refused_by_field(self, alice, given, field):
        with pytest.raises(ValidationError) as caught:
            clean_import_options(alice.by, given)
        assert list(caught.value.message_dict) == [field]

    def test_a_strangers_rows_are_unknown(self, alice, mallory):
        carrier, account = mallory.organization.carriers.get(), mallory.organization.integrations
        for options in (
            {"carrier": str(carrier.voip_carrier_sid)},
            {"destination": "account", "integration_id": account.get().public_id},
        ):
            with pytest.raises(ValidationError, match="There is no"):
                clean_import_options(alice.by, options)
