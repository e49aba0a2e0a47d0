"""Pasted lists as people have them: which rows they become."""

import time
from itertools import islice

import pytest

from numbers.bulk import jobs
from numbers.bulk.imports.options import clean_import_options
from numbers.bulk.imports.pasted_list import parse_pasted_rows
from numbers.numbering.parsing import parse_number
from tests.support import factories

ONE, TWO, THREE = "+14155551003", "+14155551004", "+14155551005"


def rows(text: str) -> list[tuple[str, str]]:
    return [(row["number"], row["label"]) for row in parse_pasted_rows(text)]


class TestMarks:
    """Bullets and numbering."""

    @pytest.mark.parametrize(
        "text",
        [
            "1. {}\n• {}\n* {}",  # one of each
            "1. {}\n2. {}\n3. {}",
            "1) {}\n2) {}\n3) {}",
            "(1) {}\n(2) {}\n(3) {}",
            "1.) {}\n2.) {}\n3.) {}",
            "#1 {}\n#2 {}\n#3 {}",
            "a) {}\nb) {}\nc) {}",
            "A. {}\nB. {}\nC. {}",
            "- {}\n– {}\n— {}",
            "-{}\n·{}\n▪ {}",
            "- [ ] {}\n- [x] {}\n* [X] {}",
            "[ ] {}\n☐ {}\n✓ {}",
            "> {}\n> > {}\n>{}",
            "o {}\no {}\n\uf0b7\t{}",
            "+ {}\n+ {}\n+ {}",
            "- 1. {}\n- 2. {}\n- 3. {}",
            "1 {}\n2 {}\n3 {}",
            "1\t{}\n2\t{}\n3\t{}",
            "1, {}\n2, {}\n3, {}",
            "① {}\n② {}\n1\ufe0f\u20e3 {}",
            "**{}**\n`{}`\n__{}__",
            "7. {}\n12. {}\n40. {}",  # in no order, but before a plus
            "1. {}\n\n\n2. {}\n---\n3. {}",
            "\ufeff1. {}\r\n2. {}\r\n\u200b3. {}\r\n",
        ],
    )
    def test_what_stands_before_a_number_is_dropped(self, text):
        assert rows(text.format(ONE, TWO, THREE)) == [(ONE, ""), (TWO, ""), (THREE, "")]

    @pytest.mark.parametrize(
        ("text", "numbers"),
        [
            ("- 030 901820", ["030 901820"]),
            ("1. 030 901820", ["030 901820"]),
            ("1. 030 901820\n2. 030 901821", ["030 901820", "030 901821"]),
            ("1) 415 555 0100", ["415 555 0100"]),
            ("1\t030 901820\n2\t030 901821", ["030 901820", "030 901821"]),
        ],
    )
    def test_before_a_number_without_its_plus_too(self, text, numbers):
        assert rows(text) == [(number, "") for number in numbers]

    @pytest.mark.parametrize(
        "number",
        [
            "1.415.555.0100",
            "1. 415. 555. 0100",
            "1-415-555-0100",
            "1 415 555 0100",
            "7. 812 123-45-67",
            "(1) 415 555 0100",
            "49. 30 901820",
            "+ 49 30 901820",
            "-030 901820",
        ],
    )
    def test_what_may_be_part_of_the_number_stays(self, number):
        assert rows(number) == [(number, "")]

    def test_room_numbers_are_no_numbering(self):
        text = "1047, +4930901827\n1048, +4930901828"
        assert rows(text) == [("+4930901827", "1047"), ("+4930901828", "1048")]

    def test_numbered_labels(self):
        text = f"1. Front desk: {ONE}\n2. Sales: {TWO}"
        assert rows(text) == [(ONE, "Front desk"), (TWO, "Sales")]


class TestHeadings:
    @pytest.mark.parametrize(
        "heading",
        ["Number", "Numbers:", "Phone numbers", "Rufnummer, Name", "Rufnummern:", "Nummer;Label"]
        + ["Telefon\tBezeichnung", "E.164, Label", "DIDs", "| Number | Name |", "**Number**"],
    )
    def test_a_heading_is_no_number(self, heading):
        assert rows(f"{heading}\n{ONE}") == [(ONE, "")]

    def test_a_heading_says_which_column_is_which(self):
        text = "Label,Number,Carrier\n1047,030 901820,Acme\n,030 901821,\n"
        assert list(parse_pasted_rows(text)) == [
            {"label": "1047", "number": "030 901820", "carrier": "Acme"},
            {"number": "030 901821"},
        ]

    def test_a_line_that_is_otherwise_is_read_by_itself(self):
        text = f"Number, Name\n{ONE}, {TWO}\n{THREE}"
        assert rows(text) == [(ONE, ""), (TWO, ""), (THREE, "")]

    @pytest.mark.parametrize("line", ["Our numbers:", "Hello everybody", "Name, Street"])
    def test_another_line_stays_to_be_refused_by_name(self, line):
        assert len(rows(f"{line}\n{ONE}")) == 2

    def test_a_markdown_table(self):
        text = f"""
            | Number          | Name        |
            |:----------------|-------------|
            | {ONE}    | Front desk  |
            | {TWO}    | Sales, EMEA |
        """
        assert rows(text) == [(ONE, "Front desk"), (TWO, "Sales, EMEA")]

    def test_a_table_of_text(self):
        text = f"+----+----+\n| {ONE} | Desk |\n+----+----+\n| {TWO} | |"
        assert rows(text) == [(ONE, "Desk"), (TWO, "")]


class TestLabels:
    @pytest.mark.parametrize(
        ("text", "label"),
        [
            ("+4930901827, 1047", "1047"),
            ("+4930901827; Room 1047", "Room 1047"),
            ("+4930901827\tFront desk, left", "Front desk, left"),
            ('+4930901827,"Doe, John"', "Doe, John"),
            ('"+4930901827","Say ""hi"""', 'Say "hi"'),
            ('"Doe, John","+4930901827"', "Doe, John"),
            ("+4930901827, 01.02.2024", "01.02.2024"),
            ("+4930901827, 20240115", "20240115"),
            ("+4930901827: Front desk", "Front desk"),
            ("+4930901827 Front desk", "Front desk"),
            ("+4930901827 - Front desk", "Front desk"),
            ("+4930901827 (Front desk)", "Front desk"),
            ("+4930901827 2nd floor", "2nd floor"),
            ("Front desk: +4930901827", "Front desk"),
            ("Front desk, +4930901827", "Front desk"),
            ("Front desk +4930901827", "Front desk"),
            ("Front desk\t+4930901827", "Front desk"),
            ("Front desk (+4930901827)", "Front desk"),
            ("[Front desk](tel:+4930901827)", "Front desk"),
            ("1047, +4930901827", "1047"),
            ("Front desk, +4930901827, 2nd floor", "Front desk, 2nd floor"),
            ("Tel.: +4930901827", ""),
            ("Phone: +4930901827", ""),
            ("Fax: +4930901827", "Fax"),
            ("\u200b+4930901827\u00a0, \u200bFront desk", "Front desk"),
        ],
    )
    def test_before_or_behind_the_number(self, text, label):
        ((number, found),) = rows(text)
        assert (parse_number(number).number, found) == ("+4930901827", label)

    @pytest.mark.parametrize(
        ("text", "row"),
        [
            ("030 901827, 1047", ("030 901827", "1047")),
            ("Front desk: 030 901827", ("030 901827", "Front desk")),
            ("Front desk 030 901827", ("030 901827", "Front desk")),
            ("Room 1047, 030 901827", ("030 901827", "Room 1047")),
            ("030 901827 Front desk", ("030 901827", "Front desk")),
            ("(415) 555-0100 Desk", ("(415) 555-0100", "Desk")),
            ("0049 30 901827, Empfang", ("0049 30 901827", "Empfang")),
            ("+1\t415 555 0100\tDesk", ("+1 415 555 0100", "Desk")),
            ("901827, 901828", ("901827", "901828")),
            ("+1; Desk", ("+1", "Desk")),
        ],
    )
    def test_of_a_number_without_its_plus(self, text, row):
        assert rows(text) == [row]

    @pytest.mark.parametrize(
        "text",
        [
            "+1 415 555 0100 ext. 5",
            "+1 415 555 0100 x5",
            "+1 415 555 0100 #12",
            "+49 30 901820 Durchwahl 5",
            "+1 212 555 01XX",
            "+49 30 1234 5XX",
            "+4930123400-99",
            "+1 212 555 0100 to 0199",
            "+49301234500 - +49301234599",
            "+49301234500 bis +49301234599",
            "+49 30 901820/21",
            "555-0100 to 0199",
            "+49 30 901820 (24 h)",
            "+49 30 901820 24 h",
            "+49 30 901820 24/7 hotline",
            "+49 30 901820 2. OG",
            "+49 30 90 18 20 Empfang",  # 18 and 20 may be the beginning of a label
            "1-800-FLOWERS",
            "+14155550100*",
            "4155550100 4155550101",
            "tel:+1-415-555-0100;ext=5",
        ],
    )
    def test_what_may_belong_to_the_number_stays_with_it(self, text):
        """So that it is asked about or refused, and never cut into another number."""
        assert rows(text) == [(text, "")]

    def test_a_short_last_group_is_part_of_a_number_that_needs_it(self):
        assert rows("+33 1 45 67 89 04 Bureau") == [("+33 1 45 67 89 04", "Bureau")]


class TestSeveral:
    @pytest.mark.parametrize(
        "text",
        [
            "{}, {}",
            "{}; {}",
            "{}\t{}",
            "{} {}",
            "{} and {}",
            "{} / {}",
            "{} | {}",
            "{} & {}",
            "tel:{} tel:{}",
            "<tel:{}>, <tel:{}>",
            "({}) ({})",
            "DIDs: {}, {}",
        ],
    )
    def test_on_a_line(self, text):
        found = rows(text.format(ONE, TWO))
        assert [(parse_number(number).number, label) for number, label in found] == [
            (ONE, ""),
            (TWO, ""),
        ]

    @pytest.mark.parametrize(
        ("text", "numbers"),
        [
            ("030901827, 030901828", ["030901827", "030901828"]),
            ("(415) 555-0100, (415) 555-0101", ["(415) 555-0100", "(415) 555-0101"]),
            ("4155550100;4155550101", ["4155550100", "4155550101"]),
            ("+4930901827, 0151 23456789", ["+4930901827", "0151 23456789"]),
            ("+14155550100, 4155550101", ["+14155550100", "4155550101"]),
        ],
    )
    def test_without_every_plus(self, text, numbers):
        assert rows(text) == [(number, "") for number in numbers]

    @pytest.mark.parametrize(
        "text",
        ["{}, Desk, {}, Sales", "Desk, {}, Sales, {}", "Desk: {}, Sales: {}", "{} Desk; {} Sales"],
    )
    def test_each_with_its_label(self, text):
        assert rows(text.format(ONE, TWO)) == [(ONE, "Desk"), (TWO, "Sales")]

    def test_the_word_for_a_number_is_no_label(self):
        assert rows(f"Phone: {ONE}, Fax: {TWO}") == [(ONE, ""), (TWO, "Fax")]


def test_nothing_is_lost():
    """Every line that holds a letter or a digit becomes a row, whatever it is."""
    lines = ["x", "12", "Our offices", "a, b, c", "ext. 5", "\u00e9", "=1", "'1", "1,2,3", "\\"]
    assert len(rows("\n".join(lines))) == len(lines) - 1
    assert rows(", ; \t\n\u200b\n\u3164,\u3164\n---\n***") == []


@pytest.mark.parametrize(
    "text",
    [
        " " * 500_000,
        "+1 415 555 0100" + " " * 500_000 + "x",
        "*" * 500_000 + "a",
        "tel:" * 100_000,
        "a:" * 200_000,
        "(" * 500_000,
        "1 " * 200_000,
        "1" * 500_000,
        "- " * 200_000 + "a",
        "[" * 500_000 + "a",
    ],
    ids=lambda text: f"{text[:4]}…{text[-1]}",
)
def test_a_hostile_line_takes_no_time(text):
    begin = time.process_time()
    list(parse_pasted_rows(text))
    assert time.process_time() - begin < 5


@pytest.mark.parametrize("text", ["+1 " * 3_000_000, '1,"' * 3_000_000, "1. x\n" * 2_000_000])
def test_far_too_many_are_more_rows_than_are_taken_in(text):
    begin = time.process_time()
    assert len(list(islice(parse_pasted_rows(text), jobs.MAX_ROWS + 1))) > jobs.MAX_ROWS
    assert time.process_time() - begin < 5


@pytest.mark.django_db
class TestAsBatch:
    def proposed(self, alice, text: str, **options) -> list[tuple[str, str, str]]:
        options = clean_import_options(alice.by, {"destination": "record", **options})
        made = jobs.create_import_job(
            alice.by, title="Pasted list", options=options, rows=list(parse_pasted_rows(text))
        )
        factories.run_due_bulk_jobs()
        found = made.rows.order_by("line").values_list("fate", "values__number", "values__label")
        return list(found)

    def test_bullets(self, alice):
        found = self.proposed(alice, f"1. {ONE}\n• {TWO}\n* {THREE}")
        assert found == [("todo", number, None) for number in (ONE, TWO, THREE)]

    def test_a_label_of_digits(self, alice):
        found = self.proposed(alice, "+4930901827, 1047", country="DE")
        assert found == [("todo", "+4930901827", "1047")]

    def test_a_carrier_of_the_heading(self, alice):
        carrier = alice.organization.carriers.get()
        options = {"destination": "carrier", "carrier": str(carrier.voip_carrier_sid)}
        text = f"Number,Carrier\n{ONE},{carrier.name}\n{TWO},Nobody"
        assert [fate for fate, *_rest in self.proposed(alice, text, **options)] == ["todo", "error"]
