"""The asker's half: what somebody wants to know of a platform, and looks at the answer of."""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4, uuid5

from django.db import IntegrityError, transaction
from django.db.models.functions import Now
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from integrations.ledger.history import integration_wait_reason
from integrations.ledger.leases import QUERY_ACTIONS, QUERY_LIFETIME, wake_dispatcher
from integrations.models import Integration, Operation
from organizations.access import quotas
from organizations.access.principals import Principal
from organizations.access.quotas import Quota, QuotaExceeded
from organizations.models import Organization

Status, Action = Operation.Status, Operation.Wish


class IntegrationUnavailable(Exception):
    """The integration answers no question now; the text says why."""


@transaction.atomic
def request_query(
    by: Principal, integration: Integration, wish: str, question: Mapping[str, Any] | None = None
) -> Operation:
    """A search or a discovery; its answer will be the operation's `result`. Raises NotConnected.

    Whoever asks the same while it is being found out waits for that same answer.
    """
    if reason := integration_wait_reason(integration):
        raise IntegrationUnavailable(reason)
    same = by.organization.operations.filter(
        integration=integration, subject_kind=wish, question=dict(question or {})
    )
    fresh = same.filter(status=Operation.Status.OPEN, created_at__gt=Now() - QUERY_LIFETIME / 2)
    if running := fresh.first():
        return running
    enforce_query_quota(by)
    operation = Operation.objects.create(
        organization=by.organization,
        integration=integration,
        subject_kind=wish,
        subject_id=uuid4(),
        subject_label=str(integration)[:200],
        wish=wish,
        question=dict(question or {}),
        asked_by=by.label[:200],
    )
    wake_dispatcher()
    return operation


@transaction.atomic
def request_inspection(
    by: Principal,
    *,
    subject_kind: str,
    subject_id: UUID,
    integration: Integration,
    label: str,
    refs: Mapping[str, str] | None = None,
    wish: str = Operation.Wish.ENSURE,
) -> Operation:
    """What the platform holds of the subject, compared with what it shall be by `wish`; nothing is
    changed. `refs` are the platform ids known for it. Its answer (`exists`, `refs`, `missing`,
    `looked_at`) will be the operation's `result`. Raises NotConnected.

    Whoever looks while somebody looks waits for that same answer.
    """
    ensure_integration_available(by, integration)
    subject = {"subject_kind": Action.LOOK, "subject_id": inspection_subject_id(subject_id)}
    if running := by.organization.operations.filter(**subject, status=Status.OPEN).first():
        return running
    enforce_query_quota(by)
    operation = Operation(
        organization=by.organization,
        integration=integration,
        **subject,
        subject_label=label[:200],
        wish=Action.LOOK,
        refs=dict(refs or {}),
        question={"subject_kind": subject_kind, "subject_id": str(subject_id), "wish": wish},
        asked_by=by.label[:200],
    )
    try:
        with transaction.atomic():
            operation.save(force_insert=True)
    except IntegrityError:  # somebody else's look of the same moment
        return by.organization.operations.get(**subject, status=Status.OPEN)
    wake_dispatcher()
    return operation


def latest_inspections(by: Principal, subject_ids: Iterable[UUID]) -> list[Operation]:
    """The newest look at each of the subjects, answered or not."""
    ids = [inspection_subject_id(subject_id) for subject_id in subject_ids]
    looks = by.organization.operations.filter(subject_kind=Action.LOOK, subject_id__in=ids)
    newest = looks.select_related("integration").order_by("subject_id", "-created_at")
    return list(newest.distinct("subject_id"))


def inspection_subject_id(subject_id: UUID) -> UUID:
    """An id of its own, so that a look and a wish for the same subject never wait for each
    other; always the same one, so that two looks at a time are one."""
    return uuid5(subject_id, "look")


def ensure_integration_available(by: Principal, integration: Integration) -> None:
    """Of another organization's account no name or reason is told. Raises NotConnected."""
    if reason := integration_wait_reason(integration):
        is_own = integration.organization_id == by.organization.pk
        raise IntegrationUnavailable(
            reason if is_own else _("The installation's platform rests just now.")
        )


def enforce_query_quota(by: Principal) -> None:
    """Answers are kept for a while, and each may be long. Raises NotConnected."""
    try:
        quotas.ensure_quota(by.organization, "queries_per_hour")
    except QuotaExceeded as error:
        raise IntegrationUnavailable(" ".join(error.messages)) from error


def count_recent_queries(organization: Organization) -> int:
    recent = organization.operations.filter(created_at__gt=Now() - timedelta(hours=1))
    return recent.filter(subject_kind__in=QUERY_ACTIONS).count()


QUERY_QUOTA = Quota("queries_per_hour", gettext_lazy("queries an hour"), 300, count_recent_queries)
