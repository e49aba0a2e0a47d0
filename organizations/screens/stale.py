"""Forms whose token is not the session's: mostly of a page that another tab has outlived."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _

from organizations.api.errors import error_response
from organizations.api.problems import Problem
from organizations.screens.base import next_url


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Who signs in twice, in two tabs, is in."""
    if request.path == reverse("account_login") and request.user.is_authenticated:
        return redirect(next_url(request) or "home")
    because = _(
        "The page is older than your last signing in or out, it is none of ours, or your browser "
        "keeps no cookies. Go back, load it again, and send it once more."
    )
    return error_response(request, Problem("forbidden"), because=because)
