"""Imports of digits that can mean more than one number: the other rows decide, or a person."""

import pytest

from numbers.bulk import jobs
from numbers.bulk.imports.options import clean_import_options
from numbers.bulk.imports.readings import choose_row_numbers
from numbers.bulk.jobs import BulkJobError
from tests.support import factories

pytestmark = pytest.mark.django_db


def checked(member, *numbers: str, rows=None, **options):
    rows = rows or [{"number": each, "label": f"Row {n}"} for n, each in enumerate(numbers, 1)]
    options = clean_import_options(member.by, {"destination": "record", **options})
    batch = jobs.create_import_job(member.by, title="list", options=options, rows=rows)
    return again(batch)


def again(batch):
    factories.run_due_bulk_jobs()
    return jobs.Batch.objects.get(pk=batch.pk)


def fates(batch) -> list[tuple[str, str]]:
    rows = batch.rows.order_by("line")
    return [(row.fate, row.values.get("number", "")) for row in rows]


def messages(batch) -> list[str]:
    return list(batch.rows.order_by("line").values_list("message", flat=True))


class TestEvidence:
    def test_one_row_alone_asks(self, alice):
        batch = checked(alice, "4917612345678", country="DE")
        assert (batch.state, batch.left, fates(batch)) == ("ready", 0, [("ambiguous", "")])
        offered = [each["number"] for each in batch.rows.get().values["readings"]]
        assert offered == ["+494917612345678", "+4917612345678"]
        assert (
            "Is this +49 4917" in messages(batch)[0] or "+49 491 7612345678" in messages(batch)[0]
        )

    def test_rows_that_only_lost_their_plus_decide_for_the_others(self, alice):
        batch = checked(alice, "4917612345678", "492119876543", "4930901826", country="DE")
        assert fates(batch) == [
            ("todo", "+4917612345678"),
            ("todo", "+492119876543"),
            ("todo", "+4930901826"),
        ]
        assert "Read as international, as the other rows are: +49 176" in messages(batch)[0]

    def test_national_rows_decide_only_for_digits_as_the_country_writes_them(self, alice):
        batch = checked(alice, "2125550100", "4722334455", country="US")
        assert fates(batch) == [("todo", "+12125550100"), ("todo", "+14722334455")]
        batch = checked(alice, "30901826", "4917612345678", country="DE")
        assert fates(batch) == [("todo", "+4930901826"), ("ambiguous", "")]

    def test_rows_of_both_kinds_decide_nothing(self, alice):
        batch = checked(alice, "2125550100", "442071838750", "4722334455", country="US")
        assert [fate for fate, _number in fates(batch)] == ["todo", "todo", "ambiguous"]

    def test_a_us_list_with_an_oslo_number_asks(self, alice):
        batch = checked(alice, "14155550172", "4722334455", country="US")
        assert fates(batch) == [("todo", "+14155550172"), ("ambiguous", "")]

    def test_what_is_decided_may_be_here_or_repeated(self, alice):
        factories.create_number(alice.by, "+4917612345678")
        batch = checked(
            alice, "4917612345678", "492119876543", "492119876543", "4930901826", country="DE"
        )
        assert [fate for fate, _number in fates(batch)] == ["held", "todo", "repeated", "todo"]

    def test_what_is_not_valid_is_no_evidence(self, alice):
        batch = checked(alice, "12000", "4722334455", country="US")
        assert [fate for fate, _number in fates(batch)] == ["error", "ambiguous"]
        batch = checked(alice, "12000", "4917612345678", country="DE")
        assert [fate for fate, _number in fates(batch)] == ["todo", "ambiguous"]

    def test_no_other_row_tells_whether_a_row_is_a_range(self, alice):
        batch = checked(alice, "030 901827", "030 901820-30", country="DE")
        assert [fate for fate, _number in fates(batch)] == ["todo", "ambiguous"]
        choose_row_numbers(alice.by, batch.pk, without_plus="national")
        assert [fate for fate, _number in fates(again(batch))] == ["todo", "ambiguous"]


class TestChoice:
    def test_a_number_of_one_row(self, alice):
        batch = checked(alice, "4917612345678", "442071838712", country="DE")
        choose_row_numbers(alice.by, batch.pk, choices={1: "+4917612345678"})
        batch = again(batch)
        assert fates(batch) == [("todo", "+4917612345678"), ("ambiguous", "")]
        choose_row_numbers(alice.by, batch.pk, choices={2: "+442071838712"})
        assert fates(again(batch)) == [("todo", "+4917612345678"), ("todo", "+442071838712")]

    @pytest.mark.parametrize(
        ("way", "number"),
        [("national", "+494917612345678"), ("international", "+4917612345678")],
    )
    def test_a_way_for_the_whole_file(self, alice, way, number):
        batch = checked(alice, "4917612345678", country="DE")
        choose_row_numbers(alice.by, batch.pk, without_plus=way)
        assert fates(again(batch)) == [("todo", number)]
        batch = checked(alice, "4917612345678", country="DE", without_plus=way)
        assert fates(batch) == [("todo", number)]

    def test_international_for_the_whole_file_from_the_start(self, alice):
        batch = checked(alice, "4917612345678", "442071838712", country="international")
        assert fates(batch) == [("todo", "+4917612345678"), ("todo", "+442071838712")]

    def test_only_what_is_offered_can_be_chosen(self, alice):
        batch = checked(alice, "4917612345678", "+14155550101", country="DE")
        for choices in ({1: "+14155550102"}, {1: "range"}, {2: "+14155550101"}, {9: "+1"}):
            with pytest.raises(BulkJobError, match="does not offer"):
                choose_row_numbers(alice.by, batch.pk, choices=choices)
        with pytest.raises(BulkJobError, match="at least one row"):
            choose_row_numbers(alice.by, batch.pk)

    def test_nothing_is_chosen_once_it_has_started(self, alice):
        batch = checked(alice, "4917612345678", "+14155550101", country="DE")
        jobs.start_bulk_job(alice.by, batch.pk)
        assert again(batch).state == "done"
        with pytest.raises(BulkJobError, match="before the import has started"):
            choose_row_numbers(alice.by, batch.pk, choices={1: "+4917612345678"})
        assert alice.organization.phone_numbers.count() == 1

    def test_a_program_that_starts_at_once_leaves_them_out(self, alice):
        rows = [{"number": "4917612345678"}, {"number": "+14155550101"}]
        options = clean_import_options(alice.by, {"destination": "record", "country": "DE"}) | {
            "start": True
        }
        batch = again(jobs.create_import_job(alice.by, title="API", options=options, rows=rows))
        assert [fate for fate, _number in fates(batch)] == ["ambiguous", "done"]


class TestRanges:
    def test_a_range_is_offered_and_expanded(self, alice):
        batch = checked(alice, "+4930123400-03", "+14155550101")
        assert [fate for fate, _number in fates(batch)] == ["ambiguous", "todo"]
        assert "the range +4930123400 to +4930123403?" in messages(batch)[0]
        choose_row_numbers(alice.by, batch.pk, choices={1: "range"})
        batch = again(batch)
        assert fates(batch) == [
            ("todo", "+4930123400"),
            ("todo", "+14155550101"),
            *(("todo", f"+493012340{n}") for n in (1, 2, 3)),
        ]
        assert messages(batch)[2:] == ["From the range in line 1."] * 3
        assert {row.values["label"] for row in batch.rows.exclude(line=2)} == {"Row 1"}

    def test_or_taken_as_one_number(self, alice):
        batch = checked(alice, "030 901820-30", country="DE")
        choose_row_numbers(alice.by, batch.pk, choices={1: "+493090182030"})
        assert fates(again(batch)) == [("todo", "+493090182030")]

    @pytest.mark.parametrize("cells", [{"range_size": "3"}, {"last_number": "02"}])
    def test_columns_may_say_how_long_it_is(self, alice, cells):
        batch = checked(alice, rows=[{"number": "+14155550100", **cells}])
        assert fates(batch) == [("todo", f"+1415555010{n}") for n in range(3)]

    def test_a_range_of_no_size_is_refused(self, alice):
        batch = checked(alice, rows=[{"number": "+14155550100", "range_size": "many"}])
        assert fates(batch)[0][0] == "error"


class TestCountry:
    @pytest.mark.parametrize("country", ["GB", "uk", "United Kingdom", "Großbritannien", "44"])
    def test_each_row_may_have_its_own(self, alice, country):
        rows = [{"number": "2125550130", "country": "US"}]
        rows += [{"number": "02071838713", "country": country}]
        batch = checked(alice, rows=rows, country="DE")
        assert fates(batch) == [("todo", "+12125550130"), ("todo", "+442071838713")]

    def test_one_that_nobody_knows_is_said(self, alice):
        batch = checked(alice, rows=[{"number": "02071838713", "country": "Atlantis"}])
        assert messages(batch) == [
            "Number: There is no country “Atlantis”: give its two letters or its name."
        ]

    def test_a_number_with_its_plus_needs_none(self, alice):
        batch = checked(alice, rows=[{"number": "+442071838713", "country": "Atlantis"}])
        assert fates(batch) == [("todo", "+442071838713")]


class TestIds:
    """Our own export knows each number by its id, whatever a spreadsheet has done to the rest."""

    def test_the_id_identifies_the_number(self, alice):
        number = factories.create_number(alice.by, "+4917612345678")
        row = {"number": "4917612345678", "id": str(number.pk)}
        assert fates(checked(alice, rows=[row], country="DE")) == [("held", "+4917612345678")]

    def test_a_lost_plus_is_known_for_what_it_is_though_the_number_is_gone(self, alice):
        row = {"number": "4917612345678", "id": "1f7297f0-cff8-4d35-b3b2-ffe60330b788"}
        assert fates(checked(alice, rows=[row], country="DE")) == [("todo", "+4917612345678")]

    def test_other_spellings_are_read_as_without_an_id(self, alice):
        rows = [{"number": "020 7183 8750", "id": "1f7297f0-cff8-4d35-b3b2-ffe60330b788"}]
        rows += [{"number": "2071838751", "id": "7"}]
        batch = checked(alice, rows=rows, country="GB")
        assert fates(batch) == [("todo", "+442071838750"), ("todo", "+442071838751")]

    def test_an_id_of_another_number_is_refused(self, alice):
        number = factories.create_number(alice.by, "+4917612345678")
        batch = checked(alice, rows=[{"number": "+14155550101", "id": str(number.pk)}])
        assert "The id of this row is that of +4917612345678" in messages(batch)[0]

    def test_a_strangers_id_says_nothing(self, alice, mallory):
        number = factories.create_number(mallory.by, "+4917612345678")
        batch = checked(alice, rows=[{"number": "+14155550101", "id": str(number.pk)}])
        assert fates(batch) == [("todo", "+14155550101")]


def test_what_is_possible_but_not_valid_is_noted(alice):
    batch = checked(alice, "612345678", country="IT")
    assert fates(batch) == [("todo", "+39612345678")]
    assert "Italian fixed lines keep their zero." in messages(batch)[0]
