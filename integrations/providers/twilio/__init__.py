"""Twilio and SignalWire: numbers that an account owns or buys, and the routing of their calls."""

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any, ClassVar

from integrations.providers.base import (
    AccountField,
    AvailableNumber,
    CheckResult,
    InventoryItem,
    NumberSpec,
    ObservedState,
    Provider,
    Refused,
    SearchQuery,
    Spec,
    Step,
)
from integrations.providers.base import gettext_noop as _
from integrations.providers.twilio import account as accounts
from integrations.providers.twilio.check import check_twilio_account
from integrations.providers.twilio.client import Client
from integrations.providers.twilio.numbers import Numbers
from integrations.providers.twilio.purchase import PURCHASE_REQUESTED, PURCHASE_UNANSWERED
from integrations.providers.twilio.routing import OUR_ROUTINGS, ROUTING_BEFORE, RoutingPolicy
from integrations.providers.twilio.search import search_twilio_numbers

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
    fields: ClassVar[tuple[AccountField, ...]] = accounts.FIELDS
    private_refs: ClassVar[frozenset[str]] = frozenset(
        {ROUTING_BEFORE, OUR_ROUTINGS, PURCHASE_REQUESTED, PURCHASE_UNANSWERED}
    )
    sells_numbers: ClassVar[bool] = True
    max_in_flight: ClassVar[int] = 3  # Twilio limits concurrent requests, not their rate

    def __init__(self, account: Mapping[str, str], door: Any):
        super().__init__(account, door)
        self.client = Client(door, account)
        self.desk = RoutingPolicy(
            accounts.account_value(account, "trunk_sid"),
            accounts.account_value(account, "application_sid"),
            at_signalwire=bool(accounts.account_value(account, "space")),
        )

    @classmethod
    def clean(cls, account: Mapping[str, str]) -> dict[str, list[str]]:
        return accounts.twilio_account_errors(account)

    @classmethod
    def origins(cls, account: Mapping[str, str]) -> dict[str, str]:
        return accounts.account_origins(account)

    @cached_property
    def numbers(self) -> Numbers:
        return Numbers(self.client, self.desk)

    def check(self) -> CheckResult:
        return check_twilio_account(
            self.client, self.desk, key_sid=accounts.account_value(self.account, "api_key_sid")
        )

    def observe(self, spec: Spec) -> ObservedState:
        return self.numbers.observe(_ensure_number_spec(spec))

    def plan(self, spec: Spec, observed: ObservedState) -> list[Step]:
        return self.numbers.plan(_ensure_number_spec(spec), observed)

    def plan_removal(self, spec: Spec, observed: ObservedState) -> list[Step]:
        return self.numbers.plan_removal(_ensure_number_spec(spec), observed)

    def inventory(self) -> Iterator[InventoryItem]:
        return self.numbers.inventory()

    def search(self, query: SearchQuery) -> list[AvailableNumber]:
        return search_twilio_numbers(self.client, query)


def _ensure_number_spec(spec: Spec) -> NumberSpec:
    if not isinstance(spec, NumberSpec):
        raise Refused("Twilio takes no carriers, only numbers.")
    return spec
