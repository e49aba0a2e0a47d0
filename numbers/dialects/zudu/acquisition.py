"""/api/phone-numbers/import: adds a number that an account owns, with trunks for its calls."""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _

from integrations.ledger.operation_requests import get_default_integration
from integrations.models import Integration
from numbers.dialects.zudu import examples
from numbers.dialects.zudu.base import ZuduView, deferred_response, timeout_response, zudu_envelope
from numbers.dialects.zudu.rows import CUSTOM_TYPE, epoch_milliseconds, serialize_number_by_e164
from numbers.dialects.zudu.schema import envelope_schema, zudu_write_operation
from numbers.dialects.zudu.serializers import ImportedShape, ImportSerializer
from numbers.dialects.zudu.settlement import (
    FAILED_STATUSES,
    Deadline,
    remove_refused_number,
    wait_until_settled,
)
from numbers.dialects.zudu.supply_accounts import (
    SupplyAccount,
    disconnect_new_account,
    resolve_supply_account,
    wait_for_account_check,
)
from numbers.inventory import sip_settings
from numbers.inventory.acquisition import import_number
from numbers.inventory.reservation import NumberTaken, ensure_within_pools, find_reserved_numbers
from numbers.models import PhoneNumber, Placement
from numbers.numbering import e164
from numbers.web.errors import translate_number_errors
from organizations.access.principals import Principal
from organizations.access.roles import Permission
from organizations.web.api.fields import validate_input
from organizations.web.api.problems import Problem
from organizations.web.api.responses import ApiResponse
from organizations.web.openapi.operations import request_example, response_example

RequestedFields = Mapping[str, Any]


class ImportView(ZuduView):
    permissions = {"POST": Permission.PHONE_NUMBERS_CREATE}

    @zudu_write_operation(
        summary="Import phone number",
        description=(
            "Checks that the account owns the number and takes it in; your default SIP "
            "integration, if there is one, gets trunks and a dispatch rule for it. With "
            "`account_sid` and `auth_token` the account is connected first, which needs the "
            "permission `integrations:create`; without them your default integration for "
            "`provider` is taken. What a platform refuses is 400, and leaves nothing behind."
        ),
        request=ImportSerializer,
        responses={200: envelope_schema("NumberImported", ImportedShape())},
        errors=(504,),
        examples=[
            request_example("With credentials", examples.IMPORT),
            response_example("Imported", examples.IMPORTED),
        ],
    )
    def post(self, request: HttpRequest) -> ApiResponse:
        by, wished = request.principal, validate_input(ImportSerializer, request.data)
        with translate_number_errors():
            ensure_number_importable(by, wished["phone_number"])
        account = resolve_supply_account(by, wished)
        if account.check is None:
            number = import_supplied_number(by, wished, account.integration)
            return deferred_response(partial(finish_import, by, number, account, Deadline()))
        return deferred_response(partial(import_after_check, by, wished, account))


def ensure_number_importable(by: Principal, number: str) -> None:
    """Checks the number before an account is connected for it. Another organization's number is
    only found at the insert. Raises NumberTaken and NumberOutsidePools."""
    held = find_reserved_numbers([number]).filter(organization=by.organization).first()
    if held:
        being_removed = held.status == PhoneNumber.Status.DELETED
        text = (
            _("%(number)s is being removed from its platforms; import it when that is done.")
            if being_removed
            else _("%(number)s is already in your organization.")
        )
        raise NumberTaken(text % {"number": number}, being_removed=being_removed)
    ensure_within_pools(PhoneNumber(organization=by.organization, e164=number))


def import_after_check(
    by: Principal, wished: RequestedFields, account: SupplyAccount
) -> ApiResponse:
    """Imports the number after the platform has accepted the credentials."""
    deadline = Deadline()
    integration = wait_for_account_check(by, account, deadline)
    if integration is None:
        said = _("The account is still being checked, and nothing is imported yet. Send it again.")
        return replace(timeout_response(said), is_void=True)
    try:
        number = import_supplied_number(by, wished, integration)
    except Problem:
        disconnect_new_account(by, account)
        raise
    return finish_import(by, number, account, deadline)


def import_supplied_number(
    by: Principal, wished: RequestedFields, integration: Integration
) -> PhoneNumber:
    """Adds a number that the account supplies, with its calls on the default SIP integration."""
    voice_on = get_default_integration(by, "sip")
    settings = outbound_trunk_settings(integration) if voice_on else {}
    agents = {name: wished.get(name) for name in ("inbound_agent_id", "outbound_agent_id")}
    with translate_number_errors(integration_at="provider"):
        return import_number(
            by,
            number=wished["phone_number"],
            provider=wished["provider"],
            integration=integration,
            voice_on=voice_on,
            sip_settings=settings,
            supports_outbound=bool(settings) or voice_on is None,
            label=wished.get("nickname"),
            area_code=e164.nanp_area_code(wished["phone_number"]),
            phone_number_type=CUSTOM_TYPE,
            **agents,
        )


def outbound_trunk_settings(integration: Integration) -> dict[str, str]:
    """Returns the settings of a trunk that sends calls to the account's SIP domain, or none if the
    account has no valid one."""
    settings = {"server_address": integration.facts.get("sip_domain", "")}
    return {} if sip_settings.validate_sip_settings(settings, outbound=True) else settings


def finish_import(
    by: Principal, number: PhoneNumber, account: SupplyAccount, deadline: Deadline
) -> ApiResponse:
    if not wait_until_settled(number, deadline):
        return timeout_response(
            _(
                "A platform has not answered in time. The import goes on; read the number, or "
                "delete it."
            )
        )
    if number.status in FAILED_STATUSES:
        problem = remove_refused_number(by, number, deadline, at="phone_number")
        disconnect_new_account(by, account)
        raise problem
    message = _("Phone number validated and imported successfully")
    return ApiResponse(zudu_envelope(serialize_import_result(number), message))


def serialize_import_result(number: PhoneNumber) -> dict[str, Any]:
    shown = serialize_number_by_e164(number.organization, number.e164)
    details = {
        "imported_at": epoch_milliseconds(timezone.now()),
        "organization_id": shown["organization_id"],
        "provider": shown["number_provider"],
    }
    return {
        "phone_number": shown,
        "validation_result": serialize_validation(number),
        "import_details": details,
    }


def serialize_validation(number: PhoneNumber) -> dict[str, Any]:
    """Returns what the account reported about the number."""
    placements = {p.role: p for p in number.placements.select_related("integration")}
    supply = placements[Placement.Role.SUPPLY]
    able = supply.refs.get("capabilities", "").split(",")
    return {
        "phone_number": number.e164,
        "friendly_name": supply.refs.get("friendly_name") or number.label or number.e164,
        "capabilities": {"voice": "voice" in able, "sms": "sms" in able},
        "status": "active",
        "message": validation_message(number, supply, has_voice=Placement.Role.VOICE in placements),
    }


def validation_message(number: PhoneNumber, supply: Placement, *, has_voice: bool) -> str:
    valid = _("Phone number validated successfully")
    if not has_voice or supply.integration.facts.get("sip_domain"):
        return valid
    words = {"valid": valid, "integration": supply.integration}
    return (
        _(
            "%(valid)s. Its calls do not reach the trunks yet: no SIP trunk is set on the "
            "integration %(integration)s, which would lead them there."
        )
        % words
    )
