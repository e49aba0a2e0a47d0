"""/api/phone-numbers/import: a number that an account owns, with trunks for its calls."""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _

from integrations.ledger.operation_requests import default_for
from integrations.models import Integration
from numbers.api.errors import told
from numbers.dialects.zudu import examples
from numbers.dialects.zudu.base import ZuduView, answered_later, enveloped, timed_out
from numbers.dialects.zudu.rows import CUSTOM, milliseconds, one
from numbers.dialects.zudu.schema import changing_operation, envelope
from numbers.dialects.zudu.serializers import ImportedShape, ImportSerializer
from numbers.dialects.zudu.settlement import LOST, Deadline, refused, settled
from numbers.dialects.zudu.supply_accounts import Account, account_of, checked, drop
from numbers.inventory import sip_settings
from numbers.inventory.acquisition import import_number
from numbers.inventory.reservation import NumberTaken, holding, refuse_outside_pools
from numbers.models import PhoneNumber, Placement
from numbers.numbering import e164
from organizations.access.principals import Principal
from organizations.access.roles import Permission
from organizations.api.serializers import taken
from organizations.web.api.problems import Problem
from organizations.web.api.responses import Reply
from organizations.web.openapi.operations import answered, asked

Wished = Mapping[str, Any]


class ImportView(ZuduView):
    permissions = {"POST": Permission.PHONE_NUMBERS_CREATE}

    @changing_operation(
        summary="Import phone number",
        description=(
            "Checks that the account owns the number and takes it in; your default SIP "
            "integration, if there is one, gets trunks and a dispatch rule for it. With "
            "`account_sid` and `auth_token` the account is connected first, which needs the "
            "permission `integrations:create`; without them your default integration for "
            "`provider` is taken. What a platform refuses is 400, and leaves nothing behind."
        ),
        request=ImportSerializer,
        responses={200: envelope("NumberImported", ImportedShape())},
        errors=(504,),
        examples=[
            asked("With credentials", examples.IMPORT),
            answered("Imported", examples.IMPORTED),
        ],
    )
    def post(self, request: HttpRequest) -> Reply:
        by, wished = request.principal, taken(ImportSerializer, request.data)
        with told():
            refuse_held(by, wished["phone_number"])
        account = account_of(by, wished)
        if account.check is None:
            number = take_in(by, wished, account.integration)
            return answered_later(partial(imported, by, number, account, Deadline()))
        return answered_later(partial(import_checked, by, wished, account))


def refuse_held(by: Principal, number: str) -> None:
    """Before an account is connected for nothing. A stranger's number is met at the insert. Raises
    NumberTaken and OutsidePools."""
    held = holding([number]).filter(organization=by.organization).first()
    if held:
        being_removed = held.status == PhoneNumber.Status.DELETED
        text = (
            _("%(number)s is being removed from its platforms; import it when that is done.")
            if being_removed
            else _("%(number)s is already in your organization.")
        )
        raise NumberTaken(text % {"number": number}, being_removed=being_removed)
    refuse_outside_pools(PhoneNumber(organization=by.organization, e164=number))


def import_checked(by: Principal, wished: Wished, account: Account) -> Reply:
    """The platform says what it thinks of the credentials, before there is a number."""
    deadline = Deadline()
    integration = checked(by, account, deadline)
    if integration is None:
        said = _("The account is still being checked, and nothing is imported yet. Send it again.")
        return replace(timed_out(said), is_void=True)
    try:
        number = take_in(by, wished, integration)
    except Problem:
        drop(by, account)
        raise
    return imported(by, number, account, deadline)


def take_in(by: Principal, wished: Wished, integration: Integration) -> PhoneNumber:
    """Supplied by the account, its calls on the default SIP integration."""
    voice_on = default_for(by, "sip")
    settings = way_out(integration) if voice_on else {}
    agents = {name: wished.get(name) for name in ("inbound_agent_id", "outbound_agent_id")}
    with told(integration_at="provider"):
        return import_number(
            by,
            number=wished["phone_number"],
            provider=wished["provider"],
            integration=integration,
            voice_on=voice_on,
            sip_settings=settings,
            supports_outbound=bool(settings) or voice_on is None,
            label=wished.get("nickname"),
            area_code=e164.area_code(wished["phone_number"]),
            phone_number_type=CUSTOM,
            **agents,
        )


def way_out(integration: Integration) -> dict[str, str]:
    """An outbound trunk sends its calls to the account's SIP domain; without one there is none."""
    settings = {"server_address": integration.facts.get("sip_domain", "")}
    return {} if sip_settings.complaints(settings, outbound=True) else settings


def imported(by: Principal, number: PhoneNumber, account: Account, deadline: Deadline) -> Reply:
    if not settled(number, deadline):
        return timed_out(
            _(
                "A platform has not answered in time. The import goes on; read the number, or "
                "delete it."
            )
        )
    if number.status in LOST:
        problem = refused(by, number, deadline, at="phone_number")
        drop(by, account)
        raise problem
    message = _("Phone number validated and imported successfully")
    return Reply(enveloped(told_of(number), message))


def told_of(number: PhoneNumber) -> dict[str, Any]:
    shown = one(number.organization, number.e164)
    details = {
        "imported_at": milliseconds(timezone.now()),
        "organization_id": shown["organization_id"],
        "provider": shown["number_provider"],
    }
    return {
        "phone_number": shown,
        "validation_result": validation_of(number),
        "import_details": details,
    }


def validation_of(number: PhoneNumber) -> dict[str, Any]:
    """What the account said of the number."""
    placements = {p.role: p for p in number.placements.select_related("integration")}
    supply = placements[Placement.Role.SUPPLY]
    able = supply.refs.get("capabilities", "").split(",")
    return {
        "phone_number": number.e164,
        "friendly_name": supply.refs.get("friendly_name") or number.label or number.e164,
        "capabilities": {"voice": "voice" in able, "sms": "sms" in able},
        "status": "active",
        "message": verdict(number, supply, has_voice=Placement.Role.VOICE in placements),
    }


def verdict(number: PhoneNumber, supply: Placement, *, has_voice: bool) -> str:
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
