"""jambonz: carriers, gateways and numbers on a self-hosted or hosted jambonz-api-server 0.9.x."""

import re
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any, ClassVar

from integrations.http import platform_client
from integrations.providers.base import (
    AccountField,
    CarrierSpec,
    CheckResult,
    InventoryItem,
    ObservedState,
    Provider,
    Refused,
    Spec,
    Step,
)
from integrations.providers.base import gettext_noop as _
from integrations.providers.jambonz.carriers import Carriers
from integrations.providers.jambonz.client import Client
from integrations.providers.jambonz.numbers import Numbers
from integrations.providers.jambonz.scope import (
    ApiKeyScope,
    find_application,
    find_scope,
    find_sip_addresses,
)

__all__ = ["Jambonz"]

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII)


class Jambonz(Provider):
    """One jambonz account, accessed with its own key, or that of its service provider or
    administrator."""

    kind: ClassVar[str] = "jambonz"
    title: ClassVar[str] = "jambonz"
    about: ClassVar[str] = _(
        "A voice platform, hosted or your own. Carriers with their gateways are set up in your "
        "account there, and the numbers that they bring."
    )
    roles: ClassVar[frozenset[str]] = frozenset({"carrier"})
    base_url_field: ClassVar[str | None] = "base_url"
    sip_addresses_help: ClassVar[str] = _(
        "In the jambonz portal, any carrier's form lists the SBC addresses at its top; if it lists "
        "none, whoever runs the jambonz has not entered them."
    )
    fields: ClassVar[tuple[AccountField, ...]] = (
        AccountField(
            "base_url", _("API address"), _("Usually ends in /v1 or /api/v1."), format="url"
        ),
        AccountField(
            "token", _("API key"), _("Of an account, or of its service provider."), secret=True
        ),
        AccountField(
            "account_sid",
            _("Account SID"),
            _("Needed unless the API key belongs to the account itself."),
            required=False,
            format="uuid",
            identity=True,
        ),
        AccountField(
            "application_sid",
            _("Default application SID"),
            _("Answers the calls of numbers that name no application of their own."),
            required=False,
            format="uuid",
        ),
    )

    def __init__(self, account: Mapping[str, str], door: Any):
        super().__init__(account, door)
        self.client = Client(door, account.get("token", "").strip())

    @classmethod
    def clean(cls, account: Mapping[str, str]) -> dict[str, list[str]]:
        complaints: dict[str, list[str]] = {}
        if text := account.get("base_url", ""):
            try:
                platform_client.parse_base_url(text)
            except Refused as error:
                complaints["base_url"] = [str(error)]
        if not re.fullmatch(r"[\x21-\x7e]*", account.get("token", "").strip()):
            complaints["token"] = [_("An API key has no spaces and only plain characters.")]
        for name in ("account_sid", "application_sid"):
            sid = account.get(name, "").strip().lower()
            if sid and not _UUID.fullmatch(sid):
                complaints[name] = [_("A SID is a UUID, as jambonz shows it.")]
        return complaints

    def _sid(self, name: str) -> str:
        return self.account.get(name, "").strip().lower()

    @cached_property
    def scope(self) -> ApiKeyScope:
        return find_scope(self.client, self._sid("account_sid"))

    @property
    def account_sid(self) -> str:
        """Returns the configured account SID, so that a number needs no call for it, or else the
        account of the key."""
        return self._sid("account_sid") or self.scope.account_sid

    @cached_property
    def carriers(self) -> Carriers:
        return Carriers(self.client, lambda: self.scope)

    @cached_property
    def numbers(self) -> Numbers:
        return Numbers(self.client, lambda: self.account_sid, self._sid("application_sid"))

    def _kind(self, spec: Spec) -> Any:
        return self.carriers if isinstance(spec, CarrierSpec) else self.numbers

    def check(self) -> CheckResult:
        scope, facts = self.scope, {}
        if application_sid := self._sid("application_sid"):
            facts["application"] = find_application(self.client, scope, application_sid)
        if addresses := find_sip_addresses(self.client):
            facts["sip_addresses"] = addresses
        return CheckResult(scope.summary, {**scope.facts, **facts})

    def observe(self, spec: Spec) -> ObservedState:
        return self._kind(spec).observe(spec)

    def plan(self, spec: Spec, observed: ObservedState) -> list[Step]:
        return self._kind(spec).plan(spec, observed)

    def plan_removal(self, spec: Spec, observed: ObservedState) -> list[Step]:
        return self._kind(spec).plan_removal(spec, observed)

    def inventory(self) -> Iterator[InventoryItem]:
        carriers = list(self.carriers.inventory(self.account_sid))
        yield from carriers
        ours = {c.refs["voip_carrier_sid"] for c in carriers if c.ours}
        yield from self.numbers.inventory(ours)
