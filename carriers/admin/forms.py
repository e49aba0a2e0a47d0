"""The admin form of a carrier. Errors from carriers/validation.py are shown at their fields."""

from typing import Any

from django import forms
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.admin import TabularInline

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
    formset_gateways,
    validate_gateway_formset,
)
from carriers.models import Carrier, SipGateway
from organizations.models import Organization
from organizations.web.admin import fields

__all__ = [
    "CREDENTIAL_FIELDS",
    "REGISTRATION_FIELDS",
    "validate_gateway_formset",
    "formset_gateways",
]

FIELDSETS = [
    (None, {"fields": ["name", "integration", "is_default"]}),
    (gettext_lazy("Trunk"), {"fields": ["trunk_type", *REGISTRATION_FIELDS]}),
]


class CarrierAdminForm(TrunkFormMixin, forms.Form):
    """The form of `carrier`, or of a new one if it is None. A blank password keeps the stored
    one."""

    name = fields.text_field(label=gettext_lazy("Name"))
    is_default = fields.boolean_field(
        label=gettext_lazy("Default of the organization"),
        help_text=gettext_lazy("Numbers that name no carrier go on this one."),
    )
    trunk_type = fields.choice_field(TrunkType.choices, label=gettext_lazy("Trunk type"))
    username = fields.text_field(max_length=64, required=False, label=gettext_lazy("User name"))
    password = fields.secret_field(max_length=64, required=False, label=gettext_lazy("Password"))
    realm = fields.text_field(
        max_length=64,
        required=False,
        label=gettext_lazy("Realm"),
        help_text=gettext_lazy("Domain to register with; the gateway's address if left empty."),
    )
    from_user = fields.text_field(max_length=128, required=False, label=gettext_lazy("From user"))
    from_domain = fields.text_field(
        max_length=255, required=False, label=gettext_lazy("From domain")
    )
    public_ip_in_contact = fields.boolean_field(label=gettext_lazy("Public address in Contact"))

    def __init__(self, data: Any, *, organization: Organization, carrier: Carrier | None = None):
        super().__init__(data, initial=carrier_form_initial(carrier) if carrier else None)
        self.carrier = carrier
        able = carrier_capable_integrations(organization)
        self.fields["integration"] = fields.model_choice_field(
            able,
            label=_("Integration"),
            initial=carrier.integration if carrier else default_carrier_integration(organization),
            disabled=carrier is not None,
            help_text=_("The platform it is set up on; fixed once the carrier exists."),
        )
        if carrier and carrier.sealed:
            self.fields["password"].help_text = _("One is stored. Leave empty to keep it.")

    def clean(self) -> dict[str, Any]:
        """Checks the credentials that the trunk type needs, and refuses those that it does not
        use."""
        cleaned = super().clean()
        if "trunk_type" not in cleaned:
            return cleaned
        wanted = TRUNK_TYPE_FIELDS[cleaned["trunk_type"]]
        for name in REGISTRATION_FIELDS:
            if name not in wanted and cleaned.get(name):
                self.add_error(name, _("Not used with this trunk type: leave it empty."))
        if wanted:
            self.check_credentials(wanted)
        return cleaned


class GatewayInline(TabularInline):
    """Editable by everyone with permission to change the carrier."""

    model = SipGateway
    form = GatewayForm
    fields = GATEWAY_FIELDS
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
