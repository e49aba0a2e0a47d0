"""The asker's half: what is due and in nobody's hands, and trying or checking at once."""

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
    """The operation cannot be hurried; the text says why."""


@transaction.atomic
def retry_operation(by: Principal, operation: Operation) -> str:
    """The next attempt is due at once. Raises CannotRetry."""
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
    """Ask the platform about the credentials; who clicks twice gets the one check. Raises
    CannotRetry."""
    if not (integration.sealed or integration.candidate):
        raise CannotRetry(_("It has no credentials to check: the ones it was given were refused."))
    return operation_requests.request_check(by, integration)


def late_operations(rows: QuerySet[Operation]) -> QuerySet[Operation]:
    """Open, due for a minute and in nobody's hands: workers or dispatcher are behind, or away. What
    an integration holds back is not late: it waits for its platform, not for us."""
    now = timezone.now()
    due = rows.filter(status=Operation.Status.OPEN, next_attempt_at__lt=now - timedelta(minutes=1))
    connected = Q(integration__state=Integration.State.CONNECTED)
    given = Q(wish=Operation.Wish.CHECK) | connected & ~Q(integration__paced_until__gt=now)
    held = Q(lease_until__gt=now) | Q(integration__open_until__gt=now)
    return due.filter(given).exclude(held)
