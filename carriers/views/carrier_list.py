"""The list of carriers."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Count
from django.http import HttpRequest, HttpResponse

from carriers.models import Carrier
from carriers.views.labels import TRUNKS, State, Trunk, state_of
from integrations.models import Operation
from organizations.access.roles import Permission
from organizations.models import Organization
from organizations.web.views.base import OrgScreen
from organizations.web.views.pagination import paged


@dataclass(frozen=True)
class Row:
    carrier: Carrier
    trunk: Trunk
    state: State
    gateways: int
    numbers: int


class CarriersScreen(OrgScreen):
    permissions = {"GET": Permission.PHONE_NUMBERS_READ}

    def get(self, request: HttpRequest) -> HttpResponse:
        carriers = request.organization.carriers.exclude(status=Carrier.Status.DELETED)
        shown = carriers.select_related("integration").annotate(gateway_count=Count("gateways"))
        pager = paged(shown, request.GET)
        rows = rows_of(request.organization, pager.rows)
        return self.page("carriers/list.html", rows=rows, pager=pager)


def rows_of(organization: Organization, carriers: Sequence[Carrier]) -> list[Row]:
    ids = [carrier.pk for carrier in carriers]
    waiting, numbers = open_operations(organization, ids), numbers_on(organization, ids)
    return [
        Row(
            carrier,
            TRUNKS[carrier.trunk_type],
            state_of(carrier, waiting.get(carrier.pk)),
            carrier.gateway_count,
            numbers.get(carrier.pk, 0),
        )
        for carrier in carriers
    ]


def open_operations(organization: Organization, ids: Sequence[UUID]) -> dict[UUID, Operation]:
    rows = organization.operations.filter(
        subject_kind="carrier", subject_id__in=ids, status=Operation.Status.OPEN
    )
    return {row.subject_id: row for row in rows.select_related("integration", "waits_for")}


def numbers_on(organization: Organization, ids: Sequence[UUID]) -> dict[UUID, int]:
    rows = organization.phone_numbers.filter(carrier__in=ids, released_at=None)
    return dict(rows.values_list("carrier").annotate(count=Count("pk")).order_by())
