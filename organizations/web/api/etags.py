"""ETag and If-Match: a change applies only to the version that the client has seen."""

from django.http import HttpRequest
from django.utils.http import parse_etags

from organizations.web.api.problems import Problem


def format_etag(version: int) -> str:
    """Returns a strong ETag, because each version has one representation."""
    return f'"{version}"'


def ensure_etag_match(request: HttpRequest, version: int) -> None:
    """Raises a 412 Problem unless If-Match is absent, `*`, or lists this version. The row must be
    locked."""
    wanted = request.META.get("HTTP_IF_MATCH")
    if wanted is None:
        return
    # A weak tag keeps its W/ prefix here, so it equals no strong tag, as RFC 9110 requires.
    tags = parse_etags(wanted)
    if "*" not in tags and format_etag(version) not in tags:
        raise Problem("precondition-failed")
