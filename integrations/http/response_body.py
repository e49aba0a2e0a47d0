"""Parses what a platform sent: JSON within limits, and texts that the database and the log can
store.

Every response is parsed here before a provider sees it (integrations/http/platform_client.py), so
no provider meets a NUL, a lone surrogate, infinity or a million nested lists.
"""

import json
import math
import re
from typing import Any

MAX_NESTING_DEPTH = 64  # levels of nesting; the platforms' own responses have 10 at most
MAX_INTEGER_DIGITS = 40  # characters
REPLACEMENT = "\N{REPLACEMENT CHARACTER}"

# PostgreSQL stores neither of these, in text or in jsonb.
_UNSTORABLE = re.compile("[\0\ud800-\udfff]")
# In addition, characters that move a terminal's cursor or change the reading direction of a line.
_CONTROL = "\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff"
_UNPRINTABLE = re.compile(f"[{_CONTROL}]")
_WHITESPACE = re.compile("[\\s\x85\u2028\u2029]+")


class UnreadableResponse(ValueError):
    """Raised when the response is not JSON that Patchbay accepts. The text completes the sentence
    "it answered with …"."""


def read_json(body: bytes) -> Any:
    """Returns the JSON value of a response, with U+FFFD in place of what PostgreSQL cannot store.

    Raises UnreadableResponse foreverything else that JSON may contain: another encoding, deep
    nesting, a repeated key, NaN, infinity, and integers longer than MAX_INTEGER_DIGITS digits.
    """
    try:
        value = json.loads(
            body.decode("utf-8-sig"),
            parse_constant=_reject_constant,
            parse_float=_parse_finite_float,
            parse_int=_parse_bounded_integer,
            object_pairs_hook=_build_json_object,
        )
    except UnreadableResponse:
        raise
    except UnicodeDecodeError:
        raise UnreadableResponse("something that is not JSON in UTF-8") from None
    except RecursionError:
        raise _nesting_error() from None
    except ValueError:
        raise UnreadableResponse("something that is not JSON") from None
    return _replace_unstorable_values(value)


def count_values(body: bytes) -> int:
    """Returns an upper bound of the number of values that JSON in `body` would create in memory."""
    return body.count(b",") + body.count(b"[") + body.count(b"{")


def replace_unstorable_characters(text: str) -> str:
    return _UNSTORABLE.sub(REPLACEMENT, text)


def strip_control_characters(text: str) -> str:
    """Returns the text without control characters; line breaks and tabs stay."""
    return _UNPRINTABLE.sub("", text)


def shorten_to_line(text: str, longest: int) -> str:
    """Returns the text on one line of at most `longest` characters, fit for a log or a reason."""
    return strip_control_characters(_WHITESPACE.sub(" ", text[: longest * 4])).strip()[:longest]


def _reject_constant(name: str) -> None:
    raise UnreadableResponse(f"JSON that contains {name}")


def _parse_finite_float(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise UnreadableResponse("JSON that contains an infinite number")
    return number


def _parse_bounded_integer(text: str) -> int:
    if len(text) > MAX_INTEGER_DIGITS:
        raise UnreadableResponse(f"JSON that contains a number of {len(text)} digits")
    return int(text)


def _build_json_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        raise UnreadableResponse("JSON that contains a key twice in one object")
    return made


def _replace_unstorable_values(value: Any) -> Any:
    """Replaces unstorable characters in place, because a copy would need the memory twice, and
    without recursion, because the depth is untrusted. Returns the value; raises UnreadableResponse
    if it is nested too deeply."""
    whole = [value]
    todo: list[tuple[Any, int]] = [(whole, 0)]
    while todo:
        container, depth = todo.pop()
        if depth > MAX_NESTING_DEPTH:
            raise _nesting_error()
        for place, inner in _container_entries(container):
            if isinstance(inner, str):
                if _UNSTORABLE.search(inner):
                    container[place] = replace_unstorable_characters(inner)
            elif isinstance(inner, list | dict):
                todo.append((inner, depth + 1))
    return whole[0]


def _container_entries(container: Any) -> Any:
    if isinstance(container, list):
        return enumerate(container)
    for key in [key for key in container if _UNSTORABLE.search(key)]:
        container[replace_unstorable_characters(key)] = container.pop(key)
    return list(container.items())


def _nesting_error() -> UnreadableResponse:
    return UnreadableResponse(f"JSON that is nested more than {MAX_NESTING_DEPTH} levels deep")
