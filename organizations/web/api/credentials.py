"""API keys in the headers of a request."""

from django.http import HttpRequest
from django.utils.translation import gettext as _

from organizations.access import api_key_format
from organizations.web.api.problems import Problem

KEY_HEADERS = {"HTTP_AUTHORIZATION", "HTTP_X_API_KEY", "HTTP_X_API_SECRET"}
CHALLENGE = {"WWW-Authenticate": 'Bearer realm="patchbay"'}


def unauthorized_problem(detail: str) -> Problem:
    return Problem("unauthorized", detail, headers=CHALLENGE)


def read_api_key(request: HttpRequest) -> api_key_format.PlaintextApiKey | None:
    """Returns the one key of the request, or None if what was sent cannot be a key. Raises a 401
    Problem for no key or several."""
    sent = collect_sent_keys(request)
    if not sent:
        raise unauthorized_problem(
            _("No API key was sent. Send `Authorization: Bearer pb_live_…`.")
        )
    if len(sent) > 1:
        raise unauthorized_problem(_("Two different API keys were sent; send one."))
    return sent.pop()


def collect_sent_keys(request: HttpRequest) -> set[api_key_format.PlaintextApiKey | None]:
    """Returns the keys in all headers. The same key in two headers counts once."""
    found, headers = set(), request.META
    authorization = headers.get("HTTP_AUTHORIZATION")
    if authorization is not None:
        scheme, _space, token = authorization.partition(" ")
        found.add(
            api_key_format.parse_api_key(token.strip()) if scheme.lower() == "bearer" else None
        )
    public, secret = headers.get("HTTP_X_API_KEY"), headers.get("HTTP_X_API_SECRET")
    if secret is not None:
        found.add(api_key_format.parse_api_key_pair(public or "", secret))
    elif public is not None:
        found.add(api_key_format.parse_api_key(public))
    return found
