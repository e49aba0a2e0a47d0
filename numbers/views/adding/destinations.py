"""The destinations of numbers as the choices of one form field."""

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from carriers.models import Carrier
from carriers.operations import find_usable_carrier, list_usable_carriers
from integrations.models import Integration
from integrations.providers import PROVIDERS
from numbers.bulk.imports.options import (
    ACCOUNT,
    CARRIER,
    RECORD,
    SUPPLY_INTEGRATION_ROLE,
    VOICE_INTEGRATION_ROLE,
)
from organizations.access.principals import Principal

FormChoices = list[tuple[str, Any]]


@dataclass(frozen=True)
class Destinations:
    carriers: list[Carrier]
    accounts: list[Integration]  # supply numbers
    voices: list[Integration]  # carry the calls of those numbers
    default: str

    def choices(self) -> FormChoices:
        carriers = [(f"{CARRIER}:{c.voip_carrier_sid}", c.name) for c in self.carriers]
        accounts = [(f"{ACCOUNT}:{account.pk}", account.name) for account in self.accounts]
        groups = [(_("On a carrier"), carriers), (_("In an account that owns them"), accounts)]
        kept = (_("Nowhere yet"), [(RECORD, _("Record only, on no platform"))])
        return [*((title, found) for title, found in groups if found), kept]

    def voice_choices(self) -> FormChoices:
        return [("", _("at the account itself")), *((str(v.pk), v.name) for v in self.voices)]


def list_destinations(by: Principal) -> Destinations:
    integrations = list(by.organization.integrations.order_by("name"))
    carriers = [c for c in list_usable_carriers(by) if c.status != Carrier.Status.FAILED]
    default = find_usable_carrier(by, voip_carrier_sid=None)
    return Destinations(
        carriers,
        [i for i in integrations if has_integration_role(i, SUPPLY_INTEGRATION_ROLE)],
        [i for i in integrations if has_integration_role(i, VOICE_INTEGRATION_ROLE)],
        f"{CARRIER}:{default.voip_carrier_sid}" if default else "",
    )


def has_integration_role(integration: Integration, role: str) -> bool:
    return role in PROVIDERS[integration.kind].roles
