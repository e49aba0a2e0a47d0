"""Redaction of texts that were sent to a platform or received from it, before they are stored."""

import re
from collections.abc import Sequence
from html import escape
from json import dumps
from urllib.parse import quote, quote_plus

from integrations.http.response_body import strip_control_characters

EXCERPT_BYTES = 4096
REDACTION_MASK = "••••"

# Every repetition before a value is bounded, because the texts are untrusted and could be crafted
# to stall the expression.
_SECRET_NAMES = r"(?:password|passwd|secret|token|authorization|api_?key)"
_PIN_NAME = r"(?<![a-z])pin(?![a-z])"  # not the one in send_options_ping
_JSON_VALUE = re.compile(
    rf'((?:{_SECRET_NAMES}|{_PIN_NAME})[^"\\]{{0,200}}\\{{0,8}}"\s{{0,9}}:\s{{0,9}})'
    r'(?:"(?:[^"\\]|\\.)*"?'  # a string, perhaps truncated
    r'|\\+"(?:[^"\\]|\\.)*'  # JSON within a JSON string: all of the rest of it
    r"|[{\[].*"  # an object or a list: everything after it, to be safe
    r'|(?!null\b)[^\s,}\]"\\]+)',
    re.IGNORECASE | re.DOTALL,
)
_FORM_VALUE = re.compile(rf'({_SECRET_NAMES}[\w.%-]{{0,200}}=)[^&\s"]+', re.IGNORECASE)
# user:password@ in a URL, plain or form-encoded.
_USERINFO = re.compile(
    r"""((?::|%3A)(?:\\?/|%2F){2})(?:(?!%2F|%3F|%23|%40)[^\s/"&?#@]){1,400}(@|%40)""",
    re.IGNORECASE,
)


def _encoded_variants(secret: str) -> set[str]:
    """Returns how one secret may appear in a URL, a form, an HTML page, JSON, or JSON within
    JSON."""
    plain = {secret, quote(secret), quote(secret, safe=""), quote_plus(secret), escape(secret)}
    once = {dumps(secret, ensure_ascii=ascii_only)[1:-1] for ascii_only in (True, False)}
    twice = {
        dumps(text, ensure_ascii=ascii_only)[1:-1] for text in once for ascii_only in (True, False)
    }
    return plain | once | twice


class Redactor:
    """Removes known secrets from texts, and the values of keys whose names suggest a secret."""

    def __init__(self, secrets: Sequence[str]):
        self._spellings: list[str] = []
        self.hide(*secrets)

    def hide(self, *secrets: str) -> None:
        spellings = {s for secret in secrets if secret for s in _encoded_variants(secret)}
        # Longest first, so that a secret that contains another is removed completely.
        self._spellings = sorted({*self._spellings, *spellings}, key=len, reverse=True)

    def redact(self, text: str) -> str:
        for spelling in self._spellings:
            text = text.replace(spelling, REDACTION_MASK)
        # The patterns see only the beginning: an unpaged list has megabytes, and 4 KB of it are
        # stored.
        text = _JSON_VALUE.sub(rf'\1"{REDACTION_MASK}"', text[: EXCERPT_BYTES * 4])
        text = _USERINFO.sub(rf"\1{REDACTION_MASK}\2", text)
        return strip_control_characters(_FORM_VALUE.sub(rf"\1{REDACTION_MASK}", text))

    def excerpt(self, body: bytes) -> str:
        text = self.redact(body.decode("utf-8", "replace"))
        return text.encode()[:EXCERPT_BYTES].decode("utf-8", "ignore")
