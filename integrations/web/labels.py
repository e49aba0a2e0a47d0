"""The labels of integrations and operations on screens: states, roles, actions, subjects."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from integrations.connections.encryption import DecryptionError
from integrations.ledger.leases import BREAKER_THRESHOLD
from integrations.models import Integration, Operation
from integrations.providers import PROVIDERS
from integrations.providers.base import Provider
from integrations.runtime import availability

ROLE_LABELS = {
    "carrier": gettext_lazy("carriers"),
    "sip": gettext_lazy("SIP numbers"),
    "twilio": gettext_lazy("supplied numbers"),
}
ABILITY_LABELS = {
    "carrier": gettext_lazy("Takes SIP carriers and the numbers they bring"),
    "sip": gettext_lazy("Gives a number SIP trunks of its own"),
    "twilio": gettext_lazy("Supplies numbers that the account owns"),
}
SUBJECT_LABELS = {
    "placement": gettext_lazy("Number"),
    "carrier": gettext_lazy("Carrier"),
    "integration": gettext_lazy("Integration"),
    "search": gettext_lazy("Search"),
    "discover": gettext_lazy("Discovery"),
    "look": gettext_lazy("Look"),
}
ACTION_LABELS = {
    ("ensure", "carrier"): gettext_lazy("Set up the carrier on the platform"),
    ("ensure", "placement"): gettext_lazy("Set up the number on the platform"),
    ("remove", "carrier"): gettext_lazy("Remove the carrier from the platform"),
    ("remove", "placement"): gettext_lazy("Remove the number from the platform"),
    ("merge", "placement"): gettext_lazy("Merge duplicates on the platform, and set the number up"),
    ("check", "integration"): gettext_lazy("Check the credentials"),
    ("search", "search"): gettext_lazy("Search numbers for sale"),
    ("discover", "discover"): gettext_lazy("List the numbers that the account holds"),
    ("look", "look"): gettext_lazy("Look what is there"),
}

FACT_LABELS = {
    "summary": gettext_lazy("It said"),
    "account": gettext_lazy("Account"),
    "account_sid": gettext_lazy("Account SID"),
    "api_key": gettext_lazy("API key"),
    "application": gettext_lazy("Application"),
    "key": gettext_lazy("Kind of key"),
    "parent": gettext_lazy("Parent account"),
    "scope": gettext_lazy("Scope"),
    "server": gettext_lazy("Server"),
    "service_provider": gettext_lazy("Service provider"),
    "service_provider_sid": gettext_lazy("Service provider SID"),
    "sip_addresses": gettext_lazy("SIP addresses"),
    "sip_domain": gettext_lazy("SIP domain"),
    "status": gettext_lazy("Status"),
    "trunk": gettext_lazy("Trunk"),
    "type": gettext_lazy("Type"),
}


@dataclass(frozen=True)
class IntegrationStatus:
    """The status of an integration: a keyword, its label, the reason, and until when operations are
    paused."""

    word: str
    label: Any
    reason: str = ""
    until: datetime | None = None


def integration_status(integration: Integration) -> IntegrationStatus:
    if integration.state == Integration.State.CONNECTED:
        return integration_pause_status(integration) or IntegrationStatus(
            "connected", _("connected"), refused_credentials_notice(integration)
        )
    if integration.state == Integration.State.CHECKING:
        reason = availability.current_availability().sentence or _(
            "The platform has not answered yet."
        )
        return IntegrationStatus("checking", _("being checked"), reason)
    if integration.state == Integration.State.PAUSED:
        return IntegrationStatus("paused", _("paused"), integration.state_reason)
    return IntegrationStatus("refused", _("not connected"), integration.state_reason)


def refused_credentials_notice(integration: Integration) -> str:
    """Returns a notice that newer credentials of a connected integration were refused, or ""."""
    if not integration.state_reason:
        return ""
    words = {"reason": integration.state_reason}
    return _("New credentials were refused, the earlier ones stay in use: %(reason)s") % words


def integration_pause_status(integration: Integration) -> IntegrationStatus | None:
    """Returns the status of an integration that is paused after repeated failures or by the
    platform's rate limit, or None."""
    now = timezone.now()
    tripped = integration.failures >= BREAKER_THRESHOLD and integration.open_until
    if tripped and integration.open_until > now:
        reason = _("%(count)s failures in a row: nothing is sent for a while.")
        words = {"count": integration.failures}
        return IntegrationStatus("resting", _("resting"), reason % words, integration.open_until)
    if integration.paced_until and integration.paced_until > now:
        reason = _("The platform counts our requests; the next one waits.")
        return IntegrationStatus("resting", _("slowed down"), reason, integration.paced_until)
    return None


def find_provider_class(integration: Integration) -> type[Provider] | None:
    return PROVIDERS.get(integration.kind)


def platform_label(integration: Integration) -> str:
    provider = find_provider_class(integration)
    return provider.title if provider else integration.kind


def platform_abilities(provider: type[Provider]) -> list[Any]:
    """Returns a sentence for each thing that the platform supports."""
    found = [ABILITY_LABELS[role] for role in ABILITY_LABELS if role in provider.roles]
    return [*found, _("Sells numbers")] if provider.sells_numbers else found


def account_display_fields(integration: Integration) -> list[tuple[str, str | None]]:
    """Returns the account's fields with their labels. A secret shows only whether it is stored
    (None: it cannot be decrypted)."""
    provider = find_provider_class(integration)
    try:
        secrets: dict[str, str] | None = integration.secrets()
    except DecryptionError:
        secrets = None
    return [
        (_(field.label), secret_display_value(secrets, field.name))
        if field.secret
        else (_(field.label), integration.settings.get(field.name, ""))
        for field in (provider.fields if provider else ())
    ]


def fact_display_rows(integration: Integration) -> list[tuple[Any, str]]:
    """Returns the facts of the last check with their labels, the platform's summary first."""
    told = integration.facts
    known = [(FACT_LABELS[name], told[name]) for name in FACT_LABELS if name in told]
    return [*known, *((name, told[name]) for name in sorted(told) if name not in FACT_LABELS)]


def secret_display_value(secrets: dict[str, str] | None, name: str) -> str | None:
    if secrets is None:
        return None
    return _("kept, never shown") if secrets.get(name) else ""


def operation_action_label(operation: Operation) -> str:
    known = ACTION_LABELS.get((operation.wish, operation.subject_kind))
    return str(known) if known else operation.get_wish_display().capitalize()


def subject_kind_label(operation: Operation) -> str:
    return str(SUBJECT_LABELS.get(operation.subject_kind, operation.subject_kind))
