"""A number's trunks on the SIP platform, and the one call of Zudu's that makes a number with
them."""

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext as _

from numbers.api.errors import told
from numbers.dialects.zudu import examples
from numbers.dialects.zudu.base import ZuduView, answered_later, enveloped, timed_out
from numbers.dialects.zudu.rows import CUSTOM
from numbers.dialects.zudu.schema import changing_operation, envelope
from numbers.dialects.zudu.serializers import TrunkSerializer
from numbers.dialects.zudu.settlement import LOST, Deadline, refused, settled
from numbers.inventory import operations, sip_settings
from numbers.inventory.acquisition import import_number
from numbers.models import PhoneNumber, Placement
from numbers.numbering import e164
from organizations.access.principals import Principal
from organizations.access.roles import Permission
from organizations.api.serializers import taken
from organizations.web.api.fields import Char
from organizations.web.api.problems import field_error, invalid
from organizations.web.api.responses import Reply
from organizations.web.openapi.operations import answered, asked

# Our names of sip.FIELDS, and Zudu's.
SIP_NAMES = {
    "trunk_name": "name",
    "server_address": "outboundPstn",
    "username": "authUserName",
    "password": "authPassword",
}


class TrunkView(ZuduView):
    permissions = {"POST": Permission.PHONE_NUMBERS_CREATE}

    @changing_operation(
        summary="Create a number with its SIP trunks",
        description=(
            "On your default SIP integration: an inbound trunk, an outbound trunk, a dispatch rule "
            "and the number. `data` is the id of the inbound trunk. What a platform refuses is "
            "400, and leaves nothing behind."
        ),
        request=TrunkSerializer,
        responses={200: envelope("TrunkCreated", Char(help_text="The inbound trunk's id."))},
        errors=(504,),
        examples=[asked("A trunk", examples.TRUNK), answered("Made", examples.TRUNK_MADE)],
    )
    def post(self, request: HttpRequest) -> Reply:
        wished = taken(TrunkSerializer, request.data)
        settings = {ours: wished[zudus] for ours, zudus in SIP_NAMES.items()}
        refuse_settings(settings)
        with told(integration_at=""):
            number = import_number(
                request.principal,
                number=wished["number"],
                provider="sip",
                sip_settings=settings,
                label=wished["name"],
                area_code=e164.area_code(wished["number"]),
                phone_number_type=CUSTOM,
            )
        return answered_later(lambda: made(request.principal, number))


def refuse_settings(settings: Mapping[str, str]) -> None:
    wrong = sip_settings.complaints(settings, outbound=True)
    if wrong:
        raise invalid(*(field_error(SIP_NAMES[name], text) for name, text in wrong.items()))


def made(by: Principal, number: PhoneNumber) -> Reply:
    deadline = Deadline()
    if not settled(number, deadline):
        return timed_out(
            _(
                "The SIP platform has not answered in time. It goes on; read the number, "
                "or delete it."
            )
        )
    if number.status in LOST:
        raise refused(by, number, deadline, at="number")
    voice = number.placements.get(role=Placement.Role.VOICE)
    trunk = voice.refs.get("inbound_trunk_id")
    return Reply(enveloped(trunk, _("Phone number created successfully")))


def trunk_ids(by: Principal, number: PhoneNumber) -> dict[str, str]:
    """The platform's ids of what is the number's own there: not of a trunk that it only uses. The
    newest are in the operation that is under way."""
    _number, held = operations.locked(by, number.pk)
    voices = (pair for pair in held if pair[0].role == Placement.Role.VOICE)
    voice, operation = next(voices, (None, None))
    refs = {**(voice.refs if voice else {}), **(operation.refs if operation else {})}
    return {name: ref for name, ref in refs.items() if ref != number.outbound_trunk_id}


def refuse_trunk(number: PhoneNumber, trunk: str | None) -> None:
    if trunk and number.carrier_id:
        text = _("The number is on a carrier, whose gateways make its calls.")
        raise invalid(field_error("outbound_trunk_id", text))


def direction_of(number: PhoneNumber, wished: Mapping[str, Any]) -> dict[str, Any]:
    """In this dialect a number makes calls when it has a trunk for them. Its own trunk, which is
    shown in `outbound_trunk_id` too, may be sent back as it was read."""
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
