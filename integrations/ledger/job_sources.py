"""Work beside the ledger that the dispatcher rings for too. Apps uphill register theirs, in
`AppConfig.ready()`."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from uuid import UUID


class BrokerUnavailable(Exception):
    """A message could not be sent; the text says why."""


@dataclass(frozen=True)
class JobSource:
    """One kind of work. `due` stamps and returns what shall be done now, `publish` sends one id to
    the broker, `unstamp` takes back what could not be sent. A lost message costs only time: what is
    stamped and not claimed becomes due again."""

    due: Callable[[], Sequence[UUID]]
    publish: Callable[[UUID], None]
    unstamp: Callable[[Sequence[UUID]], None]


_registry: dict[str, JobSource] = {}


def register_job_source(name: str, chore: JobSource) -> None:
    _registry[name] = chore


def publish_due_jobs() -> None:
    """Raises BrokerUnavailable."""
    for chore in _registry.values():
        publish_ids(chore.due(), chore.publish, chore.unstamp)


def publish_ids(
    due: Sequence[UUID],
    publish: Callable[[UUID], None],
    unstamp: Callable[[Sequence[UUID]], None],
) -> int:
    """How many were sent. What could not be published is due again at once. Raises
    BrokerUnavailable."""
    for place, due_id in enumerate(due):
        try:
            publish(due_id)
        except Exception as error:
            unstamp(due[place:])
            raise BrokerUnavailable(
                f"it does not take messages ({error}); the work stays due"
            ) from error
    return len(due)
