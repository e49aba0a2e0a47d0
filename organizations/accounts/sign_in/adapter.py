"""django-allauth's account pages as we have them: no signing up, and a lock-out that says how long
it lasts."""

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
    """allauth asks it what to do."""

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
        """Without the host, as allauth has it: a guesser chooses it, and its port, at will."""
        return build_sign_in_attempt(request, credentials).pair

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """allauth takes the count back if this attempt is right; those before it stay counted."""
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
        """Without the host of the request: who asks chooses it, who follows the link does not."""
        link = urlsplit(super().get_reset_password_from_key_url(key))
        return settings.PUBLIC_BASE_URL + link.path

    def send_password_reset_mail(self, user: User, email: str, context: dict[str, Any]) -> None:
        """To the account's e-mail of now: allauth finds it by an earlier one, too."""
        super().send_password_reset_mail(user, user.email, context)

    def send_notification_mail(
        self,
        template_prefix: str,
        user: User,
        context: dict[str, Any] | None = None,
        email: str | None = None,
    ) -> None:
        """In our words, by one template for all."""
        if what := NOTIFICATION_TEXTS.get(template_prefix):
            template_prefix, context = "account/email/notice", {"what": what}
        super().send_notification_mail(template_prefix, user, context, email)

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """A mail server that is away is the operator's trouble; the page says what it always
        says."""
        place = urlsplit(settings.PUBLIC_BASE_URL).netloc
        words = {"current_site": SimpleNamespace(name=place, domain=place), **context}
        try:
            super().send_mail(template_prefix, email, words)
        except (OSError, SMTPException) as error:
            logger.error("No e-mail was sent (%s): %s", template_prefix, error)


def record_password_refusal(request: HttpRequest, email: str) -> None:
    record_sign_in_refusal(request, User.objects.with_email(email), kind="password")


def send_wrong_password_warning(request: HttpRequest, email: str) -> None:
    """By mail, once a day at most. Nobody is locked out by it."""
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
