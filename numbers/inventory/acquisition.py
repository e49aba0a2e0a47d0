"""The asker's half: take in a number that an account owns or a SIP carrier brings, or buy one."""

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
    """There is no integration that could take the number, or the named one cannot."""


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
    """Creates a pending number on the integration or, without one, on the default integration for
    `provider` (twilio or sip).

    `voice_on` also routes its calls to that SIP integration; `sip_settings` are validated by the
    caller; with `purchase` the number is bought if the account does not own it. `fields` are
    columns of the number. Raises NoIntegration, NumberOutsidePools and NumberTaken.
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
    """Due when the supply has settled, as a number has no trunks before the account has it."""
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
    """The number as a wish to buy it: the row is there before the platform is asked, so that a
    crash can neither lose nor double the purchase. `extras`: address_sid, bundle_sid,
    identity_sid. Raises NoIntegration, NumberOutsidePools and NumberTaken."""
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
    """A number as far as there is a home for it: a default integration for `provider` takes it in,
    one for SIP looks after its `outbound_trunk_id`. With neither it is `inactive`, and says why;
    `provider` None asks for no more than that. `fields` are columns of the number, `source` may be
    one of them. Raises NumberOutsidePools and NumberTaken."""
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
    """An `inactive` number on no platform, whatever integrations there are. `fields` are columns of
    the number. Raises NumberOutsidePools and NumberTaken."""
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
