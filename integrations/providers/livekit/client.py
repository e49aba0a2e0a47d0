"""The client for LiveKit's API: Twirp with JSON, access tokens that live a minute, and
classification of errors."""

import re
import time
from functools import cached_property
from typing import Any, NoReturn

import jwt

# The module is imported as a whole, because importing integrations.http.platform_client first leads
# here before it is complete.
from integrations.http import platform_client
from integrations.http.rate_limits import parse_retry_after
from integrations.http.response_body import shorten_to_line
from integrations.providers.base import (
    CredentialsRefused,
    OutcomeUnknown,
    ProviderError,
    Refused,
    Unavailable,
    UnexpectedResponse,
    UnexpectedWriteResponse,
    build_unexpected_response,
)

Row = dict[str, Any]

TOKEN_SECONDS = 60  # an attempt has 45, and the server allows another 60 for clock skew

# Some of LiveKit's own validation errors have status 500; repeating the request would not help.
_CLIENT_ERROR = re.compile("no trunk numbers|no outbound address|trunk address should")


def livekit_object_id(row: Row) -> str:
    """Returns the id of a trunk or dispatch rule, or "". Raises TypeError if it is not a string."""
    found = row.get("sip_trunk_id") or row.get("sip_dispatch_rule_id") or ""
    if not isinstance(found, str):
        raise TypeError("an id is no text")
    return found


class Rejected(Refused):
    """Raised when LiveKit rejected the request."""


class ObjectNotFound(Refused):
    """Raised when the object does not exist, or no longer."""


class Client:
    """The methods of livekit.SIP. `doing` completes the sentence "LiveKit did not …"."""

    def __init__(self, door: Any, api_key: str, api_secret: str):
        self.door, self._key, self._secret = door, api_key, api_secret

    def items(self, method: str, doing: str, **filters: list[str]) -> list[Row]:
        """Returns the rows of a list. Never sends `page`, because LiveKit overlooks rows when
        `page` and a filter are combined."""
        items = self._call(method, filters, doing, reads=True).get("items") or []
        if not isinstance(items, list) or not all(isinstance(row, dict | None) for row in items):
            raise UnexpectedResponse(
                f"LiveKit did not {doing}: the answer is no list. {_ADDRESS_HINT}"
            )
        return [row for row in items if row]  # null: an id in the filter that does not exist

    def get(self, method: str, body: Row, doing: str) -> Row | None:
        try:
            return self._call(method, body, doing, reads=True)
        except ObjectNotFound:
            return None

    def create(self, method: str, body: Row, doing: str) -> Row:
        made = self._call(method, body, doing)
        if not livekit_object_id(made):
            sentence = f"LiveKit was asked to {doing} and did not tell the new id."
            raise UnexpectedWriteResponse(sentence)
        return made

    def replace(self, method: str, body: Row, doing: str) -> Row:
        try:
            return self._call(method, body, doing)
        except ObjectNotFound:  # removed since it was observed; the next attempt creates it
            raise Unavailable(
                f"LiveKit could not {doing}: it has just been removed there."
            ) from None

    def delete(self, method: str, body: Row, doing: str) -> None:
        """Deletes the object. Succeeds if it is already gone."""
        try:
            self._call(method, body, doing)
        except ObjectNotFound:
            return

    @cached_property
    def _token(self) -> str:
        now = int(time.time())
        claims = {"iss": self._key, "nbf": now, "exp": now + TOKEN_SECONDS, "sip": {"admin": True}}
        token = jwt.encode(claims, self._secret, algorithm="HS256")
        # LiveKit quotes the complete token when it rejects it.
        self.door.hide(token)
        return token

    def _call(self, method: str, body: Row, doing: str, *, reads: bool = False) -> Row:
        headers = {"Authorization": f"Bearer {self._token}"}
        path = f"/twirp/livekit.SIP/{method}"
        answer = self.door.request("POST", path, json=body, headers=headers, reads=reads)
        if answer.status != 200:
            self._fail(answer, doing)
        said = answer.json()
        if isinstance(said, dict):
            return said
        sentence = f"LiveKit was asked to {doing} and did not answer with an object."
        raise build_unexpected_response(
            f"{sentence} {_ADDRESS_HINT}" if reads else sentence, reads=reads
        )

    def _fail(self, answer: "platform_client.PlatformResponse", doing: str) -> NoReturn:
        code, words = self._said(answer)
        if answer.status == 401:
            raise CredentialsRefused(_authentication_error_message(answer.text))
        if code == "not_found":
            raise ObjectNotFound(f"LiveKit did not {doing}: {words}")
        if "redis required" in words:
            raise Refused(f"LiveKit did not {doing}: {_REDIS_HINT}")
        if answer.status >= 500 and not _CLIENT_ERROR.search(words):
            raise self._broken_off(answer, doing, words)
        if answer.status in (408, 425, 429):
            raise self._broken_off(answer, doing, words or "too many requests")
        advice = _ADDRESS_HINT if answer.status == 404 else ""
        raise Rejected(f"LiveKit did not {doing}: {words or answer.status}. {advice}".strip())

    def _broken_off(
        self, answer: "platform_client.PlatformResponse", doing: str, words: str
    ) -> ProviderError:
        """Returns the error for a failed request. A request that was turned away had no effect, but
        one that failed later may have been carried out."""
        reason = words or f"it answered {answer.status}"
        if answer.reads or answer.status in (425, 429, 503):
            pause = parse_retry_after(answer.headers)
            return Unavailable(f"LiveKit did not {doing}: {reason}.", retry_after=pause)
        return OutcomeUnknown(f"LiveKit was asked to {doing} and broke off: {reason}.")

    def _said(self, answer: "platform_client.PlatformResponse") -> tuple[str, str]:
        """Returns Twirp's code and message. A body in any other format is not quoted, because a
        proxy's page is useless and the body of a 401 contains the token."""
        if "json" not in answer.headers.get("content-type", ""):
            return "", ""
        try:
            said = answer.json()
        except (Refused, OutcomeUnknown):
            return "", ""
        if not isinstance(said, dict):
            return "", ""
        words, code = (
            text if isinstance(text := said.get(name), str) else "" for name in _ERROR_FIELDS
        )
        words = self.door.redact(words).strip().removeprefix("twirp error unknown: ")
        return shorten_to_line(code, 100), shorten_to_line(words, 300).rstrip(".")


_ERROR_FIELDS = ("msg", "code")
_ADDRESS_HINT = "Check the address: it is that of LIVEKIT_URL, of a LiveKit 1.9 or newer."
_REDIS_HINT = (
    "it runs without Redis, and its SIP API needs one. Whoever runs it must configure redis."
)


def _authentication_error_message(text: str) -> str:
    """Returns why a token was rejected, without quoting it."""
    if text.startswith("invalid API key"):
        reason = "it does not know the key"
    elif "permissions denied" in text:
        reason = "the key may not administer SIP"
    else:
        reason = "the secret is another one, or the two clocks are more than a minute apart"
    return f"LiveKit does not accept the API key and secret: {reason}."
