"""Forms for adding one number, one class for each destination."""

from typing import Any
from uuid import UUID

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from carriers.models import Carrier
from carriers.operations import find_usable_carrier, list_usable_carriers
from integrations.models import Integration
from integrations.providers import PROVIDERS
from numbers.bulk.imports.options import SUPPLY_INTEGRATION_ROLE, VOICE_INTEGRATION_ROLE
from numbers.inventory import operations, sip_settings
from numbers.inventory.acquisition import add_provider_number, import_number
from numbers.models import PhoneNumber
from numbers.numbering import regions
from numbers.numbering.characters import MAX_NUMBER_TEXT_LENGTH
from numbers.numbering.e164 import InvalidPhoneNumber
from numbers.numbering.parsing import parse_number
from numbers.numbering.readings import (
    AmbiguousNumber,
    ParsedNumber,
    candidate_numbers,
    number_with_country,
)
from numbers.views.number_forms import AgentField, SipFields, set_up_agent_fields
from organizations.access.principals import Principal
from organizations.models import Organization
from organizations.text.fields import FormText, FormUrl
from organizations.web.views.widgets import LongSelect

MANUAL = PhoneNumber.Source.MANUAL  # numbers typed in without a carrier or a supplying account


class OptionalRadioSelect(forms.RadioSelect):
    """A radio select without the `required` attribute, because the user may correct the number
    instead of choosing."""

    def use_required_attribute(self, initial: Any) -> bool:
        return False


class AddNumberForm(forms.Form):
    """The fields that every destination has. Used directly, the form only records the number."""

    number = forms.CharField(
        label=gettext_lazy("Number"),
        max_length=MAX_NUMBER_TEXT_LENGTH,
        widget=forms.TextInput(
            attrs={"type": "tel", "autocomplete": "off", "placeholder": "+1 800 555 1234"}
        ),
        help_text=gettext_lazy("With plus and country code, or as its country dials it."),
    )
    country = forms.ChoiceField(
        label=gettext_lazy("Country"),
        widget=LongSelect,
        required=False,
        help_text=gettext_lazy("Needed only for a number without its plus."),
    )
    label = FormText(label=gettext_lazy("Label"), max_length=100, required=False)
    inbound_agent_id = AgentField(
        label=gettext_lazy("Agent that answers calls"),
        max_length=100,
        required=False,
        help_text=gettext_lazy("An agent of yours, or the id of one that is kept elsewhere."),
    )

    def __init__(self, data: Any = None, *, by: Principal, **kwargs: Any):
        super().__init__(data, **kwargs)
        self.by = by
        self.note = ""  # shown with the number that was added
        self.fields["country"].choices = regions.default_region_choices(_("Detect from + prefix"))
        self.agents = set_up_agent_fields(self.fields, by.organization, {})
        self.furnish(by.organization)

    def furnish(self, organization: Organization) -> None:
        """Adds the fields that depend on what the organization has. Does nothing here."""

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if text := cleaned.get("number"):
            try:
                found = self.read(text, cleaned.get("country") or None)
            except InvalidPhoneNumber as error:
                self.add_error("number", str(error))
                self.ask(candidate_numbers(error))
            else:
                cleaned["number"], self.note = found.number, found.note
        return cleaned

    def read(self, text: str, country: str | None) -> ParsedNumber:
        """Parses the number, or returns the candidate that the user chose. Raises
        InvalidPhoneNumber, and AmbiguousNumber if the number is foreign, because this form has no
        preview."""
        try:
            found = parse_number(text, country=country)
            if not found.is_foreign:
                return found
            raise AmbiguousNumber((found,))
        except InvalidPhoneNumber as error:
            chosen = self.data.get("reading")
            for reading in candidate_numbers(error):
                if reading.number == chosen:
                    return reading
            raise

    def ask(self, readings: tuple[ParsedNumber, ...]) -> None:
        """Adds a choice of candidate numbers below the number field of the refused form."""
        if readings:
            self.fields["reading"] = forms.ChoiceField(
                label=_("Which number do you mean?"),
                choices=[(each.number, number_with_country(each.number)) for each in readings],
                widget=OptionalRadioSelect,
            )
            self.order_fields(["number", "reading"])

    @property
    def said(self) -> dict[str, Any]:
        """Returns the values under the parameter names of the operations."""
        names = ("label", "inbound_agent_id")
        return {
            "number": self.cleaned_data["number"],
            **{name: self.cleaned_data[name] or None for name in names},
        }

    def add(self) -> PhoneNumber:
        return add_provider_number(self.by, provider=None, source=MANUAL, **self.said)


class CarrierForm(AddNumberForm):
    application_sid = forms.UUIDField(
        label=gettext_lazy("Application"),
        required=False,
        help_text=gettext_lazy("A UUID of the platform; the integration's own if left empty."),
    )

    def furnish(self, organization: Organization) -> None:
        carriers = [c for c in list_usable_carriers(self.by) if c.status != Carrier.Status.FAILED]
        default = find_usable_carrier(self.by, voip_carrier_sid=None)
        self.fields["carrier"] = forms.TypedChoiceField(
            label=_("Carrier"),
            coerce=UUID,
            choices=[(str(c.voip_carrier_sid), self.named(c)) for c in carriers],
            initial=str(default.voip_carrier_sid) if default else None,
        )
        self.order_fields(["number", "country", "carrier"])

    def named(self, carrier: Carrier) -> str:
        if carrier.organization_id != self.by.organization.pk:
            return _("%(carrier)s (of the installation)") % {"carrier": carrier.name}
        if carrier.status == Carrier.Status.ACTIVE:
            return carrier.name
        return f"{carrier.name} ({carrier.get_status_display()})"

    def add(self) -> PhoneNumber:
        return operations.add_number(
            self.by,
            voip_carrier_sid=self.cleaned_data["carrier"],
            application_sid=self.cleaned_data["application_sid"],
            **self.said,
        )


class IntegrationForm(AddNumberForm):
    """Adds a number on an integration with one role; the default one is preselected."""

    role = ""

    def furnish(self, organization: Organization) -> None:
        found = integrations_with_role(organization, self.role)
        field = forms.ModelChoiceField(found, label=_("Integration"), empty_label=None)
        default = organization.default_integrations.filter(role=self.role).first()
        field.initial = default.integration_id if default else next(iter(found), None)
        self.fields["integration"] = field
        self.order_fields(["number", "country", "integration"])

    def add(self) -> PhoneNumber:
        return import_number(
            self.by,
            provider=self.role,
            integration=self.cleaned_data["integration"],
            **self.more(),
            **self.said,
        )

    def more(self) -> dict[str, Any]:
        return {}


class SupplyForm(IntegrationForm):
    role = SUPPLY_INTEGRATION_ROLE
    inbound_webhook_url = FormUrl(
        label=gettext_lazy("Webhook"),
        max_length=2000,
        required=False,
        assume_scheme="https",
        help_text=gettext_lazy("Where its calls go; the agent's voice URL if left empty."),
    )

    def furnish(self, organization: Organization) -> None:
        super().furnish(organization)
        self.fields["voice_on"] = forms.ModelChoiceField(
            integrations_with_role(organization, VOICE_INTEGRATION_ROLE),
            label=_("Calls land on"),
            required=False,
            empty_label=_("the account itself"),
        )

    def more(self) -> dict[str, Any]:
        return {
            "voice_on": self.cleaned_data["voice_on"],
            "inbound_webhook_url": self.cleaned_data["inbound_webhook_url"] or None,
        }


class SipForm(SipFields, IntegrationForm):
    role = VOICE_INTEGRATION_ROLE
    supports_inbound = forms.BooleanField(
        label=gettext_lazy("Takes calls"), required=False, initial=True
    )
    supports_outbound = forms.BooleanField(label=gettext_lazy("Makes calls"), required=False)
    first = ("number", "country", "integration", "label", "inbound_agent_id")

    def furnish(self, organization: Organization) -> None:
        super().furnish(organization)
        self.order_fields([*self.first, *sip_settings.FIELDS])

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        outbound = cleaned.get("supports_outbound", False)
        for name, text in sip_settings.validate_sip_settings(
            self.given(), outbound=outbound
        ).items():
            if name not in self.errors:
                self.add_error(name, text)
        return cleaned

    def given(self) -> dict[str, str]:
        return {n: self.cleaned_data[n] for n in sip_settings.FIELDS if self.cleaned_data.get(n)}

    def more(self) -> dict[str, Any]:
        directions = ("supports_inbound", "supports_outbound")
        return {
            "sip_settings": self.given(),
            **{name: self.cleaned_data[name] for name in directions},
            "source": MANUAL,
        }


def integrations_with_role(organization: Organization, role: str) -> QuerySet[Integration]:
    kinds = [kind for kind, provider in PROVIDERS.items() if role in provider.roles]
    return organization.integrations.filter(kind__in=kinds).order_by("name")
