"""Forms for adding many numbers. The rules are in numbers/bulk/imports/options.py."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from numbers.bulk.imports.options import ACCOUNT, CARRIER
from numbers.numbering import regions
from numbers.views.adding.destinations import Destinations, list_destinations
from organizations.access.principals import Principal
from organizations.text.fields import FormText
from organizations.web.views.widgets import LongSelect

MAX_TEXT_BYTES = 10_000_000  # bytes, the same as for a file
MAX_AGENTS = 500


class ImportOptionsForm(forms.Form):
    """The destination of the numbers, and the values that apply to all of them."""

    place = forms.ChoiceField(label=_("Carrier or account"))
    voice_integration_id = forms.ChoiceField(
        label=_("Where their calls land"),
        required=False,
        help_text=_("Of numbers in an account that owns them, without a carrier."),
    )
    country = forms.ChoiceField(
        label=_("Country of numbers without a plus"),
        widget=LongSelect,
        required=False,
        help_text=_("“020 7183 8750” with United Kingdom becomes +442071838750."),
    )
    label = FormText(
        label=_("Label"),
        max_length=100,
        required=False,
        help_text=_("For numbers that bring none of their own."),
    )
    agent_id = forms.ChoiceField(label=_("Agent who answers"), required=False)

    def __init__(self, *args: Any, by: Principal, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.destinations: Destinations = list_destinations(by)
        self.offer("place", self.destinations.choices())
        self.fields["place"].initial = self.destinations.default
        self.offer("country", regions.default_region_choices(str(_("Detect from + prefix"))))
        agents = by.organization.agents.order_by("name").values_list("agent_id", "name")
        self.offer("agent_id", [("", _("Nobody yet")), *agents[:MAX_AGENTS]])
        if self.destinations.accounts:
            self.offer("voice_integration_id", self.destinations.voice_choices())
        else:
            del self.fields["voice_integration_id"]

    def offer(self, name: str, choices: list) -> None:
        self.fields[name].choices = choices

    def options(self) -> dict[str, str]:
        """Returns the options under the names of numbers.bulk.imports.options."""
        given = {name: self.cleaned_data.get(name, "") for name in OPTION_FIELDS}
        if self.cleaned_data.get("update"):
            given["update"] = "true"
        destination, _colon, row_id = self.cleaned_data["place"].partition(":")
        row = {CARRIER: "carrier", ACCOUNT: "integration_id"}.get(destination)
        if destination != ACCOUNT:
            given.pop("voice_integration_id")
        return {**given, "destination": destination, **({row: row_id} if row else {})}


OPTION_FIELDS = ("voice_integration_id", "country", "label", "agent_id")
FIELD_BY_OPTION = {"destination": "place", "carrier": "place", "integration_id": "place"}


class PastedTextField(forms.CharField):
    """Text of many lines, with normalized line breaks. The limit is in bytes and is checked here: a
    browser's limit would silently cut the pasted text, even within a number."""

    widget = forms.Textarea({"rows": 10, "class": "mono", "spellcheck": "false"})
    default_error_messages = {
        "too_large": _("The list is larger than 10 MB. Paste it in parts."),
    }

    def to_python(self, value: Any) -> str:
        text = super().to_python(value).replace("\r\n", "\n").replace("\r", "\n")
        return text.replace("\0", "\ufffd")  # its row is refused, not the whole list

    def validate(self, value: str) -> None:
        super().validate(value)
        if len(value.encode()) > MAX_TEXT_BYTES:
            raise ValidationError(self.error_messages["too_large"], code="too_large")


class UpdatableImportForm(ImportOptionsForm):
    """Options of an import whose rows may change existing numbers."""

    update = forms.BooleanField(
        label=_("Change numbers that already exist"),
        required=False,
        help_text=_(
            "Without this they are skipped. You see every change before it is made; empty cells "
            "change nothing."
        ),
    )


class PastedListForm(UpdatableImportForm):
    text = PastedTextField(
        label=_("Numbers"),
        strip=False,
        help_text=_(
            "One on each line, with a label behind or before it. Bullets, numbering, headings and "
            "tables are understood, and several numbers on a line. At most 100,000 numbers and "
            "10 MB."
        ),
    )
    field_order = ("text",)

    def __init__(self, *args: Any, by: Principal, **kwargs: Any):
        super().__init__(*args, by=by, **kwargs)
        owner = f"{by.user_id}.{by.organization.pk}"
        self.fields["text"].widget.attrs["data-keep"] = owner  # read by static/pasted.js


class RangeForm(ImportOptionsForm):
    first = forms.CharField(
        label=_("First number"),
        max_length=40,
        widget=forms.TextInput({"inputmode": "tel", "placeholder": "+1 415 555 0100"}),
    )
    last = forms.CharField(
        label=_("Last number"),
        max_length=40,
        required=False,
        widget=forms.TextInput({"inputmode": "tel", "placeholder": "+1 415 555 0199"}),
    )
    count = forms.IntegerField(
        label=_("or how many"),
        min_value=1,
        max_value=10_000,
        required=False,
        help_text=_("10,000 at most."),
    )
    field_order = ("first", "last", "count")


class FileForm(UpdatableImportForm):
    file = forms.FileField(
        label=_("File"),
        max_length=200,
        allow_empty_file=False,
        widget=forms.ClearableFileInput({"accept": ".csv,.txt,.tsv,.xlsx,.ods"}),
        help_text=_("CSV, Excel (.xlsx) or OpenDocument (.ods), at most 100,000 rows and 10 MB."),
    )
    field_order = ("file",)
