"""Faults of rows and cells that cannot be read, with their messages for whoever uploaded the
file."""

from dataclasses import dataclass
from datetime import date, datetime

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

WHOLE_ROW = -1  # in place of a column index


@dataclass(frozen=True)
class Fault:
    """One fault. `kind` is a key of FAULT_MESSAGES, or "date" or "time"; `text` is quoted in the
    message."""

    kind: str
    text: str = ""


# One row of the file: its line number from 1, its cells, and its faults by column index or
# WHOLE_ROW. A bare tuple, because there may be 100,000 of them.
RawRow = tuple[int, list[str], dict[int, Fault]]
NO_FAULTS: dict[int, Fault] = {}


FAULT_MESSAGES = {
    "formula": gettext_noop(
        "Cell %(cell)s holds a formula without a stored value: open the file in Excel and save it, "
        "or enter the value."
    ),
    "error": gettext_noop(
        "Cell %(cell)s holds the error %(text)s: correct the formula or enter the value."
    ),
    "no number": gettext_noop(
        "Cell %(cell)s holds a date or time (%(text)s), not a phone number: format the column as "
        "text and enter the number again."
    ),
    "no text": gettext_noop(
        "Cell %(cell)s holds a date or time (%(text)s), not a text: format the column as text and "
        "enter the value again."
    ),
    "nul": gettext_noop("The row holds a NUL character (U+0000): remove it."),
    "bytes": gettext_noop("The row holds bytes that are not valid text: enter the row again."),
    "quote": gettext_noop(
        "A quotation mark opens in line %(line)d and does not close: close it, or remove it."
    ),
    "wide": gettext_noop("The row has more than 1,000 cells: check its separators."),
    "total": gettext_noop("This looks like a totals row."),
    "heading": gettext_noop("This row looks like a heading, not like a number."),
    "second table": gettext_noop(
        "The row belongs to a second table, which begins in line %(text)s with other columns: "
        "import that table as its own file."
    ),
}


def fault_message(fault: Fault, line: int, index: int, meaning: str) -> str:
    """Returns what is wrong and how to fix it, in the reader's language. The message of a "date" or
    "time" depends on what the column should hold."""
    kind, text = fault.kind, fault.text
    if kind in ("date", "time"):
        text = format_iso_date(text) if kind == "date" else text
        kind = "no number" if meaning in ("number", "last_number") else "no text"
    return _(FAULT_MESSAGES[kind]) % {
        "cell": f"{column_letters(index)}{line}",
        "line": line,
        "text": text,
    }


def format_iso_date(text: str) -> str:
    """Formats an ISO date, with or without a time."""
    moment = datetime.fromisoformat(text) if len(text) > 10 else date.fromisoformat(text)
    return date_format(moment, "j F Y")


def column_letters(index: int) -> str:
    """Returns the name of a column in a spreadsheet: A, B, …, Z, AA."""
    name, index = "", index + 1
    while index > 0:
        index, letter = divmod(index - 1, 26)
        name = chr(ord("A") + letter) + name
    return name
