"""Workbooks, made and read."""

import io
import zipfile

import xlsxwriter

from numbers.bulk.files.tables import read_file_lines


def read_workbook_lines(data: bytes) -> list[tuple[int, dict[str, str]]]:
    return [(line.line, line.cells) for line in read_file_lines(data)]


def build_workbook(*rows: list, **options) -> bytes:
    file = io.BytesIO()
    with xlsxwriter.Workbook(file, {"strings_to_numbers": False, **options}) as book:
        sheet = book.add_worksheet()
        for number, row in enumerate(rows):
            for column, cell in enumerate(row):
                write = sheet.write_string if isinstance(cell, str) else sheet.write
                write(number, column, cell)
    return file.getvalue()


XMLNS = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"


def replace_workbook_sheet(sheet: str, shared: str = "<sst/>") -> bytes:
    """A workbook of Excel's, with another sheet and other texts in it."""
    parts = {"xl/worksheets/sheet1.xml": sheet, "xl/sharedStrings.xml": shared}
    source, made = zipfile.ZipFile(io.BytesIO(build_workbook(["x"]))), io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for part in source.infolist():
            archive.writestr(part.filename, parts.get(part.filename, source.read(part)))
    return made.getvalue()


def build_sheet_xml(rows: str, prefix: str = "") -> str:
    name = f"{prefix}:" if prefix else ""
    xmlns = f"xmlns:{prefix}" if prefix else "xmlns"
    body = f"<{name}sheetData>{rows}</{name}sheetData>"
    return f'<{name}worksheet {xmlns}="{XMLNS}">{body}</{name}worksheet>'
