"""The columns of the list, and which of them are shown."""

from dataclasses import dataclass, replace
from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True)
class Column:
    """A column. `sort` is the sort order that its heading links to."""

    name: str
    title: Any
    is_usual: bool = True
    sort: str = ""


COLUMNS = [
    Column("label", _("Label"), sort="label"),
    Column("status", _("Status")),
    Column("carrier", _("Carrier")),
    Column("platform", _("Integration"), is_usual=False),
    Column("agent", _("Agent")),
    Column("country", _("Country"), is_usual=False),
    Column("source", _("Source"), is_usual=False),
    Column("added", _("Added"), sort="newest"),
    Column("changed", _("Last changed"), is_usual=False, sort="changed"),
]
DEFAULT_COLUMNS = {column.name for column in COLUMNS if column.is_usual}


def selected_columns(query: QueryDict) -> list[Column]:
    """Returns the columns named by `columns`, in the fixed order, or the usual ones if none is
    known. Titles are translated here, once, and not in each cell."""
    names = set(query.getlist("columns"))
    wanted = [column for column in COLUMNS if column.name in names]
    usual = [column for column in COLUMNS if column.is_usual]
    return [replace(column, title=str(column.title)) for column in wanted or usual]
