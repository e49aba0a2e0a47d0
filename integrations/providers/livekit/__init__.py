"""LiveKit SIP: trunks and dispatch rules on a self-hosted LiveKit or on LiveKit Cloud.

A number gets an inbound trunk and a dispatch rule, an outbound trunk, or all three. Its rooms:

    reception        one room for all its calls
    sales-*          a room for each call, LiveKit's individual rule: sales-_+15550001111_Xk3…
    sales-{called}   a room for each called number, LiveKit's callee rule: sales-_+15559876543
    (nothing)        as call-*

LiveKit itself adds the underscore between a prefix and the number. Patchbay preserves other
settings on these trunks and rules (address filters, headers, the room's agents).
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from integrations.http import platform_client
from integrations.providers.base import (
    AccountField,
    CheckResult,
    InventoryItem,
    NumberSpec,
    ObservedState,
    Provider,
    Refused,
    Spec,
    Step,
)
from integrations.providers.base import gettext_noop as _
from integrations.providers.livekit.client import Client
from integrations.providers.livekit.holdings import list_trunk_numbers
from integrations.providers.livekit.numbers import Numbers

__all__ = ["LiveKit"]

UNUSED_NUMBER = "+000"  # keeps the response short: no trunk has it


class LiveKit(Provider):
    """One LiveKit server or Cloud project, accessed with an API key that may administer SIP."""

    kind: ClassVar[str] = "livekit"
    title: ClassVar[str] = "LiveKit"
    about: ClassVar[str] = _(
        "Real-time rooms with SIP, in LiveKit Cloud or on your own server. Each number gets "
        "trunks of its own, and its calls land in a room."
    )
    roles: ClassVar[frozenset[str]] = frozenset({"sip"})
    base_url_field: ClassVar[str | None] = "base_url"
    fields: ClassVar[tuple[AccountField, ...]] = (
        AccountField(
            "base_url", _("Server URL"), _("As in LIVEKIT_URL; wss:// will do."), format="url"
        ),
        AccountField("api_key", _("API key")),
        AccountField("api_secret", _("API secret"), secret=True),
    )

    def __init__(self, account: Mapping[str, str], door: Any):
        super().__init__(account, door)
        key, secret = account.get("api_key", "").strip(), account.get("api_secret", "").strip()
        self.client = Client(door, key, secret)
        self.numbers = Numbers(self.client)

    @classmethod
    def origins(cls, account: Mapping[str, str]) -> dict[str, str]:
        """Returns the API's base URL. Clients join rooms at a WebSocket URL; the API has the same
        address over HTTP."""
        url = account.get("base_url", "").strip()
        return {"": re.sub(r"^ws(?=s?://)", "http", url, flags=re.IGNORECASE)}

    @classmethod
    def clean(cls, account: Mapping[str, str]) -> dict[str, list[str]]:
        if url := cls.origins(account)[""]:
            try:
                platform_client.parse_base_url(url)
            except Refused as error:
                return {"base_url": [str(error)]}
        return {}

    def check(self) -> CheckResult:
        """Verifies in one read everything that Patchbay needs: the key, its SIP grant, and
        Redis."""
        self.client.items("ListSIPInboundTrunk", "list trunks", numbers=[UNUSED_NUMBER])
        server, key = self.origins(self.account)[""], self.account["api_key"]
        return CheckResult(f"SIP of {server} by API key {key}", {"server": server, "api_key": key})

    def observe(self, spec: Spec) -> ObservedState:
        return self.numbers.observe(spec) if isinstance(spec, NumberSpec) else ObservedState()

    def plan(self, spec: Spec, observed: ObservedState) -> list[Step]:
        if not isinstance(spec, NumberSpec):
            raise Refused("LiveKit takes no carriers: a number brings the trunks of its own.")
        return self.numbers.plan(spec, observed.state)

    def plan_removal(self, spec: Spec, observed: ObservedState) -> list[Step]:
        return self.numbers.plan_removal(spec, observed.state) if observed.state else []

    def plan_merge(self, spec: Spec, observed: ObservedState) -> list[Step]:
        return self.numbers.plan_merge(spec, observed.state) if observed.state else []

    def inventory(self) -> Iterator[InventoryItem]:
        return list_trunk_numbers(self.client)
