"""Devices that people have signed in on, by a signed cookie: wrong passwords of others keep nobody
out there."""

import hashlib
import secrets
from typing import Any

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse

from organizations.accounts.email_addresses import canonical_email
from organizations.web.cookies import ONE_YEAR_SECONDS

DEVICE_COOKIE, COOKIE_PATH, COOKIE_SALT = (
    "patchbay_device",
    "/accounts/",
    "organizations.accounts.sign_in.known_devices",
)
MAX_ACCOUNTS_PER_DEVICE = 5  # that one device remembers, the latest first


def known_device_id(request: HttpRequest, email: str) -> str | None:
    """The device's id, if the account with this e-mail has signed in on it within a year."""
    device = read_device_cookie(request)
    return device["id"] if email_fingerprint(email) in device["people"] else None


def remember_device(request: HttpRequest, response: HttpResponse, email: str) -> None:
    """Only after the whole of a sign-in, second factor included."""
    device, mark = read_device_cookie(request), email_fingerprint(email)
    people = [mark, *(other for other in device["people"] if other != mark)][
        :MAX_ACCOUNTS_PER_DEVICE
    ]
    response.set_cookie(
        DEVICE_COOKIE,
        signing.dumps({**device, "people": people}, salt=COOKIE_SALT),
        max_age=ONE_YEAR_SECONDS,
        path=COOKIE_PATH,
        samesite="Lax",
        httponly=True,
        secure=settings.SESSION_COOKIE_SECURE,
    )


def read_device_cookie(request: HttpRequest) -> dict[str, Any]:
    """`id`, and the marks of `people`; a new one where there is none of ours."""
    try:
        return signing.loads(
            request.COOKIES.get(DEVICE_COOKIE, ""), salt=COOKIE_SALT, max_age=ONE_YEAR_SECONDS
        )
    except signing.BadSignature:
        return {"id": secrets.token_hex(8), "people": []}


def email_fingerprint(email: str) -> str:
    return hashlib.sha256(canonical_email(email).encode()).hexdigest()[:16]
