"""The front page of the admin: how the installation fares, in a handful of queries."""

from typing import Any

from django.db.models import Count, Q
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from carriers.models import Carrier
from integrations.admin.integration import reason
from integrations.admin.ledger import late
from integrations.claims import BREAKER_THRESHOLD
from integrations.models import Integration, Operation
from numbers.admin.number import STATUS_COLOURS
from numbers.models import PhoneNumber

SHOWN = 8
TROUBLED = ("paused", "refused", "checking")


def overview(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """What the operator may not see elsewhere is not counted here either."""
    context["title"] = _("Overview")
    may = request.user.has_perm
    if may("numbers.view_phonenumber"):
        context["numbers"] = numbers()
    if may("carriers.view_carrier"):
        context["failed_carriers"] = Carrier.objects.filter(status=Carrier.Status.FAILED).count()
    if may("integrations.view_operation"):
        context |= {"ledger": ledger(), "failures": failures()}
    if may("integrations.view_integration"):
        context["troubled"] = [(row, reason(row)) for row in troubled()]
    return context


def numbers() -> list[dict[str, Any]]:
    counted = dict(
        PhoneNumber.objects.filter(released_at=None)
        .values_list("status")
        .annotate(count=Count("pk"))
        .order_by()
    )
    address = reverse("admin:numbers_phonenumber_changelist")
    return [
        {
            "status": status,
            "label": label,
            "count": counted.get(status, 0),
            "colour": STATUS_COLOURS[status],
            "url": f"{address}?status={'removing' if status == 'deleted' else status}",
        }
        for status, label in PhoneNumber.Status.choices
    ]


def ledger() -> dict[str, int]:
    is_open = Operation.objects.filter(status=Operation.Status.OPEN)
    return {"open": is_open.count(), "late": late(is_open).count()}


def failures() -> list[Operation]:
    """What failed last, and what is being tried in vain: both need somebody to look."""
    in_vain = Q(status=Operation.Status.OPEN, attempts__gte=3)
    rows = Operation.objects.filter(Q(status=Operation.Status.REFUSED) | in_vain)
    return list(rows.select_related("organization", "integration").order_by("-created_at")[:SHOWN])


def troubled() -> list[Integration]:
    """Paused, never connected, or resting until the platform is back."""
    resting = Q(failures__gte=BREAKER_THRESHOLD, open_until__gt=timezone.now())
    rows = Integration.objects.filter(Q(state__in=TROUBLED) | resting)
    return list(rows.select_related("organization").order_by("-updated_at")[:SHOWN])
