"""The sessions of a person: where each was begun and is used, and their end."""

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

UNKNOWN_ADDRESS = "0.0.0.0"  # for a local socket, as the column takes no other words
MAX_USER_AGENT = UserSession._meta.get_field("user_agent").max_length


class SessionUseThrottle:
    """When this process last wrote down that a session is used; the least recent are forgotten."""

    def __init__(self, size: int = 10_000):
        self.size, self.lock = size, Lock()
        self.times: OrderedDict[str, float] = OrderedDict()

    def is_due(self, key: str) -> bool:
        """Once in a while; who is told so writes it down."""
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
    """Each use puts off the end of a session that nobody uses. Written past the session's data,
    which another request may be changing."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        key = request.COOKIES.get(settings.SESSION_COOKIE_NAME)
        if key and session_use_throttle.is_due(key) and request.user.is_authenticated:
            request.session.setdefault(
                SESSION_STARTED_AT, time.time()
            )  # of one from before there was an end
            record_session_use(request, request.user)
        return self.get_response(request)


def record_session_use(request: HttpRequest, user: User) -> None:
    key, now = request.session.session_key, timezone.now()
    row = Session.objects.filter(session_key=key)
    if not row.update(expire_date=session_expiry(request.session.get(SESSION_STARTED_AT))):
        return  # ended meanwhile
    where = {"ip": request.META.get("REMOTE_ADDR") or UNKNOWN_ADDRESS}
    where["user_agent"] = request.META.get("HTTP_USER_AGENT", "")[:MAX_USER_AGENT]
    use = {**where, "user": user, "last_seen_at": now}
    UserSession.objects.update_or_create(session_key=key, defaults=use)


@receiver(user_logged_in)
def start_session(request: HttpRequest, user: User, **signal: Any) -> None:
    """By whichever way."""
    delete_expired_sessions()  # here, as the worker's role in the database knows no sessions
    request.session[SESSION_STARTED_AT] = time.time()
    if key := request.session.session_key:
        session_use_throttle.is_due(key)
        record_session_use(request, user)


@receiver(user_logged_out)
def delete_session_record(request: HttpRequest, **signal: Any) -> None:
    UserSession.objects.filter(session_key=request.session.session_key).delete()


@receiver(post_save, sender=Authenticator)
def end_others_after_enrollment(instance: Authenticator, created: bool, **signal: Any) -> None:
    """In the same transaction, which allauth's own signal is not."""
    if created and context.request:
        end_other_sessions(context.request, instance.user)


@receiver([password_changed, password_set, password_reset])
def end_other_sessions(request: HttpRequest, user: User, **signal: Any) -> None:
    """Whoever has come in by what the account was before is out."""
    end_sessions(
        UserSession.objects.filter(user=user).exclude(session_key=request.session.session_key)
    )


def active_sessions(user: User) -> QuerySet[UserSession]:
    """Those that live, the latest used first."""
    alive = Session.objects.filter(expire_date__gt=timezone.now())
    rows = UserSession.objects.filter(user=user, session_key__in=alive.values("session_key"))
    return rows.order_by("-last_seen_at")


def end_sessions(rows: QuerySet[UserSession]) -> int:
    """How many were ended."""
    keys = list(rows.values_list("session_key", flat=True))
    Session.objects.filter(session_key__in=keys).delete()
    return UserSession.objects.filter(session_key__in=keys).delete()[0]


def delete_expired_sessions() -> None:
    """The sessions that have ended by themselves, and what was noted of any that ended."""
    Session.objects.filter(expire_date__lte=timezone.now()).delete()
    living = Session.objects.filter(session_key=OuterRef("session_key"))
    UserSession.objects.exclude(Exists(living)).delete()
