"""The client for jambonz's API: a bearer key, JSON, and statuses that cannot be taken literally."""

import re
from collections.abc import Callable
from typing import Any, NoReturn, TypeVar

# The module is imported as a whole, because importing integrations.http.platform_client first leads
# here before it is complete.
from integrations.http import platform_client
from integrations.http.rate_limits import parse_retry_after
from integrations.http.response_body import shorten_to_line
from integrations.providers.base import (
    CredentialsRefused,
    OutcomeUnknown,
    Refused,
    Unavailable,
    UnexpectedResponse,
    UnexpectedWriteResponse,
    build_unexpected_response,
)

T = TypeVar("T")

_DATABASE_CONNECTION_ERRORS = re.compile("ECONN|ETIMEDOUT|PROTOCOL|EPIPE|EAI_AGAIN")
_ROLLED_BACK_ERRORS = re.compile(
    "deadlock found|lock wait timeout|too many connections", re.IGNORECASE
)

_ERROR_HINTS = {
    "insufficient privileges": "The API key may not do this; some jambonz let only a service "
    "provider's key manage carriers and numbers.",
    "foreign key constraint": "Something it names is not, or no longer, on this jambonz.",
    "Unknown column": "This jambonz is of another version than Patchbay knows (0.9.6).",
    "[object Object]": "A carrier's register_status was overwritten on this jambonz; whoever runs "
    "it must set it to null.",
}


class Rejected(Refused):
    """Raised when jambonz rejected the request, with its status and message."""

    def __init__(self, sentence: str, status: int, words: str):
        super().__init__(sentence)
        self.status, self.words = status, words


class Client:
    """The methods of the API. `doing` completes the sentence "jambonz did not …"."""

    def __init__(self, door: Any, token: str):
        self.door = door
        # Not as ?access_token=, which also works and ends up in logs.
        self._headers = {"Authorization": f"Bearer {token}"}

    def get(self, path: str, doing: str, **params: str | int) -> Any:
        """Returns the JSON of the response, or None if the object does not exist."""
        answer = self.door.request("GET", path, params=params or None, headers=self._headers)
        if answer.status == 404 and not _is_html_page(answer):
            return None
        self._judge(answer, doing)
        return answer.json()

    def rows(self, path: str, doing: str, **params: str | int) -> list[dict[str, Any]]:
        rows = self.get(path, doing, **params)
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise UnexpectedResponse(
                f"jambonz did not {doing}: the answer is no list. {_ADDRESS_HINT}"
            )
        return rows

    def pages(self, path: str, doing: str, **params: str | int) -> list[dict[str, Any]]:
        """Returns every row of a paged list. Always sends `page`, without which the API ignores
        page_size."""
        found: list[dict[str, Any]] = []
        for page in range(1, 1000):
            answer = self.get(path, doing, page=page, page_size=50, **params)
            rows = answer.get("data") if isinstance(answer, dict) else None
            if not isinstance(rows, list):
                sentence = f"jambonz did not {doing}: the answer has no pages. {_ADDRESS_HINT}"
                raise UnexpectedResponse(sentence)
            found += rows
            if len(rows) < 50:
                break
        return found

    def create(self, path: str, body: dict[str, Any], doing: str) -> str:
        """Creates an object and returns its sid."""
        created = self._write("POST", path, doing, body).json()
        if not isinstance(created, dict) or not isinstance(created.get("sid"), str):
            sentence = f"jambonz was asked to {doing} and did not tell the new sid."
            raise UnexpectedWriteResponse(sentence)
        return created["sid"]

    def change(self, path: str, body: dict[str, Any], doing: str) -> None:
        """Changes an object. Raises Unavailable if it was removed since it was observed; the next
        attempt creates it again."""
        if self._write("PUT", path, doing, body).status == 404:
            raise Unavailable(f"jambonz could not {doing}: it has just been removed there.")

    def remove(self, path: str, doing: str) -> None:
        """Deletes an object. Succeeds if it is already gone."""
        self._write("DELETE", path, doing)

    def _write(
        self, method: str, path: str, doing: str, body: Any = None
    ) -> "platform_client.PlatformResponse":
        answer = self.door.request(method, path, json=body, headers=self._headers)
        if answer.status != 404 or method == "POST" or _is_html_page(answer):
            self._judge(answer, doing)
        return answer

    def _judge(self, answer: "platform_client.PlatformResponse", doing: str) -> None:
        status, words = answer.status, self._words(answer)
        if status == 401:
            raise CredentialsRefused(
                "jambonz does not accept the API key: it was revoked or mistyped."
            )
        if status in (408, 425, 429):
            # The default limit is 600 requests in 5 minutes, for all clients of a jambonz together.
            sentence = f"jambonz did not {doing}: too many requests."
            raise Unavailable(sentence, retry_after=parse_retry_after(answer.headers))
        if status >= 500:
            self._fail(answer, doing, words)
        if status >= 400:
            raise Rejected(_jambonz_error_message(doing, status, words), status, words)
        if _is_html_page(answer):
            sentence = f"jambonz did not {doing}: {answer.url} is a web page. {_ADDRESS_HINT}"
            raise build_unexpected_response(sentence, reads=answer.reads)

    def _fail(self, answer: "platform_client.PlatformResponse", doing: str, words: str) -> NoReturn:
        """Raises the error for a status of 500 or more. A 500 is as often the client's error
        (unknown column, too long) as the server's."""
        if answer.status == 500 and words and _ROLLED_BACK_ERRORS.search(words):
            raise Unavailable(f"jambonz did not {doing}: {words}")
        if answer.status == 500 and words and not _DATABASE_CONNECTION_ERRORS.search(words):
            raise Rejected(_jambonz_error_message(doing, 500, words), 500, words)
        reason = words or f"it answered {answer.status}"
        # A request that failed to connect had no effect; one that failed later may have been
        # carried out.
        if answer.reads or answer.status == 503 or words.startswith("connect "):
            raise Unavailable(
                f"jambonz did not {doing}: {reason}", retry_after=parse_retry_after(answer.headers)
            )
        raise OutcomeUnknown(f"jambonz was asked to {doing} and broke off: {reason}")

    def _words(self, answer: "platform_client.PlatformResponse") -> str:
        """Returns the error message, which is {"msg"}, or {"message"}, or plain text, or
        missing."""
        if answer.status < 400 or _is_html_page(answer):
            return ""
        try:
            body = answer.json()
        except (Refused, OutcomeUnknown):
            body = answer.text
        if isinstance(body, dict):
            body = body.get("msg") or body.get("message") or ""
        return shorten_to_line(self.door.redact(body), 300) if isinstance(body, str) else ""


_ADDRESS_HINT = "Check the API address; it usually ends in /v1 or /api/v1."


def _is_html_page(answer: "platform_client.PlatformResponse") -> bool:
    """Returns whether the response is an HTML page, which means an unknown route. The response for
    an unknown object is empty or plain text."""
    return "html" in answer.headers.get("content-type", "")


def _jambonz_error_message(doing: str, status: int, words: str) -> str:
    advice = next((text for key, text in _ERROR_HINTS.items() if key in words), "")
    advice = advice or (_ADDRESS_HINT if status == 404 else "")
    return f"jambonz did not {doing}: {words or status}. {advice}".strip()


def write_and_verify(write: Callable[[], T], look: Callable[[], T | None]) -> T:
    """Returns the result of `write`. A write that failed with a 500 may have succeeded
    nevertheless, so in that case returns what `look` finds, or raises the error if that is None."""
    try:
        return write()
    except Rejected as error:
        if error.status < 500:
            raise
        found = look()
        if found is None:
            raise
        return found
