"""Alerts of the dashboard: problems that need a person, with the reason and a link to the page
where they are resolved."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Exists, F, OuterRef, Q
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from carriers.models import Carrier
from integrations.ledger.leases import BREAKER_THRESHOLD
from integrations.models import Integration, Operation
from integrations.runtime import availability
from numbers.inventory.metrics import generalize_reason
from numbers.models import Batch, PhoneNumber, Placement
from numbers.numbering.e164 import format_display_number
from numbers.views.bulk.messages import translate_stored_text, translate_title
from organizations.access.principals import Principal
from organizations.access.roles import Permission
from organizations.models import Organization
from organizations.web.views.base import screen_url

SCAN_LIMIT = 2000  # failed numbers, and repeatedly failing operations
MAX_ALERTS_EACH = 5  # reasons, jobs, carriers
FAILING_ATTEMPTS = 3  # attempts
EXPIRY_NOTICE = timedelta(days=7)
STATE = Integration.State


@dataclass(frozen=True)
class Alert:
    """One alert. `tone` is "bad" (calls are affected, or work is blocked) or "warn" (a decision is
    needed)."""

    title: str
    text: str
    url: str
    action: str
    tone: str = "bad"


def list_alerts(by: Principal, integrations: Sequence[Integration]) -> list[Alert]:
    """Returns all alerts, most severe first. `integrations` are all those of the organization."""
    troubled = [row for row in integrations if has_integration_problem(row)]
    well = [row for row in integrations if row not in troubled]
    return [
        *availability_alerts(by.organization),
        *(integration_alert(by, row) for row in troubled),
        *carrier_alerts(by.organization),
        *failed_number_alerts(by.organization),
        *failing_operation_alerts(by.organization, well),
        *bulk_job_alerts(by.organization),
        *expiring_key_alerts(by),
    ]


def availability_alerts(organization: Organization) -> Iterator[Alert]:
    """Yields an alert if operations are not being run at all. It comes first, because nothing else
    proceeds until that is fixed."""
    if sentence := availability.current_availability().sentence:
        title = _("Nothing is set up or changed on any platform now")
        text = _("%(reason)s Only whoever runs this installation can mend it.")
        url = screen_url(organization, "operations")
        yield Alert(title, text % {"reason": sentence}, url, _("See the operations"))


def has_integration_problem(row: Integration) -> bool:
    rests = row.failures >= BREAKER_THRESHOLD and row.open_until and row.open_until > timezone.now()
    return row.state in (STATE.PAUSED, STATE.REFUSED) or bool(rests)


def integration_alert(by: Principal, row: Integration) -> Alert:
    if row.state == STATE.CONNECTED:
        title, reason = _("%(name)s rests: it failed several times in a row"), pause_reason(row)
    elif row.state == STATE.PAUSED:
        title, reason = _("%(name)s is paused: it refuses the credentials"), row.state_reason
    else:
        title, reason = _("%(name)s was never connected"), row.state_reason
    mends = row.state != STATE.CONNECTED and by.can(Permission.INTEGRATIONS_UPDATE)
    page, action = (
        ("integration_edit", _("Give new credentials"))
        if mends
        else ("integration", _("See its health"))
    )
    url = screen_url(by.organization, page, integration_id=row.pk)
    return Alert(title % {"name": row.name}, reason, url, action)


def pause_reason(row: Integration) -> str:
    words = {"time": date_format(timezone.localtime(row.open_until), "H:i:s")}
    return _("Nothing is sent to it before %(time)s; then it is tried again.") % words


def carrier_alerts(organization: Organization) -> Iterator[Alert]:
    refused = Q(status=Carrier.Status.DELETED, released_at=None, error_message__isnull=False)
    rows = organization.carriers.filter(Q(status=Carrier.Status.FAILED) | refused)
    for row in rows.order_by("-updated_at")[:MAX_ALERTS_EACH]:
        title = (
            _("Carrier %(name)s could not be set up")
            if row.status == Carrier.Status.FAILED
            else _("Carrier %(name)s could not be removed")
        )
        url = screen_url(organization, "carrier", carrier_id=row.pk)
        yield Alert(title % {"name": row.name}, row.error_message or "", url, _("See the carrier"))


def failed_number_alerts(organization: Organization) -> Iterator[Alert]:
    """Yields an alert for each group of failed numbers with the same reason. Failed purchases are
    grouped separately."""
    purchases = organization.placements.filter(
        phone_number=OuterRef("pk"), state=Placement.State.FAILED, purchase__isnull=False
    )
    failed = organization.phone_numbers.filter(status=PhoneNumber.Status.FAILED).order_by()
    groups: dict[tuple, list] = {}
    for number_id, e164, reason, is_purchase in failed.values_list(
        "pk", "e164", "error_message", Exists(purchases)
    )[: SCAN_LIMIT + 1]:
        key = (is_purchase, generalize_reason(reason or ""))
        groups.setdefault(key, []).append((number_id, e164, reason or ""))
    for (is_purchase, reason), found in largest_groups(groups):
        yield failed_number_group_alert(organization, is_purchase, reason, found)
    rest = sum(map(len, groups.values())) - sum(
        len(found) for _key, found in largest_groups(groups)
    )
    if rest:
        title = _("%(count)s numbers failed for other reasons") % {"count": f"{rest:,}"}
        url = f"{screen_url(organization, 'numbers')}?status=failed"
        yield Alert(title, "", url, _("See the failed numbers"))


def failed_number_group_alert(
    organization: Organization, is_purchase: bool, reason: str, found: list
) -> Alert:
    number_id, e164, own_reason = found[0]
    if len(found) == 1:
        title = _("%(number)s could not be bought") if is_purchase else _("%(number)s failed")
        url = screen_url(organization, "number", number_id=number_id)
        return Alert(
            title % {"number": format_display_number(e164)}, own_reason, url, _("See the number")
        )
    count = f"{SCAN_LIMIT:,}+" if len(found) > SCAN_LIMIT else f"{len(found):,}"
    title = (
        _("%(count)s numbers could not be bought") if is_purchase else _("%(count)s numbers failed")
    )
    url = f"{screen_url(organization, 'numbers')}?status=failed"
    return Alert(title % {"count": count}, reason, url, _("See the failed numbers"))


def failing_operation_alerts(
    organization: Organization, integrations: Sequence[Integration]
) -> Iterator[Alert]:
    """Yields alerts for open operations that keep failing on integrations without problems of their
    own."""
    names = {row.pk: row.name for row in integrations}
    rows = organization.operations.filter(
        integration_id__in=list(names), status=Operation.Status.OPEN, attempts__gte=FAILING_ATTEMPTS
    )
    groups: dict[tuple, list] = {}
    for integration_id, reason, operation_id, label in rows.order_by().values_list(
        "integration_id", "reason", "pk", "subject_label"
    )[:SCAN_LIMIT]:
        groups.setdefault((integration_id, generalize_reason(reason)), []).append(
            (operation_id, label, reason)
        )
    for (integration_id, reason), found in largest_groups(groups):
        first_id, label, own_reason = found[0]
        words = {
            "count": len(found),
            "name": names[integration_id],
            "subject": format_display_number(label),
        }
        if len(found) == 1:
            title = _("%(subject)s has been tried in vain on %(name)s") % words
            url, action = (
                screen_url(organization, "operation", operation_id=first_id),
                _("See the attempts"),
            )
            reason = own_reason
        else:
            title = _("%(count)s operations have been tried in vain on %(name)s") % words
            url, action = screen_url(organization, "operations"), _("See the operations")
        yield Alert(title, reason, url and add_open_filter(url, len(found)), action, "warn")


def add_open_filter(url: str, count: int) -> str:
    return url if count == 1 else f"{url}?status=open"


def largest_groups(groups: dict[tuple, list]) -> list[tuple[tuple, list]]:
    return sorted(groups.items(), key=lambda group: -len(group[1]))[:MAX_ALERTS_EACH]


def bulk_job_alerts(organization: Organization) -> Iterator[Alert]:
    lately = timezone.now() - EXPIRY_NOTICE
    refused = Q(state=Batch.State.REFUSED, created_at__gte=lately)
    has_work = Q(total__gt=F("done") + F("failed") + F("skipped"))
    asks = Q(state=Batch.State.MAPPING)
    rows = organization.batches.filter(Q(has_work, state=Batch.State.READY) | asks | refused)
    for row in rows.defer("file").order_by("-created_at")[:MAX_ALERTS_EACH]:
        url = screen_url(organization, "batch", batch_id=row.pk)
        if row.state == Batch.State.READY:
            text = ngettext(
                "%(count)s row is checked; nothing is changed before somebody starts it.",
                "%(count)s rows are checked; nothing is changed before somebody starts it.",
                row.total,
            ) % {"count": f"{row.total:,}"}
            title = _("Ready to start: %(title)s") % {"title": translate_title(row)}
            yield Alert(title, text, url, _("Look and start"), "warn")
        elif row.state == Batch.State.MAPPING:
            title = _("Columns to confirm: %(title)s") % {"title": translate_title(row)}
            text = _("The import waits until somebody confirms what its columns mean.")
            yield Alert(title, text, url, _("Match columns"), "warn")
        else:
            title = _("Refused: %(title)s") % {"title": translate_title(row)}
            yield Alert(title, translate_stored_text(row.reason), url, _("See why"), "warn")


def expiring_key_alerts(by: Principal) -> Iterator[Alert]:
    now = timezone.now()
    rows = by.organization.api_keys.filter(
        revoked_at=None, expires_at__gt=now, expires_at__lt=now + EXPIRY_NOTICE
    )
    url = screen_url(by.organization, "api_keys")
    for row in rows.order_by("expires_at")[:MAX_ALERTS_EACH]:
        day = date_format(timezone.localtime(row.expires_at), "Y-m-d H:i")
        title = _("API key %(name)s expires on %(day)s") % {"name": row.name, "day": day}
        text = _("Programs that use it are refused from then on. Make a new key before.")
        yield Alert(title, text, url, _("See the keys"), "warn")
