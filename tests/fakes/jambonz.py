"""A fake jambonz-api-server 0.9.6 with the manners it was measured to have, bad ones included.

Only what Patchbay meets: accounts, applications, carriers, gateways, numbers and call routes.
tests/fakes/test_jambonz.py holds it against the real one.

    with FakeJambonz() as jambonz:
        jambonz.base_url, jambonz.sp_key, jambonz.account_key, jambonz.account_sid, …
        jambonz.lose_reply("POST", "/PhoneNumbers")     # the next one is done and not answered
"""

import json
import re
from random import Random
from time import monotonic
from typing import Any

from tests.fakes.jambonz_routes import CallerKey, JambonzError, JambonzRoutes, new_sid
from tests.fakes.jambonz_tables import TABLES, FakeDatabase, Row, SqlError
from tests.fakes.wire import FakeResponse, FakeServer, ReceivedRequest

_ID = "/([^/]+)"

ROUTES = [
    ("GET", "/Accounts", "list_accounts"),
    ("GET", "/Sbcs", "list_sbcs"),
    ("GET", "/ServiceProviders", "list_service_providers"),
    ("GET", f"/Accounts{_ID}/Applications", "list_applications"),
    ("GET", f"/Applications{_ID}", "get_application"),
    ("GET", "/VoipCarriers", "list_carriers"),
    ("GET", f"/ServiceProviders{_ID}/VoipCarriers", "list_sp_carriers"),
    ("GET", f"/Accounts{_ID}/VoipCarriers", "list_account_carriers"),
    ("GET", f"/VoipCarriers{_ID}", "get_carrier"),
    ("POST", "/VoipCarriers", "add_carrier"),
    ("POST", f"/ServiceProviders{_ID}/VoipCarriers", "add_sp_carrier"),
    ("POST", f"/Accounts{_ID}/VoipCarriers", "add_account_carrier"),
    ("PUT", f"/VoipCarriers{_ID}", "change_carrier"),
    ("DELETE", f"/VoipCarriers{_ID}", "delete_carrier"),
    ("GET", "/SipGateways", "list_gateways"),
    ("GET", f"/SipGateways{_ID}", "get_gateway"),
    ("POST", "/SipGateways", "add_gateway"),
    ("PUT", f"/SipGateways{_ID}", "change_gateway"),
    ("DELETE", f"/SipGateways{_ID}", "delete_gateway"),
    ("GET", "/PhoneNumbers", "list_numbers"),
    ("GET", f"/PhoneNumbers{_ID}", "get_number"),
    ("POST", "/PhoneNumbers", "add_number"),
    ("PUT", f"/PhoneNumbers{_ID}", "change_number"),
    ("DELETE", f"/PhoneNumbers{_ID}", "delete_number"),
    ("GET", "/Lcrs", "list_lcrs"),
    ("GET", "/LcrRoutes", "list_lcr_routes"),
    ("POST", "/Lcrs", "add_lcr"),
    ("POST", "/LcrRoutes", "add_lcr_route"),
    ("POST", "/LcrCarrierSetEntries", "add_lcr_entry"),
]


class FakeJambonz(JambonzRoutes, FakeServer):
    """Two service providers: ours with two accounts, and a stranger with one."""

    def __init__(self, *, limit: int | None = None, window: float = 300, prefix: str = "/v1"):
        super().__init__()
        self.prefix, self.limit, self.window = prefix, limit, window
        self.database_is_down = False
        self._window_ends, self._left = 0.0, limit or 0
        self.sql = FakeDatabase(self._table)
        self.tables: dict[str, list[Row]] = {name: [] for name in TABLES}
        self._shuffle = Random(7)
        self._settle_in()

    @property
    def base_url(self) -> str:
        return self.url + self.prefix

    def _table(self, name: str) -> list[Row]:
        return self.tables[name]

    def _settle_in(self) -> None:
        names = """service_provider_sid foreign_service_provider_sid
            account_sid other_account_sid foreign_account_sid
            application_sid second_application_sid foreign_application_sid
            sp_key foreign_sp_key account_key admin_key"""
        for name in names.split():
            setattr(self, name, new_sid())
        ours, theirs = self.service_provider_sid, self.foreign_service_provider_sid
        self.keys = {
            self.sp_key: CallerKey(service_provider=ours),
            self.foreign_sp_key: CallerKey(service_provider=theirs),
            self.account_key: CallerKey(account=self.account_sid),
            self.admin_key: CallerKey(),
        }
        for sid, name in ((ours, "North Telecom"), (theirs, "South Telecom")):
            self.put("service_providers", service_provider_sid=sid, name=name)
        for sid, name, owner in (
            (self.account_sid, "Support", ours),
            (self.other_account_sid, "Sales", ours),
            (self.foreign_account_sid, "Foreign", theirs),
        ):
            self.put("accounts", account_sid=sid, name=name, service_provider_sid=owner)
        for sid, name, account in (
            (self.application_sid, "Reception", self.account_sid),
            (self.second_application_sid, "Night desk", self.account_sid),
            (self.foreign_application_sid, "Foreign app", self.foreign_account_sid),
        ):
            self.put("applications", application_sid=sid, name=name, account_sid=account)
        for address in ("203.0.113.11", "203.0.113.10"):
            self.put("sbc_addresses", ipv4=address, port=5060)

    def put(self, table: str, **values: Any) -> str:
        """A row that stands there already, past every check but the database's own."""
        return self.sql.insert(table, values)

    # ------------------------------------------------------------------------------ answering

    def handle(self, heard: ReceivedRequest) -> FakeResponse:
        headers, limited = self._limited()
        reply = limited or self._answered(heard)
        return FakeResponse(reply.status, reply.body, {**headers, **reply.headers})

    def _limited(self) -> tuple[dict[str, str], FakeResponse | None]:
        """For the whole system and before the key is looked at, as stock."""
        if self.limit is None:
            return {}, None
        if monotonic() >= self._window_ends:
            self._window_ends, self._left = monotonic() + self.window, self.limit
        self._left -= 1
        reset = str(max(1, round(self._window_ends - monotonic())))
        headers = {
            "RateLimit-Policy": f"{self.limit};w={self.window:g}",
            "RateLimit-Limit": str(self.limit),
            "RateLimit-Remaining": str(max(self._left, 0)),
            "RateLimit-Reset": reset,
        }
        text = "Too many requests, please try again later."
        return headers, FakeResponse(429, text, {"Retry-After": reset}) if self._left < 0 else None

    def _answered(self, heard: ReceivedRequest) -> FakeResponse:
        try:
            body = self._body(heard)
            key = self._key(heard)
            return self._route(heard, key, body)
        except JambonzError as bad:
            return FakeResponse(bad.status, {"msg": bad.msg})
        except SqlError as error:
            return FakeResponse(422 if error.is_duplicate else 500, {"msg": str(error)})

    def _body(self, heard: ReceivedRequest) -> Row:
        if "json" not in heard.headers.get("content-type", ""):
            return {}
        if len(heard.raw) > 102_400:
            raise JambonzError(413, "request entity too large")
        try:
            body = json.loads(heard.raw) if heard.raw else {}
        except ValueError:
            raise JambonzError(400, "Expected property name or '}' in JSON at position 1") from None
        return body if isinstance(body, dict) else {}

    def _key(self, heard: ReceivedRequest) -> CallerKey | None:
        if self.database_is_down:
            raise JambonzError(500, "connect ECONNREFUSED 127.0.0.1:3306")
        scheme, _, token = heard.headers.get("authorization", "").partition(" ")
        return self.keys.get(token) if scheme == "Bearer" else None

    def _route(self, heard: ReceivedRequest, key: CallerKey | None, body: Row) -> FakeResponse:
        if key is None:
            return FakeResponse(401, "Unauthorized", {"WWW-Authenticate": 'Bearer realm="Users"'})
        path = heard.path.removeprefix(self.prefix) if heard.path.startswith(self.prefix) else ""
        for method, pattern, name in ROUTES:
            if method == heard.method and (found := re.fullmatch(pattern, path)):
                return getattr(self, name)(key, *found.groups(), heard.query, body)
        page = f"<!DOCTYPE html>\n<pre>Cannot {heard.method} {heard.path}</pre>\n"
        return FakeResponse(404, page, {"Content-Type": "text/html; charset=utf-8"})

    def add_lcr(self, key: CallerKey, query: Row, body: Row) -> FakeResponse:
        owner = {"account_sid": key.account, "service_provider_sid": key.service_provider}
        return self._add("lcr", {**body, **owner})

    def add_lcr_route(self, key: CallerKey, query: Row, body: Row) -> FakeResponse:
        return self._add("lcr_routes", body)

    def add_lcr_entry(self, key: CallerKey, query: Row, body: Row) -> FakeResponse:
        return self._add("lcr_carrier_set_entry", body)

    def route_calls_over(self, carrier_sid: str, *, account: str | None = None) -> None:
        """What somebody did on the platform: outbound routing that uses this carrier."""
        owner = None if account else self.service_provider_sid
        lcr = self.put("lcr", name="Outbound", account_sid=account, service_provider_sid=owner)
        route = self.put("lcr_routes", lcr_sid=lcr, regex=".*", priority=1)
        self.put("lcr_carrier_set_entry", lcr_route_sid=route, voip_carrier_sid=carrier_sid)
