"""The form for the column mapping of a file, with one choice for each column."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from numbers.bulk.files.faults import column_letters
from numbers.bulk.files.tables import COLUMN_MEANINGS, Column
from numbers.bulk.imports.column_mapping import (
    column_display_name,
    deserialize_columns,
)
from organizations.web.views.widgets import LongSelect

MEANING_LABELS = {
    "number": _("Phone number"),
    "country": _("Country"),
    "last_number": _("Last number of a range"),
    "range_size": _("Numbers in the range"),
    "label": _("Label"),
    "carrier": _("Carrier"),
    "agent_id": _("Inbound agent"),
    "outbound_agent_id": _("Outbound agent"),
    "application_sid": _("Application"),
    "inbound_webhook_url": _("Inbound webhook"),
    "outbound_trunk_id": _("Outbound trunk"),
    "wanted": _("Status"),
    "id": _("Patchbay ID"),
}
CHOICES = [("", _("Ignore")), *((meaning, MEANING_LABELS[meaning]) for meaning in COLUMN_MEANINGS)]


@dataclass(frozen=True)
class ColumnRow:
    """One column for the template. `field` is a bound field."""

    column: Column
    samples: list[str]  # distinct values
    letter: str
    meaning: Any  # the label of the proposed meaning
    field: forms.BoundField


class ColumnsForm(forms.Form):
    """The mapping of the columns. `layout` is the layout of a job."""

    def __init__(self, data: Any = None, *, layout: Mapping[str, Any]):
        super().__init__(data)
        self.columns = deserialize_columns(layout)
        for column in self.columns:
            self.fields[column_field_name(column.index)] = forms.ChoiceField(
                label=column_display_name(column),
                choices=CHOICES,
                initial=column.meaning,
                required=False,
                widget=LongSelect({"form": "columns"}),
            )

    def rows(self) -> Iterator[ColumnRow]:
        for column in self.columns:
            meaning = MEANING_LABELS.get(column.meaning, CHOICES[0][1])
            samples = list(dict.fromkeys(column.samples))
            field = self[column_field_name(column.index)]
            yield ColumnRow(column, samples, column_letters(column.index), meaning, field)

    def mapping(self) -> dict[int, str]:
        """Returns the chosen meaning by column index."""
        return {c.index: self.cleaned_data[column_field_name(c.index)] for c in self.columns}

    def refuse(self, errors: Mapping[int, str]) -> None:
        """Adds each error to its column's field, and errors that belong to no column to the
        form."""
        for index, text in errors.items():
            name = column_field_name(index)
            self.add_error(name if name in self.fields else None, text)


def column_field_name(index: int) -> str:
    return f"column_{index}"
