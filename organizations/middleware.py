"""Around every request: its id, a fitting answer when the database is away, what may be kept of it,
language and zone."""

from collections.abc import Callable
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.conf import settings
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.middleware.locale import LocaleMiddleware
from django.utils import timezone, translation

from organizations.api.errors import error_response
from organizations.api.exceptions import problem_of
from organizations.request_ids import begin_request, end_request
from organizations.screens.context import ZONE_COOKIE

GetResponse = Callable[[HttpRequest], HttpResponse]


class RequestId:
    """`request.id`: in the answer's `X-Request-Id`, in problems and in the audit log."""

    def __init__(self, get_response: GetResponse):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.id = begin_request()
        try:
            response = self.get_response(request)
        finally:
            end_request()
        response.headers["X-Request-Id"] = str(request.id)
        return response


class DatabaseDown:
    """A page that cannot reach the database answers 503; API views know that themselves."""

    def __init__(self, get_response: GetResponse):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if isinstance(error, OperationalError | InterfaceError):
            return error_response(request, problem_of(error))
        return None


class NothingKept:
    """What is shown to somebody signed in stays in no store on the way, nor behind the back button
    of a computer that others use after them. The price, a page asked for anew on going back, is
    small; which page would be harmless is not decided page by page."""

    def __init__(self, get_response: GetResponse):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if settings.SESSION_COOKIE_NAME in request.COOKIES:
            response.headers.setdefault("Cache-Control", "private, no-store")
        return response


class Reader(LocaleMiddleware):
    """Pages speak the reader's language and show times in the reader's zone. The APIs do neither:
    programs read them."""

    def process_request(self, request: HttpRequest) -> None:
        request.is_page = not request.path_info.startswith(PROGRAMS)
        if request.is_page:
            super().process_request(request)
            timezone.activate(zone_of(request))

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        if not getattr(request, "is_page", False):
            return response
        timezone.deactivate()
        response = super().process_response(request, response)
        translation.activate(settings.LANGUAGE_CODE)  # the thread's next request may be a program's
        return response


PROGRAMS = ("/v1/", "/api/")


def zone_of(request: HttpRequest) -> ZoneInfo:
    """The one that the reader chose, or the browser told (static/portal.js); UTC for who said
    nothing, or nonsense."""
    try:
        return ZoneInfo(request.COOKIES.get(ZONE_COOKIE) or "UTC")
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo("UTC")
