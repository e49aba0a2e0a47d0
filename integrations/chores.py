"""Work beside the ledger that the dispatcher rings for too. Apps uphill register theirs, in
`AppConfig.ready()`."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from uuid import UUID

logger = logging.getLogger(__name__)


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
    for chore in _registry.values():
        send(chore.due(), chore.publish, chore.unstamp)


def send(
    due: Sequence[UUID],
    publish: Callable[[UUID], None],
    unstamp: Callable[[Sequence[UUID]], None],
) -> int:
    """How many were sent; what could not be published is due again at once."""
    for place, due_id in enumerate(due):
        try:
            publish(due_id)
        except Exception as error:
            logger.warning("the broker does not take messages (%s); the work stays due", error)
            unstamp(due[place:])
            return place
    return len(due)
