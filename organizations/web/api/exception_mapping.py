"""The mapping from exceptions to problems, wherever they were raised."""

import logging
from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.core import exceptions as django
from django.db import IntegrityError, InterfaceError, OperationalError
from django.http import Http404, UnreadablePostError
from django.utils.translation import gettext as _
from rest_framework import exceptions as drf

from organizations.access.quotas import QuotaExceeded
from organizations.text.errors import error_summary
from organizations.web.api.problems import (
    FieldError,
    Problem,
    body_too_large_problem,
    field_error,
    invalid_request_problem,
)
from organizations.web.request_bodies import SlowBody, TooManyLargeBodies
from organizations.web.request_id import current_request_id

logger = logging.getLogger("organizations.api")

LOCK_TIMEOUT, DEADLOCK, SERIALIZATION = "55P03", "40P01", "40001"
UNIQUE, FOREIGN_KEY, EXCLUSION = "23505", "23503", "23P01"


def exception_to_problem(error: Exception) -> Problem:
    """Returns the problem for an exception. Unexpected exceptions are logged with their
    traceback."""
    if isinstance(error, Problem):
        return error
    for kind, translate in EXCEPTION_PROBLEMS:
        if isinstance(error, kind):
            return translate(error)
    return internal_problem(error)


def internal_problem(error: Exception) -> Problem:
    logger.error("Request %s failed", current_request_id(), exc_info=error)
    return Problem("internal")


def serializer_problem(error: drf.ValidationError) -> Problem:
    return invalid_request_problem(*flatten_errors(error.detail))


def flatten_errors(detail: Any, path: tuple[str, ...] = ()) -> Iterator[FieldError]:
    """Flattens DRF's nested errors: {"sip_gateways": [{}, {"port": […]}]} becomes
    sip_gateways.1.port."""
    if isinstance(detail, dict):
        for name, inner in detail.items():
            yield from flatten_errors(
                inner, path if name == "non_field_errors" else (*path, str(name))
            )
    elif isinstance(detail, list):
        for index, inner in enumerate(detail):
            nested = isinstance(inner, dict | list)
            yield from flatten_errors(inner, (*path, str(index)) if nested else path)
    else:
        yield field_error(".".join(path), detail, getattr(detail, "code", None) or "invalid")


def model_validation_problem(error: django.ValidationError) -> Problem:
    by_field = getattr(error, "error_dict", None) or {"": error.error_list}
    return invalid_request_problem(
        *(
            field_error(
                "" if name == django.NON_FIELD_ERRORS else name, text, one.code or "invalid"
            )
            for name, ones in by_field.items()
            for one in ones
            for text in one.messages
        )
    )


def quota_problem(error: QuotaExceeded) -> Problem:
    """Returns a problem whose `errors` name the quota, its limit and its usage."""
    usage = error.usage
    message = f"limit {usage.limit}, used {usage.used}"
    errors = [field_error(f"quotas.{usage.quota.name}", message, "quota-exceeded")]
    return Problem("quota-exceeded", " ".join(error.messages), errors=errors)


def drf_problem(error: drf.APIException) -> Problem:
    slugs = {401: "unauthorized", 403: "forbidden", 404: "not-found", 405: "method-not-allowed"}
    slugs |= {400: "invalid-request", 406: "not-acceptable", 415: "unsupported-media-type"}
    if error.status_code not in slugs:
        return internal_problem(error)
    return Problem(slugs[error.status_code], str(error.detail))


def integrity_problem(error: IntegrityError) -> Problem:
    """Returns a 409 if two requests wanted the same thing at once, so that the loser can read again
    and decide. Other constraint errors are internal."""
    if sqlstate(error) in (UNIQUE, EXCLUSION, FOREIGN_KEY):
        return Problem(
            "conflict",
            _("Another request changed the same thing at the same moment."),
            headers={"Retry-After": "1"},
        )
    return internal_problem(error)


def database_problem(error: OperationalError | InterfaceError) -> Problem:
    logger.error("Request %s: %s", current_request_id(), error_summary(error))
    if sqlstate(error) in (LOCK_TIMEOUT, DEADLOCK, SERIALIZATION):
        detail = _("Another request is changing the same thing.")
        return Problem("conflict", detail, headers={"Retry-After": "2"})
    return Problem("database-unavailable", headers={"Retry-After": "5"})


def unreadable_body_problem(error: UnreadablePostError) -> Problem:
    """Returns the problem for the error that `wsgi.input` raised. Django wraps that error, possibly
    twice."""
    cause: BaseException | None = error
    while isinstance(cause, UnreadablePostError):
        cause = cause.__cause__
    if isinstance(cause, SlowBody):
        return Problem("request-timeout")
    if isinstance(cause, TooManyLargeBodies):
        return Problem("server-busy", headers={"Retry-After": "30"})
    return Problem("incomplete-body")


def sqlstate(error: Exception) -> str:
    return getattr(error.__cause__, "sqlstate", None) or ""


EXCEPTION_PROBLEMS = (
    (drf.ParseError, lambda error: Problem("malformed-json", str(error.detail))),
    (drf.ValidationError, serializer_problem),
    (drf.APIException, drf_problem),
    (QuotaExceeded, quota_problem),
    (django.ValidationError, model_validation_problem),
    (Http404 | django.ObjectDoesNotExist, lambda error: Problem("not-found")),
    (django.PermissionDenied, lambda error: Problem("forbidden", str(error))),
    (UnreadablePostError, unreadable_body_problem),
    (
        django.RequestDataTooBig,
        lambda error: body_too_large_problem(settings.DATA_UPLOAD_MAX_MEMORY_SIZE),
    ),
    (django.SuspiciousOperation, lambda error: Problem("invalid-request")),
    (OperationalError | InterfaceError, database_problem),
    (IntegrityError, integrity_problem),
)
