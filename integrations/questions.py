"""The asker's half: what somebody wants to know of a platform, and looks at the answer of."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import uuid4

from django.db.models.functions import Now
from django.utils.translation import gettext as _

from integrations.claims import QUESTION_LIFE, QUESTIONS, wake_dispatcher
from integrations.models import Integration, Operation
from integrations.story import integration_holds
from organizations.principals import Principal


class NotConnected(Exception):
    """The integration answers no question now; the text says why."""


def ask_question(
    by: Principal, integration: Integration, wish: str, question: Mapping[str, Any] | None = None
) -> Operation:
    """A search or a discovery; its answer will be the operation's `result`. Raises NotConnected.

    Whoever asks the same while it is being found out waits for that same answer.
    """
    if reason := integration_holds(integration):
        raise NotConnected(reason)
    same = by.organization.operations.filter(
        integration=integration, subject_kind=wish, question=dict(question or {})
    )
    fresh = same.filter(status=Operation.Status.OPEN, created_at__gt=Now() - QUESTION_LIFE / 2)
    if running := fresh.first():
        return running
    refuse_curious(by)
    operation = Operation.objects.create(
        organization=by.organization,
        integration=integration,
        subject_kind=wish,
        subject_id=uuid4(),
        subject_label=str(integration)[:200],
        wish=wish,
        question=dict(question or {}),
        asked_by=by.label[:200],
    )
    wake_dispatcher()
    return operation


def refuse_curious(by: Principal) -> None:
    """Answers are kept for a while, and each may be long. Raises NotConnected."""
    recent = by.organization.operations.filter(created_at__gt=Now() - timedelta(hours=1))
    if recent.filter(subject_kind__in=QUESTIONS).count() >= QUESTIONS_AN_HOUR:
        words = {"count": QUESTIONS_AN_HOUR}
        raise NotConnected(_("%(count)s questions an hour are answered; ask again later.") % words)


QUESTIONS_AN_HOUR = 300
