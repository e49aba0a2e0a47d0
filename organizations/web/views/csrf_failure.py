"""Forms whose CSRF token is not the session's, mostly from a page that is older than a sign-in in
another tab."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _

from organizations.web.api.error_handlers import error_response
from organizations.web.api.problems import Problem
from organizations.web.views.base import OrgScreen, next_url


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Handles a rejected form. Somebody who signs in again in a second tab is signed in already."""
    if request.path == reverse("account_login") and request.user.is_authenticated:
        return redirect(next_url(request) or "home")
    if late := late_form_view(request, reason):
        return late(request, **request.resolver_match.kwargs)
    because = _(
        "The page is older than your last signing in or out, it is none of ours, or your browser "
        "keeps no cookies. Go back, load it again, and send it once more."
    )
    return error_response(request, Problem("forbidden"), because=because)


def late_form_view(request: HttpRequest, reason: str) -> Callable[..., HttpResponse] | None:
    """Returns the view of a screen that shows a late form again, or None. Never for another site's
    form, which is refused for its origin."""
    view = getattr(getattr(request.resolver_match, "func", None), "view_class", None)
    keeps = isinstance(view, type) and issubclass(view, OrgScreen) and view.keeps_form
    return view.as_view(is_late=True) if keeps and reason.startswith("CSRF ") else None
