"""A fake Twilio: owned numbers, numbers for sale and trunks, with its documented manners.

Both hosts answer on one address, as their paths never meet. tests/peers/test_twilio.py holds it
against Twilio's own OpenAPI files and Twilio's own client.

    with FakeTwilio() as twilio:
        twilio.url, twilio.account_sid, twilio.auth_token, twilio.keys, …
        sid = twilio.own("+15551234567", voice_url="https://example.com/before")
        twilio.lose_reply("POST", "/IncomingPhoneNumbers")     # the next one is done, not answered
"""

import re
from base64 import b64decode
from binascii import Error as NotBase64
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl
from uuid import uuid4

from tests.fakes.twilio_numbers import IncomingNumbers
from tests.fakes.twilio_rows import (
    Row,
    TwilioError,
    account_row,
    application_row,
    error_reply,
    new_sid,
)
from tests.fakes.twilio_shop import AvailableNumbers
from tests.fakes.twilio_trunks import SipTrunks
from tests.fakes.wire import FakeResponse, FakeServer, ReceivedRequest

_ID = "/([^/]+)"
_NUMBERS = "/IncomingPhoneNumbers"

# Method, path below the account, what does it, what a restricted key needs for it.
ROUTES = [
    ("GET", r"\.json", "get_account", "accounts:read"),
    ("GET", rf"{_NUMBERS}\.json", "list_numbers", "numbers:read"),
    ("POST", rf"{_NUMBERS}\.json", "buy_number", "numbers:write"),
    ("GET", rf"{_NUMBERS}{_ID}\.json", "get_number", "numbers:read"),
    ("POST", rf"{_NUMBERS}{_ID}\.json", "change_number", "numbers:write"),
    ("DELETE", rf"{_NUMBERS}{_ID}\.json", "release_number", "numbers:write"),
    ("GET", rf"/AvailablePhoneNumbers{_ID}{_ID}\.json", "search", "numbers:read"),
    ("GET", rf"/Applications{_ID}\.json", "get_application", "applications:read"),
]
TRUNK_ROUTES = [
    ("GET", "/v1/Trunks", "list_trunks", "trunking:read"),
    ("POST", "/v1/Trunks", "add_trunk", "trunking:write"),
    ("GET", f"/v1/Trunks{_ID}", "get_trunk", "trunking:read"),
    ("GET", f"/v1/Trunks{_ID}/PhoneNumbers", "list_trunk_numbers", "trunking:read"),
    ("POST", f"/v1/Trunks{_ID}/PhoneNumbers", "attach_number", "trunking:write"),
    ("GET", f"/v1/Trunks{_ID}/PhoneNumbers{_ID}", "get_trunk_number", "trunking:read"),
    ("DELETE", f"/v1/Trunks{_ID}/PhoneNumbers{_ID}", "detach_number", "trunking:write"),
]
ALL_PERMISSIONS = frozenset({route[3] for route in (*ROUTES, *TRUNK_ROUTES)})
STANDARD_PERMISSIONS = ALL_PERMISSIONS - {"accounts:read"}


@dataclass(frozen=True)
class Caller:
    account: str
    secret: str = field(repr=False)
    may: frozenset[str] = ALL_PERMISSIONS
    is_test: bool = False


class FakeTwilio(IncomingNumbers, AvailableNumbers, SipTrunks, FakeServer):
    """A parent account with a subaccount, and a key of each kind."""

    def __init__(self) -> None:
        super().__init__()
        self.account_sid, self.subaccount_sid = new_sid("AC"), new_sid("AC")
        self.auth_token, self.test_token = uuid4().hex, uuid4().hex
        self.accounts: dict[str, Row] = {
            self.account_sid: account_row(self.account_sid, self.account_sid, self.auth_token),
            self.subaccount_sid: account_row(self.subaccount_sid, self.account_sid, uuid4().hex),
        }
        self.main_key, self.standard_key, self.restricted_key = (new_sid("SK") for _ in range(3))
        self.key_secret = uuid4().hex
        account, secret = self.account_sid, self.key_secret
        self.keys: dict[str, Caller] = {
            self.main_key: Caller(account, secret),
            self.standard_key: Caller(account, secret, STANDARD_PERMISSIONS),
            self.restricted_key: Caller(account, secret, frozenset({"numbers:read"})),
        }
        self.numbers: dict[str, Row] = {}
        self.trunks: dict[str, Row] = {}
        self.applications: dict[str, Row] = {}

    def add_application(self) -> str:
        row = application_row(self.account_sid)
        self.applications[row["sid"]] = row
        return row["sid"]

    def burst(self, part: str, *, method: str = "GET", times: int = 1, **headers: str) -> None:
        """Too many requests at once: turned away and not processed."""
        body = error_reply(429, 20429, "Too Many Requests").body
        for _ in range(times):
            self.reply(method, part, 429, body, **headers)

    # ------------------------------------------------------------------------------ answering

    def handle(self, heard: ReceivedRequest) -> FakeResponse:
        try:
            return self._named(self._route(heard))
        except TwilioError as bad:
            return self._named(bad.reply)

    def _named(self, reply: FakeResponse) -> FakeResponse:
        headers = {"Twilio-Request-Id": f"RQ{uuid4().hex}", "Twilio-Concurrent-Requests": "1"}
        return FakeResponse(reply.status, reply.body, {**headers, **reply.headers})

    def _route(self, heard: ReceivedRequest) -> FakeResponse:
        caller = self._caller(heard)
        if found := re.fullmatch(r"/2010-04-01/Accounts/(\w+?)((?:/.*)?\.json)", heard.path):
            self._enter(caller, found[1], is_look=heard.method == "GET" and found[2] == ".json")
            return self._do_one(ROUTES, heard, caller, found[2])
        return self._do_one(TRUNK_ROUTES, heard, caller, heard.path)

    def _caller(self, heard: ReceivedRequest) -> Caller:
        scheme, _, text = heard.headers.get("authorization", "").partition(" ")
        try:
            user, _, secret = b64decode(text, validate=True).decode().partition(":")
        except (NotBase64, UnicodeDecodeError):
            user, secret = "", ""
        caller = self._known(user, secret)
        if scheme != "Basic" or caller is None or caller.secret != secret:
            raise TwilioError(401, 20003, "Authenticate")
        return caller

    def _known(self, user: str, secret: str) -> Caller | None:
        if user == self.account_sid and secret == self.test_token:
            return Caller(user, secret, is_test=True)
        account = self.accounts.get(user)
        return Caller(user, account["auth_token"]) if account else self.keys.get(user)

    def _enter(self, caller: Caller, account_sid: str, *, is_look: bool) -> None:
        """A key's SID in the path, or another account's, is a path that does not exist."""
        if caller.account != account_sid:
            raise not_found_error(account_sid)
        if self.accounts[account_sid]["status"] != "active" and not is_look:
            raise TwilioError(403, 20403, "Account is not active")

    def _do_one(
        self, routes: list[Any], heard: ReceivedRequest, caller: Caller, path: str
    ) -> FakeResponse:
        for method, pattern, name, permission in routes:
            if method == heard.method and (found := re.fullmatch(pattern, path)):
                self._permit(caller, permission)
                do: Callable[..., FakeResponse] = getattr(self, name)
                return do(*found.groups(), heard.query, parse_form(heard))
        raise not_found_error(heard.path)

    def _permit(self, caller: Caller, permission: str) -> None:
        if caller.is_test:
            raise TwilioError(403, 20008, "Resource not accessible with Test Account Credentials")
        if permission not in caller.may and caller.may == STANDARD_PERMISSIONS:
            raise TwilioError(401, 20003, "Authenticate")
        if permission not in caller.may:
            raise TwilioError(403, 70051, "Authorization Failed")

    def get_account(self, query: Row, form: Row) -> FakeResponse:
        return FakeResponse(200, self.accounts[self.account_sid])

    def get_application(self, sid: str, query: Row, form: Row) -> FakeResponse:
        if sid not in self.applications:
            raise not_found_error(f"/Applications/{sid}")
        return FakeResponse(200, self.applications[sid])


def not_found_error(what: str) -> TwilioError:
    return TwilioError(404, 20404, f"The requested resource {what} was not found")


def parse_form(heard: ReceivedRequest) -> Row:
    if not heard.raw:
        return {}
    if "x-www-form-urlencoded" not in heard.headers.get("content-type", ""):
        raise TwilioError(400, 20001, "The request body is no form")
    return dict(parse_qsl(heard.raw.decode(), keep_blank_values=True))
