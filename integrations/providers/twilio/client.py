"""The client for Twilio's API: HTTP Basic, forms in requests, JSON in responses, pages by the URL
of the next one."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

from integrations.http import platform_client
from integrations.http.response_body import shorten_to_line
from integrations.providers.base import (
    CredentialsRefused,
    Unavailable,
    UnexpectedResponse,
    build_unexpected_response,
)
from integrations.providers.twilio import account as accounts
from integrations.providers.twilio.errors import (
    build_twilio_error,
    json_object_fields,
    twilio_error_text,
)

Row = dict[str, Any]
NUMBERS_PATH = "/IncomingPhoneNumbers"
MAX_PAGES = 200  # at 1000 numbers each; more pages mean an endless list


class Client:
    """The methods of the API, on one account. `doing` completes the sentence "Twilio did not …"."""

    def __init__(self, door: Any, account: accounts.Account):
        self.door, self.sid = door, accounts.account_value(account, "account_sid")
        self.name = "SignalWire" if accounts.account_value(account, "space") else "Twilio"
        self._base = urlsplit(accounts.account_origins(account)[""])
        self._headers = {"Authorization": accounts.authorization_header(account)}
        door.hide(self._headers["Authorization"].partition(" ")[2])

    def of_account(self, rest: str = "") -> str:
        """Returns a path below the account. Without .json the response would be XML. The account is
        in the path even with an API key."""
        return f"/2010-04-01/Accounts/{self.sid}{rest}.json"

    def number(self, sid: str) -> str:
        return self.of_account(f"{NUMBERS_PATH}/{sid}")

    def get(self, path: str, doing: str, *, origin: str = "", params: Any = None) -> Row | None:
        """Returns the JSON object of the response, or None if it does not exist."""
        answer = self._send("GET", path, doing, params=params, origin=origin)
        return None if answer.status == 404 else self._object(answer, doing)

    def rows(self, path: str, doing: str, key: str, params: Any = None) -> Iterator[Row]:
        """Yields every row of a list, over all its pages."""
        seen: list[str] = []
        while True:
            body = self.get(path, doing, params=params)
            if body is None:
                raise CredentialsRefused(
                    f"{self.name} knows no account {self.sid} with these credentials."
                )
            yield from self.listed(body, doing, key)
            uri = body.get("next_page_uri")
            if not uri or uri in seen:
                return
            if not isinstance(uri, str) or len(seen) == MAX_PAGES:
                raise UnexpectedResponse(f"{self.name} did not {doing}: its pages have no end.")
            seen.append(uri)
            path, params = self._following(uri)

    def listed(self, body: Row, doing: str, key: str) -> list[Row]:
        rows = body.get(key)
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise UnexpectedResponse(f"{self.name} did not {doing}: the answer is no list.")
        return rows

    def _following(self, uri: str) -> tuple[str, Any]:
        """Returns path and parameters of the next page. Raises UnexpectedResponse if its URL is on
        another host, which must not get the credentials."""
        parts, base = urlsplit(uri), self._base
        here = ("", ""), (base.scheme, base.netloc)
        if (parts.scheme, parts.netloc) not in here:
            place = shorten_to_line(uri, 100)
            raise UnexpectedResponse(f"{self.name} keeps its next page elsewhere, at {place}.")
        return parts.path.removeprefix(base.path), parse_qs(parts.query, keep_blank_values=True)

    def create(self, path: str, form: Row, doing: str) -> Row:
        answer = self._send("POST", path, doing, form=form)
        if answer.status == 404:
            raise build_twilio_error(answer, self.name, doing, self._words(answer))
        return self._object(answer, doing)

    def change(self, path: str, form: Row, doing: str) -> Row:
        """Changes an object. Raises Unavailable if it was removed since it was observed; the next
        attempt observes it again."""
        answer = self._send("POST", path, doing, form=form)
        if answer.status == 404:
            raise Unavailable(f"{self.name} could not {doing}: it has just been removed there.")
        return self._object(answer, doing)

    def remove(self, path: str, doing: str, *, origin: str = "") -> None:
        """Deletes an object. Succeeds if it is already gone."""
        self._send("DELETE", path, doing, origin=origin)

    def _send(
        self, method: str, path: str, doing: str, **options: Any
    ) -> "platform_client.PlatformResponse":
        """Returns a response below 400, or a 404 of the platform itself. An HTML page with 404
        comes from a proxy and does not count."""
        answer = self.door.request(method, path, headers=self._headers, **options)
        is_absence = answer.status == 404 and "html" not in answer.headers.get("content-type", "")
        if answer.status >= 400 and not is_absence:
            raise build_twilio_error(answer, self.name, doing, self._words(answer))
        return answer

    def _words(self, answer: "platform_client.PlatformResponse") -> str:
        return self.door.redact(twilio_error_text(answer))

    def _object(self, answer: "platform_client.PlatformResponse", doing: str) -> Row:
        if fields := json_object_fields(answer):
            return fields
        sentence = f"{self.name} did not {doing}: its answer was no JSON object."
        raise build_unexpected_response(sentence, reads=answer.reads)
