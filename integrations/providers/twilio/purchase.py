"""Buys a number exactly once. The platform has no idempotency keys, so the intent is stored before
the request.

A worker may be killed between the POST and storing its outcome. The next attempt finds the intent
and observes the account. If the number is there, it is taken over. If not, it may still arrive for
a while; after that the purchase is reported as not carried out. The POST is never repeated on the
same intent.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from integrations.providers.base import (
    ExternalIds,
    NumberSpec,
    OutcomeUnknown,
    Refused,
    Step,
    Unavailable,
    UnexpectedWriteResponse,
)
from integrations.providers.twilio.client import NUMBERS_PATH, Client, Row
from integrations.providers.twilio.errors import NOT_FOR_SALE_CODE, Rejected
from integrations.providers.twilio.routing import NO_ROUTING, Routing, routing_changes

PURCHASE_REQUESTED, PURCHASE_UNANSWERED = "purchase_asked", "purchase_unanswered"  # refs: ISO times
PURCHASE_TIMEOUT = timedelta(minutes=2)
PURCHASE_EXTRAS = {
    "address_sid": "AddressSid",
    "bundle_sid": "BundleSid",
    "identity_sid": "IdentitySid",
}
MAX_NAME_LENGTH = 64


def is_purchase_pending(asked: str | None) -> bool:
    """Returns whether a purchase requested at that time may still take effect."""
    try:
        return bool(asked) and _utc_now() - datetime.fromisoformat(asked) < PURCHASE_TIMEOUT
    except (TypeError, ValueError):
        return False


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass
class Purchase:
    client: Client
    spec: NumberSpec
    wanted: Routing | None
    look: Callable[[], Row | None]
    take_over: Callable[
        [Row], tuple[ExternalIds, bool]
    ]  # its ids, and whether it is routed as desired

    def plan(self, refs: ExternalIds) -> list[Step]:
        if PURCHASE_REQUESTED not in refs:
            self._refuse_unknown_extras()
            return self._buy()
        if is_purchase_pending(refs[PURCHASE_REQUESTED]):
            raise OutcomeUnknown(
                f"{self.client.name} was asked to buy {self.spec.e164} and has not answered; "
                "whether it did will show."
            )
        return self._give_up()

    def _refuse_unknown_extras(self) -> None:
        for name in sorted(set(self.spec.purchase or {}) - set(PURCHASE_EXTRAS)):
            raise Refused(f"{self.client.name} cannot take {name} with a purchase.")

    # ---------------------------------------------------------------------------------- buying

    def _buy(self) -> list[Step]:
        """Returns the steps of a purchase. A clear rejection removes the intent and is raised by a
        step of its own, because the ids of a step are stored only if it returns."""
        e164, name, trouble = self.spec.e164, self.client.name, []

        def buy(refs: ExternalIds) -> ExternalIds:
            try:
                refs, is_routed = self.take_over(self._ask(refs))
            except (Unavailable, Refused) as error:
                trouble.append(error)
                return {key: text for key, text in refs.items() if key != PURCHASE_REQUESTED}
            if not is_routed:
                trouble.append(Unavailable(f"{e164} is bought and not routed yet.", retry_after=1))
            return refs

        def tell(refs: ExternalIds) -> ExternalIds:
            if trouble:
                raise trouble[0]
            return refs

        return [
            Step(f"note that {e164} is being bought from {name}", _record_purchase_intent),
            Step(f"buy {e164} from {name}", buy),
            Step(f"see what {name} said to it", tell),
        ]

    def _ask(self, refs: ExternalIds) -> Row:
        path, doing = self.client.of_account(NUMBERS_PATH), f"buy {self.spec.e164}"
        try:
            row = self.client.create(path, self._form(), doing)
        except Rejected as error:
            if error.code != NOT_FOR_SALE_CODE:
                raise
            return self._taken(refs)
        if not isinstance(row.get("sid"), str):
            raise UnexpectedWriteResponse(
                f"{self.client.name} was asked to {doing} and did not tell its id."
            )
        return row

    def _taken(self, refs: ExternalIds) -> Row:
        """Returns the row of a number that is no longer for sale, if the account owns it: an
        earlier request may have taken effect after it was given up. Raises OutcomeUnknown or
        Refused otherwise."""
        row, name, e164 = self.look(), self.client.name, self.spec.e164
        if row is None and PURCHASE_UNANSWERED in refs:
            raise OutcomeUnknown(
                f"{name} does not sell {e164} now; an earlier ask may have got it."
            )
        if row is None:
            raise Refused(
                f"{e164} is no longer for sale at {name}: somebody else was faster. Search again."
            )
        return row

    def _form(self) -> dict[str, str]:
        """Returns the form of the purchase. It names the number itself and never an area code,
        which would buy another number each time."""
        mark = f" [{self.spec.marker}]"
        extras = {
            PURCHASE_EXTRAS[key]: text for key, text in (self.spec.purchase or {}).items() if text
        }
        return {
            "PhoneNumber": self.spec.e164,
            "FriendlyName": (self.spec.e164[: MAX_NAME_LENGTH - len(mark)] + mark).strip(),
            **extras,
            **(routing_changes(NO_ROUTING, self.wanted) if self.wanted else {}),
        }

    # ------------------------------------------------------------------------------- giving up

    def _give_up(self) -> list[Step]:
        name, e164 = self.client.name, self.spec.e164

        def forget(refs: ExternalIds) -> ExternalIds:
            kept = {key: text for key, text in refs.items() if key != PURCHASE_REQUESTED}
            return {**kept, PURCHASE_UNANSWERED: refs[PURCHASE_REQUESTED]}

        def tell(refs: ExternalIds) -> ExternalIds:
            raise Refused(
                f"{name} never answered whether it sold {e164}, and the account does not have it: "
                "the purchase was not carried out; nothing was bought. Try again."
            )

        return [
            Step(f"forget that {e164} was being bought from {name}", forget),
            Step(f"tell that {name} did not sell {e164}", tell),
        ]


def _record_purchase_intent(refs: ExternalIds) -> ExternalIds:
    return {**refs, PURCHASE_REQUESTED: _utc_now().isoformat(timespec="seconds")}
