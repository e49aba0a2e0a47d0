"""Buying a number, once: the platform knows no idempotency key, so the intent is kept before.

A worker may be killed between the POST and the note of its outcome. The next attempt finds the
intent and looks: what is there is taken over; what is not may still come for a while, and after
that it is said that nothing was bought. The POST is never repeated on the same intent.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from integrations.providers.base import (
    NumberSpec,
    OutcomeUnknown,
    Refs,
    Refused,
    Step,
    Unavailable,
    UnexpectedWriteReply,
)
from integrations.providers.twilio.client import NUMBERS, Client, Row
from integrations.providers.twilio.errors import NOT_FOR_SALE, Rejected
from integrations.providers.twilio.routing import NOWHERE, Routing, changes

ASKED, UNANSWERED = "purchase_asked", "purchase_unanswered"  # refs: ISO times
PATIENCE = timedelta(minutes=2)
EXTRAS = {"address_sid": "AddressSid", "bundle_sid": "BundleSid", "identity_sid": "IdentitySid"}
NAME_LENGTH = 64


def is_fresh(asked: str | None) -> bool:
    """Whether a purchase asked for at that time may still come true."""
    try:
        return bool(asked) and _now() - datetime.fromisoformat(asked) < PATIENCE
    except (TypeError, ValueError):
        return False


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass
class Purchase:
    client: Client
    spec: NumberSpec
    wanted: Routing | None
    look: Callable[[], Row | None]
    take_over: Callable[[Row], tuple[Refs, bool]]  # its ids, and whether it is routed as wanted

    def plan(self, refs: Refs) -> list[Step]:
        if ASKED not in refs:
            self._refuse_unknown_extras()
            return self._buy()
        if is_fresh(refs[ASKED]):
            raise OutcomeUnknown(
                f"{self.client.name} was asked to buy {self.spec.e164} and has not answered; "
                "whether it did will show."
            )
        return self._give_up()

    def _refuse_unknown_extras(self) -> None:
        for name in sorted(set(self.spec.purchase or {}) - set(EXTRAS)):
            raise Refused(f"{self.client.name} cannot take {name} with a purchase.")

    # ---------------------------------------------------------------------------------- buying

    def _buy(self) -> list[Step]:
        """A clear no withdraws the intent, and is said by a step of its own: what a step learns
        is kept only if it returns."""
        e164, name, trouble = self.spec.e164, self.client.name, []

        def buy(refs: Refs) -> Refs:
            try:
                refs, is_routed = self.take_over(self._ask(refs))
            except (Unavailable, Refused) as error:
                trouble.append(error)
                return {key: text for key, text in refs.items() if key != ASKED}
            if not is_routed:
                trouble.append(Unavailable(f"{e164} is bought and not routed yet.", retry_after=1))
            return refs

        def tell(refs: Refs) -> Refs:
            if trouble:
                raise trouble[0]
            return refs

        return [
            Step(f"note that {e164} is being bought from {name}", _noted),
            Step(f"buy {e164} from {name}", buy),
            Step(f"see what {name} said to it", tell),
        ]

    def _ask(self, refs: Refs) -> Row:
        path, doing = self.client.of_account(NUMBERS), f"buy {self.spec.e164}"
        try:
            row = self.client.create(path, self._form(), doing)
        except Rejected as error:
            if error.code != NOT_FOR_SALE:
                raise
            return self._taken(refs)
        if not isinstance(row.get("sid"), str):
            raise UnexpectedWriteReply(
                f"{self.client.name} was asked to {doing} and did not tell its id."
            )
        return row

    def _taken(self, refs: Refs) -> Row:
        """By us, perhaps: an earlier ask of ours may have come true after it was given up."""
        row, name, e164 = self.look(), self.client.name, self.spec.e164
        if row is None and UNANSWERED in refs:
            raise OutcomeUnknown(
                f"{name} does not sell {e164} now; an earlier ask may have got it."
            )
        if row is None:
            raise Refused(
                f"{e164} is no longer for sale at {name}: somebody else was faster. Search again."
            )
        return row

    def _form(self) -> dict[str, str]:
        """The number itself, never an area code: that would buy another one each time."""
        mark = f" [{self.spec.marker}]"
        extras = {EXTRAS[key]: text for key, text in (self.spec.purchase or {}).items() if text}
        return {
            "PhoneNumber": self.spec.e164,
            "FriendlyName": (self.spec.e164[: NAME_LENGTH - len(mark)] + mark).strip(),
            **extras,
            **(changes(NOWHERE, self.wanted) if self.wanted else {}),
        }

    # ------------------------------------------------------------------------------- giving up

    def _give_up(self) -> list[Step]:
        name, e164 = self.client.name, self.spec.e164

        def forget(refs: Refs) -> Refs:
            kept = {key: text for key, text in refs.items() if key != ASKED}
            return {**kept, UNANSWERED: refs[ASKED]}

        def tell(refs: Refs) -> Refs:
            raise Refused(
                f"{name} never answered whether it sold {e164}, and the account does not have it: "
                "the purchase was not carried out; nothing was bought. Try again."
            )

        return [
            Step(f"forget that {e164} was being bought from {name}", forget),
            Step(f"tell that {name} did not sell {e164}", tell),
        ]


def _noted(refs: Refs) -> Refs:
    return {**refs, ASKED: _now().isoformat(timespec="seconds")}
