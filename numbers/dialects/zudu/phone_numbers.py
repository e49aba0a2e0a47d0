"""/api/phone-numbers/create and /api/phone-numbers/{E.164}."""

from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext as _

from numbers.api.errors import told
from numbers.dialects.zudu import examples
from numbers.dialects.zudu.base import ZuduView, answered_later, enveloped, timed_out
from numbers.dialects.zudu.rows import CUSTOM, TYPES, found, one
from numbers.dialects.zudu.schema import changing_operation, envelope, reading_operation
from numbers.dialects.zudu.serializers import (
    ChangeSerializer,
    CreateSerializer,
    DeletedShape,
    NumberShape,
)
from numbers.dialects.zudu.settlement import Deadline, settled
from numbers.dialects.zudu.trunks import direction_of, refuse_trunk, trunk_ids
from numbers.inventory import acquisition, operations
from numbers.inventory.locks import lock_named_agents
from numbers.models import PhoneNumber, Placement
from numbers.numbering import e164
from organizations.access.roles import Permission
from organizations.api.serializers import taken
from organizations.web.api.fields import StrictSerializer
from organizations.web.api.responses import Reply
from organizations.web.openapi.operations import answered, asked

CLEANED = {
    "dispatch_rule": "dispatch_rule_id",
    "inbound_trunk": "inbound_trunk_id",
    "outbound_trunk": "outbound_trunk_id",
}


class CreateView(ZuduView):
    permissions = {"POST": Permission.PHONE_NUMBERS_CREATE}

    @changing_operation(
        summary="Create phone number",
        description=(
            "Records a number, and buys none. Your default integration for `number_provider` takes "
            "it in, your default SIP integration looks after `outbound_trunk_id`; "
            "`provisioning_status` tells how far they are. With neither it is `inactive`, and "
            "`error_message` says why."
        ),
        request=CreateSerializer,
        responses={200: envelope("NumberCreated", NumberShape())},
        examples=[
            asked("Customer service line", examples.CREATE),
            answered("Created", examples.CREATED),
        ],
    )
    def post(self, request: HttpRequest) -> Reply:
        wished = columns(taken(CreateSerializer, request.data))
        number, provider = wished.pop("phone_number"), wished.pop("number_provider", None)
        provider = provider or "twilio"
        wished.setdefault("area_code", e164.area_code(number))
        wished["phone_number_type"] = wished.get("phone_number_type") or TYPES.get(provider, CUSTOM)
        if provider == "sip":  # trunks of its own, which need a way out to make calls
            wished["supports_outbound"] = bool(wished.get("outbound_trunk_id"))
        with told():
            acquisition.record_number(request.principal, number=number, provider=provider, **wished)
        return reply_with(request, number, _("Phone number created successfully"))


class NumberView(ZuduView):
    """One number; the path takes it in E.164, the plus raw or as %2B."""

    permissions = {
        "GET": Permission.PHONE_NUMBERS_READ,
        "PATCH": Permission.PHONE_NUMBERS_UPDATE,
        "DELETE": Permission.PHONE_NUMBERS_DELETE,
    }

    @reading_operation(
        summary="Get phone number",
        responses={200: envelope("NumberRetrieved", NumberShape())},
        errors=[404],
        examples=[answered("Active", examples.RETRIEVED)],
    )
    def get(self, request: HttpRequest, number: str) -> Reply:
        return reply_with(request, number, _("Phone number retrieved successfully"))

    @changing_operation(
        summary="Update phone number",
        description=(
            "Only what is sent changes; null unassigns an agent and clears a text. The number "
            "itself, `area_code` and `phone_number_type` cannot be changed."
        ),
        request=ChangeSerializer,
        responses={200: envelope("NumberUpdated", NumberShape())},
        errors=(404,),
        examples=[asked("Rename", examples.CHANGE), answered("Updated", examples.CHANGED)],
    )
    def patch(self, request: HttpRequest, number: str) -> Reply:
        row = found(request.organization, number)
        wished = columns(taken(ChangeSerializer, request.data))
        if "outbound_trunk_id" in wished:
            lock_named_agents(request.principal, wished)
            row, _held = operations.locked(request.principal, row.pk)
            refuse_trunk(row, wished["outbound_trunk_id"])
            wished = direction_of(row, wished)
        with told():
            operations.change_number(request.principal, row.pk, **wished)
        return reply_with(request, number, _("Phone number updated successfully"))

    @changing_operation(
        summary="Delete phone number",
        description=(
            "For good. What Patchbay made for it on the SIP platform is removed: "
            "`cleanup_results` is true for what was there and is gone. A trunk that was named in "
            "`outbound_trunk_id` stays, as do numbers that an account owns. The number may be "
            "created again as soon as the answer is there."
        ),
        responses={200: envelope("NumberDeleted", DeletedShape())},
        errors=(404, 504),
        examples=[answered("Deleted", examples.DELETED)],
    )
    def delete(self, request: HttpRequest, number: str) -> Reply:
        taken(StrictSerializer, request.data)
        row = found(request.organization, number)
        before = trunk_ids(request.principal, row)
        operations.delete_number(request.principal, row.pk)
        return answered_later(lambda: deleted(row, before))


def reply_with(request: HttpRequest, number: str, message: str) -> Reply:
    return Reply(enveloped(one(request.organization, number), message))


def columns(wished: dict[str, Any]) -> dict[str, Any]:
    """Zudu's names as those of the columns."""
    return {"label" if name == "nickname" else name: value for name, value in wished.items()}


def deleted(number: PhoneNumber, before: dict[str, str]) -> Reply:
    """`before` are the ids of what was ours on the SIP platform."""
    if not settled(number, Deadline()):
        return timed_out(
            _(
                "The number is deleted, but not yet gone from its platforms. The removal goes on; "
                "the number can be created again when it is done."
            )
        )
    left = left_over(number)
    data = {
        "phone_number": number.e164,
        "organization_id": number.organization.public_id,
        "cleanup_results": {
            name: ref in before and before[ref] not in left for name, ref in CLEANED.items()
        },
        "error_message": number.error_message,
    }
    return Reply(enveloped(data, _("Phone number deleted successfully")))


def left_over(number: PhoneNumber) -> set[str]:
    """The ids that are still there after a removal which a platform has refused in part."""
    voices = number.placements.filter(role=Placement.Role.VOICE)
    voice = voices.exclude(state=Placement.State.REMOVED).first()
    return set(voice.refs.values()) if voice else set()
