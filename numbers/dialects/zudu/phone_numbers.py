"""/api/phone-numbers/create and /api/phone-numbers/{E.164}."""

from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext as _

from numbers.dialects.zudu import examples
from numbers.dialects.zudu.base import ZuduView, deferred_response, timeout_response, zudu_envelope
from numbers.dialects.zudu.rows import (
    CUSTOM_TYPE,
    NUMBER_TYPES,
    find_number_by_e164,
    serialize_number_by_e164,
)
from numbers.dialects.zudu.schema import envelope_schema, zudu_read_operation, zudu_write_operation
from numbers.dialects.zudu.serializers import (
    ChangeSerializer,
    CreateSerializer,
    DeletedShape,
    NumberShape,
)
from numbers.dialects.zudu.settlement import Deadline, wait_until_settled
from numbers.dialects.zudu.trunks import (
    derive_outbound_support,
    ensure_trunk_allowed,
    own_trunk_ids,
)
from numbers.inventory import acquisition, operations
from numbers.inventory.locks import lock_named_agents
from numbers.models import PhoneNumber, Placement
from numbers.numbering import e164
from numbers.web.errors import translate_number_errors
from organizations.access.roles import Permission
from organizations.web.api.fields import StrictSerializer, validate_input
from organizations.web.api.responses import ApiResponse
from organizations.web.openapi.operations import request_example, response_example

CLEANUP_IDS = {
    "dispatch_rule": "dispatch_rule_id",
    "inbound_trunk": "inbound_trunk_id",
    "outbound_trunk": "outbound_trunk_id",
}


class CreateView(ZuduView):
    permissions = {"POST": Permission.PHONE_NUMBERS_CREATE}

    @zudu_write_operation(
        summary="Create phone number",
        description=(
            "Records a number, and buys none. Your default integration for `number_provider` takes "
            "it in, your default SIP integration looks after `outbound_trunk_id`; "
            "`provisioning_status` tells how far they are. With neither it is `inactive`, and "
            "`error_message` says why."
        ),
        request=CreateSerializer,
        responses={200: envelope_schema("NumberCreated", NumberShape())},
        examples=[
            request_example("Customer service line", examples.CREATE),
            response_example("Created", examples.CREATED),
        ],
    )
    def post(self, request: HttpRequest) -> ApiResponse:
        wished = rename_to_columns(validate_input(CreateSerializer, request.data))
        number, provider = wished.pop("phone_number"), wished.pop("number_provider", None)
        provider = provider or "twilio"
        wished.setdefault("area_code", e164.nanp_area_code(number))
        wished["phone_number_type"] = wished.get("phone_number_type") or NUMBER_TYPES.get(
            provider, CUSTOM_TYPE
        )
        if provider == "sip":  # its own trunks can make calls only with an outbound trunk
            wished["supports_outbound"] = bool(wished.get("outbound_trunk_id"))
        with translate_number_errors():
            acquisition.add_provider_number(
                request.principal, number=number, provider=provider, **wished
            )
        return zudu_number_response(request, number, _("Phone number created successfully"))


class NumberView(ZuduView):
    """One number; the path takes it in E.164, the plus raw or as %2B."""

    permissions = {
        "GET": Permission.PHONE_NUMBERS_READ,
        "PATCH": Permission.PHONE_NUMBERS_UPDATE,
        "DELETE": Permission.PHONE_NUMBERS_DELETE,
    }

    @zudu_read_operation(
        summary="Get phone number",
        responses={200: envelope_schema("NumberRetrieved", NumberShape())},
        errors=[404],
        examples=[response_example("Active", examples.RETRIEVED)],
    )
    def get(self, request: HttpRequest, number: str) -> ApiResponse:
        return zudu_number_response(request, number, _("Phone number retrieved successfully"))

    @zudu_write_operation(
        summary="Update phone number",
        description=(
            "Only what is sent changes; null unassigns an agent and clears a text. The number "
            "itself, `area_code` and `phone_number_type` cannot be changed."
        ),
        request=ChangeSerializer,
        responses={200: envelope_schema("NumberUpdated", NumberShape())},
        errors=(404,),
        examples=[
            request_example("Rename", examples.CHANGE),
            response_example("Updated", examples.CHANGED),
        ],
    )
    def patch(self, request: HttpRequest, number: str) -> ApiResponse:
        row = find_number_by_e164(request.organization, number)
        wished = rename_to_columns(validate_input(ChangeSerializer, request.data))
        if "outbound_trunk_id" in wished:
            lock_named_agents(request.principal, wished)
            row, _held = operations.lock_number(request.principal, row.pk)
            ensure_trunk_allowed(row, wished["outbound_trunk_id"])
            wished = derive_outbound_support(row, wished)
        with translate_number_errors():
            operations.change_number(request.principal, row.pk, **wished)
        return zudu_number_response(request, number, _("Phone number updated successfully"))

    @zudu_write_operation(
        summary="Delete phone number",
        description=(
            "For good. What Patchbay made for it on the SIP platform is removed: "
            "`cleanup_results` is true for what was there and is gone. A trunk that was named in "
            "`outbound_trunk_id` stays, as do numbers that an account owns. The number may be "
            "created again as soon as the answer is there."
        ),
        responses={200: envelope_schema("NumberDeleted", DeletedShape())},
        errors=(404, 504),
        examples=[response_example("Deleted", examples.DELETED)],
    )
    def delete(self, request: HttpRequest, number: str) -> ApiResponse:
        validate_input(StrictSerializer, request.data)
        row = find_number_by_e164(request.organization, number)
        before = own_trunk_ids(request.principal, row)
        operations.delete_number(request.principal, row.pk)
        return deferred_response(lambda: finish_deletion(row, before))


def zudu_number_response(request: HttpRequest, number: str, message: str) -> ApiResponse:
    return ApiResponse(
        zudu_envelope(serialize_number_by_e164(request.organization, number), message)
    )


def rename_to_columns(wished: dict[str, Any]) -> dict[str, Any]:
    """Renames Zudu's fields to the names of the columns."""
    return {"label" if name == "nickname" else name: value for name, value in wished.items()}


def finish_deletion(number: PhoneNumber, before: dict[str, str]) -> ApiResponse:
    """Waits for the removal and responds with its results. `before` are the ids of the number's own
    objects on the SIP platform."""
    if not wait_until_settled(number, Deadline()):
        return timeout_response(
            _(
                "The number is deleted, but not yet gone from its platforms. The removal goes on; "
                "the number can be created again when it is done."
            )
        )
    left = remaining_external_ids(number)
    data = {
        "phone_number": number.e164,
        "organization_id": number.organization.public_id,
        "cleanup_results": {
            name: ref in before and before[ref] not in left for name, ref in CLEANUP_IDS.items()
        },
        "error_message": number.error_message,
    }
    return ApiResponse(zudu_envelope(data, _("Phone number deleted successfully")))


def remaining_external_ids(number: PhoneNumber) -> set[str]:
    """Returns the ids that are still on the platform after a removal that was refused in part."""
    voices = number.placements.filter(role=Placement.Role.VOICE)
    voice = voices.exclude(state=Placement.State.REMOVED).first()
    return set(voice.refs.values()) if voice else set()
