"""Cleanup rules for the ledger, and for the organizations app, which has no access to workers. Each
function is a rule of integrations/retention/cleanup.py."""

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

QUERY_RETENTION = timedelta(days=1)  # for clients that fetch the result later
EXPORT_BATCH_SIZE = 5  # each with all parts of its file
SWEEP_INTERVAL = timedelta(days=1)


def delete_saved_responses(most: int) -> int:
    old = SavedReply.objects.filter(expires_at__lt=Now())
    return delete_unlocked(old.order_by("expires_at"), most)


def delete_platform_calls(most: int) -> int:
    oldest = Now() - max(settings.PLATFORM_CALLS_RETENTION, timedelta(days=1))
    return delete_unlocked(ProviderCall.objects.filter(at__lt=oldest).order_by("at"), most)


def delete_settled_queries(most: int) -> int:
    """Deletes settled queries. Their calls stay in the log as long as any other."""
    old = Operation.objects.filter(
        subject_kind__in=QUERY_ACTIONS, settled_at__lt=Now() - QUERY_RETENTION
    )
    settled = lock_unlocked(old, most)
    ProviderCall.objects.filter(operation__in=settled).update(operation=None)
    Operation.objects.filter(pk__in=settled).delete()
    return len(settled)


def delete_old_operations(most: int) -> int:
    """Deletes old operations with their platform calls. For each subject the last operation stays,
    which holds its status, and the first that set it up. Operations stay at least as long as the
    rows of bulk jobs, because undoing a job needs them."""
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
    """Returns the operations that neither their subject's history nor any metric needs."""
    same = {"subject_kind": OuterRef("subject_kind"), "subject_id": OuterRef("subject_id")}
    set_up = Q(status=Status.DONE, wish__in=[Action.ENSURE, Action.MERGE])
    later = Operation.objects.filter(**same, created_at__gt=OuterRef("created_at"))
    earlier = Operation.objects.filter(set_up, **same, created_at__lt=OuterRef("created_at"))
    return rows.filter(Exists(later)).filter(~set_up | Exists(earlier))


def next_sweep_window(name: str, rows: QuerySet, most: int) -> list[UUID]:
    """Returns the keys of the next `most` rows by age. Returns none while another task is sweeping,
    or until SWEEP_INTERVAL after the sweep has ended."""
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
    """Deletes expired exports with their files."""
    old = Export.objects.filter(expires_at__lt=Now()).order_by("expires_at")
    return delete_unlocked(old, min(most, EXPORT_BATCH_SIZE))


def delete_stale_processes(most: int) -> int:
    """Deletes the reports of processes that did not end in an orderly way."""
    old = Process.objects.filter(seen_at__lt=Now() - PROCESS_RETENTION)
    return delete_unlocked(old, most)


# The worker has no rights to these tables, so functions of the owner's role delete the rows.
def delete_ended_sessions(most: int) -> int:
    return call_owner_function("forget_sessions(%s)", most)


def delete_ended_invitations(most: int) -> int:
    """Deletes accepted, revoked and expired invitations after INVITATION_RETENTION."""
    age = settings.INVITATION_RETENTION
    return call_owner_function("forget_invitations(%s, %s)", age, most) if age else 0


def delete_ended_api_keys(most: int) -> int:
    """Deletes revoked and expired API keys after REVOKED_KEY_RETENTION."""
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
