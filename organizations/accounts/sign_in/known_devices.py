"""Devices that people have signed in on, remembered by a signed cookie, so that wrong passwords
entered by others do not lock them out there."""

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
MAX_ACCOUNTS_PER_DEVICE = 5  # accounts that one device remembers, latest first


def known_device_id(request: HttpRequest, email: str) -> str | None:
    """Returns the device's id if the account with this e-mail has signed in on it within a year,
    else None."""
    device = read_device_cookie(request)
    return device["id"] if email_fingerprint(email) in device["people"] else None


def remember_device(request: HttpRequest, response: HttpResponse, email: str) -> None:
    """Stores the account in the device's cookie. Called only after a complete sign-in, second
    factor included."""
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
    """Returns the device's `id` and the fingerprints of its `people`, or a new device if the cookie
    is missing or invalid."""
    try:
        return signing.loads(
            request.COOKIES.get(DEVICE_COOKIE, ""), salt=COOKIE_SALT, max_age=ONE_YEAR_SECONDS
        )
    except signing.BadSignature:
        return {"id": secrets.token_hex(8), "people": []}


def email_fingerprint(email: str) -> str:
    return hashlib.sha256(canonical_email(email).encode()).hexdigest()[:16]
