"""The form of a carrier, with only the fields that its trunk type needs."""

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from carriers import validation
from carriers.forms import (
    CREDENTIAL_FIELDS,
    GATEWAY_FIELDS,
    MAX_GATEWAYS,
    REGISTRATION_FIELDS,
    TRUNK_TYPE_FIELDS,
    GatewayForm,
    TrunkFormMixin,
    TrunkType,
    carrier_capable_integrations,
    carrier_form_initial,
    default_carrier_integration,
)
from carriers.gateways import gateway_values
from carriers.models import Carrier
from carriers.presets import CarrierPreset
from organizations.models import Organization
from organizations.text.fields import FormSecret, FormText

PLAIN_TEXT_ATTRIBUTES = {"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}
BLANK_ROWS = 2
GATEWAY_FIELD_ORDER = ("ipv4", "port", "netmask", "protocol", "inbound", "outbound")


def plain_text_field(
    label: Any, *, longest: int, help_text: Any = "", required: bool = False
) -> forms.Field:
    return FormText(
        label=label,
        max_length=longest,
        required=required,
        help_text=help_text,
        widget=forms.TextInput(attrs=PLAIN_TEXT_ATTRIBUTES),
    )


class CarrierForm(TrunkFormMixin, forms.Form):
    """The form of `carrier`, or of a new one if it is None, optionally with a preset. A blank
    password keeps the stored one."""

    trunk_type = forms.ChoiceField(choices=TrunkType.choices, widget=forms.HiddenInput)
    name = FormText(
        label=gettext_lazy("Name"),
        max_length=100,
        help_text=gettext_lazy("How your people call this carrier."),
    )
    integration = forms.ModelChoiceField(queryset=None, label=gettext_lazy("Platform"))
    is_default = forms.BooleanField(
        label=gettext_lazy("Default carrier"),
        required=False,
        help_text=gettext_lazy("Numbers that name no carrier go on this one."),
    )
    username = plain_text_field(gettext_lazy("User name"), longest=64, required=True)
    password = FormSecret(
        label=gettext_lazy("Password"),
        max_length=64,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    realm = plain_text_field(
        gettext_lazy("Domain to register with"),
        longest=64,
        help_text=gettext_lazy("The realm; the gateway's address if left empty."),
    )
    from_user = plain_text_field(
        gettext_lazy("From user"),
        longest=128,
        help_text=gettext_lazy("Only if the carrier asks for it in the From header."),
    )
    from_domain = plain_text_field(gettext_lazy("From domain"), longest=255)
    public_ip_in_contact = forms.BooleanField(
        label=gettext_lazy("Public address in the Contact header"), required=False
    )

    def __init__(
        self,
        data: Any = None,
        *,
        organization: Organization,
        trunk_type: str,
        carrier: Carrier | None = None,
        preset: CarrierPreset | None = None,
    ):
        stored = (
            carrier_form_initial(carrier) if carrier else {"name": preset.name if preset else ""}
        )
        super().__init__(data, initial={**stored, "trunk_type": trunk_type})
        self.carrier, self.shown_type = carrier, trunk_type
        for name in set(REGISTRATION_FIELDS) - set(TRUNK_TYPE_FIELDS[TrunkType(trunk_type)]):
            del self.fields[name]
        if preset and preset.realm_hint and "realm" in self.fields:
            self.fields["realm"].widget.attrs["placeholder"] = preset.realm_hint
        self.place(organization, carrier)
        self.keep(carrier, trunk_type)

    def place(self, organization: Organization, carrier: Carrier | None) -> None:
        """Sets up the integration field, which an existing carrier does not have because it cannot
        move."""
        if carrier:
            del self.fields["integration"]
            return
        self.fields["integration"].queryset = carrier_capable_integrations(organization)
        self.fields["integration"].initial = default_carrier_integration(organization)

    def keep(self, carrier: Carrier | None, trunk_type: str) -> None:
        if carrier and carrier.sealed and carrier.trunk_type == trunk_type:
            self.fields["password"].required = False
            self.fields["password"].help_text = _("One is stored. Leave empty to keep it.")

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        wanted = TRUNK_TYPE_FIELDS.get(cleaned.get("trunk_type"), ())
        if wanted and not set(CREDENTIAL_FIELDS) & set(self.errors):
            self.check_credentials(wanted)
        if self.carrier and "trunk_type" in cleaned:
            gateways = [gateway_values(gateway) for gateway in self.carrier.gateways.all()]
            for text in validation.gateway_list_errors(gateways, cleaned["trunk_type"]).values():
                self.add_error(None, text)
        return cleaned

    @property
    def of_the_trunk(self) -> list[forms.BoundField]:
        """Returns the fields that depend on the trunk type."""
        return [self[name] for name in REGISTRATION_FIELDS if name in self.fields]

    @property
    def plain_fields(self) -> list[forms.BoundField]:
        names = ("name", "integration", "is_default")
        return [self[name] for name in names if name in self.fields]


class GatewayRowForm(GatewayForm):
    """One row of several gateways. A row without an address counts as empty."""

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        required = _("Fill it in, or leave this line out.")
        self.fields["ipv4"].error_messages["required"] = required

    def has_changed(self) -> bool:
        return bool((self["ipv4"].data or "").strip())


class BaseGatewayFormSet(forms.BaseFormSet):
    """The gateways of a new carrier, one per row. Rows from a preset show their region."""

    preset: CarrierPreset | None = None

    @property
    def regions(self) -> dict[str, Any]:
        return self.preset.regions() if self.preset else {}

    def add_fields(self, form: forms.Form, index: int | None) -> None:
        super().add_fields(form, index)
        form.order_fields(GATEWAY_FIELD_ORDER)
        form.fields["ipv4"].widget.attrs.update(PLAIN_TEXT_ATTRIBUTES)
        if self.preset and index is not None and index < self.initial_form_count():
            address = form["ipv4"].value()
            form.region = self.regions.get(address, "")
            if not address and self.preset.host_hint:
                form.fields["ipv4"].widget.attrs["placeholder"] = self.preset.host_hint
                form.region = _("where calls are sent to")

    def get_deletion_widget(self) -> forms.Widget:
        return forms.CheckboxInput(attrs={"class": "leave-out"})


GatewayFormSet = forms.formset_factory(
    GatewayRowForm,
    formset=BaseGatewayFormSet,
    extra=BLANK_ROWS,
    can_delete=True,
    can_delete_extra=False,
    max_num=MAX_GATEWAYS,
    absolute_max=MAX_GATEWAYS,
)


def build_gateway_formset(data: Any, preset: CarrierPreset | None) -> BaseGatewayFormSet:
    initial = preset.gateways() if preset else []
    rows = GatewayFormSet(data, prefix="gateways", initial=None if data else initial)
    rows.preset = preset
    if not initial:
        rows.extra = BLANK_ROWS + 1
    return rows


class SingleGatewayForm(GatewayForm):
    """One gateway of an existing carrier; the operation validates the list as a whole. A stored
    password is not sent to another address, so it must be entered again."""

    password = FormSecret(
        label=gettext_lazy("Password of the carrier"),
        max_length=64,
        required=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=gettext_lazy("Needed when calls are sent to another address than before."),
    )

    def __init__(self, *args: Any, carrier: Carrier, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.order_fields(GATEWAY_FIELD_ORDER)
        if not carrier.sealed:
            del self.fields["password"]
        self.fields["ipv4"].widget.attrs.update(PLAIN_TEXT_ATTRIBUTES)
        self.fields["netmask"].help_text = _("32 for one address; less covers a network.")
        self.fields["inbound"].help_text = _("Calls come from here.")
        self.fields["outbound"].help_text = _("Calls are sent here.")

    @property
    def typed(self) -> str:
        return self.cleaned_data.get("password", "")

    class Meta(GatewayForm.Meta):
        fields = GATEWAY_FIELDS
