"""Cells of a sheet that a reader of values does not show, which are errors and formulas without a
stored value. They are found in the XML of the sheet, in chunks, so that it is never in memory as a
whole."""

import io
import re
import zipfile
from collections.abc import Callable, Iterator
from typing import IO
from xml.parsers import expat

CellMarks = dict[int, dict[int, tuple[str, str]]]  # kind and text, by line from 1 and column from 0

CHUNK_BYTES = 1 << 18  # bytes
EXCEL_HINT = re.compile(rb"""[<:]f[\s/>]|\st=["']e["']""")
EXCEL_HINT_BYTES = (b"<f", b":f", b'"e"', b"'e'")  # each match contains one: much faster
ODS_HINT = re.compile(rb""":formula=|:value-type=["']error["']""")
ODS_HINT_BYTES = (b":formula=", b"error")
WORKBOOK, WORKBOOK_RELATIONS = "xl/workbook.xml", "xl/_rels/workbook.xml.rels"
MAX_HINT_LENGTH = 32  # bytes of the longest hint
MAX_ERROR_LENGTH = 20
FORMULA_MARK = ("formula", "")


def find_cell_marks(data: bytes, name: str) -> CellMarks:
    """Returns the marks of the sheet with this name. Raises the errors of zipfile and expat if the
    archive or XML is damaged."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        parts = set(archive.namelist())
        if "content.xml" in parts:
            return scan_archive_part(archive, "content.xml", has_ods_hint, OdsMarkCollector(name))
        if WORKBOOK not in parts:
            return {}
        part = find_sheet_path(archive, name)
        return (
            scan_archive_part(archive, part, has_excel_hint, ExcelMarkCollector())
            if part in parts
            else {}
        )


def scan_archive_part(
    archive: zipfile.ZipFile, part: str, hints: Callable[[bytes], bool], cells: "CellMarkCollector"
) -> CellMarks:
    """Returns the marks in one part of the archive. Parses the XML only if it contains a hint,
    which most sheets do not."""
    with archive.open(part) as file:
        if not any(map(hints, read_overlapping_chunks(file))):
            return {}
    with archive.open(part) as file:
        parse_xml_stream(file, cells.start, cells.end, cells.text)
    return cells.marks


def read_overlapping_chunks(file: IO[bytes]) -> Iterator[bytes]:
    kept = b""
    while portion := file.read(CHUNK_BYTES):
        yield kept + portion
        kept = portion[-MAX_HINT_LENGTH:]


def has_excel_hint(portion: bytes) -> bool:
    return any(each in portion for each in EXCEL_HINT_BYTES) and bool(EXCEL_HINT.search(portion))


def has_ods_hint(portion: bytes) -> bool:
    return any(each in portion for each in ODS_HINT_BYTES) and bool(ODS_HINT.search(portion))


def find_sheet_path(archive: zipfile.ZipFile, name: str) -> str:
    """Returns the path of the sheet in the archive, or ""."""
    ids = {
        each.get("name"): relationship_id(each)
        for each in find_xml_elements(archive, WORKBOOK, "sheet")
    }
    targets = {
        each.get("Id"): each.get("Target", "")
        for each in find_xml_elements(archive, WORKBOOK_RELATIONS, "Relationship")
    }
    target = targets.get(ids.get(name), "")
    return target.lstrip("/") if target.startswith("/") else f"xl/{target}" if target else ""


def relationship_id(attributes: dict[str, str]) -> str:
    return next((v for k, v in attributes.items() if k.rpartition(":")[2] == "id"), "")


def find_xml_elements(archive: zipfile.ZipFile, part: str, name: str) -> list[dict[str, str]]:
    """Returns the attributes of all elements with this name."""
    found: list[dict[str, str]] = []

    def start(tag: str, attributes: dict[str, str]) -> None:
        if tag.rpartition(":")[2] == name:
            found.append(attributes)

    with archive.open(part) as file:
        parse_xml_stream(file, start)
    return found


def parse_xml_stream(
    file: IO[bytes], start: Callable, end: Callable = None, text: Callable = None
) -> None:
    parser = expat.ParserCreate()
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = text
    parser.EntityDeclHandler = reject_xml_entities
    while portion := file.read(CHUNK_BYTES):
        parser.Parse(portion)
    parser.Parse(b"", True)


def reject_xml_entities(*_given: object) -> None:
    raise expat.ExpatError("no spreadsheet declares entities")


class CellMarkCollector:
    """Collects the marks of one sheet while its XML is parsed."""

    def __init__(self) -> None:
        self.marks: CellMarks = {}
        self.line = 0
        self.column = 0
        self.words: list[str] = []
        self.listens = False

    def mark(self, kind: str, text: str = "") -> None:
        self.marks.setdefault(self.line, {})[self.column] = (kind, text)

    def text(self, words: str) -> None:
        if self.listens and len(self.words) < MAX_ERROR_LENGTH:
            self.words.append(words)

    def said(self) -> str:
        return "".join(self.words).strip()[:MAX_ERROR_LENGTH]


class ExcelMarkCollector(CellMarkCollector):
    """Collects marks of an Excel sheet. A row is <row r="2">, a cell <c r="A2"
    t="e"><f>…</f><v>…</v></c>; each r may be missing."""

    kind = ""
    has_formula = False

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        name = tag.rpartition(":")[2]
        if name == "row":
            self.line = parse_xml_count(attributes.get("r")) or self.line + 1
            self.column = -1
        elif name == "c":
            place = parse_cell_column(attributes.get("r", ""))
            self.column = self.column + 1 if place is None else place
            self.kind, self.has_formula, self.words = attributes.get("t", ""), False, []
        elif name == "f":
            self.has_formula = True
        elif name == "v":
            self.listens = True

    def end(self, tag: str) -> None:
        name = tag.rpartition(":")[2]
        if name == "v":
            self.listens = False
        elif name == "c":
            self.finish()

    def finish(self) -> None:
        """Marks the cell if it is an error or a formula without a value. An empty text (t="str") is
        a value."""
        if self.kind == "e":
            self.mark("error", self.said() or "#N/A")
        elif self.has_formula and not self.words and self.kind not in ("str", "inlineStr"):
            self.mark(*FORMULA_MARK)


def parse_xml_count(text: str | None) -> int:
    return int(text) if text and text.isdecimal() and len(text) < 8 else 0


def parse_cell_column(place: str) -> int | None:
    """Returns the column from 0 of a reference like "AB12", or None if it is not valid."""
    found = 0
    for letter in place.rstrip("0123456789"):
        if not "A" <= letter <= "Z" or found > 20_000:
            return None
        found = found * 26 + ord(letter) - ord("A") + 1
    return found - 1 if found else None


class OdsMarkCollector(CellMarkCollector):
    """Collects marks of an ODS sheet, where rows and cells have no reference, but a repeat
    count."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name
        self.is_here = False
        self.cell: dict[str, str] = {}
        self.row_times = 1

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        if tag == "table:table":
            self.is_here = attributes.get("table:name") == self.name
        elif not self.is_here:
            return
        elif tag == "table:table-row":
            self.line += 1
            self.column = 0
            self.row_times = parse_xml_count(attributes.get("table:number-rows-repeated")) or 1
        elif tag in ("table:table-cell", "table:covered-table-cell"):
            self.cell, self.words = attributes, []
        elif tag == "text:p":
            self.listens = True

    def end(self, tag: str) -> None:
        if tag == "text:p":
            self.listens = False
        elif self.is_here and tag in ("table:table-cell", "table:covered-table-cell"):
            self.finish()
        elif self.is_here and tag == "table:table-row":
            self.line += self.row_times - 1
        elif tag == "table:table":
            self.is_here = False

    def finish(self) -> None:
        if self.cell.get("calcext:value-type") == "error":
            self.mark("error", self.said() or "#N/A")
        elif "table:formula" in self.cell and "office:value-type" not in self.cell:
            self.mark(*FORMULA_MARK)
        self.column += parse_xml_count(self.cell.get("table:number-columns-repeated")) or 1
