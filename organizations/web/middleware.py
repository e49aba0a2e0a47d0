"""Middleware around every request: origin, id, tenant scope, responses for an unavailable database
or an incomplete form, caching, language and time zone."""

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
    """Sets address, scheme and host of a request to the client's, whatever proxies are in between.
    Comes first."""

    def __init__(self, get_response: GetResponse):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        apply_forwarded_headers(request.META, settings.TRUSTED_PROXIES)
        return self.get_response(request)


class RequestId:
    """Sets `request.id`, which is in the response's `X-Request-Id`, in problems, in the log and in
    the audit log. Uses the id of the client or a proxy if there is one."""

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
    """Starts a request with an empty scope, until a view knows the organization. A streamed
    response keeps the scope of its view."""

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
        """Lets an operator in the admin see all organizations. The admin decides what they may do
        there."""
        if request.resolver_match.app_name == "admin" and request.user.is_staff:
            tenant_scope.enter_all_organizations()


class DatabaseUnavailable:
    """Answers 503 if a page cannot reach the database. API views do so themselves."""

    def __init__(self, get_response: GetResponse):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if isinstance(error, OperationalError | InterfaceError):
            return error_response(request, exception_to_problem(error))
        return None


class RequireCompleteForms:
    """Requires that a form has arrived completely before a page changes something; else the
    response is 400.

    Runs before the view and the CSRF check, because either may not need the form: the token can be
    in a header. API views read their bodies themselves, after authentication.
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
    """Reads the whole body. Upload handlers store the files."""
    if request.META.get("HTTP_CONTENT_ENCODING", "identity").lower() != "identity":
        raise Problem("unsupported-media-type")
    if has_unknown_length(request.META):
        request.META["CONTENT_LENGTH"] = str(len(read_body(request)))
    if request.content_type == "multipart/form-data":
        request.POST  # noqa: B018  reads it
    else:
        request.body  # noqa: B018


class NoStore:
    """Keeps what a signed-in person sees out of all caches, so that nobody finds it behind the back
    button of a shared computer. The cost is small: going back loads the page again. No page is
    exempt, so that nobody has to decide which ones are harmless."""

    def __init__(self, get_response: GetResponse):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if settings.SESSION_COOKIE_NAME in request.COOKIES:
            response.headers.setdefault("Cache-Control", "private, no-store")
        return response


class LocaleAndTimezone(LocaleMiddleware):
    """Sets the reader's language and time zone for pages. API responses use neither, because
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
        translation.activate(settings.LANGUAGE_CODE)  # the thread's next request may be an API call
        return response


API_PREFIXES = ("/v1/", "/api/")


def request_time_zone(request: HttpRequest) -> ZoneInfo:
    """Returns the time zone that the reader chose or the browser reported (static/portal.js), or
    UTC if it is missing or invalid."""
    try:
        return ZoneInfo(request.COOKIES.get(ZONE_COOKIE) or "UTC")
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo("UTC")
