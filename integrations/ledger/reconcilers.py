"""The registry of reconcilers, by the kind of subject. Apps that depend on this one register theirs
in `AppConfig.ready()`."""

from collections.abc import Callable, Collection, Mapping
from typing import Protocol
from uuid import UUID

from django.db.models import QuerySet

from integrations.models import Integration, Operation
from integrations.providers.base import Spec
from organizations.models import Organization


class Reconciler(Protocol):
    """Reconciles one kind of row with a platform."""

    def spec(self, operation: Operation) -> Spec | None:
        """Returns the desired state as a value for the provider, read now, or None if the row is
        gone."""

    def lock(self, operation: Operation) -> Collection[UUID] | QuerySet:
        """Locks the number, carrier or integration before the operation
        (integrations/ledger/locks.py). Returns the ids of the subjects of this kind that settle
        together."""

    def forget(self, integration: Integration) -> None:
        """Deletes or detaches the removed rows that still refer to an integration which is about to
        be deleted."""

    def settled(self, operation: Operation) -> None:
        """Updates the row after `operation` has settled, inside the settling transaction."""


class UnknownSubjectKind(Exception):
    """Raised for an operation whose subject kind has no reconciler: an error in Patchbay, which
    must be visible."""


_registry: dict[str, Reconciler] = {}

# Finds the URLs of the pages that show subjects of a kind, by subject id.
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
    """Updates the subject of a settled operation. An operation without a reconciler was refused
    with that reason, so there is nothing to update."""
    if operation.subject_kind in _registry:
        _registry[operation.subject_kind].settled(operation)


def lock_subject(operation: Operation) -> Collection[UUID] | QuerySet:
    """Locks the number, carrier or integration that the operation is about. Returns the ids of the
    subjects whose operations its settlement may change, including its own."""
    if operation.subject_kind in _registry:
        return _registry[operation.subject_kind].lock(operation)
    return [operation.subject_id]


def forget_integration(integration: Integration) -> None:
    """Removes what refers to the integration, in reverse order of registration, because a removed
    number refers to its removed carrier."""
    for subject in reversed(_registry.values()):
        subject.forget(integration)
