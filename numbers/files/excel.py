"""Excel workbooks (.xlsx): the first sheet that is shown, read by a process that may die of it."""

import json
import logging
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from threading import Timer
from typing import IO, Any

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from numbers.files.unreadable import Unreadable

logger = logging.getLogger(__name__)

OLD_EXCEL = b"\xd0\xcf\x11\xe0"
# Not by -m: `numbers` has no __init__.py (docs/architecture.md).
READER = "import config; from numbers.files import sheets; sheets.main()"
NAMES = "import config; from numbers.files import sheets; sheets.main_names()"
MOST_SECONDS = 80  # of the clock, and so less than a lease
TOO_MUCH = gettext_noop(
    "Reading the workbook took too long, or too much memory: copy the numbers alone into a new "
    "file, or save it as CSV."
)
# What numbers.files.sheets says, which knows no translations.
SAID = (
    gettext_noop("This is no Excel file (.xlsx) that can be read."),
    gettext_noop("The workbook is too large when unpacked: save it as CSV."),
    gettext_noop("The sheet has cells far apart: copy the numbers alone into a new file."),
)


def is_excel(data: bytes) -> bool:
    return data.startswith((b"PK\x03\x04", OLD_EXCEL))


def rows(data: bytes) -> Iterator[tuple[int, list[str]]]:
    """Each with its line as the spreadsheet counts it, without empty ones. Raises Unreadable, at
    once or on the way."""
    if data.startswith(OLD_EXCEL):
        raise Unreadable(_("Old Excel (.xls) or a password: save as .xlsx without a password."))
    yield from map(understood, answers(data, READER))


def sheets(data: bytes) -> tuple[int, str]:
    """How many are shown, and the beginning of the first one's name; 0 where it cannot be said."""
    with suppress(Unreadable):
        for answer in answers(data, NAMES):
            return understood(answer)
    return 0, ""


def answers(data: bytes, program: str) -> Iterator[bytes]:
    """Line by line. Raises Unreadable."""
    with tempfile.TemporaryFile() as file:
        file.write(data)
        file.seek(0)
        with reader(file, program) as child:
            yield from said(child)


def reader(file: IO[bytes], program: str) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-c", program],
        stdin=file,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd=settings.BASE_DIR,
        env=environment(),
    )


def environment() -> dict[str, str]:
    """No secrets of ours: what the workbook may do to the reader, it does without them."""
    return {n: text for n, text in os.environ.items() if n.startswith(("PYTHON", "LD_", "DYLD_"))}


def said(child: subprocess.Popen) -> Iterator[bytes]:
    clock = Timer(MOST_SECONDS, child.kill)
    clock.start()
    try:
        yield from child.stdout
        if code := child.wait():
            logger.warning("the reader of a workbook ended with %s", code)
            raise Unreadable(_(TOO_MUCH))
    finally:
        clock.cancel()
        child.kill()


def understood(text: bytes) -> tuple[int, Any]:
    what = json.loads(text)
    if isinstance(what, str):
        raise Unreadable(_(what))
    return what[0], what[1]
