"""The gateways of a carrier, one at a time."""

from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from carriers.gateway_overlap import overlaps
from carriers.gateways import add_gateway, change_gateway, remove_gateway
from carriers.models import Carrier, SipGateway
from carriers.operations import CannotDo
from carriers.views.carrier_detail import found
from carriers.views.forms import OneGatewayForm
from carriers.views.labels import address_of, direction_of
from organizations.access.roles import Permission
from organizations.views.forms import attempt
from organizations.web.views.base import OrgScreen

CHANGING = {"GET": Permission.PHONE_NUMBERS_UPDATE, "POST": Permission.PHONE_NUMBERS_UPDATE}


class GatewayFormScreen(OrgScreen):
    """What adding and changing share: the form, the warning of an overlap, and the way back."""

    def answer(
        self, carrier: Carrier, form: OneGatewayForm, do: Any, gateway: SipGateway | None = None
    ) -> HttpResponse:
        if not form.is_valid():
            return self.form_page(carrier, form, gateway, status=422)
        twins = overlaps(carrier.integration, [form.values()], carrier=carrier)
        if twins and not self.request.POST.get("knowing"):
            return self.form_page(carrier, form, gateway, status=422, overlaps=twins)
        if attempt(form, lambda: do(form.values()), {CannotDo: None}) is None:
            return self.form_page(carrier, form, gateway, status=422)
        self.say(_("The gateways of %(carrier)s are changed.") % {"carrier": carrier})
        return self.go("carrier", carrier_id=carrier.pk)

    def form_page(
        self,
        carrier: Carrier,
        form: OneGatewayForm,
        gateway: SipGateway | None = None,
        *,
        status: int = 200,
        **more: Any,
    ) -> HttpResponse:
        context = {"carrier": carrier, "form": form, "gateway": gateway, **more}
        return self.page("carriers/gateway.html", status=status, **context)


class GatewayAddScreen(GatewayFormScreen):
    permissions = CHANGING

    def get(self, request: HttpRequest, carrier_id: UUID) -> HttpResponse:
        carrier = found(request.organization, carrier_id)
        return self.form_page(carrier, OneGatewayForm(carrier=carrier))

    def post(self, request: HttpRequest, carrier_id: UUID) -> HttpResponse:
        carrier = found(request.organization, carrier_id)

        def do(values: dict[str, Any]) -> Carrier:
            return add_gateway(request.principal, carrier.pk, values, password=form.typed)

        form = OneGatewayForm(request.POST, carrier=carrier)
        return self.answer(carrier, form, do)


class GatewayScreen(GatewayFormScreen):
    permissions = CHANGING

    def get(self, request: HttpRequest, carrier_id: UUID, gateway_id: UUID) -> HttpResponse:
        carrier = found(request.organization, carrier_id)
        gateway = carrier.gateways.get(pk=gateway_id)
        return self.form_page(carrier, OneGatewayForm(instance=gateway, carrier=carrier), gateway)

    def post(self, request: HttpRequest, carrier_id: UUID, gateway_id: UUID) -> HttpResponse:
        carrier = found(request.organization, carrier_id)
        gateway = carrier.gateways.get(pk=gateway_id)

        def do(values: dict[str, Any]) -> Carrier:
            return change_gateway(
                request.principal, carrier.pk, gateway_id, values, password=form.typed
            )

        form = OneGatewayForm(request.POST, carrier=carrier)
        return self.answer(carrier, form, do, gateway)


class GatewayRemoveScreen(OrgScreen):
    permissions = CHANGING

    def get(self, request: HttpRequest, carrier_id: UUID, gateway_id: UUID) -> HttpResponse:
        return self.ask(carrier_id, gateway_id)

    def post(self, request: HttpRequest, carrier_id: UUID, gateway_id: UUID) -> HttpResponse:
        carrier = found(request.organization, carrier_id)
        try:
            remove_gateway(request.principal, carrier.pk, gateway_id)
        except (ValidationError, CannotDo) as error:
            refusal = " ".join(getattr(error, "messages", [str(error)]))
            return self.ask(carrier_id, gateway_id, refusal=refusal, status=422)
        self.say(_("The gateways of %(carrier)s are changed.") % {"carrier": carrier})
        return self.go("carrier", carrier_id=carrier.pk)

    def ask(
        self, carrier_id: UUID, gateway_id: UUID, *, refusal: str = "", status: int = 200
    ) -> HttpResponse:
        carrier = found(self.organization, carrier_id)
        gateway = carrier.gateways.get(pk=gateway_id)
        context = {"carrier": carrier, "gateway": gateway, "refusal": refusal}
        context |= {"direction": direction_of(gateway), "address": address_of(gateway)}
        return self.page("carriers/gateway_remove.html", status=status, **context)
