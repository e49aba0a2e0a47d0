"""Retries operations and checks integrations at a person's request, and finds operations that are
overdue."""

from datetime import timedelta

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from integrations.ledger import history, operation_requests
from integrations.models import Integration, Operation
from organizations.access.principals import Principal
from organizations.operations import record_event


class CannotRetry(Exception):
    """Raised when the operation cannot be retried now; the text says why."""


@transaction.atomic
def retry_operation(by: Principal, operation: Operation) -> str:
    """Makes the next attempt due at once and returns a message for the user. Raises CannotRetry."""
    held = operation_requests.lock_open_operation(operation.subject_kind, operation.subject_id)
    if held is None or held.pk != operation.pk:
        raise CannotRetry(_("It is settled."))
    if held.waits_for_id:
        raise CannotRetry(history.wait_reason(operation))
    operation_requests.make_operation_due(held)
    label = operation.subject_label
    record_event(by, "operation.retried", operation, kind="operation", label=label)
    return _("%(operation)s: the next attempt is due now.") % {"operation": label}


def check_integration_now(by: Principal, integration: Integration) -> Operation:
    """Requests a check of the credentials; a second request gets the same check. Raises
    CannotRetry."""
    if not (integration.sealed or integration.candidate):
        raise CannotRetry(_("It has no credentials to check: the ones it was given were refused."))
    return operation_requests.request_check(by, integration)


def late_operations(rows: QuerySet[Operation]) -> QuerySet[Operation]:
    """Returns the open operations that have been due for a minute without a worker: workers or
    dispatcher are behind or stopped. Operations that their integration delays are not late, because
    they wait for the platform."""
    now = timezone.now()
    due = rows.filter(status=Operation.Status.OPEN, next_attempt_at__lt=now - timedelta(minutes=1))
    connected = Q(integration__state=Integration.State.CONNECTED)
    given = Q(wish=Operation.Wish.CHECK) | connected & ~Q(integration__paced_until__gt=now)
    held = Q(lease_until__gt=now) | Q(integration__open_until__gt=now)
    return due.filter(given).exclude(held)
