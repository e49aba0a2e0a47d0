"""A number's trunks on the SIP platform, and Zudu's request that creates a number with them."""

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext as _

from numbers.dialects.zudu import examples
from numbers.dialects.zudu.base import ZuduView, deferred_response, timeout_response, zudu_envelope
from numbers.dialects.zudu.rows import CUSTOM_TYPE
from numbers.dialects.zudu.schema import envelope_schema, zudu_write_operation
from numbers.dialects.zudu.serializers import TrunkSerializer
from numbers.dialects.zudu.settlement import (
    FAILED_STATUSES,
    Deadline,
    remove_refused_number,
    wait_until_settled,
)
from numbers.inventory import operations, sip_settings
from numbers.inventory.acquisition import import_number
from numbers.models import PhoneNumber, Placement
from numbers.numbering import e164
from numbers.web.errors import translate_number_errors
from organizations.access.principals import Principal
from organizations.access.roles import Permission
from organizations.web.api.fields import Char, validate_input
from organizations.web.api.problems import field_error, invalid_request_problem
from organizations.web.api.responses import ApiResponse
from organizations.web.openapi.operations import request_example, response_example

# Patchbay's names in sip_settings.FIELDS, and Zudu's.
SIP_NAMES = {
    "trunk_name": "name",
    "server_address": "outboundPstn",
    "username": "authUserName",
    "password": "authPassword",
}


class TrunkView(ZuduView):
    permissions = {"POST": Permission.PHONE_NUMBERS_CREATE}

    @zudu_write_operation(
        summary="Create a number with its SIP trunks",
        description=(
            "On your default SIP integration: an inbound trunk, an outbound trunk, a dispatch rule "
            "and the number. `data` is the id of the inbound trunk. What a platform refuses is "
            "400, and leaves nothing behind."
        ),
        request=TrunkSerializer,
        responses={200: envelope_schema("TrunkCreated", Char(help_text="The inbound trunk's id."))},
        errors=(504,),
        examples=[
            request_example("A trunk", examples.TRUNK),
            response_example("Made", examples.TRUNK_CREATED),
        ],
    )
    def post(self, request: HttpRequest) -> ApiResponse:
        wished = validate_input(TrunkSerializer, request.data)
        settings = {ours: wished[zudus] for ours, zudus in SIP_NAMES.items()}
        validate_trunk_settings(settings)
        with translate_number_errors(integration_at=""):
            number = import_number(
                request.principal,
                number=wished["number"],
                provider="sip",
                sip_settings=settings,
                label=wished["name"],
                area_code=e164.nanp_area_code(wished["number"]),
                phone_number_type=CUSTOM_TYPE,
            )
        return deferred_response(lambda: finish_trunk_creation(request.principal, number))


def validate_trunk_settings(settings: Mapping[str, str]) -> None:
    wrong = sip_settings.validate_sip_settings(settings, outbound=True)
    if wrong:
        raise invalid_request_problem(
            *(field_error(SIP_NAMES[name], text) for name, text in wrong.items())
        )


def finish_trunk_creation(by: Principal, number: PhoneNumber) -> ApiResponse:
    deadline = Deadline()
    if not wait_until_settled(number, deadline):
        return timeout_response(
            _(
                "The SIP platform has not answered in time. It goes on; read the number, "
                "or delete it."
            )
        )
    if number.status in FAILED_STATUSES:
        raise remove_refused_number(by, number, deadline, at="number")
    voice = number.placements.get(role=Placement.Role.VOICE)
    trunk = voice.refs.get("inbound_trunk_id")
    return ApiResponse(zudu_envelope(trunk, _("Phone number created successfully")))


def own_trunk_ids(by: Principal, number: PhoneNumber) -> dict[str, str]:
    """Returns the platform's ids of the number's own objects, without a trunk that it only uses.
    The newest ids are in the open operation."""
    _number, held = operations.lock_number(by, number.pk)
    voices = (pair for pair in held if pair[0].role == Placement.Role.VOICE)
    voice, operation = next(voices, (None, None))
    refs = {**(voice.refs if voice else {}), **(operation.refs if operation else {})}
    return {name: ref for name, ref in refs.items() if ref != number.outbound_trunk_id}


def ensure_trunk_allowed(number: PhoneNumber, trunk: str | None) -> None:
    if trunk and number.carrier_id:
        text = _("The number is on a carrier, whose gateways make its calls.")
        raise invalid_request_problem(field_error("outbound_trunk_id", text))


def derive_outbound_support(number: PhoneNumber, wished: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the changes with `supports_outbound`, which in this dialect follows from the trunk.
    The number's own trunk, which `outbound_trunk_id` also shows, may be sent back unchanged."""
    rows = number.placements.filter(role=Placement.Role.VOICE)
    voice = None if number.carrier_id else rows.first()
    trunk, changes = wished["outbound_trunk_id"], dict(wished)
    if voice is None:
        return changes
    if trunk and not number.outbound_trunk_id and trunk == voice.refs.get("outbound_trunk_id"):
        del changes["outbound_trunk_id"]
        return changes
    has_own = bool(voice.settings.get("server_address"))
    return {**changes, "supports_outbound": bool(trunk) or has_own}
