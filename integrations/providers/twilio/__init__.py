"""Twilio: numbers that an account owns or buys, and where their calls go; SignalWire as well."""

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any, ClassVar

from integrations.providers.base import (
    AvailableNumber,
    CheckResult,
    Field,
    InventoryItem,
    NumberSpec,
    Observed,
    Provider,
    Refused,
    SearchQuery,
    Spec,
    Step,
)
from integrations.providers.base import gettext_noop as _
from integrations.providers.twilio import account as accounts
from integrations.providers.twilio.check import check
from integrations.providers.twilio.client import Client
from integrations.providers.twilio.numbers import Numbers
from integrations.providers.twilio.purchase import ASKED, UNANSWERED
from integrations.providers.twilio.routing import BEFORE, OURS, Desk
from integrations.providers.twilio.search import search

__all__ = ["Twilio"]


class Twilio(Provider):
    """One Twilio account or subaccount, or one project in a SignalWire space."""

    kind: ClassVar[str] = "twilio"
    title: ClassVar[str] = "Twilio"
    about: ClassVar[str] = _(
        "Owns and sells numbers. Patchbay takes in what the account owns, buys more, and says "
        "where their calls go."
    )
    roles: ClassVar[frozenset[str]] = frozenset({"twilio"})
    fields: ClassVar[tuple[Field, ...]] = accounts.FIELDS
    private_refs: ClassVar[frozenset[str]] = frozenset({BEFORE, OURS, ASKED, UNANSWERED})
    sells_numbers: ClassVar[bool] = True
    max_in_flight: ClassVar[int] = 3  # it limits concurrent requests, not their rate

    def __init__(self, account: Mapping[str, str], door: Any):
        super().__init__(account, door)
        self.client = Client(door, account)
        self.desk = Desk(
            accounts.value(account, "trunk_sid"),
            accounts.value(account, "application_sid"),
            at_signalwire=bool(accounts.value(account, "space")),
        )

    @classmethod
    def clean(cls, account: Mapping[str, str]) -> dict[str, list[str]]:
        return accounts.complaints(account)

    @classmethod
    def origins(cls, account: Mapping[str, str]) -> dict[str, str]:
        return accounts.origins(account)

    @cached_property
    def numbers(self) -> Numbers:
        return Numbers(self.client, self.desk)

    def check(self) -> CheckResult:
        return check(self.client, self.desk, key_sid=accounts.value(self.account, "api_key_sid"))

    def observe(self, spec: Spec) -> Observed:
        return self.numbers.observe(_number(spec))

    def plan(self, spec: Spec, observed: Observed) -> list[Step]:
        return self.numbers.plan(_number(spec), observed)

    def plan_removal(self, spec: Spec, observed: Observed) -> list[Step]:
        return self.numbers.plan_removal(_number(spec), observed)

    def inventory(self) -> Iterator[InventoryItem]:
        return self.numbers.inventory()

    def search(self, query: SearchQuery) -> list[AvailableNumber]:
        return search(self.client, query)


def _number(spec: Spec) -> NumberSpec:
    if not isinstance(spec, NumberSpec):
        raise Refused("Twilio takes no carriers, only numbers.")
    return spec
