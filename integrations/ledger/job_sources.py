"""Work beside the ledger that the dispatcher rings for too. Apps uphill register theirs, in
`AppConfig.ready()`."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from uuid import UUID


class BrokerAway(Exception):
    """A message could not be sent; the text says why."""


@dataclass(frozen=True)
class Chore:
    """One kind of work. `due` stamps and returns what shall be done now, `publish` sends one id to
    the broker, `unstamp` takes back what could not be sent. A lost message costs only time: what is
    stamped and not claimed becomes due again."""

    due: Callable[[], Sequence[UUID]]
    publish: Callable[[UUID], None]
    unstamp: Callable[[Sequence[UUID]], None]


_registry: dict[str, Chore] = {}


def register(name: str, chore: Chore) -> None:
    _registry[name] = chore


def ring() -> None:
    """Raises BrokerAway."""
    for chore in _registry.values():
        send(chore.due(), chore.publish, chore.unstamp)


def send(
    due: Sequence[UUID],
    publish: Callable[[UUID], None],
    unstamp: Callable[[Sequence[UUID]], None],
) -> int:
    """How many were sent. What could not be published is due again at once. Raises BrokerAway."""
    for place, due_id in enumerate(due):
        try:
            publish(due_id)
        except Exception as error:
            unstamp(due[place:])
            raise BrokerAway(f"it does not take messages ({error}); the work stays due") from error
    return len(due)
