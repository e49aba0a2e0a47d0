"""A number's own SIP trunks in /v1: the input, and its validation against the stored settings."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from numbers.inventory import operations, sip_settings
from numbers.models import PhoneNumber
from organizations.web.api.fields import (
    OptionalChar,
    OptionalChoice,
    OptionalSecret,
    StrictSerializer,
)
from organizations.web.api.problems import field_error, invalid_request_problem


class SipSerializer(StrictSerializer):
    """What is left out stays, null and "" clear. Password and PIN are never shown again."""

    trunk_name = OptionalChar(max_length=100)
    server_address = OptionalChar(
        max_length=260,
        help_text="Host or IPv4 address, perhaps with a port; needed for outbound calls.",
    )
    username = OptionalChar(max_length=100)
    password = OptionalSecret(max_length=100, write_only=True)
    room_name = OptionalChar(
        max_length=100,
        help_text="The one room of all calls; with a trailing `*`, how each call's room begins.",
    )
    pin = OptionalSecret(max_length=10, write_only=True, help_text="4 to 10 digits.")
    media_encryption = OptionalChoice(
        sip_settings.MEDIA_ENCRYPTION, help_text="`allow` if left out."
    )


def validate_trunk_changes(
    number: PhoneNumber, held: list, wished: dict[str, Any]
) -> dict[str, Any]:
    """Returns the change under the parameter names of numbers.inventory.operations. Raises a 400
    problem if the resulting trunk settings would be invalid."""
    given = wished.pop("sip", None)
    own = operations.own_trunk_placement(number, held)
    if given is not None and own is None:
        message = _("The number has no SIP trunks of its own.")
        raise invalid_request_problem(field_error("sip", message))
    if own and (given or {"supports_outbound", "outbound_trunk_id"} & wished.keys()):
        complaints = sip_settings.validate_sip_setting_changes(
            {**own.settings, **own.secrets()},
            given or {},
            outbound=wished.get("supports_outbound", number.supports_outbound),
            outbound_trunk_id=wished.get("outbound_trunk_id", number.outbound_trunk_id),
        )
        raise_sip_errors(complaints)
    return wished if given is None else {**wished, "sip_settings": given}


def raise_sip_errors(complaints: Mapping[str, str]) -> None:
    if complaints:
        raise invalid_request_problem(
            *(field_error(f"sip.{name}", text) for name, text in complaints.items())
        )
