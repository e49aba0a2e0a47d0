"""Devices that people have signed in on, by a signed cookie: wrong passwords of others keep nobody
out there."""

import hashlib
import secrets
from typing import Any

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse

from organizations.accounts.email_addresses import canonical_email
from organizations.web.cookies import A_YEAR

COOKIE, PATH, SALT = "patchbay_device", "/accounts/", "organizations.accounts.sign_in.known_devices"
PEOPLE = 5  # that one device remembers, the latest first


def known_device(request: HttpRequest, email: str) -> str | None:
    """The device's id, if the account with this e-mail has signed in on it within a year."""
    device = read(request)
    return device["id"] if mark_of(email) in device["people"] else None


def remember_device(request: HttpRequest, response: HttpResponse, email: str) -> None:
    """Only after the whole of a sign-in, second factor included."""
    device, mark = read(request), mark_of(email)
    people = [mark, *(other for other in device["people"] if other != mark)][:PEOPLE]
    response.set_cookie(
        COOKIE,
        signing.dumps({**device, "people": people}, salt=SALT),
        max_age=A_YEAR,
        path=PATH,
        samesite="Lax",
        httponly=True,
        secure=settings.SESSION_COOKIE_SECURE,
    )


def read(request: HttpRequest) -> dict[str, Any]:
    """`id`, and the marks of `people`; a new one where there is none of ours."""
    try:
        return signing.loads(request.COOKIES.get(COOKIE, ""), salt=SALT, max_age=A_YEAR)
    except signing.BadSignature:
        return {"id": secrets.token_hex(8), "people": []}


def mark_of(email: str) -> str:
    return hashlib.sha256(canonical_email(email).encode()).hexdigest()[:16]
