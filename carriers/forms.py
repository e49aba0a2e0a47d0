"""What the carrier forms of the admin and the screens share: fields by trunk type, and the errors
of carriers/validation.py at those fields."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from carriers import gateways, validation
from carriers.models import Carrier, SipGateway
from integrations.models import Integration
from integrations.providers import PROVIDERS
from organizations.models import Organization

TrunkType = Carrier.TrunkType
GATEWAY_FIELDS = gateways.GATEWAY_FIELDS
CREDENTIAL_FIELDS = ("username", "password")
REGISTRATION_FIELDS = (
    *CREDENTIAL_FIELDS,
    "realm",
    "from_user",
    "from_domain",
    "public_ip_in_contact",
)
TRUNK_TYPE_FIELDS = {
    TrunkType.STATIC_IP: (),
    TrunkType.AUTH: CREDENTIAL_FIELDS,
    TrunkType.REG: REGISTRATION_FIELDS,
}
MAX_GATEWAYS = gateways.MAX_GATEWAYS
FIELD_LIMITS = {"port": (1, 65535), "netmask": (1, 32)}
# Replaces fields that are already invalid, so that the other fields are checked as well.
VALID_PLACEHOLDERS = {"ipv4": "192.0.2.1", "netmask": 32, "inbound": True, "outbound": True}


class TrunkFormMixin:
    """Mixed into a form with `carrier` (None for a new one), `trunk_type` in its cleaned data, and
    the fields of the credentials. A blank password keeps the stored one."""

    carrier: Carrier | None

    def check_credentials(self, wanted: Iterable[str]) -> None:
        for name in CREDENTIAL_FIELDS:
            if not self.cleaned_data.get(name) and not (name == "password" and self.keeps_password):
                self.add_error(name, _("Required with this trunk type."))
        given = {name: self.cleaned_data.get(name) or "" for name in wanted}
        complain = (
            validation.registration_errors if "realm" in wanted else validation.credential_errors
        )
        for name, text in complain(given).items():
            self.add_error(name, text)

    @property
    def keeps_password(self) -> bool:
        same_type = self.carrier and self.carrier.trunk_type == self.cleaned_data["trunk_type"]
        return bool(same_type and self.carrier.sealed)

    def credentials(self) -> dict[str, Any]:
        """Returns the credentials under the parameter names of carriers.operations, with None for
        those that the trunk type does not use."""
        trunk_type = self.cleaned_data["trunk_type"]
        given = {name: self.cleaned_data[name] for name in TRUNK_TYPE_FIELDS[trunk_type]}
        plain = {name: None if value == "" else value for name, value in given.items()}
        return {
            "registration": plain if trunk_type == TrunkType.REG else None,
            "inbound_auth": plain if trunk_type == TrunkType.AUTH else None,
        }

    def changes(self) -> dict[str, Any]:
        """Returns the arguments for carriers.operations.change_carrier. Only changed values are
        included, so that a new name alone does not replace the credentials."""
        changes = {
            name: self.cleaned_data[name]
            for name in ("name", "is_default")
            if name in self.changed_data
        }
        if {"trunk_type", *REGISTRATION_FIELDS} & set(self.changed_data):
            trunk_type = {"trunk_type": self.cleaned_data["trunk_type"]}
            changes |= {**trunk_type, **self.credentials()}
        return changes


def carrier_form_initial(carrier: Carrier) -> dict[str, Any]:
    names = ("name", "is_default", "trunk_type")
    stored = carrier.registration or carrier.inbound_auth or {}
    return {**{name: getattr(carrier, name) for name in names}, **stored}


def carrier_capable_integrations(organization: Organization) -> QuerySet[Integration]:
    kinds = [kind for kind, provider in PROVIDERS.items() if "carrier" in provider.roles]
    refused = Integration.State.REFUSED
    return organization.integrations.filter(kind__in=kinds).exclude(state=refused).order_by("name")


def default_carrier_integration(organization: Organization) -> Integration | None:
    default = organization.default_integrations.filter(role="carrier").first()
    return default and default.integration


class GatewayForm(forms.ModelForm):
    class Meta:
        model = SipGateway
        fields = GATEWAY_FIELDS

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        for name, (least, most) in FIELD_LIMITS.items():
            limits = [MinValueValidator(least), MaxValueValidator(most)]
            self.fields[name].validators = limits

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        for name, text in validation.gateway_errors({**VALID_PLACEHOLDERS, **cleaned}).items():
            self.add_error(name, text)
        return cleaned

    def values(self) -> dict[str, Any]:
        return {name: self.cleaned_data[name] for name in GATEWAY_FIELDS}


def formset_gateways(formset: forms.BaseFormSet) -> list[dict[str, Any]]:
    """Returns the requested list of gateways, without removed and empty rows."""
    kept = [form for form in formset.forms if form not in formset.deleted_forms]
    return [
        {name: form.cleaned_data[name] for name in GATEWAY_FIELDS}
        for form in kept
        if form.cleaned_data.get("ipv4")
    ]


def validate_gateway_formset(form: forms.Form, formset: forms.BaseFormSet) -> None:
    """Validates the list as a whole and adds the errors to `form`. Each gateway must be valid
    already."""
    given = formset_gateways(formset)
    if not given:
        form.add_error(None, _("A carrier needs at least one gateway."))
    trunk_type = form.cleaned_data.get("trunk_type", "")
    for place, text in validation.gateway_list_errors(given, trunk_type).items():
        number = f"{_('Gateway')} {int(place) + 1}: " if place else ""
        form.add_error(None, f"{number}{text}")
