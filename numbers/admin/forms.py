"""The admin form for a new number."""

from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import UnfoldAdminTextInputWidget

from carriers.models import Carrier
from numbers.numbering.form_field import NumberFormField
from organizations.web.admin import fields


class NumberForm(forms.Form):
    number = NumberFormField(
        label=gettext_lazy("Number"),
        widget=UnfoldAdminTextInputWidget({"placeholder": "+18005551234"}),
        help_text=gettext_lazy("With plus and country code."),
    )
    label = fields.text_field(label=gettext_lazy("Label"), required=False)
    application_sid = forms.UUIDField(
        label=gettext_lazy("Application"),
        required=False,
        widget=UnfoldAdminTextInputWidget(),
        help_text=gettext_lazy("A UUID of the platform; the integration's own if left empty."),
    )

    def __init__(self, data: Any, *, carriers: QuerySet[Carrier]):
        super().__init__(data)
        self.fields["carrier"] = fields.model_choice_field(
            carriers,
            required=False,
            label=_("Carrier"),
            empty_label=_("the default one"),
        )
        self.order_fields(["number", "carrier"])

    @property
    def wished(self) -> dict[str, Any]:
        """Returns the values under the parameter names of numbers.inventory.operations."""
        carrier = self.cleaned_data["carrier"]
        return {
            "number": self.cleaned_data["number"],
            "voip_carrier_sid": carrier.voip_carrier_sid if carrier else None,
            "label": self.cleaned_data["label"] or None,
            "application_sid": self.cleaned_data["application_sid"],
        }
