"""The ledger's clock and its dispatcher, for tests."""

from datetime import timedelta

from integrations.ledger import dispatch
from integrations.models import Operation


def list_due_operations() -> list:
    """What the dispatcher would publish now."""
    published = []
    dispatch.dispatch_due_operations(published.append)
    return published


def advance_ledger_clock(seconds: float) -> None:
    """Let time pass for the ledger, by moving its moments back."""
    step = timedelta(seconds=seconds)
    for row in Operation.objects.filter(status="open"):
        for name in ("next_attempt_at", "dispatched_at", "lease_until"):
            if getattr(row, name):
                setattr(row, name, getattr(row, name) - step)
        row.save()
