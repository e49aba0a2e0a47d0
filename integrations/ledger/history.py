"""The history of a subject: its operations with their attempts and platform calls, and what each
operation is waiting for."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from django.db.models import F, QuerySet, Window
from django.db.models.functions import RowNumber
from django.utils import timezone
from django.utils.translation import gettext as _

from integrations.ledger import history
from integrations.ledger.leases import BREAKER_THRESHOLD
from integrations.models import Integration, Operation, ProviderCall
from integrations.runtime import availability

CALLS_PER_OPERATION = 50


@dataclass(frozen=True)
class HistoryEntry:
    """One operation with its platform calls. `waits_for` is the sentence that says why no attempt
    is made now, or "" if an attempt is made or the operation has settled."""

    operation: Operation
    calls: Sequence[ProviderCall] = field(default_factory=list)
    waits_for: str = ""


def subject_history(
    subject_kind: str,
    subject_ids: Iterable[UUID],
    *,
    limit: int = 50,
    calls_each: int = CALLS_PER_OPERATION,
) -> list[HistoryEntry]:
    """Returns the operations of the subjects, newest first, each with its newest calls in
    chronological order. Runs two queries, however long the history is."""
    operations = list(
        Operation.objects.filter(subject_kind=subject_kind, subject_id__in=subject_ids)
        .select_related("integration", "waits_for")
        .order_by("-created_at")[:limit]
    )
    return build_history(operations, calls_each=calls_each)


def build_history(operations: Sequence[Operation], *, calls_each: int) -> list[HistoryEntry]:
    """Returns the history entries of operations that were read with their `integration` and
    `waits_for`."""
    calls = calls_by_operation(operations, calls_each)
    return [HistoryEntry(o, calls.get(o.pk, []), wait_reason(o)) for o in operations]


def calls_by_operation(
    operations: Sequence[Operation], each: int
) -> dict[UUID, list[ProviderCall]]:
    newest = Window(RowNumber(), partition_by=F("operation"), order_by=F("id").desc())
    rows = ProviderCall.objects.filter(operation__in=operations).annotate(place=newest)
    grouped: dict[UUID, list[ProviderCall]] = {}
    for call in rows.filter(place__lte=each).order_by("id"):
        grouped.setdefault(call.operation_id, []).append(call)
    return grouped


def wait_reason(operation: Operation) -> str:
    """Returns why the operation is waiting, as text, or "" if nothing delays it. Every pending
    operation must show a reason."""
    return join_reasons(blocking_reason(operation), provisioning_outage_reason(operation))


def join_reasons(*reasons: str) -> str:
    return " ".join(filter(None, reasons))


def blocking_reason(operation: Operation) -> str:
    """Returns why the operation it depends on, or its integration, delays the operation, or ""."""
    if operation.status != Operation.Status.OPEN:
        return ""
    if operation.waits_for:
        return _("Waits for %(subject)s to be set up.") % {
            "subject": operation.waits_for.subject_label
        }
    return integration_wait_reason(operation.integration, wish=operation.wish)


def provisioning_outage_reason(operation: Operation) -> str:
    """Returns the sentence that says that dispatcher or workers are not running, so that neither
    the operation nor the one it depends on is processed. Returns "" if the operation is leased, not
    due yet, or delayed by its integration."""
    if operation.status != Operation.Status.OPEN or is_future(operation.lease_until):
        return ""
    first = operation.waits_for or operation
    if is_future(first.lease_until) or is_future(first.next_attempt_at):
        return ""
    if first is operation and integration_wait_reason(operation.integration, wish=operation.wish):
        return ""  # the platform would delay it even if provisioning ran
    return availability.current_availability().sentence


def integration_wait_reason(integration: Integration, *, wish: str = "") -> str:
    """Returns why the integration runs no operation now, or "". Only an open circuit breaker delays
    a check, because the other operations depend on its result."""
    is_check = wish == Operation.Wish.CHECK
    if integration.state != Integration.State.CONNECTED and not is_check:
        words = {
            "integration": integration.name,
            "reason": integration.state_reason or integration.get_state_display(),
        }
        return _("Waits for the integration %(integration)s: %(reason)s") % words
    if integration.failures >= BREAKER_THRESHOLD and is_future(integration.open_until):
        words = {
            "integration": integration.name,
            "until": format_local_time(integration.open_until),
        }
        return (
            _("%(integration)s has failed several times in a row and rests until %(until)s.")
            % words
        )
    if is_future(integration.paced_until) and not is_check:
        words = {
            "integration": integration.name,
            "until": format_local_time(integration.paced_until),
        }
        return _("%(integration)s counts our requests; the next one goes at %(until)s.") % words
    return ""


def is_future(moment: datetime | None) -> bool:
    return moment is not None and moment > timezone.now()


def format_local_time(moment: datetime) -> str:
    """Returns the time as text in the current time zone, which is UTC in the APIs."""
    return f"{timezone.localtime(moment):%Y-%m-%d %H:%M:%S %Z}"


# These fields may be large, so the list leaves them out.
LARGE_FIELDS = [
    f"{of}{name}" for of in ("", "waits_for__") for name in ("result", "question", "refs")
]


def select_operation_relations(operations: QuerySet[Operation]) -> QuerySet[Operation]:
    return operations.select_related("integration", "waits_for")


def uses_own_integration(asked: Operation) -> bool:
    """Returns whether the integration belongs to the operation's organization. A number on the
    installation's default carrier uses another organization's integration."""
    return asked.integration.organization_id == asked.organization_id


def operation_wait_reason(asked: Operation) -> str:
    """Returns why the operation is waiting, or "". Hides details if the integration belongs to
    another organization."""
    held = history.blocking_reason(asked)
    if held and not uses_own_integration(asked):
        held = _("Waits for the installation's platform.")
    return history.join_reasons(held, history.provisioning_outage_reason(asked))
