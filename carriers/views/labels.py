"""Labels of carriers: trunk types, directions, states and their reasons."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from carriers.models import Carrier, SipGateway
from integrations.ledger.history import operation_wait_reason
from integrations.models import Operation

Status = Carrier.Status


@dataclass(frozen=True)
class TrunkTypeLabel:
    """A trunk type in words: which side authenticates, and how."""

    key: str
    title: Any
    text: Any


TRUNK_TYPE_LABELS = {
    trunk.key: trunk
    for trunk in (
        TrunkTypeLabel(
            "static_ip",
            gettext_lazy("By address"),
            gettext_lazy("The platform knows the carrier by the addresses its calls come from."),
        ),
        TrunkTypeLabel(
            "auth",
            gettext_lazy("By password"),
            gettext_lazy("The carrier shows a user name and a password with every call it sends."),
        ),
        TrunkTypeLabel(
            "reg",
            gettext_lazy("By registration"),
            gettext_lazy("The platform signs in at the carrier, and calls come back that way."),
        ),
    )
}


@dataclass(frozen=True)
class CarrierState:
    """The state to show. `is_moving` means that an operation is open and the page polls."""

    status: str
    label: str
    meaning: str
    why: str = ""
    next_at: datetime | None = None
    attempts: int = 0
    is_moving: bool = False
    can_retry: bool = False


def carrier_state(carrier: Carrier, operation: Operation | None) -> CarrierState:
    """Returns the state to show. `operation` is the carrier's open operation, if there is one."""
    is_leaving = carrier.status == Status.DELETED and carrier.released_at is None
    unsettled = carrier.status in (Status.PENDING, Status.FAILED) or is_leaving
    tried = operation is None or operation.attempts > 0
    held = operation_wait_reason(operation) or operation.reason if operation else ""
    meaning = str(STATUS_DESCRIPTIONS[carrier.status])
    if carrier.status == Status.PENDING and held:
        meaning = _("It is being set up on its platform.")
    return CarrierState(
        status="pending" if is_leaving else carrier.status,
        label=_("being removed") if is_leaving else carrier.get_status_display(),
        meaning=str(REMOVAL_DESCRIPTION) if is_leaving else meaning,
        why=held or carrier.error_message or "",
        next_at=operation.next_attempt_at if operation and operation.attempts else None,
        attempts=operation.attempts if operation else 0,
        is_moving=operation is not None,
        can_retry=unsettled and tried,
    )


REMOVAL_DESCRIPTION = gettext_lazy("It is being taken off its platform.")
STATUS_DESCRIPTIONS = {
    Status.PENDING: gettext_lazy("It is being set up on its platform; this takes seconds."),
    Status.ACTIVE: gettext_lazy("It is set up on its platform, and numbers can be put on it."),
    Status.FAILED: gettext_lazy("It could not be set up. Numbers on it wait, or failed with it."),
    Status.DELETED: gettext_lazy("It is deleted and gone from its platform."),
}


def gateway_direction(gateway: SipGateway) -> str:
    if gateway.inbound and gateway.outbound:
        return _("inbound and outbound")
    return _("inbound") if gateway.inbound else _("outbound")


def gateway_address(gateway: SipGateway) -> str:
    return gateway.ipv4 if gateway.netmask == 32 else f"{gateway.ipv4}/{gateway.netmask}"
