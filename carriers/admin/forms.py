"""A carrier as a form: what carriers/validation.py complains of stands beside the field."""

from typing import Any

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.admin import TabularInline

from carriers import validation
from carriers.models import Carrier, SipGateway
from integrations.models import Integration
from integrations.providers import PROVIDERS
from organizations.admin import fields
from organizations.models import Organization

TrunkType = Carrier.TrunkType
GATEWAY = ("ipv4", "port", "netmask", "inbound", "outbound", "protocol")
CREDENTIALS = ("username", "password")
REGISTRATION = (*CREDENTIALS, "realm", "from_user", "from_domain", "public_ip_in_contact")
FIELDS_OF = {TrunkType.STATIC_IP: (), TrunkType.AUTH: CREDENTIALS, TrunkType.REG: REGISTRATION}
FIELDSETS = [
    (None, {"fields": ["name", "integration", "is_default"]}),
    (gettext_lazy("Trunk"), {"fields": ["trunk_type", *REGISTRATION]}),
]
MAX_GATEWAYS = 50
LIMITS = {"port": (1, 65535), "netmask": (1, 32)}


class CarrierForm(forms.Form):
    """`carrier` None: a new one. Blank password: the stored one stays."""

    name = fields.text(label=gettext_lazy("Name"))
    is_default = fields.switch(
        label=gettext_lazy("Default of the organization"),
        help_text=gettext_lazy("Numbers that name no carrier go on this one."),
    )
    trunk_type = fields.choice(TrunkType.choices, label=gettext_lazy("Trunk type"))
    username = fields.text(max_length=64, required=False, label=gettext_lazy("User name"))
    password = fields.secret(max_length=64, required=False, label=gettext_lazy("Password"))
    realm = fields.text(
        max_length=64,
        required=False,
        label=gettext_lazy("Realm"),
        help_text=gettext_lazy("Domain to register with; the gateway's address if left empty."),
    )
    from_user = fields.text(max_length=128, required=False, label=gettext_lazy("From user"))
    from_domain = fields.text(max_length=255, required=False, label=gettext_lazy("From domain"))
    public_ip_in_contact = fields.switch(label=gettext_lazy("Public address in Contact"))

    def __init__(self, data: Any, *, organization: Organization, carrier: Carrier | None = None):
        super().__init__(data, initial=initial_of(carrier) if carrier else None)
        self.carrier = carrier
        able = holding_carriers(organization)
        self.fields["integration"] = fields.row(
            able,
            label=_("Integration"),
            initial=carrier.integration if carrier else default_integration(organization),
            disabled=carrier is not None,
            help_text=_("The platform it is set up on; fixed once the carrier exists."),
        )
        if carrier and carrier.sealed:
            self.fields["password"].help_text = _("One is stored. Leave empty to keep it.")

    def clean(self) -> dict[str, Any]:
        """Credentials as the trunk type wants them; what it has no use for is refused."""
        cleaned = super().clean()
        if "trunk_type" not in cleaned:
            return cleaned
        wanted = FIELDS_OF[cleaned["trunk_type"]]
        for name in REGISTRATION:
            if name not in wanted and cleaned.get(name):
                self.add_error(name, _("Not used with this trunk type: leave it empty."))
        if wanted:
            self.check_credentials(wanted)
        return cleaned

    def check_credentials(self, wanted: tuple[str, ...]) -> None:
        for name in CREDENTIALS:
            if not self.cleaned_data.get(name) and not (name == "password" and self.keeps_password):
                self.add_error(name, _("Required with this trunk type."))
        given = {name: self.cleaned_data.get(name) or "" for name in wanted}
        complain = (
            validation.registration_complaints
            if "realm" in wanted
            else validation.credential_complaints
        )
        for name, text in complain(given).items():
            self.add_error(name, text)

    @property
    def keeps_password(self) -> bool:
        same_type = self.carrier and self.carrier.trunk_type == self.cleaned_data["trunk_type"]
        return bool(same_type and self.carrier.sealed)

    def credentials(self) -> dict[str, Any]:
        """By the names of carriers.operations; what the trunk type has not is None."""
        trunk_type = self.cleaned_data["trunk_type"]
        given = {name: self.cleaned_data[name] for name in FIELDS_OF[trunk_type]}
        if given and not given["password"]:
            given["password"] = self.carrier.password()
        plain = {name: None if value == "" else value for name, value in given.items()}
        return {
            "registration": plain if trunk_type == TrunkType.REG else None,
            "inbound_auth": plain if trunk_type == TrunkType.AUTH else None,
        }


def initial_of(carrier: Carrier) -> dict[str, Any]:
    names = ("name", "is_default", "trunk_type")
    stored = carrier.registration or carrier.inbound_auth or {}
    return {**{name: getattr(carrier, name) for name in names}, **stored}


def holding_carriers(organization: Organization) -> QuerySet[Integration]:
    kinds = [kind for kind, provider in PROVIDERS.items() if "carrier" in provider.roles]
    refused = Integration.State.REFUSED
    return organization.integrations.filter(kind__in=kinds).exclude(state=refused).order_by("name")


def default_integration(organization: Organization) -> Integration | None:
    default = organization.default_integrations.filter(role="carrier").first()
    return default and default.integration


class GatewayForm(forms.ModelForm):
    class Meta:
        model = SipGateway
        fields = GATEWAY

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        for name, (least, most) in LIMITS.items():
            limits = [MinValueValidator(least), MaxValueValidator(most)]
            self.fields[name].validators = limits

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if not self.errors and all(name in cleaned for name in GATEWAY):
            for name, text in validation.gateway_complaints(cleaned).items():
                self.add_error(name, text)
        return cleaned


class Gateways(TabularInline):
    """Whoever may change the carrier may change its gateways."""

    model = SipGateway
    form = GatewayForm
    fields = GATEWAY
    ordering = ("position",)
    verbose_name_plural = gettext_lazy("SIP gateways")
    max_num = MAX_GATEWAYS
    hide_title = True

    def get_extra(self, request, obj: Carrier | None = None, **kwargs) -> int:
        return 0 if obj and obj.pk and obj.gateways.exists() else 1

    def has_view_permission(self, request, obj=None) -> bool:
        return True

    def may_change(self, request: HttpRequest, obj: Carrier | None = None) -> bool:
        if obj is None or obj._state.adding:
            return request.user.has_perm("carriers.add_carrier")
        lives = obj.status != Carrier.Status.DELETED
        return lives and request.user.has_perm("carriers.change_carrier")

    has_add_permission = has_change_permission = has_delete_permission = may_change


def gateways_of(formset: forms.BaseFormSet) -> list[dict[str, Any]]:
    """The list as it shall be."""
    kept = [form for form in formset.forms if form not in formset.deleted_forms]
    return [
        {name: form.cleaned_data[name] for name in GATEWAY}
        for form in kept
        if form.cleaned_data.get("ipv4")
    ]


def check_gateways(form: CarrierForm, formset: forms.BaseFormSet) -> None:
    """The list as a whole, once each of its gateways is possible."""
    gateways = gateways_of(formset)
    if not gateways:
        form.add_error(None, _("A carrier needs at least one gateway."))
    trunk_type = form.cleaned_data.get("trunk_type", "")
    for place, text in validation.gateways_complaints(gateways, trunk_type).items():
        number = f"{_('Gateway')} {int(place) + 1}: " if place else ""
        form.add_error(None, f"{number}{text}")
