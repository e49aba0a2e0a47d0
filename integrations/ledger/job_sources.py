"""The registry of jobs that the dispatcher publishes besides operations. Apps that depend on this
one register theirs in `AppConfig.ready()`."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from uuid import UUID


class BrokerUnavailable(Exception):
    """Raised when a message could not be sent; the text says why."""


@dataclass(frozen=True)
class JobSource:
    """One kind of job. `due` marks the jobs to run now as dispatched and returns their ids,
    `publish` sends one id to the broker, and `unstamp` undoes the mark of ids that could not be
    sent. A lost message only costs time: a job that is marked but not claimed becomes due again."""

    due: Callable[[], Sequence[UUID]]
    publish: Callable[[UUID], None]
    unstamp: Callable[[Sequence[UUID]], None]


_registry: dict[str, JobSource] = {}


def register_job_source(name: str, chore: JobSource) -> None:
    _registry[name] = chore


def publish_due_jobs() -> None:
    """Publishes the due jobs of all registered sources. Raises BrokerUnavailable."""
    for chore in _registry.values():
        publish_ids(chore.due(), chore.publish, chore.unstamp)


def publish_ids(
    due: Sequence[UUID],
    publish: Callable[[UUID], None],
    unstamp: Callable[[Sequence[UUID]], None],
) -> int:
    """Publishes the ids and returns how many were sent. Ids that could not be published are due
    again at once. Raises BrokerUnavailable."""
    for place, due_id in enumerate(due):
        try:
            publish(due_id)
        except Exception as error:
            unstamp(due[place:])
            raise BrokerUnavailable(
                f"it does not take messages ({error}); the work stays due"
            ) from error
    return len(due)
