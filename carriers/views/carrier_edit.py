"""Screens that add a carrier, with or without a preset, and change one."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from carriers import operations
from carriers.forms import TrunkType, formset_gateways, validate_gateway_formset
from carriers.gateway_overlap import find_gateway_overlaps
from carriers.operations import CarrierActionNotAllowed, NoCarrierIntegration
from carriers.presets import PRESETS, PRESETS_BY_KEY, CarrierPreset
from carriers.views.carrier_detail import get_organization_carrier, sip_allowlist
from carriers.views.forms import CarrierForm, build_gateway_formset
from carriers.views.labels import TRUNK_TYPE_LABELS
from integrations.connections.encryption import DecryptionError
from organizations.access.roles import Permission
from organizations.web.views.base import OrgScreen
from organizations.web.views.forms import run_with_form_errors

OTHER_PRESET_KEY = "other"


class CarrierAddScreen(OrgScreen):
    """Shows the list of presets, or with `preset` the form, for the preset's trunk type or the one
    in `type`."""

    permissions = {
        "GET": Permission.PHONE_NUMBERS_CREATE,
        "POST": Permission.PHONE_NUMBERS_CREATE,
    }

    def get(self, request: HttpRequest) -> HttpResponse:
        if not request.GET.get("preset"):
            return self.page("carriers/presets.html", presets=PRESETS, trunks=TRUNK_TYPE_LABELS)
        preset = PRESETS_BY_KEY.get(request.GET["preset"])
        return self.form_page(self.form(preset), build_gateway_formset(None, preset), preset)

    def post(self, request: HttpRequest) -> HttpResponse:
        preset = PRESETS_BY_KEY.get(request.POST.get("preset", ""))
        form, rows = self.form(preset, request.POST), build_gateway_formset(request.POST, preset)
        if all([form.is_valid(), rows.is_valid()]):
            validate_gateway_formset(form, rows)
        if not form.is_valid() or not rows.is_valid():
            return self.form_page(form, rows, preset, status=422)
        twins = find_gateway_overlaps(form.cleaned_data["integration"], formset_gateways(rows))
        if twins and not request.POST.get("knowing"):
            return self.form_page(form, rows, preset, status=422, overlaps=twins)
        made = run_with_form_errors(
            form, lambda: self.add(form, rows), {NoCarrierIntegration: "integration"}
        )
        if made is None:
            return self.form_page(form, rows, preset, status=422)
        self.say(_("%(carrier)s is being set up.") % {"carrier": made})
        return self.go("carrier", carrier_id=made.pk)

    def add(self, form: CarrierForm, rows: Any) -> Any:
        chosen = ("name", "integration", "is_default", "trunk_type")
        return operations.add_carrier(
            self.principal,
            **{name: form.cleaned_data[name] for name in chosen},
            **form.credentials(),
            gateways=formset_gateways(rows),
        )

    def form(self, preset: CarrierPreset | None, data: Any = None) -> CarrierForm:
        trunk_type = selected_trunk_type(self.request, preset.trunk_type if preset else "static_ip")
        return CarrierForm(
            data, organization=self.organization, trunk_type=trunk_type, preset=preset
        )

    def form_page(
        self,
        form: CarrierForm,
        rows: Any,
        preset: CarrierPreset | None,
        *,
        status: int = 200,
        **more: Any,
    ) -> HttpResponse:
        platforms = [
            {"name": one.name, **sip_allowlist(one)} for one in form.fields["integration"].queryset
        ]
        return self.page(
            "carriers/add.html",
            status=status,
            form=form,
            rows=rows,
            preset=preset,
            preset_key=preset.key if preset else OTHER_PRESET_KEY,
            trunk=TRUNK_TYPE_LABELS[form.shown_type],
            trunks=TRUNK_TYPE_LABELS.values(),
            platforms=platforms,
            **more,
        )


class CarrierEditScreen(OrgScreen):
    permissions = {
        "GET": Permission.PHONE_NUMBERS_UPDATE,
        "POST": Permission.PHONE_NUMBERS_UPDATE,
    }

    def get(self, request: HttpRequest, carrier_id: UUID) -> HttpResponse:
        return self.form_page(self.form(carrier_id))

    def post(self, request: HttpRequest, carrier_id: UUID) -> HttpResponse:
        form = self.form(carrier_id, request.POST)
        carrier = form.carrier
        if not form.is_valid():
            return self.form_page(form, status=422)
        beside = {CarrierActionNotAllowed: None, DecryptionError: "password"}
        if run_with_form_errors(form, lambda: self.change(form), beside) is None:
            return self.form_page(form, status=422)
        return self.go("carrier", carrier_id=carrier.pk)

    def change(self, form: CarrierForm) -> Any:
        changes = form.changes()
        if not changes:
            self.say(_("Nothing was changed."))
            return form.carrier
        changed = operations.change_carrier(self.principal, form.carrier, **changes)
        self.say(_("%(carrier)s is changed.") % {"carrier": changed})
        return changed

    def form(self, carrier_id: UUID, data: Any = None) -> CarrierForm:
        carrier = get_organization_carrier(self.organization, carrier_id)
        trunk_type = selected_trunk_type(self.request, carrier.trunk_type)
        form = CarrierForm(
            data, organization=self.organization, trunk_type=trunk_type, carrier=carrier
        )
        form.initial["trunk_type"] = trunk_type if data is None else carrier.trunk_type
        return form

    def form_page(self, form: CarrierForm, *, status: int = 200) -> HttpResponse:
        return self.page(
            "carriers/edit.html",
            status=status,
            form=form,
            carrier=form.carrier,
            trunk=TRUNK_TYPE_LABELS[form.shown_type],
            trunks=TRUNK_TYPE_LABELS.values(),
        )


def selected_trunk_type(request: HttpRequest, otherwise: str) -> str:
    """Returns the trunk type from the form or the URL, or `otherwise` if it is invalid."""
    wanted = request.POST.get("trunk_type") or request.GET.get("type")
    return wanted if wanted in TrunkType.values else otherwise
