"""Column mappings of imported files: proposed, remembered per organization, and confirmed."""

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from django.db.models.functions import Now
from django.utils.translation import gettext as _

from numbers.bulk.files.faults import column_letters
from numbers.bulk.files.mapping import apply_column_mapping, fold_heading_case
from numbers.bulk.files.tables import (
    COLUMN_MEANINGS,
    Column,
    FileLayout,
    ignored_column_notices,
    read_file_layout,
)
from numbers.bulk.files.unreadable import UnreadableFile
from numbers.models import ColumnMapping
from organizations.access.principals import Principal
from organizations.models import Organization

MAX_COLUMNS = 100  # columns that a page offers
MAX_HEADINGS_LENGTH = 300  # characters of all headings in one sentence
IGNORED = ""


@dataclass(frozen=True)
class ExaminedFile:
    """The layout of a file. `mapping` is None if the proposed meanings are certain enough; `asks`
    says that a user must confirm them first. `first` is the fingerprint of the headings on the
    sheet that is read if none is chosen. `notices` are sentences for whoever starts the import."""

    layout: FileLayout
    mapping: dict[str, str] | None
    asks: bool
    first: str
    notices: list[str]


def examine_import_file(
    organization: Organization, data: bytes, options: Mapping[str, Any]
) -> ExaminedFile:
    """Examines the file with the options of its job (`sheet`, `mapping`), or else with the mapping
    that the organization has stored for its headings. Raises UnreadableFile."""
    sheet, given = options.get("sheet", ""), options.get("mapping")
    layout = read_file_layout(data, sheet=sheet, mapping=given)
    ensure_requested_sheet(layout, sheet)
    first = heading_fingerprint(layout)
    if given is not None:
        return ExaminedFile(layout, given, asks=False, first=first, notices=layout.notices)
    known = find_remembered_mapping(organization, layout)
    if known and not sheet and known.sheet in layout.sheets and known.sheet != layout.sheet:
        layout = read_file_layout(data, sheet=known.sheet)
        known = find_remembered_mapping(organization, layout)
    if known and known.mapping:
        is_doubtful = bool(options.get("ask")) and not is_same_sheet(known, layout)
        asks = bool(options.get("confirm")) or is_doubtful
        return apply_remembered_mapping(layout, known, asks=asks, first=first)
    asks = bool(options.get("confirm")) or not is_layout_certain(layout, options)
    return ExaminedFile(layout, None, asks=asks, first=first, notices=layout.notices)


def ensure_requested_sheet(layout: FileLayout, wanted: str) -> None:
    if wanted and fold_heading_case(wanted) != fold_heading_case(layout.sheet):
        raise UnreadableFile(missing_sheet_message(wanted))


def missing_sheet_message(name: str) -> str:
    return _("There is no sheet “%(name)s”.") % {"name": name[:100]}


def apply_remembered_mapping(
    layout: FileLayout, known: ColumnMapping, *, asks: bool, first: str
) -> ExaminedFile:
    found = remap_layout_columns(layout, known.mapping)
    words = _("The columns were matched as %(who)s confirmed them before.")
    notices = [words % {"who": known.updated_by}, *found.notices]
    return ExaminedFile(found, known.mapping, asks=asks, first=first, notices=notices)


def is_same_sheet(known: ColumnMapping, layout: FileLayout) -> bool:
    """Returns whether the stored sheet is the one read, because another sheet of the workbook may
    be meant."""
    return not layout.has_rival_sheets or known.sheet == layout.sheet


def is_layout_certain(layout: FileLayout, options: Mapping[str, Any]) -> bool:
    """Returns whether the columns are certain. Without `ask`, when nobody can confirm them, a
    certain number column is enough."""
    if options.get("ask"):
        return not layout.needs_confirmation
    numbers = [column for column in layout.columns if column.meaning == "number"]
    return not layout.needs_confirmation or [column.is_known for column in numbers] == [True]


def no_number_column_message(layout: FileLayout) -> str:
    """Returns the error for a file sent to the API without a certain number column."""
    words = _(
        "No column is certain to be the phone number. The columns are: %(names)s. Send `mapping`, "
        'for example {"%(first)s": "number"}.'
    )
    columns = [column for column in layout.columns if column.heading or column.samples]
    keys = [column.heading or str(column.index + 1) for column in columns]
    names = [c.heading or f"{c.index + 1} ({', '.join(c.samples)})" for c in columns]
    return words % {
        "names": ", ".join(names)[:MAX_HEADINGS_LENGTH],
        "first": "".join(keys[:1])[:60],
    }


def remap_layout_columns(layout: FileLayout, mapping: Mapping[str, str]) -> FileLayout:
    """Returns the layout with the meanings of `mapping`. Raises UnreadableFile."""
    columns = apply_column_mapping(layout.columns, mapping)
    notices = [*source_notices(layout), *ignored_column_notices(columns)]
    return replace(layout, columns=columns, notices=notices)


def source_notices(layout: FileLayout) -> list[str]:
    """Returns the notices except those on ignored columns, which a mapping changes."""
    stale = ignored_column_notices(layout.columns)
    return [text for text in layout.notices if text not in stale]


# --- mappings stored per organization -------------------------------------------------------------
def heading_fingerprint(layout: FileLayout) -> str:
    """Returns the SHA-256 of the headings in order, ignoring case. Returns "" without headings,
    because no other file could be compared with it."""
    names = [fold_heading_case(column.heading) for column in layout.columns]
    return hashlib.sha256("\x1f".join(names).encode()).hexdigest() if any(names) else ""


def find_remembered_mapping(organization: Organization, layout: FileLayout) -> ColumnMapping | None:
    found = heading_fingerprint(layout)
    return organization.column_mappings.filter(fingerprint=found).first() if found else None


def remember_column_mapping(
    by: Principal, layout: Mapping[str, Any], mapping: Mapping[str, str]
) -> None:
    """Stores the mapping for the next file with these headings, and the chosen sheet for the next
    workbook with the same first sheet. `layout` is that of a job."""
    sheet = layout["sheet"] if len(layout["sheets"]) > 1 else ""
    said = {"sheet": sheet[:100], "updated_at": Now(), "updated_by": by.label[:200]}
    if own := layout["fingerprint"]:
        headings = [column.heading[:100] for column in deserialize_columns(layout)]
        known = {"headings": headings, "mapping": dict(mapping), **said}
        upsert_column_mapping(by, own, known, known)
    if layout["first"] not in ("", own):
        upsert_column_mapping(by, layout["first"], said, {"headings": [], **said})


def upsert_column_mapping(
    by: Principal, found: str, changed: dict[str, Any], made: dict[str, Any]
) -> None:
    by.organization.column_mappings.update_or_create(
        fingerprint=found, defaults=changed, create_defaults=made
    )


# --- the layout stored in a job -------------------------------------------------------------------
def serialize_file_layout(found: ExaminedFile, *, first: str = "") -> dict[str, Any]:
    """Returns the layout as a job stores it. `first` is the fingerprint from an earlier examination
    of the file."""
    layout = found.layout
    columns = [asdict(c) for c in layout.columns if c.heading or c.samples or c.meaning]
    return {
        "sheets": list(layout.sheets),
        "sheet": layout.sheet,
        "heading_line": layout.heading_line,
        "columns": columns[:MAX_COLUMNS],
        "source_notices": source_notices(layout),
        "fingerprint": heading_fingerprint(layout),
        "first": first or found.first,
    }


def deserialize_columns(layout: Mapping[str, Any]) -> list[Column]:
    """Returns the columns of a layout that a job stores."""
    return [Column(**column) for column in layout.get("columns", ())]


def column_display_name(column: Column) -> str:
    """Returns the heading of the column, or its letter if it has none."""
    return column.heading or _("Column %(letter)s") % {"letter": column_letters(column.index)}


def complete_column_meanings(columns: Sequence[Column], given: Mapping[int, str]) -> dict[int, str]:
    """Returns the meaning of each column by index, which is the given one or else the proposed one,
    unless a given one uses that already."""
    taken = set(given.values())
    proposed = {c.index: IGNORED if c.meaning in taken else c.meaning for c in columns}
    return {**proposed, **given}


def validate_column_meanings(
    columns: Sequence[Column], meanings: Mapping[int, str]
) -> dict[int, str]:
    """Returns what is wrong with the meanings by column index, with -1 for the mapping as a
    whole."""
    names = {column.index: column_display_name(column) for column in columns}
    counts = Counter(meaning for meaning in meanings.values() if meaning)
    wrong = {}
    for index, meaning in meanings.items():
        name = {"name": names.get(index, str(index + 1)), "meaning": meaning}
        if index not in names:
            wrong[index] = _("The file has no column “%(name)s”.") % name
        elif meaning and meaning not in COLUMN_MEANINGS:
            wrong[index] = _("“%(name)s” cannot mean “%(meaning)s”.") % name
        elif counts[meaning] > 1:
            wrong[index] = _("“%(name)s” has the same meaning as another column.") % name
    if not wrong and "number" not in counts:
        wrong[-1] = _("Choose the column that holds the phone numbers.")
    return wrong


def build_column_mapping(columns: Sequence[Column], meanings: Mapping[int, str]) -> dict[str, str]:
    """Returns the mapping as `read_file_layout` expects it, by heading, or by position if the
    heading is empty or repeated."""
    counts = Counter(fold_heading_case(column.heading) for column in columns)
    return {column_mapping_key(column, counts): meanings[column.index] for column in columns}


def column_mapping_key(column: Column, counts: Mapping[str, int]) -> str:
    if column.heading and counts[fold_heading_case(column.heading)] == 1:
        return column.heading
    key = str(column.index + 1)
    while key in counts:  # another column has this heading
        key = f"0{key}"
    return key
