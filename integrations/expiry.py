"""How long rows of the ledger are kept, and those of the organizations' app, which knows no
workers. Each function is a rule of integrations/retention.py."""

from datetime import timedelta

from django.conf import settings
from django.db.models.functions import Now

from integrations import retention
from integrations.claims import QUESTIONS
from integrations.models import Operation, ProviderCall
from integrations.retention import delete_unlocked, lock_free
from organizations.exporting.models import Export
from organizations.models import SavedReply

QUESTION_RETENTION = timedelta(days=1)  # for whoever comes back for an answer
EXPORTS_AT_ONCE = 5  # with all parts of their files


def saved_replies(most: int) -> int:
    old = SavedReply.objects.filter(expires_at__lt=Now())
    return delete_unlocked(old.order_by("expires_at"), most)


def platform_calls(most: int) -> int:
    oldest = Now() - max(settings.PLATFORM_CALLS_RETENTION, timedelta(days=1))
    return delete_unlocked(ProviderCall.objects.filter(at__lt=oldest).order_by("at"), most)


def questions(most: int) -> int:
    """The calls they made stay in the log for as long as any."""
    old = Operation.objects.filter(
        subject_kind__in=QUESTIONS, settled_at__lt=Now() - QUESTION_RETENTION
    )
    settled = lock_free(old, most)
    ProviderCall.objects.filter(operation__in=settled).update(operation=None)
    Operation.objects.filter(pk__in=settled).delete()
    return len(settled)


def exports(most: int) -> int:
    """With their files."""
    old = Export.objects.filter(expires_at__lt=Now()).order_by("expires_at")
    return delete_unlocked(old, min(most, EXPORTS_AT_ONCE))


def register() -> None:
    retention.register("saved replies", saved_replies)
    retention.register("platform calls", platform_calls)
    retention.register("answered questions", questions)
    retention.register("exports", exports)
