"""Rows that are no numbers, and quotation marks that break the rules: one bad row costs one row."""

import pytest

from numbers.bulk.files.tables import read_file_layout, read_file_lines

HEADING = "number,label\n"


def lines(text: str | bytes) -> list:
    return list(read_file_lines(text.encode() if isinstance(text, str) else text))


def labels(text: str) -> list[str]:
    return [line.cells["label"] for line in lines(text)]


def faulty(text: str | bytes) -> list[int]:
    """The lines whose whole row has a fault."""
    return [line.line for line in lines(text) if line.faults.get("")]


def notices(text: str | bytes) -> list[str]:
    return read_file_layout(text.encode() if isinstance(text, str) else text).notices


class TestSeparators:
    @pytest.mark.parametrize("separator", list(",;\t|¦"))
    def test_are_found(self, separator):
        text = f"number{separator}label\n+12125551001{separator}One, or: two\n"
        cells = lines(text.replace("One, or: two", '"One, or: two"'))[0].cells
        assert cells == {"number": "+12125551001", "label": "One, or: two"}

    @pytest.mark.parametrize("separator", list(",;\t|¦^~:#"))
    @pytest.mark.parametrize("form", ["sep={}", '"sep={}"', "SEP={}"])
    def test_may_be_named_in_the_first_line(self, separator, form):
        first = form.format(separator)
        text = f"{first}\r\nnumber{separator}label\r\n+12125551001{separator}One\r\n"
        ((line, cells),) = [(each.line, each.cells) for each in lines(text)]
        assert (line, cells) == (3, {"number": "+12125551001", "label": "One"})

    def test_are_found_without_a_heading(self):
        assert lines("Front|+12125551001\nBack|+12125551002\n")[1].cells["label"] == "Back"


class TestQuotationMarks:
    @pytest.mark.parametrize(
        ("cell", "label"),
        [
            ('"One, two"', "One, two"),
            (' "One, two"', "One, two"),
            ('   "One, two"  ', "One, two"),
            ('"Front" desk', '"Front" desk'),
            ('The "front" desk', 'The "front" desk'),
            ('6" pipe', '6" pipe'),
            ('"6"" pipe"', '6" pipe'),
            ('"He said ""yes"""', 'He said "yes"'),
        ],
    )
    def test_within_a_label(self, cell, label):
        text = f"{HEADING}+12125551001,{cell}\n+12125551002,Two\n"
        assert labels(text) == [label, "Two"]
        assert faulty(text) == []

    @pytest.mark.parametrize(
        "rest",
        [
            "+12125551002,x\n+12125551003,y\n",
            '+12125551002,"x"\n+12125551003,"y"\n',
            '+12125551002,x"\n+12125551003,y\n',
            '+12125551002,x\n+12125551003,y"\n',
            '+12125551002,"x\n+12125551003,y\n',
        ],
    )
    def test_that_do_not_close_cost_their_row_alone(self, rest):
        text = f'{HEADING}+12125551001,"open\n{rest}'
        found = lines(text)
        assert [line.line for line in found] == [2, 3, 4]
        assert found[0].faults[""].startswith("A quotation mark opens in line 2")
        assert [line.cells["number"] for line in found][1:] == ["+12125551002", "+12125551003"]
        assert faulty(text)[:1] == [2]
        assert 4 not in faulty(text)

    def test_of_which_very_many_do_not_close_take_no_longer_than_a_moment(self):
        rows = '+12125551001,a","b\n' * 20_000
        assert len(lines(HEADING + rows)) == 20_000


class TestLineBreaks:
    TEXT = f'{HEADING}+12125551001,"One\r\n\n two"\n+12125551002,"Three\nfour"\n+12125551003,x\n'

    def test_within_a_label_become_a_blank(self):
        assert labels(self.TEXT) == ["One two", "Three four", "x"]
        assert [line.line for line in lines(self.TEXT)] == [2, 5, 7]

    def test_are_told_once(self):
        assert notices(self.TEXT) == ["Line breaks within 2 cells became blanks."]

    def test_before_the_number(self):
        text = 'label,number\n"One\ntwo",+12125551001\n'
        assert lines(text)[0].cells == {"label": "One two", "number": "+12125551001"}


class TestTotals:
    @pytest.mark.parametrize(
        "row",
        [
            *("12000,Summe", "Total,3", "3,Total", ",Gesamt: 2", "Summe 2,", "Totale,2"),
            *("Somme,2", "2,Totaal", "Suma;,2"),
        ],
    )
    def test_are_named(self, row):
        found = lines(f"{HEADING}+12125551001,One\n{row}\n")
        assert [line.faults for line in found] == [{}, {"": "This looks like a totals row."}]

    @pytest.mark.parametrize("label", ["Total", "Total Energies", "Summe"])
    def test_are_not_seen_where_a_number_is(self, label):
        assert faulty(f"{HEADING}+12125551001,{label}\n030 901820,{label}\n") == []


class TestHeadingsFurtherDown:
    def test_the_same_is_passed_over_with_a_notice(self):
        text = f"{HEADING}+12125551001,One\nNumber,LABEL\n+12125551002,Two\n"
        assert [line.line for line in lines(text)] == [2, 4]
        assert notices(text) == ["Line 3 repeats the heading and was passed over."]

    def test_very_far_down_too(self):
        text = HEADING + f"+12125551001,One\n{'+12125551002,x' * 1}\n" * 600 + HEADING * 2
        (notice,) = notices(text)
        assert notice.startswith("2 lines repeat the heading and were passed over, the first is")

    def test_an_unrecognized_one_too(self):
        text = "Leitung;Wer\n+4930901820;a\nLeitung;Wer\n+4930901821;b\n"
        assert [line.line for line in lines(text)] == [2, 4]

    def test_another_begins_a_second_table_that_is_not_read(self):
        text = f"{HEADING}+12125551001,One\n\nlabel,phone\nTwo,+12125551002\n"
        assert faulty(text) == [4, 5]
        assert "second table, which begins in line 4" in lines(text)[2].faults[""]

    def test_where_there_is_none_above_is_a_fault(self):
        text = "+12125551001;Desk\nnumber;label\n+12125551002;x\n"
        assert faulty(text) == [2]

    def test_a_word_alone_is_none(self):
        assert faulty("label;number\nTelefon;unbekannt\nx;+12125551001\n") == []


class TestSurplus:
    def test_is_told_where_a_label_lacks_its_quotes(self):
        text = f"{HEADING}+12125551001,Berlin, Mitte\n+12125551002,x\n"
        assert [line.surplus for line in lines(text)] == ["Mitte", ""]

    def test_a_row_of_thousands_of_cells_costs_itself(self):
        text = f"{HEADING}+12125551001,x{',' * 5_000}\n+12125551002,y\n"
        assert faulty(text) == [2]


class TestTheApostropheOfAnExport:
    def test_is_taken_off(self):
        text = f"{HEADING}'+12125551001,'=1+1\n\"'+12125551002\",\"''-x\"\n"
        assert [line.cells["number"] for line in lines(text)] == ["+12125551001", "+12125551002"]
        assert labels(text) == ["=1+1", "'-x"]
