"""Sessions of a person: where each one was started and used, and their end."""

import time
from collections import OrderedDict
from collections.abc import Callable
from threading import Lock
from typing import Any

from allauth.account.signals import password_changed, password_reset, password_set
from allauth.core import context
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.auth.signals import user_logged_in, user_logged_out
from django.contrib.sessions.models import Session
from django.db.models import Exists, OuterRef, QuerySet
from django.db.models.signals import post_save
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from organizations.accounts.sign_in.session_store import SESSION_STARTED_AT, session_expiry
from organizations.models import User

UNKNOWN_ADDRESS = "0.0.0.0"  # for a Unix socket, because the column takes only addresses
MAX_USER_AGENT = UserSession._meta.get_field("user_agent").max_length


class SessionUseThrottle:
    """Remembers when this process last recorded the use of each session. Forgets the least recent
    ones."""

    def __init__(self, size: int = 10_000):
        self.size, self.lock = size, Lock()
        self.times: OrderedDict[str, float] = OrderedDict()

    def is_due(self, key: str) -> bool:
        """Returns True once per SESSION_NOTED; the caller then records the use."""
        now = time.monotonic()
        with self.lock:
            last = self.times.get(key)
            if last is not None and now - last < settings.SESSION_NOTED.total_seconds():
                return False
            self.times[key] = now
            self.times.move_to_end(key)
            if len(self.times) > self.size:
                self.times.popitem(last=False)
        return True


session_use_throttle = SessionUseThrottle()


class RecordSessionUse:
    """Postpones the expiry of a session on each use. The row is updated directly, because another
    request may be changing the session's data."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        key = request.COOKIES.get(settings.SESSION_COOKIE_NAME)
        if key and session_use_throttle.is_due(key) and request.user.is_authenticated:
            # Sessions from before the maximum age was introduced have no start time.
            request.session.setdefault(SESSION_STARTED_AT, time.time())
            record_session_use(request, request.user)
        return self.get_response(request)


def record_session_use(request: HttpRequest, user: User) -> None:
    key, now = request.session.session_key, timezone.now()
    row = Session.objects.filter(session_key=key)
    if not row.update(expire_date=session_expiry(request.session.get(SESSION_STARTED_AT))):
        return  # the session has ended meanwhile
    where = {"ip": request.META.get("REMOTE_ADDR") or UNKNOWN_ADDRESS}
    where["user_agent"] = request.META.get("HTTP_USER_AGENT", "")[:MAX_USER_AGENT]
    use = {**where, "user": user, "last_seen_at": now}
    UserSession.objects.update_or_create(session_key=key, defaults=use)


@receiver(user_logged_in)
def start_session(request: HttpRequest, user: User, **signal: Any) -> None:
    """Records the start of a session, whichever way the user signed in."""
    delete_expired_sessions()  # here, because the worker's database role cannot read sessions
    request.session[SESSION_STARTED_AT] = time.time()
    if key := request.session.session_key:
        session_use_throttle.is_due(key)
        record_session_use(request, user)


@receiver(user_logged_out)
def delete_session_record(request: HttpRequest, **signal: Any) -> None:
    UserSession.objects.filter(session_key=request.session.session_key).delete()


@receiver(post_save, sender=Authenticator)
def end_others_after_enrollment(instance: Authenticator, created: bool, **signal: Any) -> None:
    """Ends the user's other sessions in the same transaction, in which allauth's own signal is not
    sent."""
    if created and context.request:
        end_other_sessions(context.request, instance.user)


@receiver([password_changed, password_set, password_reset])
def end_other_sessions(request: HttpRequest, user: User, **signal: Any) -> None:
    """Ends the user's other sessions, so that nobody stays signed in with earlier credentials."""
    end_sessions(
        UserSession.objects.filter(user=user).exclude(session_key=request.session.session_key)
    )


def active_sessions(user: User) -> QuerySet[UserSession]:
    """Returns the sessions that have not expired, the most recently used first."""
    alive = Session.objects.filter(expire_date__gt=timezone.now())
    rows = UserSession.objects.filter(user=user, session_key__in=alive.values("session_key"))
    return rows.order_by("-last_seen_at")


def end_sessions(rows: QuerySet[UserSession]) -> int:
    """Ends sessions and returns how many were ended."""
    keys = list(rows.values_list("session_key", flat=True))
    Session.objects.filter(session_key__in=keys).delete()
    return UserSession.objects.filter(session_key__in=keys).delete()[0]


def delete_expired_sessions() -> None:
    """Deletes expired sessions, and the records of sessions that no longer exist."""
    Session.objects.filter(expire_date__lte=timezone.now()).delete()
    living = Session.objects.filter(session_key=OuterRef("session_key"))
    UserSession.objects.exclude(Exists(living)).delete()
