"""Screens of the ledger: the requested operations, their results, and what open ones are waiting
for."""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, QueryDict
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from integrations.ledger import history, reconcilers
from integrations.ledger.history import (
    LARGE_FIELDS,
    operation_wait_reason,
    select_operation_relations,
    uses_own_integration,
)
from integrations.ledger.leases import QUERY_ACTIONS
from integrations.ledger.retry import CannotRetry, late_operations, retry_operation
from integrations.models import Integration, Operation
from integrations.web import labels
from integrations.web.query_results import serialize_query_result
from organizations.access.roles import Permission
from organizations.models import Organization
from organizations.web.views.base import OrgScreen, screen_url
from organizations.web.views.pagination import paginate_keyset

OPEN = Operation.Status.OPEN
SUBJECT_FILTERS = {
    "placement": _("Numbers"),
    "carrier": _("Carriers"),
    "integration": _("Integrations"),
    "question": _("Questions"),
}
URGENCY_FILTERS = {
    "waiting": _("Waiting for something else"),
    "failing": _("Tried in vain"),
    "late": _("Late: due, and nobody attempts it"),
}


class OperationsScreen(OrgScreen):
    permissions = {"GET": Permission.INTEGRATIONS_READ}

    def get(self, request: HttpRequest) -> HttpResponse:
        integrations = list(request.organization.integrations.order_by("name"))
        rows = select_operation_relations(request.organization.operations).defer(*LARGE_FIELDS)
        pager = paginate_keyset(filter_operations(rows, request.GET, integrations), request.GET)
        asked = [row for row in pager.rows if row.status == OPEN]
        return self.page(
            "integrations/operations.html",
            operations=build_operation_rows(request.organization, pager.rows),
            pager=pager,
            is_live=bool(asked),
            is_filtered=any(request.GET.get(name) for name in FILTERS),
            chosen=request.GET,
            integrations=integrations,
            statuses=Operation.Status.choices,
            wishes=Operation.Wish.choices,
            subjects=SUBJECT_FILTERS.items(),
            pressing=URGENCY_FILTERS.items(),
        )


FILTERS = ("status", "wish", "subject", "integration", "pressing")


def filter_operations(
    rows: QuerySet[Operation], query: QueryDict, integrations: Iterable[Integration]
) -> QuerySet[Operation]:
    """Returns the operations that match the query. An unknown value matches nothing, instead of
    more than was requested."""
    kinds = {kind: (kind,) for kind in SUBJECT_FILTERS} | {"question": QUERY_ACTIONS}
    offered: dict[str, tuple[str, Mapping[str, Any]]] = {
        "status": ("status", {value: value for value in Operation.Status.values}),
        "wish": ("wish", {value: value for value in Operation.Wish.values}),
        "subject": ("subject_kind__in", kinds),
        "integration": ("integration", {row.public_id: row for row in integrations}),
    }
    for name, (column, values) in offered.items():
        given = query.get(name)
        if given and given not in values:
            return rows.none()
        if given:
            rows = rows.filter(**{column: values[given]})
    return filter_by_urgency(rows, query.get("pressing", ""))


def filter_by_urgency(rows: QuerySet[Operation], what: str) -> QuerySet[Operation]:
    if what == "late":
        return late_operations(rows)
    if what == "failing":
        return rows.filter(status=OPEN, attempts__gte=3)
    if what == "waiting":
        now = timezone.now()
        resting = Q(integration__open_until__gt=now) | Q(integration__paced_until__gt=now)
        held = ~Q(wish=Operation.Wish.CHECK) & (~Q(integration__state="connected") | resting)
        return rows.filter(held | Q(waits_for__isnull=False), status=OPEN)
    return rows.none() if what else rows


def build_operation_rows(
    organization: Organization, rows: Iterable[Operation]
) -> list[dict[str, Any]]:
    """Returns operations with their labels, each with the URL of its subject."""
    rows = list(rows)
    places = find_subject_urls(organization, rows)
    return [
        {
            "row": row,
            "wish": labels.operation_action_label(row),
            "kind": labels.subject_kind_label(row),
            "place": places.get(row.pk),
            "is_own": uses_own_integration(row),
            "waits_for": operation_wait_reason(row),
            "is_running": bool(row.lease_until and row.lease_until > timezone.now()),
        }
        for row in rows
    ]


def find_subject_urls(organization: Organization, rows: Iterable[Operation]) -> dict[UUID, str]:
    """Returns the URLs of the operations' subjects by operation id. Runs one query for each kind of
    subject."""
    by_kind: dict[str, dict[UUID, UUID]] = {}
    for row in rows:
        by_kind.setdefault(row.subject_kind, {})[row.pk] = row.subject_id
    found = {
        row.pk: integration_page_url(organization, row) for row in rows if is_about_integration(row)
    }
    for kind, ids in by_kind.items():
        if kind in reconcilers.subject_url_finders:
            pages = reconcilers.subject_url_finders[kind](organization, set(ids.values()))
            found |= {pk: pages[subject] for pk, subject in ids.items() if subject in pages}
    return found


def is_about_integration(row: Operation) -> bool:
    """Returns whether the operation is a check, a search or a discovery on the organization's own
    integration."""
    return uses_own_integration(row) and row.wish in ("check", "search", "discover")


def integration_page_url(organization: Organization, row: Operation) -> str:
    return screen_url(organization, "integration", integration_id=row.integration_id)


class OperationScreen(OrgScreen):
    """Shows one operation. The page refreshes while the operation is open."""

    permissions = {"GET": Permission.INTEGRATIONS_READ}

    def get(self, request: HttpRequest, operation_id: UUID) -> HttpResponse:
        row = select_operation_relations(request.organization.operations).get(pk=operation_id)
        entry = build_operation_rows(request.organization, [row])[0]
        calls = (
            history.calls_by_operation([row], history.CALLS_PER_OPERATION)
            if entry["is_own"]
            else {}
        )
        return self.page(
            "integrations/operation.html",
            entry=entry,
            operation=row,
            calls=calls.get(row.pk, [])[::-1],
            answer=serialize_query_result(request.organization, row),
            waiters=row.waiters.filter(organization=request.organization)[:50],
        )


class RetryOperationScreen(OrgScreen):
    permissions = {"POST": Permission.INTEGRATIONS_UPDATE}

    def post(self, request: HttpRequest, operation_id: UUID) -> HttpResponse:
        operation = select_operation_relations(request.organization.operations).get(pk=operation_id)
        try:
            self.say(retry_operation(request.principal, operation))
        except CannotRetry as error:
            self.warn(str(error))
        return self.back("operation", operation_id=operation_id)
