"""Files in every encoding that spreadsheets save, and files that are no table at all."""

import re

import pytest

from numbers.bulk.files.tables import read_file_layout, read_file_lines
from numbers.bulk.files.unreadable import UnreadableFile

TEXT = "Rufnummer;Bezeichnung\r\n+49 30 901820;Büro Süd\r\n+49 30 901821;Größe\r\n"
ROWS = [
    {"number": "+49 30 901820", "label": "Büro Süd"},
    {"number": "+49 30 901821", "label": "Größe"},
]
UTF = ["utf-8", "utf-8-sig"]
UTF += [f"utf-{size}{kind}" for size in (16, 32) for kind in ("", "-le", "-be")]


def rows(data: bytes) -> list[dict[str, str]]:
    return [line.cells for line in read_file_lines(data)]


def whole_faults(data: bytes) -> dict[int, str]:
    return {line.line: line.faults[""] for line in read_file_lines(data) if line.faults}


class TestEncodings:
    @pytest.mark.parametrize("encoding", UTF)
    def test_unicode_is_read_with_and_without_its_mark(self, encoding):
        data = TEXT.encode(encoding)
        assert rows(data) == ROWS
        assert read_file_layout(data).notices == []

    @pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-32-le"])
    def test_other_scripts_too(self, encoding):
        text = "номер;метка\n+78120100000;Московский офис, стол\n+78120100001;Склад\n"
        assert rows(text.encode(encoding)) == [
            {"number": "+78120100000"},
            {"number": "+78120100001"},
        ]

    def test_a_mark_of_the_other_byte_order(self):
        assert rows(b"\xfe\xff" + TEXT.encode("utf-16-be")) == ROWS

    def test_windows_is_read_with_a_notice(self):
        data = TEXT.encode("cp1252")
        assert rows(data) == ROWS
        (notice,) = read_file_layout(data).notices
        assert "read as Western European" in notice

    @pytest.mark.parametrize("encoding", ["utf-16", "utf-32"])
    def test_a_text_that_is_cut_off_within_a_character_is_refused(self, encoding):
        with pytest.raises(UnreadableFile, match="damaged"):
            rows(TEXT.encode(encoding)[:-1])


class TestOneBadRow:
    @pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-le", "utf-32-be"])
    def test_a_nul_costs_its_row(self, encoding):
        data = TEXT.replace("Süd", "S\0üd").encode(encoding)
        assert whole_faults(data) == {2: "The row holds a NUL character (U+0000): remove it."}
        assert rows(data) == ROWS

    def test_bytes_that_are_no_utf8_cost_their_row(self):
        data = TEXT.encode() + b"+49 30 901822;B\xfcro\r\n+49 30 901823;x\r\n"
        assert list(whole_faults(data)) == [4]
        assert "not valid text" in whole_faults(data)[4]
        assert rows(data)[2:] == [
            {"number": "+49 30 901822", "label": "B\ufffdro"},
            {"number": "+49 30 901823", "label": "x"},
        ]

    @pytest.mark.parametrize("end", ["\x1a", "\0\0\0", "\x1a\0"])
    def test_what_old_programs_leave_at_the_end_is_no_row(self, end):
        assert rows((TEXT + end).encode()) == ROWS

    def test_half_a_character_in_utf16_costs_its_row(self):
        data = TEXT.replace("Größe", "Gr\ud800ße").encode("utf-16-le", "surrogatepass")
        assert list(whole_faults(data)) == [3]


class TestOtherFiles:
    @pytest.mark.parametrize(
        ("data", "words"),
        [
            (b"%PDF-1.7\n", "a PDF document"),
            (b"<html><body><table>", "a web page (HTML)"),
            (b"\r\n <!DOCTYPE HTML PUBLIC><HTML>", "a web page (HTML)"),
            ("\ufeff<table><tr><td>+1".encode(), "a web page (HTML)"),
            ("<html>".encode("utf-16"), "a web page (HTML)"),
            (b"<!-- a --><!-- b --><meta charset='utf-8'>", "a web page (HTML)"),
            (b'<?xml version="1.0"?><html xmlns="x">', "a web page (HTML)"),
            (
                b'<?xml version="1.0"?><?mso-application progid="Excel.Sheet"?>'
                b'<Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet">',
                "an XML spreadsheet (Excel 2003)",
            ),
            (b'<?xml version="1.0"?><numbers/>', "XML"),
            (b"{\\rtf1\\ansi", "an RTF document"),
            (b"\x1f\x8b\x08\x00\x00", "a compressed file"),
            (b"\x89PNG\r\n\x1a\n\0\0", "an image"),
            (b"\xff\xd8\xff\xe0\0\x10JFIF", "an image"),
            (b"GIF89a\0\0", "an image"),
            (b"BM\x36\0\0\0\0\0", "an image"),
            (b'[{"number": "+14155550101"}]', "JSON"),
            (b'{"numbers": []}', "JSON"),
            (b"BEGIN:VCARD\r\nTEL:+14155550101", "a contact file (vCard)"),
            (b"MIME-Version: 1.0\r\n", "an e-mail or web archive"),
            (b"SQLite format 3\0", "a database"),
        ],
    )
    def test_are_called_what_they_are(self, data, words):
        with pytest.raises(UnreadableFile) as refusal:
            read_file_layout(data)
        assert str(refusal.value).startswith(f"This is {words}")
        assert re.search(": (save|send|unpack) ", str(refusal.value))

    @pytest.mark.parametrize("data", [bytes(range(256)) * 4, b"\0" * 200, b"\x01\x02\x03number"])
    def test_without_a_name_are_refused_too(self, data):
        with pytest.raises(UnreadableFile, match="neither CSV nor a workbook"):
            read_file_layout(data)

    def test_old_excel_says_how_to_save_it(self):
        with pytest.raises(UnreadableFile, match=r"Old Excel \(.xls\)"):
            read_file_layout(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")

    @pytest.mark.parametrize("text", ["BMW;+4930901820\nAudi;+4930901821\n", "<3;+4930901820\n"])
    def test_what_only_begins_like_one_is_read(self, text):
        assert rows(text.encode())[0]["number"] == "+4930901820"
