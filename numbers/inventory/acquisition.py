"""Requests to import a number that an account owns or a SIP carrier supplies, or to buy one."""

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from integrations.ledger.operation_requests import get_default_integration
from integrations.models import Integration, Operation
from integrations.providers import PROVIDERS
from numbers.inventory.locks import lock_named_agents
from numbers.inventory.operations import number_audit_snapshot, record_number_event
from numbers.inventory.placements import (
    NO_DEFAULT_INTEGRATION,
    ROLE_BY_PROVIDER,
    create_placement,
    create_placements,
    default_integrations_by_role,
    request_placement_operation,
)
from numbers.inventory.reservation import reserve_number
from numbers.models import PhoneNumber, Placement
from organizations.access.principals import Principal

Role, Source = Placement.Role, PhoneNumber.Source

RECORD_ONLY_MESSAGE = gettext_lazy("Recorded only, as was asked for: it is on no platform.")
SOURCE_BY_PROVIDER = {"twilio": Source.TWILIO, "sip": Source.IMPORT}


class NoUsableIntegration(Exception):
    """Raised if no integration can take the number, or the named integration cannot."""


@transaction.atomic
def import_number(
    by: Principal,
    *,
    number: str,
    provider: str,
    integration: Integration | None = None,
    voice_on: Integration | None = None,
    sip_settings: Mapping[str, str] | None = None,
    purchase: Mapping[str, str] | None = None,
    **fields: Any,
) -> PhoneNumber:
    """Creates a pending number on `integration` or, if that is None, on the default integration for
    `provider` ("twilio" or "sip"). Returns the number.

    `voice_on` also routes its calls to that SIP integration. The caller must have validated
    `sip_settings`. With `purchase`, the number is bought if the account does not own it. `fields`
    are columns of the number. Raises NoUsableIntegration, NumberOutsidePools and NumberTaken.
    """
    lock_named_agents(by, fields)
    integration = resolve_integration(by, provider, integration)
    if purchase is not None:
        ensure_integration_sells_numbers(integration)
    phone_number = reserve_number(
        PhoneNumber(
            organization=by.organization,
            e164=number,
            created_by_id=by.user_id,
            **{"source": SOURCE_BY_PROVIDER[provider], "number_provider": provider, **fields},
        )
    )
    record_acquisition(by, phone_number, purchase)
    role = ROLE_BY_PROVIDER[provider]
    placement = create_placement(phone_number, integration, role, sip_settings, purchase)
    operation = request_placement_operation(
        by, placement, Operation.Wish.ENSURE, label=number, is_new=True
    )
    if voice_on:
        voice = create_placement(phone_number, voice_on, Role.VOICE, sip_settings)
        request_voice_operation(by, voice, number, after=operation)
    return phone_number


def record_acquisition(by: Principal, number: PhoneNumber, purchase: Mapping | None) -> None:
    after = number_audit_snapshot(number)
    if purchase is not None:
        after["purchase"] = dict(purchase)
    record_number_event(by, number, "created", after=after)


def request_voice_operation(by: Principal, voice: Placement, label: str, after: Operation) -> None:
    """Requests the voice placement, due once the supply placement has settled, because a number has
    no trunks before the account owns it."""
    request_placement_operation(
        by, voice, Operation.Wish.ENSURE, label=label, waits_for=after, is_new=True
    )


def buy_number(
    by: Principal,
    *,
    number: str,
    integration: Integration | None = None,
    extras: Mapping[str, str] | None = None,
    **fields: Any,
) -> PhoneNumber:
    """Creates a pending number with a requested purchase. The row is committed before the platform
    is called, so a crash can neither lose nor repeat the purchase. `extras` are address_sid,
    bundle_sid and identity_sid. Returns the number. Raises NoUsableIntegration, NumberOutsidePools
    and NumberTaken."""
    return import_number(
        by,
        number=number,
        provider="twilio",
        integration=integration,
        purchase=dict(extras or {}),
        **fields,
    )


def ensure_integration_sells_numbers(integration: Integration) -> None:
    if not PROVIDERS[integration.kind].sells_numbers:
        raise NoUsableIntegration(
            _("%(integration)s sells no numbers.") % {"integration": integration}
        )


def resolve_integration(by: Principal, role: str, named: Integration | None) -> Integration:
    integration = named or get_default_integration(by, role)
    if integration is None:
        raise NoUsableIntegration(
            _("Name an integration: the organization has no default one for %(role)s.")
            % {"role": role}
        )
    if role not in PROVIDERS[integration.kind].roles:
        raise NoUsableIntegration(
            _("%(integration)s cannot be used for %(role)s.")
            % {"integration": integration, "role": role}
        )
    return integration


@transaction.atomic
def add_provider_number(
    by: Principal, *, number: str, provider: str | None, **fields: Any
) -> PhoneNumber:
    """Creates a number on the default integrations that fit: one for `provider` imports it, and one
    for SIP serves its `outbound_trunk_id`. Without either, the number is `inactive` with the
    reason; with `provider` None it is only recorded. `fields` are columns of the number and may
    include `source`. Returns the number. Raises NumberOutsidePools and NumberTaken."""
    lock_named_agents(by, fields)
    phone_number = PhoneNumber(
        organization=by.organization,
        e164=number,
        created_by_id=by.user_id,
        number_provider=provider,
        **{"source": SOURCE_BY_PROVIDER.get(provider or "", Source.IMPORT), **fields},
    )
    homes = default_integrations_by_role(by, phone_number)
    if not homes:
        phone_number.status = phone_number.wanted = PhoneNumber.Status.INACTIVE
        phone_number.error_message = (
            NO_DEFAULT_INTEGRATION % {"provider": provider} if provider else RECORD_ONLY_MESSAGE
        )
    reserve_number(phone_number)
    record_number_event(by, phone_number, "created", after=number_audit_snapshot(phone_number))
    create_placements(by, phone_number, homes)
    return phone_number


@transaction.atomic
def record_number_only(by: Principal, *, number: str, **fields: Any) -> PhoneNumber:
    """Creates an `inactive` number on no platform, even if there are integrations. `fields` are
    columns of the number. Returns the number. Raises NumberOutsidePools and NumberTaken."""
    lock_named_agents(by, fields)
    inactive = PhoneNumber.Status.INACTIVE
    phone_number = PhoneNumber(
        organization=by.organization,
        e164=number,
        created_by_id=by.user_id,
        error_message=RECORD_ONLY_MESSAGE,
        **{"source": Source.IMPORT, **fields, "status": inactive, "wanted": inactive},
    )
    reserve_number(phone_number)
    record_number_event(by, phone_number, "created", after=number_audit_snapshot(phone_number))
    return phone_number
