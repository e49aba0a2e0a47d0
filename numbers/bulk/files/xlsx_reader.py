"""Reading of one sheet of a workbook (.xlsx, .ods), by a child process that may crash."""

import json
import logging
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from threading import Timer
from typing import IO, Any

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from numbers.bulk.files.faults import NO_FAULTS, Fault, RawRow
from numbers.bulk.files.unreadable import UnreadableFile

logger = logging.getLogger(__name__)

OLD_EXCEL_SIGNATURE = b"\xd0\xcf\x11\xe0"
# Not with -m, because `numbers` has no __init__.py (docs/architecture.md).
READER_PROGRAM = "import config; from numbers.bulk.files import xlsx_process; xlsx_process.main()"
MAX_SECONDS = 80  # of wall time; less than a lease
MAX_LIST_LENGTH = 400  # characters of sheet names in a sentence
LIMIT_EXCEEDED_MESSAGE = gettext_noop(
    "Reading the workbook took too long, or too much memory: copy the numbers alone into a new "
    "file, or save it as CSV."
)
# The messages of numbers.bulk.files.xlsx_process, which has no translations.
WORKBOOK_MESSAGES = (
    gettext_noop("This is no workbook (.xlsx, .ods) that can be read."),
    gettext_noop("The workbook is too large when unpacked: save it as CSV."),
    gettext_noop("The sheet has cells far apart: copy the numbers alone into a new file."),
    gettext_noop("This is a ZIP archive without a workbook: unpack it and upload the file in it."),
    gettext_noop("This is a Word document: save its table as CSV or .xlsx."),
    gettext_noop("This is a PowerPoint presentation: save its table as CSV or .xlsx."),
    gettext_noop("This is an Apple Numbers document: export it as CSV or Excel."),
)


def is_workbook(data: bytes) -> bool:
    return data.startswith((b"PK\x03\x04", b"PK\x05\x06", OLD_EXCEL_SIGNATURE))


class WorkbookSource:
    """One sheet of a workbook as rows, either the named one or the first that holds numbers. A
    survey skips most later rows, and after the last row `rival_sheets` are the other sheets that
    hold numbers."""

    def __init__(self, data: bytes, sheet: str = "", *, surveys: bool = False):
        self.data = data
        self.named = sheet
        self.arguments = [sheet.replace("\0", ""), "survey" if surveys else ""]
        self.sheets: list[str] = []
        self.sheet = ""
        self.rival_sheets: list[str] = []
        self.breaks = 0

    def rows(self) -> Iterator[RawRow]:
        """Yields each row that is not empty, with its line number in the spreadsheet. Raises
        UnreadableFile, even after some rows."""
        if self.data.startswith(OLD_EXCEL_SIGNATURE):
            raise UnreadableFile(
                _("Old Excel (.xls) or a password: save as .xlsx without a password.")
            )
        for answer in run_reader_process(self.data, READER_PROGRAM, self.arguments):
            what = decode_reader_answer(answer)
            if isinstance(what, dict):
                self.take(what)
            else:
                yield from (
                    (row[0], row[1], NO_FAULTS) if len(row) == 2 else decode_sheet_row(*row)
                    for row in what
                )

    def take(self, seen: dict[str, Any]) -> None:
        self.sheets = seen.get("sheets", self.sheets)
        self.breaks = seen.get("breaks", self.breaks)
        self.rival_sheets = seen.get("rivals", self.rival_sheets)
        if "sheet" in seen:
            self.sheet = seen["sheet"] or ""
            if self.named and not self.sheet:
                raise UnreadableFile(unknown_sheet_message(self.named, self.sheets))

    def notices(self) -> list[str]:
        others = [name for name in self.sheets if name != self.sheet]
        if self.named or not others:
            return []
        words = _("The sheet “%(name)s” was read. Not read: %(others)s.")
        return [
            words % {"name": shorten_sheet_name(self.sheet), "others": quote_sheet_names(others)}
        ]


def unknown_sheet_message(name: str, names: list[str]) -> str:
    words = _("The workbook has no sheet “%(name)s”. It has: %(names)s.")
    return words % {"name": shorten_sheet_name(name), "names": quote_sheet_names(names)}


def quote_sheet_names(names: list[str]) -> str:
    text = ", ".join(f"“{shorten_sheet_name(name)}”" for name in names)
    return text if len(text) <= MAX_LIST_LENGTH else f"{text[:MAX_LIST_LENGTH]} …"


def shorten_sheet_name(name: str) -> str:
    return " ".join(name.split())[:100]


def decode_sheet_row(line: int, cells: list[str], faults: dict[str, list[str]]) -> RawRow:
    return line, cells, {int(index): Fault(*given) for index, given in faults.items()}


def run_reader_process(data: bytes, program: str, arguments: list[str]) -> Iterator[bytes]:
    """Runs the reader and yields its output line by line. Raises UnreadableFile."""
    with tempfile.TemporaryFile() as file:
        file.write(data)
        file.seek(0)
        with start_reader_process(file, program, arguments) as child:
            yield from read_process_output(child)


def start_reader_process(file: IO[bytes], program: str, arguments: list[str]) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-c", program, *arguments],
        stdin=file,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd=settings.BASE_DIR,
        env=reader_environment(),
    )


def reader_environment() -> dict[str, str]:
    """Returns the environment of the reader without secrets, because a malicious workbook might
    take it over."""
    return {n: text for n, text in os.environ.items() if n.startswith(("PYTHON", "LD_", "DYLD_"))}


def read_process_output(child: subprocess.Popen) -> Iterator[bytes]:
    clock = Timer(MAX_SECONDS, child.kill)
    clock.start()
    try:
        yield from child.stdout
        if code := child.wait():
            logger.warning("the reader of a workbook ended with %s", code)
            raise UnreadableFile(_(LIMIT_EXCEEDED_MESSAGE))
    finally:
        clock.cancel()
        child.kill()


def decode_reader_answer(text: bytes) -> Any:
    """Decodes one line of the reader: rows as a list, or facts about the sheets as a dict. Raises
    UnreadableFile if the workbook was rejected."""
    what = json.loads(text)
    if isinstance(what, str):
        raise UnreadableFile(_(what))
    return what
