"""The list of carriers."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Count
from django.http import HttpRequest, HttpResponse

from carriers.models import Carrier
from carriers.views.labels import TRUNK_TYPE_LABELS, CarrierState, TrunkTypeLabel, carrier_state
from integrations.models import Operation
from organizations.access.roles import Permission
from organizations.models import Organization
from organizations.web.views.base import OrgScreen
from organizations.web.views.pagination import paginate_keyset


@dataclass(frozen=True)
class CarrierRow:
    carrier: Carrier
    trunk: TrunkTypeLabel
    state: CarrierState
    gateways: int
    numbers: int


class CarriersScreen(OrgScreen):
    permissions = {"GET": Permission.PHONE_NUMBERS_READ}

    def get(self, request: HttpRequest) -> HttpResponse:
        carriers = request.organization.carriers.exclude(status=Carrier.Status.DELETED)
        shown = carriers.select_related("integration").annotate(gateway_count=Count("gateways"))
        pager = paginate_keyset(shown, request.GET)
        rows = build_carrier_rows(request.organization, pager.rows)
        return self.page("carriers/list.html", rows=rows, pager=pager)


def build_carrier_rows(organization: Organization, carriers: Sequence[Carrier]) -> list[CarrierRow]:
    ids = [carrier.pk for carrier in carriers]
    waiting, numbers = (
        open_carrier_operations(organization, ids),
        count_numbers_by_carrier(organization, ids),
    )
    return [
        CarrierRow(
            carrier,
            TRUNK_TYPE_LABELS[carrier.trunk_type],
            carrier_state(carrier, waiting.get(carrier.pk)),
            carrier.gateway_count,
            numbers.get(carrier.pk, 0),
        )
        for carrier in carriers
    ]


def open_carrier_operations(
    organization: Organization, ids: Sequence[UUID]
) -> dict[UUID, Operation]:
    rows = organization.operations.filter(
        subject_kind="carrier", subject_id__in=ids, status=Operation.Status.OPEN
    )
    return {row.subject_id: row for row in rows.select_related("integration", "waits_for")}


def count_numbers_by_carrier(organization: Organization, ids: Sequence[UUID]) -> dict[UUID, int]:
    rows = organization.phone_numbers.filter(carrier__in=ids, released_at=None)
    return dict(rows.values_list("carrier").annotate(count=Count("pk")).order_by())
