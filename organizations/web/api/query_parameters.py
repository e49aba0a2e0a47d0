"""Query parameters, parsed strictly: each one known, given once, and of its type."""

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.http import QueryDict
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from organizations.text import rules
from organizations.web.api.problems import field_error, invalid_request_problem

ParameterParser = Callable[[str], Any]  # raises ValueError with a sentence


def parse_query(query: QueryDict, readers: Mapping[str, ParameterParser]) -> dict[str, Any]:
    """Returns the parsed parameters that were given. Raises one Problem with all errors."""
    values, errors = {}, []
    for name, given in query.lists():
        try:
            values[name] = parse_parameter(given, readers.get(name))
        except ValueError as error:
            code = "invalid" if name in readers else "unknown"
            errors.append(field_error(name, str(error), code))
    if errors:
        raise invalid_request_problem(*errors)
    return values


def parse_parameter(given: list[str], reader: ParameterParser | None) -> Any:
    if reader is None:
        raise ValueError(_("This parameter is not known here."))
    if len(given) != 1:
        raise ValueError(_("This parameter may be given once."))
    if wrong := rules.text_error(rules.trim_text(given[0])):
        raise ValueError(wrong)
    return reader(given[0])


def parameter_schema(**schema: Any) -> Callable[[ParameterParser], ParameterParser]:
    """Attaches a JSON schema to a parser. The parser's docstring is the description in the OpenAPI
    document."""

    def mark(reader: ParameterParser) -> ParameterParser:
        reader.schema = schema
        return reader

    return mark


@parameter_schema(type="string", format="uuid")
def parse_uuid_parameter(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise ValueError(_("A UUID is expected.")) from None


@parameter_schema(type="string", format="date-time")
def parse_timestamp(text: str) -> datetime:
    """ISO 8601 with its offset; in a URL, + is written %2B."""
    try:
        at = parse_datetime(text)
        # PostgreSQL accepts no offset of 16 hours or more, which ISO 8601 allows.
        at = at.astimezone(UTC) if at and at.tzinfo else None
    except (ValueError, OverflowError):  # OverflowError outside the years 1 to 9999
        at = None
    if at is None:
        raise ValueError(_("A time like 2026-11-20T10:00:00Z is expected (in a URL, + is %2B)."))
    return at


def choice_parser(values: Iterable[str]) -> ParameterParser:
    known = [str(value) for value in values]

    @parameter_schema(type="string", enum=known)
    def read(text: str) -> str:
        if text not in known:
            raise ValueError(
                _("One of these is expected: %(known)s.") % {"known": ", ".join(known)}
            )
        return text

    return read


def text_parser(max_length: int) -> ParameterParser:
    @parameter_schema(type="string", minLength=1, maxLength=max_length)
    def read(given: str) -> str:
        given = rules.trim_text(given)
        if not given or len(given) > max_length:
            raise ValueError(_("1 to %(max)d characters are expected.") % {"max": max_length})
        return given

    return read


@parameter_schema(type="boolean")
def parse_boolean(text: str) -> bool:
    return choice_parser(["true", "false"])(text) == "true"


def integer_parser(low: int, high: int) -> ParameterParser:
    @parameter_schema(type="integer", minimum=low, maximum=high)
    def read(given: str) -> int:
        if not re.fullmatch(r"-?[0-9]{1,18}", given) or not low <= int(given) <= high:
            message = _("A whole number from %(low)d to %(high)d is expected.")
            raise ValueError(message % {"low": low, "high": high})
        return int(given)

    return read
