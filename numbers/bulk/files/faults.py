"""Why a row or a cell of a file cannot be read, as a sentence for the person who handed it in."""

from dataclasses import dataclass
from datetime import date, datetime

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

WHOLE_ROW = -1  # in place of the index of a column


@dataclass(frozen=True)
class Fault:
    """`kind` names one of SENTENCES; `text` is what the sentence quotes."""

    kind: str
    text: str = ""


# One row as it is in the file: its line from 1, its cells, and its faults by index of the column
# or by WHOLE_ROW. A bare tuple: there are 100,000 of them.
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
    """What is wrong and what helps, in the reader's language. A fault of kind "date" or "time" is
    told by what the column should hold."""
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
    """Of an ISO date, with a time or without."""
    moment = datetime.fromisoformat(text) if len(text) > 10 else date.fromisoformat(text)
    return date_format(moment, "j F Y")


def column_letters(index: int) -> str:
    """The name of a column in a spreadsheet: A, B, …, Z, AA."""
    name, index = "", index + 1
    while index > 0:
        index, letter = divmod(index - 1, 26)
        name = chr(ord("A") + letter) + name
    return name
