"""How people sign in: password, code of an authenticator, recovery code."""

from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import (
    TOTP,
    format_hotp_value,
    generate_totp_secret,
    hotp_value,
    yield_hotp_counters_from_time,
)

from organizations.models import User

PASSWORD = "correct horse battery"


LOGIN_URL = "/accounts/login/"


def sign_in(browser, email="alice@example.com", password=PASSWORD, **extra):
    return browser.post(LOGIN_URL, {"login": email, "password": password}, **extra)


def enroll_second_factor(user: User) -> None:
    TOTP.activate(user, generate_totp_secret())
    RecoveryCodes.activate(user)


def unused_recovery_code() -> str:
    return RecoveryCodes(Authenticator.objects.get(type="recovery_codes")).get_unused_codes()[0]


def totp_code(secret: str) -> str:
    """What an authenticator app shows now."""
    return format_hotp_value(hotp_value(secret, next(yield_hotp_counters_from_time())))
