"""Requests for metrics: a page reads the last metrics and requests newer ones, but counts
nothing."""

from datetime import timedelta

from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone

from integrations.ledger.leases import wake_dispatcher
from numbers.models import FigureCount
from organizations.models import Organization
from organizations.web.computed_cache import Snapshot, decode_tagged_json

State = FigureCount.State
UNFINISHED_STATES = (State.WAITING, State.RUNNING)
RETRY_PAUSE = timedelta(minutes=1)  # after a failed count, unless a user requests one


def get_counted_metrics(
    organization: Organization | None, *, days: int, anew: bool = False
) -> tuple[Snapshot | None, str]:
    """Returns the last metrics of the organization (of the installation if None) and the state of
    the count. Requests a recount if they are not fresh, or always with `anew`. Days are those of
    the current time zone."""
    count = get_metric_count(organization, days)
    kept = build_metrics_snapshot(count)
    if (anew or kept is None or not kept.is_fresh) and request_recount(count, anew=anew):
        return kept, State.WAITING
    return kept, count.state


def get_metric_count(organization: Organization | None, days: int) -> FigureCount:
    whose = {"organization": organization, "zone": timezone.get_current_timezone_name()}
    count, is_new = FigureCount.objects.get_or_create(days=days, **whose)
    if is_new:
        wake_dispatcher()
    return count


def build_metrics_snapshot(count: FigureCount) -> Snapshot | None:
    if count.data is None:
        return None
    return Snapshot(decode_tagged_json(count.data), count.counted_at, count.seconds)


def request_recount(count: FigureCount, *, anew: bool) -> bool:
    """Requests a recount. Returns False if the count is waiting or running already, or failed
    recently."""
    ended = Q(state=State.DONE) | Q(state=State.FAILED)
    if not anew:
        ended = Q(state=State.DONE) | Q(state=State.FAILED, settled_at__lt=Now() - RETRY_PAUSE)
    asked = {"state": State.WAITING, "created_at": Now(), "tries": 0}
    nobody = {"lease_until": None, "dispatched_at": None}
    if not FigureCount.objects.filter(ended, pk=count.pk).update(**asked, **nobody):
        return False
    wake_dispatcher()
    return True
