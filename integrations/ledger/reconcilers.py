"""What operations are about. Apps uphill register how theirs are reconciled, in
`AppConfig.ready()`."""

from collections.abc import Callable, Collection, Mapping
from typing import Protocol
from uuid import UUID

from django.db.models import QuerySet

from integrations.models import Integration, Operation
from integrations.providers.base import Spec
from organizations.models import Organization


class Reconciler(Protocol):
    """One kind of row that is made real on a platform."""

    def spec(self, operation: Operation) -> Spec | None:
        """The wish as a value for the provider, read now; None when the row is gone."""

    def lock(self, operation: Operation) -> Collection[UUID] | QuerySet:
        """Lock the number, carrier or integration before the operation
        (integrations/ledger/locks.py). Returns the ids of the subjects of this kind that settle
        together."""

    def forget(self, integration: Integration) -> None:
        """Let go of an integration what has been gone from it: it is about to be deleted."""

    def settled(self, operation: Operation) -> None:
        """Move the row after `operation` was settled; runs inside the settling transaction."""


class UnknownSubjectKind(Exception):
    """An operation about a kind that nobody registered: a mistake of ours, shown and not hidden."""


_registry: dict[str, Reconciler] = {}

# Where people look at subjects of a kind: the addresses of the screens, by the subjects' ids.
SubjectUrlFinder = Callable[[Organization, Collection[UUID]], Mapping[UUID, str]]
subject_url_finders: dict[str, SubjectUrlFinder] = {}


def register_reconciler(kind: str, subject: Reconciler) -> None:
    _registry[kind] = subject


def get_reconciler(operation: Operation) -> Reconciler:
    try:
        return _registry[operation.subject_kind]
    except KeyError:
        raise UnknownSubjectKind(
            f"Nothing here knows how to set up a {operation.subject_kind}."
        ) from None


def update_settled_subject(operation: Operation) -> None:
    """Tell the subject; an operation that nobody registered for was refused with that reason."""
    if operation.subject_kind in _registry:
        _registry[operation.subject_kind].settled(operation)


def lock_subject(operation: Operation) -> Collection[UUID] | QuerySet:
    """Lock the number, carrier or integration that the operation is about. Returns the ids of the
    subjects whose operations its settlement may change, including its own."""
    if operation.subject_kind in _registry:
        return _registry[operation.subject_kind].lock(operation)
    return [operation.subject_id]


def forget_integration(integration: Integration) -> None:
    """Uphill first: a number's tombstone refers to its carrier's."""
    for subject in reversed(_registry.values()):
        subject.forget(integration)
