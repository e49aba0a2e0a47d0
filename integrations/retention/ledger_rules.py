"""How long rows of the ledger are kept, and those of the organizations' app, which knows no
workers. Each function is a rule of integrations/retention/cleanup.py."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Now

from integrations.ledger.leases import QUERY_ACTIONS
from integrations.models import Operation, Process, ProviderCall, Sweep
from integrations.retention import cleanup
from integrations.retention.cleanup import delete_unlocked, lock_unlocked
from integrations.runtime.processes import PROCESS_RETENTION
from organizations.models import Export, SavedReply

Status, Action = Operation.Status, Operation.Wish

QUERY_RETENTION = timedelta(days=1)  # for whoever comes back for an answer
EXPORT_BATCH_SIZE = 5  # with all parts of their files
SWEEP_INTERVAL = timedelta(days=1)


def delete_saved_responses(most: int) -> int:
    old = SavedReply.objects.filter(expires_at__lt=Now())
    return delete_unlocked(old.order_by("expires_at"), most)


def delete_platform_calls(most: int) -> int:
    oldest = Now() - max(settings.PLATFORM_CALLS_RETENTION, timedelta(days=1))
    return delete_unlocked(ProviderCall.objects.filter(at__lt=oldest).order_by("at"), most)


def delete_settled_queries(most: int) -> int:
    """The calls they made stay in the log for as long as any."""
    old = Operation.objects.filter(
        subject_kind__in=QUERY_ACTIONS, settled_at__lt=Now() - QUERY_RETENTION
    )
    settled = lock_unlocked(old, most)
    ProviderCall.objects.filter(operation__in=settled).update(operation=None)
    Operation.objects.filter(pk__in=settled).delete()
    return len(settled)


def delete_old_operations(most: int) -> int:
    """With their platform calls. Of each subject the last one stays, which says how it stands, and
    the first that set it up. Undoing a batch looks back as far as its rows are kept."""
    if not settings.OPERATION_RETENTION:
        return 0
    age = max(settings.OPERATION_RETENTION, settings.BATCH_RETENTION)
    old = Operation.objects.filter(settled_at__lt=Now() - age).exclude(
        subject_kind__in=QUERY_ACTIONS
    )
    window = next_sweep_window("operations", old, most)
    dispensable = filter_superseded_operations(Operation.objects.filter(pk__in=window))
    Operation.objects.filter(pk__in=lock_unlocked(dispensable, most)).delete()
    return len(window)


def filter_superseded_operations(rows: QuerySet[Operation]) -> QuerySet[Operation]:
    """Those of which neither the history of their subject nor any figure has need."""
    same = {"subject_kind": OuterRef("subject_kind"), "subject_id": OuterRef("subject_id")}
    set_up = Q(status=Status.DONE, wish__in=[Action.ENSURE, Action.MERGE])
    later = Operation.objects.filter(**same, created_at__gt=OuterRef("created_at"))
    earlier = Operation.objects.filter(set_up, **same, created_at__lt=OuterRef("created_at"))
    return rows.filter(Exists(later)).filter(~set_up | Exists(earlier))


def next_sweep_window(name: str, rows: QuerySet, most: int) -> list[UUID]:
    """The keys of the next of `rows`, by age; none while another task is at it, or until a day
    after the walk has come to its end."""
    Sweep.objects.bulk_create([Sweep(name=name)], ignore_conflicts=True)
    free = Sweep.objects.select_for_update(skip_locked=True)
    is_due = Q(ended_at=None) | Q(ended_at__lt=Now() - SWEEP_INTERVAL)
    sweep = free.filter(is_due, name=name).first()
    if sweep is None:
        return []
    if sweep.moment:
        same = Q(settled_at=sweep.moment, pk__lte=sweep.key)
        rows = rows.filter(settled_at__gte=sweep.moment).exclude(same)
    window = list(rows.order_by("settled_at", "pk").values_list("settled_at", "pk")[:most])
    moment, key = window[-1] if window else (None, None)
    ended: dict[str, Any] = {"ended_at": None if window else Now()}
    Sweep.objects.filter(name=name).update(moment=moment, key=key, **ended)
    return [key for _moment, key in window]


def delete_expired_exports(most: int) -> int:
    """With their files."""
    old = Export.objects.filter(expires_at__lt=Now()).order_by("expires_at")
    return delete_unlocked(old, min(most, EXPORT_BATCH_SIZE))


def delete_stale_processes(most: int) -> int:
    """Reports of programs that had no orderly end."""
    old = Process.objects.filter(seen_at__lt=Now() - PROCESS_RETENTION)
    return delete_unlocked(old, most)


# The worker has no rights to these tables: functions of the owner's delete what is over.
def delete_ended_sessions(most: int) -> int:
    return call_owner_function("forget_sessions(%s)", most)


def delete_ended_invitations(most: int) -> int:
    """Accepted, revoked or expired ones."""
    age = settings.INVITATION_RETENTION
    return call_owner_function("forget_invitations(%s, %s)", age, most) if age else 0


def delete_ended_api_keys(most: int) -> int:
    """Revoked or expired ones."""
    age = settings.REVOKED_KEY_RETENTION
    return call_owner_function("forget_api_keys(%s, %s)", age, most) if age else 0


def call_owner_function(call: str, *values: object) -> int:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {call}", values)
        return cursor.fetchone()[0]


def register_ledger_cleanup() -> None:
    cleanup.register_cleanup_rule("saved replies", delete_saved_responses)
    cleanup.register_cleanup_rule("platform calls", delete_platform_calls)
    cleanup.register_cleanup_rule("answered questions", delete_settled_queries)
    cleanup.register_cleanup_rule("settled operations", delete_old_operations)
    cleanup.register_cleanup_rule("exports", delete_expired_exports)
    cleanup.register_cleanup_rule("programs that are gone", delete_stale_processes)
    cleanup.register_cleanup_rule("sessions", delete_ended_sessions)
    cleanup.register_cleanup_rule("invitations", delete_ended_invitations)
    cleanup.register_cleanup_rule("API keys", delete_ended_api_keys)
