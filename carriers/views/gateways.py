"""Screens for the gateways of a carrier, one at a time."""

from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from carriers.gateway_overlap import find_gateway_overlaps
from carriers.gateways import add_gateway, change_gateway, remove_gateway
from carriers.models import Carrier, SipGateway
from carriers.operations import CarrierActionNotAllowed
from carriers.views.carrier_detail import get_organization_carrier
from carriers.views.forms import SingleGatewayForm
from carriers.views.labels import gateway_address, gateway_direction
from organizations.access.roles import Permission
from organizations.web.views.base import OrgScreen
from organizations.web.views.forms import run_with_form_errors

CHANGE_PERMISSIONS = {
    "GET": Permission.PHONE_NUMBERS_UPDATE,
    "POST": Permission.PHONE_NUMBERS_UPDATE,
}


class GatewayFormScreen(OrgScreen):
    """The base of adding and changing: the form, the overlap warning and the redirect."""

    def answer(
        self, carrier: Carrier, form: SingleGatewayForm, do: Any, gateway: SipGateway | None = None
    ) -> HttpResponse:
        if not form.is_valid():
            return self.form_page(carrier, form, gateway, status=422)
        twins = find_gateway_overlaps(carrier.integration, [form.values()], carrier=carrier)
        if twins and not self.request.POST.get("knowing"):
            return self.form_page(carrier, form, gateway, status=422, overlaps=twins)
        if (
            run_with_form_errors(form, lambda: do(form.values()), {CarrierActionNotAllowed: None})
            is None
        ):
            return self.form_page(carrier, form, gateway, status=422)
        self.say(_("The gateways of %(carrier)s are changed.") % {"carrier": carrier})
        return self.go("carrier", carrier_id=carrier.pk)

    def form_page(
        self,
        carrier: Carrier,
        form: SingleGatewayForm,
        gateway: SipGateway | None = None,
        *,
        status: int = 200,
        **more: Any,
    ) -> HttpResponse:
        context = {"carrier": carrier, "form": form, "gateway": gateway, **more}
        return self.page("carriers/gateway.html", status=status, **context)


class GatewayAddScreen(GatewayFormScreen):
    permissions = CHANGE_PERMISSIONS

    def get(self, request: HttpRequest, carrier_id: UUID) -> HttpResponse:
        carrier = get_organization_carrier(request.organization, carrier_id)
        return self.form_page(carrier, SingleGatewayForm(carrier=carrier))

    def post(self, request: HttpRequest, carrier_id: UUID) -> HttpResponse:
        carrier = get_organization_carrier(request.organization, carrier_id)

        def do(values: dict[str, Any]) -> Carrier:
            return add_gateway(request.principal, carrier.pk, values, password=form.typed)

        form = SingleGatewayForm(request.POST, carrier=carrier)
        return self.answer(carrier, form, do)


class GatewayScreen(GatewayFormScreen):
    permissions = CHANGE_PERMISSIONS

    def get(self, request: HttpRequest, carrier_id: UUID, gateway_id: UUID) -> HttpResponse:
        carrier = get_organization_carrier(request.organization, carrier_id)
        gateway = carrier.gateways.get(pk=gateway_id)
        return self.form_page(
            carrier, SingleGatewayForm(instance=gateway, carrier=carrier), gateway
        )

    def post(self, request: HttpRequest, carrier_id: UUID, gateway_id: UUID) -> HttpResponse:
        carrier = get_organization_carrier(request.organization, carrier_id)
        gateway = carrier.gateways.get(pk=gateway_id)

        def do(values: dict[str, Any]) -> Carrier:
            return change_gateway(
                request.principal, carrier.pk, gateway_id, values, password=form.typed
            )

        form = SingleGatewayForm(request.POST, carrier=carrier)
        return self.answer(carrier, form, do, gateway)


class GatewayRemoveScreen(OrgScreen):
    permissions = CHANGE_PERMISSIONS

    def get(self, request: HttpRequest, carrier_id: UUID, gateway_id: UUID) -> HttpResponse:
        return self.ask(carrier_id, gateway_id)

    def post(self, request: HttpRequest, carrier_id: UUID, gateway_id: UUID) -> HttpResponse:
        carrier = get_organization_carrier(request.organization, carrier_id)
        try:
            remove_gateway(request.principal, carrier.pk, gateway_id)
        except (ValidationError, CarrierActionNotAllowed) as error:
            refusal = " ".join(getattr(error, "messages", [str(error)]))
            return self.ask(carrier_id, gateway_id, refusal=refusal, status=422)
        self.say(_("The gateways of %(carrier)s are changed.") % {"carrier": carrier})
        return self.go("carrier", carrier_id=carrier.pk)

    def ask(
        self, carrier_id: UUID, gateway_id: UUID, *, refusal: str = "", status: int = 200
    ) -> HttpResponse:
        carrier = get_organization_carrier(self.organization, carrier_id)
        gateway = carrier.gateways.get(pk=gateway_id)
        context = {"carrier": carrier, "gateway": gateway, "refusal": refusal}
        context |= {"direction": gateway_direction(gateway), "address": gateway_address(gateway)}
        return self.page("carriers/gateway_remove.html", status=status, **context)
