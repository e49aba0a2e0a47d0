"""Reads what a platform sent: JSON within bounds, and texts that the database and the log can hold.

Every reply passes here before a provider sees it (integrations/http/client.py), so no provider
meets a NUL, a lone surrogate, infinity or a million nested lists.
"""

import json
import math
import re
from typing import Any

MOST_DEPTH = 64  # levels of nesting; the platforms' own replies have 10 at most
LONGEST_NUMBER = 40  # characters
REPLACEMENT = "\N{REPLACEMENT CHARACTER}"

# PostgreSQL stores neither, in a text or in jsonb.
_UNSTORABLE = re.compile("[\0\ud800-\udfff]")
# Besides those: what moves a terminal's cursor, or the direction in which a line is read.
_CONTROL = "\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff"
_UNPRINTABLE = re.compile(f"[{_CONTROL}]")
_BREAKS = re.compile("[\\s\x85\u2028\u2029]+")


class UnreadableReply(ValueError):
    """The reply is no JSON that Patchbay takes. The text finishes "it answered with …"."""


def read_json(body: bytes) -> Any:
    """Returns the JSON value of a reply, with U+FFFD in place of what PostgreSQL cannot store.

    Raises UnreadableReply for everything else that JSON may smuggle in: another encoding, deep
    nesting, a repeated key, NaN, infinity, and integers longer than LONGEST_NUMBER digits.
    """
    try:
        value = json.loads(
            body.decode("utf-8-sig"),
            parse_constant=_refuse_constant,
            parse_float=_finite,
            parse_int=_integer,
            object_pairs_hook=_object,
        )
    except UnreadableReply:
        raise
    except UnicodeDecodeError:
        raise UnreadableReply("something that is not JSON in UTF-8") from None
    except RecursionError:
        raise _too_deep() from None
    except ValueError:
        raise UnreadableReply("something that is not JSON") from None
    return _cleaned(value)


def count_values(body: bytes) -> int:
    """Returns at least the number of values that JSON in `body` would make in memory."""
    return body.count(b",") + body.count(b"[") + body.count(b"{")


def storable(text: str) -> str:
    return _UNSTORABLE.sub(REPLACEMENT, text)


def printable(text: str) -> str:
    """Returns the text without control characters; line breaks and tabs stay."""
    return _UNPRINTABLE.sub("", text)


def one_line(text: str, longest: int) -> str:
    """Returns the text on one line of at most `longest` characters, fit for a log or a reason."""
    return printable(_BREAKS.sub(" ", text[: longest * 4])).strip()[:longest]


def _refuse_constant(name: str) -> None:
    raise UnreadableReply(f"JSON that contains {name}")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise UnreadableReply("JSON that contains an infinite number")
    return number


def _integer(text: str) -> int:
    if len(text) > LONGEST_NUMBER:
        raise UnreadableReply(f"JSON that contains a number of {len(text)} digits")
    return int(text)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        raise UnreadableReply("JSON that contains a key twice in one object")
    return made


def _cleaned(value: Any) -> Any:
    """In place, as a copy would need the memory twice; without recursion, as depth is the point."""
    whole = [value]
    todo: list[tuple[Any, int]] = [(whole, 0)]
    while todo:
        container, depth = todo.pop()
        if depth > MOST_DEPTH:
            raise _too_deep()
        for place, inner in _entries(container):
            if isinstance(inner, str):
                if _UNSTORABLE.search(inner):
                    container[place] = storable(inner)
            elif isinstance(inner, list | dict):
                todo.append((inner, depth + 1))
    return whole[0]


def _entries(container: Any) -> Any:
    if isinstance(container, list):
        return enumerate(container)
    for key in [key for key in container if _UNSTORABLE.search(key)]:
        container[storable(key)] = container.pop(key)
    return list(container.items())


def _too_deep() -> UnreadableReply:
    return UnreadableReply(f"JSON that is nested more than {MOST_DEPTH} levels deep")
