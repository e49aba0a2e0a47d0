"""Around every request: where it comes from, its id, a fitting answer when the database is away or
a form incomplete, what may be kept of it, language and zone."""

from collections.abc import Callable
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, UnreadablePostError
from django.middleware.locale import LocaleMiddleware
from django.utils import timezone, translation
from django.utils.translation import gettext_lazy as _

from organizations.tenancy import tenant_scope
from organizations.web.api.body_parsing import read_body
from organizations.web.api.error_handlers import error_response, is_api_path
from organizations.web.api.exception_mapping import exception_to_problem
from organizations.web.api.problems import Problem
from organizations.web.client_address import apply_forwarded_headers
from organizations.web.request_bodies import has_unknown_length
from organizations.web.request_id import begin_request, end_request, incoming_request_id
from organizations.web.views.context import ZONE_COOKIE

GetResponse = Callable[[HttpRequest], HttpResponse]


class ForwardedOrigin:
    """First of all: address, scheme and host of a request are the client's, whatever stands
    between."""

    def __init__(self, get_response: GetResponse):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        apply_forwarded_headers(request.META, settings.TRUSTED_PROXIES)
        return self.get_response(request)


class RequestId:
    """`request.id`: in the answer's `X-Request-Id`, in problems, in the log and in the audit log.
    It is the client's or a proxy's, where one was given."""

    def __init__(self, get_response: GetResponse):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.id = begin_request(
            request.META.get("REMOTE_ADDR") or None, incoming_request_id(request.META)
        )
        try:
            response = self.get_response(request)
        finally:
            end_request()
        response.headers["X-Request-Id"] = str(request.id)
        return response


class EmptyTenantScope:
    """Of no organization, until a view knows for whom it works; a streamed answer stays with what
    its view saw."""

    def __init__(self, get_response: GetResponse):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        before = tenant_scope.set_role(tenant_scope.WEB)
        try:
            response = self.get_response(request)
            if response.streaming and not response.is_async:
                response.streaming_content = tenant_scope.wrap_stream(response.streaming_content)
            return response
        finally:
            tenant_scope.reset(before)

    def process_view(self, request: HttpRequest, *_view: Any) -> None:
        """In the admin an operator sees all; what they may do there is the admin's to say."""
        if request.resolver_match.app_name == "admin" and request.user.is_staff:
            tenant_scope.enter_all_organizations()


class DatabaseUnavailable:
    """A page that cannot reach the database answers 503; API views know that themselves."""

    def __init__(self, get_response: GetResponse):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if isinstance(error, OperationalError | InterfaceError):
            return error_response(request, exception_to_problem(error))
        return None


class RequireCompleteForms:
    """A page that changes something sees a form that has arrived whole; else the answer is 400.

    Before the view and before the CSRF check, as either may do without the form: the token can be
    in a header. The views of the APIs read their bodies themselves, once they know who asks.
    """

    def __init__(self, get_response: GetResponse):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, *_view: Any) -> HttpResponse | None:
        if request.method in SAFE_METHODS or is_api_path(request.path):
            return None
        try:
            read_complete_form(request)
        except (UnreadablePostError, RequestDataTooBig, Problem) as error:
            problem = exception_to_problem(error)
            because = PROBLEM_MESSAGES.get(problem.kind.slug, "")
            return error_response(request, problem, because=because)
        return None


SAFE_METHODS = ("GET", "HEAD", "OPTIONS", "TRACE")
PROBLEM_MESSAGES = {
    "incomplete-body": _(
        "The connection ended before the whole form had arrived. Nothing was saved. "
        "Go back and send it again."
    ),
    "request-timeout": _(
        "The form came too slowly. Nothing was saved. Go back and send it again, in parts if it is "
        "large."
    ),
    "server-busy": _(
        "Too many large forms are arriving at the moment. Nothing was saved. "
        "Go back and send it again in half a minute."
    ),
    "payload-too-large": _(
        "The form is too large. Nothing was saved. Go back and send less of it."
    ),
}


def read_complete_form(request: HttpRequest) -> None:
    """All of the body; files go where the upload handlers keep them."""
    if request.META.get("HTTP_CONTENT_ENCODING", "identity").lower() != "identity":
        raise Problem("unsupported-media-type")
    if has_unknown_length(request.META):
        request.META["CONTENT_LENGTH"] = str(len(read_body(request)))
    if request.content_type == "multipart/form-data":
        request.POST  # noqa: B018  reads it
    else:
        request.body  # noqa: B018


class NoStore:
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


class LocaleAndTimezone(LocaleMiddleware):
    """Pages speak the reader's language and show times in the reader's zone. The APIs do neither:
    programs read them."""

    def process_request(self, request: HttpRequest) -> None:
        request.is_page = not request.path_info.startswith(API_PREFIXES)
        if request.is_page:
            super().process_request(request)
            timezone.activate(request_time_zone(request))

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        if not getattr(request, "is_page", False):
            return response
        timezone.deactivate()
        response = super().process_response(request, response)
        translation.activate(settings.LANGUAGE_CODE)  # the thread's next request may be a program's
        return response


API_PREFIXES = ("/v1/", "/api/")


def request_time_zone(request: HttpRequest) -> ZoneInfo:
    """The one that the reader chose, or the browser told (static/portal.js); UTC for who said
    nothing, or nonsense."""
    try:
        return ZoneInfo(request.COOKIES.get(ZONE_COOKIE) or "UTC")
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo("UTC")
