"""Requests queries of platforms: searches, discoveries and inspections whose results a client waits
for."""

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
    """Raised when the integration accepts no query now; the text says why."""


@transaction.atomic
def request_query(
    by: Principal, integration: Integration, wish: str, question: Mapping[str, Any] | None = None
) -> Operation:
    """Requests a search or a discovery, whose result is stored in the operation's `result`. Returns
    the operation in progress if the organization has requested the same query recently. Raises
    IntegrationUnavailable."""
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
    """Requests a comparison of the subject on the platform with the desired state that the action
    `wish` describes, without changing anything. `refs` are the known platform ids of the subject.
    The result (`exists`, `refs`, `missing`, `looked_at`) is stored in the operation's `result`.
    Raises IntegrationUnavailable.

    Returns the operation in progress if an inspection of the subject is already open.
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
    except IntegrityError:  # another request opened the same inspection at this moment
        return by.organization.operations.get(**subject, status=Status.OPEN)
    wake_dispatcher()
    return operation


def latest_inspections(by: Principal, subject_ids: Iterable[UUID]) -> list[Operation]:
    """Returns the newest inspection of each of the subjects, settled or not."""
    ids = [inspection_subject_id(subject_id) for subject_id in subject_ids]
    looks = by.organization.operations.filter(subject_kind=Action.LOOK, subject_id__in=ids)
    newest = looks.select_related("integration").order_by("subject_id", "-created_at")
    return list(newest.distinct("subject_id"))


def inspection_subject_id(subject_id: UUID) -> UUID:
    """Returns the subject id of inspections, which differs from the subject's own, so that an
    inspection and a change of the same subject never wait for each other. It is always the same, so
    two simultaneous inspections become one."""
    return uuid5(subject_id, "look")


def ensure_integration_available(by: Principal, integration: Integration) -> None:
    """Raises IntegrationUnavailable if the integration runs no operation now. Hides name and reason
    if the integration belongs to another organization."""
    if reason := integration_wait_reason(integration):
        is_own = integration.organization_id == by.organization.pk
        raise IntegrationUnavailable(
            reason if is_own else _("The installation's platform rests just now.")
        )


def enforce_query_quota(by: Principal) -> None:
    """Raises IntegrationUnavailable if the organization has used up its queries per hour. Results
    are stored for a day, and each may be large."""
    try:
        quotas.ensure_quota(by.organization, "queries_per_hour")
    except QuotaExceeded as error:
        raise IntegrationUnavailable(" ".join(error.messages)) from error


def count_recent_queries(organization: Organization) -> int:
    recent = organization.operations.filter(created_at__gt=Now() - timedelta(hours=1))
    return recent.filter(subject_kind__in=QUERY_ACTIONS).count()


QUERY_QUOTA = Quota("queries_per_hour", gettext_lazy("queries an hour"), 300, count_recent_queries)
