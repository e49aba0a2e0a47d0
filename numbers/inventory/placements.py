"""Creation of placements and requests for operations on them."""

from collections.abc import Mapping
from uuid import UUID

from integrations.connections.encryption import DecryptionError
from integrations.ledger import operation_requests as ledger
from integrations.ledger.operation_requests import get_default_integration
from integrations.models import Integration, Operation
from integrations.providers import PROVIDERS
from numbers.inventory import sip_settings as sip
from numbers.models import PhoneNumber, Placement
from organizations.access.principals import Principal

Role = Placement.Role

# By the provider named in the request, which is also the role of the integration used.
ROLE_BY_PROVIDER = {"twilio": Role.SUPPLY, "sip": Role.VOICE}

# The fields of a number that its platform depends on. Other fields change without an operation.
COMMON_DEPENDENCIES = {"wanted", "application_sid"}
DEPENDENCIES = {
    Role.SUPPLY: COMMON_DEPENDENCIES
    | {"supports_inbound", "inbound_agent_id", "inbound_webhook_url"},
    Role.VOICE: COMMON_DEPENDENCIES
    | {"supports_inbound", "supports_outbound", "outbound_trunk_id", "sip_settings"},
}
NO_DEFAULT_INTEGRATION = "Recorded only: there is no default integration for %(provider)s numbers."


def placement_dependencies(number: PhoneNumber, placement: Placement) -> set[str]:
    """Returns the columns of the number, and `sip_settings`, that the placement depends on."""
    return COMMON_DEPENDENCIES if number.carrier_id else DEPENDENCIES[placement.role]


def request_placement_operation(
    by: Principal,
    placement: Placement,
    wish: str,
    *,
    label: str,
    waits_for: Operation | None = None,
    is_new: bool = False,
) -> Operation:
    return ledger.request_operation(
        by,
        integration=placement.integration,
        subject_kind="placement",
        subject_id=placement.id,
        label=label,
        wish=wish,
        refs=placement.refs,
        waits_for=waits_for,
        is_new=is_new,
    )


def create_placement(
    phone_number: PhoneNumber,
    integration: Integration,
    role: str,
    sip_settings: Mapping[str, str] | None = None,
    purchase: Mapping[str, str] | None = None,
) -> Placement:
    placement = Placement(
        organization_id=phone_number.organization_id,
        phone_number=phone_number,
        integration=integration,
        role=role,
        purchase=purchase,
    )
    if role == Role.VOICE:
        store_sip_settings(placement, sip_settings or {})
    placement.save(force_insert=True)
    return placement


def store_sip_settings(placement: Placement, settings: Mapping[str, str | None]) -> None:
    """Sets the SIP settings of a placement, of which the secrets are encrypted. Settings that are
    not given stay, and empty ones are removed. Does not save the placement."""
    whole = {**placement.settings, **placement.secrets(), **settings}
    known = {name: value for name, value in whole.items() if value}
    placement.keep_secrets({name: known[name] for name in sip.SECRETS if name in known})
    placement.settings = {n: v for n, v in known.items() if n not in sip.SECRETS}


def default_integrations_by_role(
    by: Principal, phone_number: PhoneNumber
) -> dict[str, Integration]:
    """Returns the default integrations that can take the number, by the role of the placement."""
    roles = (
        [phone_number.number_provider] if phone_number.number_provider in ROLE_BY_PROVIDER else []
    )
    roles += ["sip"] if phone_number.outbound_trunk_id and "sip" not in roles else []
    found = {ROLE_BY_PROVIDER[role]: get_default_integration(by, role) for role in roles}
    return {role: integration for role, integration in found.items() if integration}


def create_placements(
    by: Principal, phone_number: PhoneNumber, homes: Mapping[str, Integration]
) -> list[UUID]:
    """Creates a placement on each integration and requests its setup. Returns the ids of the
    operations. The voice placement waits until the account owns the number."""
    operations: list[Operation] = []
    for role in sorted(homes):  # supply before voice
        placement = create_placement(phone_number, homes[role], role)
        supplied = operations[-1] if operations else None
        label, wish = phone_number.e164, Operation.Wish.ENSURE
        asked = request_placement_operation(
            by, placement, wish, label=label, waits_for=supplied, is_new=True
        )
        operations.append(asked)
    return [operation.pk for operation in operations]


def public_external_ids(placement: Placement) -> dict[str, str]:
    """Returns the platform's ids without those that a provider stores about a customer's own
    settings."""
    private = PROVIDERS[placement.integration.kind].private_refs
    return {name: ref for name, ref in placement.refs.items() if name not in private}


def stored_secret_names(placement: Placement) -> list[str] | None:
    """Returns the names of the stored secrets, or None if they cannot be decrypted."""
    try:
        return sorted(placement.secrets())
    except DecryptionError:
        return None
