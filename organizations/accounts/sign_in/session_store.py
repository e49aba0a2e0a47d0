"""Database sessions that end when they are idle for too long, and at a maximum age.

The browser's cookie lasts for the maximum age. The row decides.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib.sessions.backends.db import SessionStore as DatabaseStore
from django.contrib.sessions.models import Session
from django.utils import timezone

SESSION_STARTED_AT = "began_at"  # seconds since 1970; only in signed-in sessions


class SessionStore(DatabaseStore):
    """The session store. Django finds this class by `SESSION_ENGINE`."""

    def create_model_instance(self, data: dict[str, Any]) -> Session:
        row = super().create_model_instance(data)
        row.expire_date = session_expiry(data.get(SESSION_STARTED_AT))
        return row


def session_expiry(began_at: float | None) -> datetime:
    """Returns when a session ends that is used now."""
    idle_end = timezone.now() + settings.SESSION_IDLE
    if began_at is None:
        return idle_end
    age = timedelta(seconds=settings.SESSION_COOKIE_AGE)
    return min(idle_end, datetime.fromtimestamp(began_at, UTC) + age)
