"""The page of one's own sessions, with the device, address, sign-in and last use of each, and a
button to end them."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from organizations.accounts.sign_in.sessions import UNKNOWN_ADDRESS, active_sessions, end_sessions

MAX_SESSIONS_SHOWN = 100
# The first match in the User-Agent header counts: most browsers claim to be Safari, too.
BROWSERS = {
    "Edg": "Edge",
    "OPR": "Opera",
    "Firefox": "Firefox",
    "FxiOS": "Firefox",
    "Chrome": "Chrome",
    "CriOS": "Chrome",
    "Safari": "Safari",
}
OPERATING_SYSTEMS = {
    "Windows": "Windows",
    "Android": "Android",
    "iPhone": "iPhone",
    "iPad": "iPad",
    "Mac OS X": "macOS",
    "CrOS": "ChromeOS",
    "Linux": "Linux",
}


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def sessions_page(request: HttpRequest) -> HttpResponse:
    if request.method == "POST":
        return end_selected_sessions(request)
    rows = list(active_sessions(request.user)[:MAX_SESSIONS_SHOWN])
    for row in rows:
        row.device = device_name(row.user_agent)
        row.address = "" if row.ip == UNKNOWN_ADDRESS else row.ip
        row.is_this = row.session_key == request.session.session_key
    return render(request, "account/sessions.html", {"sessions": rows})


def end_selected_sessions(request: HttpRequest) -> HttpResponse:
    """Ends the session whose id is in the field `session`, or all sessions but the current one if
    the field is missing. Raises Http404 for an unknown session."""
    others = active_sessions(request.user).exclude(session_key=request.session.session_key)
    if named := request.POST.get("session"):
        others = others.filter(pk=named) if named.isdecimal() and len(named) < 19 else others.none()
        if not others.exists():
            raise Http404
    count = end_sessions(others)
    told = ngettext("%(count)s session was ended.", "%(count)s sessions were ended.", count)
    messages.success(request, told % {"count": count} if count else _("There was no other."))
    return redirect("sessions")


def device_name(user_agent: str) -> str:
    """Returns a name such as "Firefox, Linux", or the beginning of an unknown User-Agent header."""
    found = (
        next((name for sign, name in names.items() if sign in user_agent), "")
        for names in (BROWSERS, OPERATING_SYSTEMS)
    )
    return ", ".join(filter(None, found)) or user_agent[:60]
