"""Patchbay's version of django-allauth's account pages: no sign-up, and a lockout that says how
long it lasts."""

import logging
from collections.abc import Mapping
from smtplib import SMTPException
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

from allauth.account.adapter import DefaultAccountAdapter
from django.conf import settings
from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from organizations.accounts.email_addresses import canonical_email
from organizations.accounts.sign_in.account_events import record_sign_in_refusal
from organizations.accounts.sign_in.deferred_work import AUDIT_QUEUE, EMAIL_QUEUE
from organizations.accounts.sign_in.known_devices import remember_device
from organizations.accounts.sign_in.lockout import SignInAttempt
from organizations.accounts.sign_in.notifications import NOTIFICATION_TEXTS
from organizations.accounts.sign_in.sessions import UNKNOWN_ADDRESS
from organizations.models import User

logger = logging.getLogger("organizations.accounts.sign_in")
SECONDS_PER_DAY = 24 * 3600


class AccountAdapter(DefaultAccountAdapter):
    """Hooks that allauth calls on its account pages."""

    error_messages = {
        **DefaultAccountAdapter.error_messages,
        "enter_current_password": gettext_lazy("This is not your current password."),
        "rate_limited": gettext_lazy("Too many tries. Wait a minute, then go on."),
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def get_client_ip(self, request: HttpRequest) -> str:
        return request.META.get("REMOTE_ADDR") or UNKNOWN_ADDRESS

    def _get_login_attempts_cache_key(self, request: HttpRequest, **credentials: Any) -> str:
        """Returns the cache key without the host that allauth puts into it, because an attacker
        chooses host and port freely."""
        return build_sign_in_attempt(request, credentials).pair

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Counts the attempt, and raises ValidationError if it is locked out. allauth takes the
        count back if this attempt succeeds; earlier attempts stay counted."""
        attempt = build_sign_in_attempt(request, credentials)
        self._login_failed_rl_usage = attempt.count()
        if self._login_failed_rl_usage is None:
            sentence = lockout_message(attempt.seconds_locked())
            raise ValidationError(sentence, code="locked")

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        attempt = build_sign_in_attempt(request, credentials)
        AUDIT_QUEUE.add(request, record_password_refusal, attempt.email)
        if attempt.count_failure():
            EMAIL_QUEUE.add(request, send_wrong_password_warning, attempt.email)

    def post_login(self, request: HttpRequest, user: User, **signal: Any) -> HttpResponse:
        response = super().post_login(request, user, **signal)
        remember_device(request, response, user.email)
        return response

    def get_reset_password_from_key_url(self, key: str) -> str:
        """Returns the link with PUBLIC_BASE_URL instead of the request's host, because whoever
        requests the link chooses the host, and somebody else follows the link."""
        link = urlsplit(super().get_reset_password_from_key_url(key))
        return settings.PUBLIC_BASE_URL + link.path

    def send_password_reset_mail(self, user: User, email: str, context: dict[str, Any]) -> None:
        """Sends the mail to the account's current e-mail, because allauth also finds an account by
        an earlier one."""
        super().send_password_reset_mail(user, user.email, context)

    def send_notification_mail(
        self,
        template_prefix: str,
        user: User,
        context: dict[str, Any] | None = None,
        email: str | None = None,
    ) -> None:
        """Sends the notification in Patchbay's words, with one template for all of them."""
        if what := NOTIFICATION_TEXTS.get(template_prefix):
            template_prefix, context = "account/email/notice", {"what": what}
        super().send_notification_mail(template_prefix, user, context, email)

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Sends a mail. An unreachable mail server is only logged for the operator, and the page
        shows the same as always."""
        place = urlsplit(settings.PUBLIC_BASE_URL).netloc
        words = {"current_site": SimpleNamespace(name=place, domain=place), **context}
        try:
            super().send_mail(template_prefix, email, words)
        except (OSError, SMTPException) as error:
            logger.error("No e-mail was sent (%s): %s", template_prefix, error)


def record_password_refusal(request: HttpRequest, email: str) -> None:
    record_sign_in_refusal(request, User.objects.with_email(email), kind="password")


def send_wrong_password_warning(request: HttpRequest, email: str) -> None:
    """Mails the account's owner, at most once a day. Nobody is locked out by this warning."""
    user = User.objects.with_email(email) if settings.CAN_MAIL else None
    if user and user.is_active and cache.add(f"wrong-passwords:{user.pk}", 1, SECONDS_PER_DAY):
        adapter = AccountAdapter(request)
        context = {"user": user, "ip": adapter.get_client_ip(request)}
        adapter.send_mail("account/email/wrong_passwords", user.email, context)


def build_sign_in_attempt(request: HttpRequest, credentials: Mapping[str, Any]) -> SignInAttempt:
    return SignInAttempt(request, canonical_email(credentials.get("email") or ""))


def lockout_message(seconds: int) -> str:
    return _("Too many attempts failed. Try again in %(wait)s.") % {
        "wait": format_wait_time(seconds)
    }


def format_wait_time(seconds: int) -> str:
    if seconds < 90:
        return ngettext("%(n)s second", "%(n)s seconds", seconds) % {"n": seconds}
    minutes = -(-seconds // 60)
    return ngettext("%(n)s minute", "%(n)s minutes", minutes) % {"n": minutes}
