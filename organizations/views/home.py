"""The start page, which redirects to the last organization, and the reader's preferences."""

from operator import attrgetter
from zoneinfo import available_timezones

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from organizations.accounts.memberships import list_user_memberships
from organizations.web.cookies import (
    LAST_ORGANIZATION_COOKIE,
    THEME_COOKIE,
    THEMES,
    ZONE_COOKIE,
    set_preference_cookie,
)
from organizations.web.views.base import next_url, screen_url
from organizations.web.views.context import can_create_organization


@login_required
def home(request: HttpRequest) -> HttpResponse:
    """Redirects to the organization of last time, or else the first. Shows a page with what to do
    if the user belongs to none."""
    memberships = sorted(list_user_memberships(request.user), key=attrgetter("pk"))
    mine = {each.organization.public_id: each.organization for each in memberships}
    last = mine.get(request.COOKIES.get(LAST_ORGANIZATION_COOKIE, "")) or next(
        iter(mine.values()), None
    )
    if last is None:
        context = {"may_found": can_create_organization(request.user)}
        return render(request, "organizations/nowhere.html", context)
    return redirect(screen_url(last, "dashboard"))


@require_POST
def save_preferences(request: HttpRequest) -> HttpResponse:
    """Stores theme, language and time zone in cookies. Missing or unknown values change nothing."""
    response = redirect(next_url(request) or "home")
    wishes = {
        THEME_COOKIE: ("theme", THEMES),
        settings.LANGUAGE_COOKIE_NAME: ("language", dict(settings.LANGUAGES)),
        ZONE_COOKIE: ("zone", available_timezones()),
    }
    for cookie, (name, choices) in wishes.items():
        if request.POST.get(name) in choices:
            set_preference_cookie(response, cookie, request.POST[name])
    return response
