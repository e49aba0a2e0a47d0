"""What the columns of a file mean, as proposed from its first rows or given by a mapping."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from django.utils.translation import gettext as _

from numbers.files.columns import column_of, is_known
from numbers.files.headings import heading_at, looks_like_a_number
from numbers.files.unreadable import Unreadable

# In the order in which a form offers them.
MEANINGS = (
    *("number", "country", "last_number", "range_size", "label", "carrier"),
    *("agent_id", "outbound_agent_id", "application_sid"),
    *("inbound_webhook_url", "outbound_trunk_id", "wanted", "id"),
)
IGNORED = ""
SAMPLES, SAMPLE_LENGTH = 3, 60
SAMPLE_ROWS = 200  # rows from which the columns are recognized
Row = tuple[int, list[str]]  # with the line on which it begins


@dataclass(frozen=True)
class Column:
    """One column of a file. `index` counts from 0; `meaning` is one of MEANINGS, "" for an ignored
    column. `is_known` tells that nobody needs to confirm the meaning."""

    index: int
    heading: str
    samples: list[str]
    meaning: str
    is_known: bool


@dataclass(frozen=True)
class Layout:
    """The columns of a file and what else its reader should know. `sheets` are the names of the
    visible sheets, none for a text file; `notices` are finished sentences."""

    sheets: list[str]
    sheet: str
    heading_line: int | None
    columns: list[Column]
    notices: list[str] = field(default_factory=list)
    has_rival_sheets: bool = False  # other sheets hold rows too, and none was chosen

    @property
    def needs_confirmation(self) -> bool:
        numbers = [column for column in self.columns if column.meaning == "number"]
        unsure = [column for column in self.columns if column.samples and not column.is_known]
        return len(numbers) != 1 or bool(unsure) or self.has_rival_sheets


def columns_of(rows: list[Row], heading: int | None) -> list[Column]:
    """One for each column of `rows`; `heading` is the place of the heading within them."""
    names = rows[heading][1] if heading is not None else []
    data = [cells for _line, cells in (rows if heading is None else rows[heading + 1 :])]
    width = max(len(names), *(len(cells) for cells in data), 1) if data else len(names)
    named = [proposed(index, names, data) for index in range(width)]
    return without_repeats(named) if heading is not None else by_content(named)


def proposed(index: int, names: list[str], data: list[list[str]]) -> Column:
    heading = names[index] if index < len(names) else ""
    cells = (cells[index] for cells in data if index < len(cells))
    samples = [cell[:SAMPLE_LENGTH] for cell in cells if cell][:SAMPLES]
    return Column(index, heading, samples, column_of(heading), is_known(heading) or not samples)


def without_repeats(columns: list[Column]) -> list[Column]:
    """Each meaning once: the first column keeps it."""
    taken: set[str] = set()
    kept = []
    for column in columns:
        if column.meaning and column.meaning in taken:
            column = replace_meaning(column, IGNORED, is_known=False)
        taken.add(column.meaning)
        kept.append(column)
    return kept


def by_content(columns: list[Column]) -> list[Column]:
    """Without a heading: the column that looks like numbers, and the next one as the label."""
    found = next((c.index for c in columns if all_numbers(c)), 0)
    label = next((c.index for c in columns if c.index != found and c.samples), None)
    names = {found: "number", label: "label"}
    return [
        replace_meaning(c, names.get(c.index, IGNORED), is_known=c.index in names or not c.samples)
        for c in columns
    ]


def all_numbers(column: Column) -> bool:
    return bool(column.samples) and all(map(looks_like_a_number, column.samples))


def replace_meaning(column: Column, meaning: str, *, is_known: bool) -> Column:
    return Column(column.index, column.heading, column.samples, meaning, is_known)


def mapped(columns: list[Column], mapping: Mapping[str, str]) -> list[Column]:
    """The columns as `mapping` names them. Raises Unreadable."""
    given = {index_of(columns, name): meaning for name, meaning in mapping.items()}
    refuse_unclear(given)
    taken = set(given.values())
    return [
        replace_meaning(column, given[column.index], is_known=True)
        if column.index in given
        else left_alone(column, taken)
        for column in columns
    ]


def left_alone(column: Column, taken: set[str]) -> Column:
    keeps = column.is_known and column.meaning not in taken
    return replace_meaning(column, column.meaning if keeps else IGNORED, is_known=True)


def index_of(columns: list[Column], name: str) -> int:
    for column in columns:
        if column.heading and folded(column.heading) == folded(name):
            return column.index
    if name.strip().isdecimal() and 1 <= int(name) <= len(columns):
        return int(name) - 1
    raise Unreadable(_("The file has no column “%(name)s”.") % {"name": name[:60]})


def folded(heading: str) -> str:
    return " ".join(heading.split()).casefold()


def refuse_unclear(given: Mapping[int, str]) -> None:
    for meaning in given.values():
        if meaning and meaning not in MEANINGS:
            words = _("A column cannot mean “%(name)s”. Use one of these: %(known)s.")
            raise Unreadable(words % {"name": meaning[:60], "known": ", ".join(MEANINGS)})
    for meaning, times in Counter(given.values()).items():
        if meaning and times > 1:
            words = _("Only one column can be the %(name)s.")
            raise Unreadable(words % {"name": meaning})


def refuse_numberless(columns: list[Column]) -> None:
    if all(column.meaning != "number" for column in columns):
        raise Unreadable(_("No column holds the numbers: choose the column that does."))


def heading_of(rows: list[Row], most: int) -> int | None:
    """The place of the heading in `rows`, None where there is none."""
    top = [cells for _line, cells in rows[:most]]
    place = heading_at(top)
    first = top[place]
    words = [cell for cell in first if cell]
    if any(map(column_of, words)) and not any(map(looks_like_a_number, words)):
        return place
    return None
