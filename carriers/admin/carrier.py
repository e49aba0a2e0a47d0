"""Carriers in the admin: adding and changing them with their gateways, retrying, deleting, and
setting the default."""

from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.contrib.filters.admin import AutocompleteSelectFilter
from unfold.decorators import display

from carriers import operations
from carriers.admin import forms
from carriers.admin.actions import CARRIER_ACTIONS, is_undeleted_carrier
from carriers.admin.forms import CarrierAdminForm, GatewayInline
from carriers.models import Carrier
from carriers.operations import CarrierActionNotAllowed
from integrations.connections.encryption import DecryptionError
from integrations.ledger.history import subject_history
from integrations.web.admin_pages import merge_timeline, subject_admin_urls
from organizations.access.principals import Principal, staff_principal
from organizations.models import Organization
from organizations.web.admin.base import OperatorAdmin, admin_url, badge, link_or_text, time_column
from organizations.web.admin.form_pages import ChooseOrganizationFirst, run_with_form_errors
from organizations.web.admin.row_actions import DetailField

Status = Carrier.Status
STATUS_COLOURS = {"pending": "info", "active": "success", "failed": "danger", "deleted": ""}
subject_admin_urls["carrier"] = lambda carrier_id: reverse(
    "admin:carriers_carrier_change", args=[carrier_id]
)


@admin.register(Carrier)
class CarrierAdmin(ChooseOrganizationFirst, OperatorAdmin):
    list_display = (
        "name",
        "status_badge",
        "why",
        "trunk_word",
        "defaults",
        "integration",
        "organization_name",
        "created",
    )
    list_select_related = ("integration", "organization")
    list_filter = (
        "status",
        "trunk_type",
        "is_default",
        ("organization", AutocompleteSelectFilter),
    )
    list_filter_submit = True
    search_fields = (
        "name",
        "voip_carrier_sid__iexact",
        "id__iexact",
        "organization__name",
        "gateways__ipv4",
    )
    inlines = (GatewayInline,)
    fields = ("name", "integration", "trunk_type", "registration", "inbound_auth")
    row_actions = CARRIER_ACTIONS
    event_kind = "carrier"
    portal_page = ("carrier", "carrier_id")
    related_lists = ((gettext_lazy("Numbers"), "call", "numbers.phonenumber", "carrier__id"),)
    created = time_column("created_at", gettext_lazy("created"))
    conditional_fields = {
        **dict.fromkeys(forms.CREDENTIAL_FIELDS, "trunk_type != 'static_ip'"),
        **dict.fromkeys(forms.REGISTRATION_FIELDS[2:], "trunk_type == 'reg'"),
    }
    change_form_outer_after_template = "admin/includes/story.html"

    def has_change_permission(self, request: HttpRequest, obj: Carrier | None = None) -> bool:
        return super().has_change_permission(request, obj) and (
            obj is None or is_undeleted_carrier(obj)
        )

    @display(description=gettext_lazy("status"), label=STATUS_COLOURS, ordering="status")
    def status_badge(self, carrier: Carrier) -> tuple[str, str]:
        return carrier.status, carrier.get_status_display()

    @display(description=gettext_lazy("trunk"), ordering="trunk_type")
    def trunk_word(self, carrier: Carrier) -> str:
        return carrier.trunk_type

    @display(description=gettext_lazy("why"))
    def why(self, carrier: Carrier) -> str:
        return Truncator(carrier.error_message or "").chars(60)

    @display(description=gettext_lazy("default of"))
    def defaults(self, carrier: Carrier) -> str:
        names = {
            _("organization"): carrier.is_default,
            _("installation"): carrier.is_installation_default,
        }
        return ", ".join(name for name, is_one in names.items() if is_one)

    def facts(self, request: HttpRequest, row: Carrier) -> list[DetailField]:
        return [
            (_("Status"), badge(row.get_status_display(), STATUS_COLOURS[row.status])),
            (_("Why"), row.error_message),
            (_("Organization"), link_or_text(admin_url(row.organization), row.organization)),
            (_("Integration"), link_or_text(admin_url(row.integration), row.integration)),
            (_("Default of"), self.defaults(row)),
            (_("Numbers on it"), row.phone_numbers.filter(released_at=None).count()),
            (_("Carrier sid"), row.voip_carrier_sid),
            (_("On the platform"), ", ".join(row.refs.values())),
        ]

    def add_in(self, request: HttpRequest, organization: Organization) -> HttpResponse:
        form = CarrierAdminForm(request.POST or None, organization=organization)
        formsets, inlines = self._create_formsets(request, Carrier(), change=False)
        if self.is_possible(request, form, formsets[0]):
            by = staff_principal(request.user, organization)
            made = run_with_form_errors(form, lambda: self.add(by, form, formsets[0]), {})
            messages.success(request, _("%(carrier)s is being set up.") % {"carrier": made})
            return redirect(admin_url(made))
        title = _("Add a carrier to %(organization)s") % {"organization": organization}
        page = {"fieldsets": forms.FIELDSETS, "formsets": formsets, "inlines": inlines}
        return self.form_page(request, form, title=title, **page)

    def change_view(self, request: HttpRequest, object_id: str, form_url="", extra_context=None):
        """Renders a form, or a read-only page for a deleted carrier."""
        row = self.get_object(request, unquote(object_id))
        if row is None or not self.has_change_permission(request, row):
            return super().change_view(request, object_id, form_url, self.top(request, row))
        form = CarrierAdminForm(request.POST or None, organization=row.organization, carrier=row)
        formsets, inlines = self._create_formsets(request, row, change=True)
        if self.is_possible(request, form, formsets[0]):
            by = staff_principal(request.user, row.organization)
            refusals = {CarrierActionNotAllowed: None, DecryptionError: "password"}
            if run_with_form_errors(
                form, lambda: self.change(request, by, form, formsets[0]), refusals
            ):
                return redirect(admin_url(row))
        page = {"fieldsets": forms.FIELDSETS, "formsets": formsets, "inlines": inlines}
        return self.form_page(
            request, form, title=str(row), row=row, **page, **self.top(request, row)
        )

    def top(self, request: HttpRequest, row: Carrier | None) -> dict[str, Any]:
        if row is None:
            return {}
        told = subject_history("carrier", [row.pk], limit=20, calls_each=10)
        events = row.organization.events.filter(subject_kind="carrier", subject_id=row.pk)
        merged = merge_timeline(told, events.order_by("-id")[:50])
        return {**self.about(request, row), "story": told, "timeline": merged}

    def is_possible(self, request: HttpRequest, form: CarrierAdminForm, formset: Any) -> bool:
        if request.method != "POST":
            return False
        if all([form.is_valid(), formset.is_valid()]):
            forms.validate_gateway_formset(form, formset)
        return form.is_valid() and formset.is_valid()

    def add(self, by: Principal, form: CarrierAdminForm, formset: Any) -> Carrier:
        plain = {name: form.cleaned_data[name] for name in ("name", "integration", "is_default")}
        return operations.add_carrier(
            by,
            **plain,
            trunk_type=form.cleaned_data["trunk_type"],
            **form.credentials(),
            gateways=forms.formset_gateways(formset),
        )

    def change(
        self, request: HttpRequest, by: Principal, form: CarrierAdminForm, formset: Any
    ) -> Model:
        changes = form.changes()
        if formset.has_changed():
            changes["gateways"] = forms.formset_gateways(formset)
        if not changes:
            messages.info(request, _("Nothing was changed."))
            return form.carrier
        changed = operations.change_carrier(by, form.carrier, **changes)
        messages.success(request, _("%(carrier)s is changed.") % {"carrier": changed})
        return changed
