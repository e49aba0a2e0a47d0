"""Cookies with a reader's preferences: theme, time zone and last organization."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse

THEMES = ("auto", "light", "dark")
THEME_COOKIE, ZONE_COOKIE = "patchbay_theme", "patchbay_zone"
LAST_ORGANIZATION_COOKIE = "patchbay_organization"
ONE_YEAR_SECONDS = 365 * 24 * 3600


def set_preference_cookie(response: HttpResponse, name: str, value: str) -> None:
    response.set_cookie(
        name, value, max_age=ONE_YEAR_SECONDS, samesite="Lax", secure=settings.SESSION_COOKIE_SECURE
    )


def selected_theme(request: HttpRequest) -> str:
    theme = request.COOKIES.get(THEME_COOKIE)
    return theme if theme in THEMES else "auto"
