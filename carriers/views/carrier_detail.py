"""The page of a carrier: its status and reason, gateways, credentials and platform; and the screens
that act on it."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django_htmx.http import HttpResponseClientRefresh

from carriers import operations
from carriers.gateway_overlap import find_gateway_overlaps
from carriers.gateways import gateway_values
from carriers.models import Carrier
from carriers.operations import CarrierActionNotAllowed
from carriers.views.carrier_list import count_numbers_by_carrier, open_carrier_operations
from carriers.views.labels import (
    TRUNK_TYPE_LABELS,
    carrier_state,
    gateway_address,
    gateway_direction,
)
from integrations.ledger.history import subject_history
from integrations.models import Integration
from integrations.providers import PROVIDERS
from organizations.access.roles import Permission
from organizations.models import Organization
from organizations.tenancy import tenant_scope
from organizations.web.views.base import OrgScreen
from organizations.web.views.event_labels import event_title

Status = Carrier.Status
HISTORY_LIMIT, CALLS_PER_OPERATION, EVENT_LIMIT = 10, 10, 6


def get_organization_carrier(organization: Organization, carrier_id: UUID) -> Carrier:
    """Returns the carrier. Raises DoesNotExist, which becomes a 404."""
    rows = organization.carriers.select_related("integration", "created_by")
    return rows.get(pk=carrier_id)


class CarrierScreen(OrgScreen):
    permissions = {"GET": Permission.PHONE_NUMBERS_READ}

    def get(self, request: HttpRequest, carrier_id: UUID) -> HttpResponse:
        # The open operation is read first: if it settles now, the carrier that is read next has
        # changed.
        operation = open_carrier_operations(request.organization, [carrier_id]).get(carrier_id)
        carrier = get_organization_carrier(request.organization, carrier_id)
        state = carrier_state(carrier, operation)
        if not request.htmx:
            return self.page("carriers/carrier.html", **self.about(carrier), state=state)
        if not state.is_moving:
            return HttpResponseClientRefresh()
        return self.page("carriers/_state.html", carrier=carrier, state=state)

    def about(self, carrier: Carrier) -> dict[str, Any]:
        gateways = list(carrier.gateways.order_by("position"))
        listed = [(row, gateway_address(row), gateway_direction(row)) for row in gateways]
        lives = carrier.status != Status.DELETED
        return {
            "carrier": carrier,
            "lives": lives,
            "trunk": TRUNK_TYPE_LABELS[carrier.trunk_type],
            "gateways": listed,
            "credentials": stored_credentials(carrier),
            "numbers": count_numbers_by_carrier(self.organization, [carrier.pk]).get(carrier.pk, 0),
            "overlaps": find_gateway_overlaps(
                carrier.integration, [gateway_values(row) for row in gateways], carrier=carrier
            )
            if lives
            else [],
            "story": subject_history(
                "carrier", [carrier.pk], limit=HISTORY_LIMIT, calls_each=CALLS_PER_OPERATION
            ),
            "events": self.events(carrier),
            **sip_allowlist(carrier.integration),
        }

    def events(self, carrier: Carrier) -> list[Any]:
        if not self.principal.can(Permission.EVENTS_READ):
            return []
        rows = self.organization.events.filter(subject_kind="carrier", subject_id=carrier.pk)
        return [(event, event_title(event)) for event in rows.order_by("-id")[:EVENT_LIMIT]]


def stored_credentials(carrier: Carrier) -> list[tuple[str, str]]:
    """Returns labels and values of the stored credentials, without the password."""
    stored = carrier.registration or carrier.inbound_auth or {}
    words = {
        "username": _("User name"),
        "realm": _("Domain to register with"),
        "from_user": _("From user"),
        "from_domain": _("From domain"),
    }
    return [(str(words[name]), stored[name]) for name in words if stored.get(name)]


def sip_allowlist(integration: Integration) -> dict[str, Any]:
    """Returns the addresses that the platform sends SIP from, as its last check reported them, and
    a hint where to find them."""
    provider = PROVIDERS.get(integration.kind)
    help_text = provider.sip_addresses_help if provider else ""
    return {
        "platform": provider.title if provider else integration.kind,
        "sip_addresses": [
            a for a in str(integration.facts.get("sip_addresses", "")).split(", ") if a
        ],
        "sip_addresses_help": _(help_text) if help_text else "",
    }


class CarrierRetryScreen(OrgScreen):
    permissions = {"POST": Permission.PHONE_NUMBERS_UPDATE}

    def post(self, request: HttpRequest, carrier_id: UUID) -> HttpResponse:
        carrier = get_organization_carrier(request.organization, carrier_id)
        try:
            operations.retry_carrier(request.principal, carrier)
            self.say(_("%(carrier)s is tried again.") % {"carrier": carrier})
        except CarrierActionNotAllowed as error:
            self.warn(str(error))
        return self.back("carrier", carrier_id=carrier.pk)


class CarrierDefaultScreen(OrgScreen):
    """Sets or clears the default carrier. `default` is "yes" or "no"."""

    permissions = {"POST": Permission.PHONE_NUMBERS_UPDATE}

    def post(self, request: HttpRequest, carrier_id: UUID) -> HttpResponse:
        carrier = get_organization_carrier(request.organization, carrier_id)
        wanted = request.POST.get("default") == "yes"
        try:
            operations.change_carrier(request.principal, carrier, is_default=wanted)
        except CarrierActionNotAllowed as error:
            self.warn(str(error))
            return self.go("carrier", carrier_id=carrier.pk)
        told = _("%(carrier)s is the default carrier now.") if wanted else _("No default any more.")
        self.say(told % {"carrier": carrier})
        return self.go("carrier", carrier_id=carrier.pk)


class CarrierDeleteScreen(OrgScreen):
    permissions = {
        "GET": Permission.PHONE_NUMBERS_DELETE,
        "POST": Permission.PHONE_NUMBERS_DELETE,
    }

    def get(self, request: HttpRequest, carrier_id: UUID) -> HttpResponse:
        return self.ask(get_organization_carrier(request.organization, carrier_id))

    def post(self, request: HttpRequest, carrier_id: UUID) -> HttpResponse:
        carrier = get_organization_carrier(request.organization, carrier_id)
        try:
            operations.delete_carrier(request.principal, carrier)
        except CarrierActionNotAllowed as error:
            return self.ask(carrier, refusal=str(error), status=422)
        self.say(_("%(carrier)s is deleted; its platform follows.") % {"carrier": carrier})
        return self.go("carriers")

    def ask(self, carrier: Carrier, *, refusal: str = "", status: int = 200) -> HttpResponse:
        """Renders the confirmation. It lists the numbers that prevent the deletion; those of other
        organizations are counted but never listed."""
        users = carrier.phone_numbers.filter(released_at=None)
        own = users.filter(organization=self.organization).order_by("e164")
        named = list(own.values_list("pk", "e164")[: operations.MAX_LISTED_NUMBERS])
        with tenant_scope.global_lookup():
            count = users.count()
        return self.page(
            "carriers/delete.html",
            status=status,
            carrier=carrier,
            refusal=refusal,
            count=count,
            named=named,
            gateways=carrier.gateways.order_by("position"),
        )
