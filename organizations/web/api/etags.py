"""ETag and If-Match: a change is made to the version its sender has seen, or not at all."""

from django.http import HttpRequest
from django.utils.http import parse_etags

from organizations.web.api.problems import Problem


def format_etag(version: int) -> str:
    """A strong one: one version has one representation."""
    return f'"{version}"'


def ensure_etag_match(request: HttpRequest, version: int) -> None:
    """412 unless If-Match is absent, `*`, or lists this version. Call it with the row locked."""
    wanted = request.META.get("HTTP_IF_MATCH")
    if wanted is None:
        return
    # A weak tag keeps its W/ here, so it equals no strong one, as RFC 9110 has it.
    tags = parse_etags(wanted)
    if "*" not in tags and format_etag(version) not in tags:
        raise Problem("precondition-failed")
