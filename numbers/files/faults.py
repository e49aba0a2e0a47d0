"""Why a row or a cell of a file cannot be read, as a sentence for the person who handed it in."""

from dataclasses import dataclass
from datetime import date, datetime

from django.utils.formats import date_format
from django.utils.translation import gettext as _

WHOLE_ROW = -1  # in place of the index of a column


@dataclass(frozen=True)
class Fault:
    """`kind` names one of SENTENCES; `text` is what the sentence quotes."""

    kind: str
    text: str = ""


# One row as it is in the file: its line from 1, its cells, and its faults by index of the column
# or by WHOLE_ROW. A bare tuple: there are 100,000 of them.
Row = tuple[int, list[str], dict[int, Fault]]
NO_FAULTS: dict[int, Fault] = {}


def sentence(fault: Fault, line: int, index: int, meaning: str) -> str:
    """What is wrong and what helps, in the reader's language."""
    given = {"cell": f"{letters(index)}{line}", "line": line, "text": fault.text}
    if fault.kind == "date":
        given["text"] = date_in_words(fault.text)
    return words_of(fault.kind, meaning) % given


def words_of(kind: str, meaning: str) -> str:
    if kind in ("date", "time"):
        return words_of_moment(meaning)
    return {
        "formula": _(
            "Cell %(cell)s holds a formula without a stored value: open the file in Excel and save "
            "it, or enter the value."
        ),
        "error": _(
            "Cell %(cell)s holds the error %(text)s: correct the formula or enter the value."
        ),
        "nul": _("The row holds a NUL character (U+0000): remove it."),
        "bytes": _("The row holds bytes that are not valid text: enter the row again."),
        "quote": _(
            "A quotation mark opens in line %(line)d and does not close: close it, or remove it."
        ),
        "wide": _("The row has more than 1,000 cells: check its separators."),
        "total": _("This looks like a totals row."),
        "heading": _("This row looks like a heading, not like a number."),
        "second table": _(
            "The row belongs to a second table, which begins in line %(text)s with other columns: "
            "import that table as its own file."
        ),
    }[kind]


def words_of_moment(meaning: str) -> str:
    if meaning in ("number", "last_number"):
        return _(
            "Cell %(cell)s holds a date or time (%(text)s), not a phone number: format the column "
            "as text and enter the number again."
        )
    return _(
        "Cell %(cell)s holds a date or time (%(text)s), not a text: format the column as text and "
        "enter the value again."
    )


def date_in_words(text: str) -> str:
    """Of an ISO date, with a time or without."""
    moment = datetime.fromisoformat(text) if len(text) > 10 else date.fromisoformat(text)
    return date_format(moment, "j F Y")


def letters(index: int) -> str:
    """The name of a column in a spreadsheet: A, B, …, Z, AA."""
    name, index = "", index + 1
    while index > 0:
        index, letter = divmod(index - 1, 26)
        name = chr(ord("A") + letter) + name
    return name
