"""What the fake jambonz answers, route by route: the checks it makes, and those it forgets."""

import json
import re
from ipaddress import AddressValueError, IPv4Address
from random import Random
from typing import Any
from uuid import uuid4

from tests.fakes.jambonz_tables import TABLES, FakeDatabase, Row, matches_like, paginate_rows
from tests.fakes.wire import FakeResponse

UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
TEXT_HEADERS = {"Content-Type": "text/plain; charset=utf-8"}


class JambonzError(Exception):
    """An answer with {"msg"} and this status."""

    def __init__(self, status: int, msg: str):
        super().__init__(msg)
        self.status, self.msg = status, msg


class CallerKey:
    """Who asks: the row of an API key decides, and nothing else."""

    def __init__(self, *, account: str | None = None, service_provider: str | None = None):
        self.account, self.service_provider = account, service_provider
        self.is_admin = not account and not service_provider


class JambonzRoutes:
    """What jambonz.py routes to; each takes the key, the ids in the path, query and body."""

    sql: FakeDatabase
    tables: dict[str, list[Row]]
    _shuffle: Random

    # the three that tests look at most
    carriers = property(lambda self: self.tables["voip_carriers"])
    gateways = property(lambda self: self.tables["sip_gateways"])
    numbers = property(lambda self: self.tables["phone_numbers"])

    # -------------------------------------------------------------------- accounts and the like

    def list_accounts(self, key: CallerKey, query: Row, body: Row) -> FakeResponse:
        rows = self.tables["accounts"]
        if key.account:
            rows = [row for row in rows if row["account_sid"] == key.account]
        elif key.service_provider:
            rows = [row for row in rows if row["service_provider_sid"] == key.service_provider]
        return FakeResponse(200, rows)

    def list_service_providers(self, key: CallerKey, query: Row, body: Row) -> FakeResponse:
        """An account key gets an empty list, for its row names no service provider."""
        rows = self.tables["service_providers"]
        return FakeResponse(
            200,
            [r for r in rows if key.is_admin or r["service_provider_sid"] == key.service_provider],
        )

    def list_sbcs(self, key: CallerKey, query: Row, body: Row) -> FakeResponse:
        """A service provider's own, or else those that all share."""
        rows = self.tables["sbc_addresses"]
        owner = (
            key.service_provider or self._owner(key.account) or query.get("service_provider_sid")
        )
        own = [row for row in rows if owner and row["service_provider_sid"] == owner]
        return FakeResponse(
            200, own or [row for row in rows if row["service_provider_sid"] is None]
        )

    def list_applications(
        self, key: CallerKey, account: str, query: Row, body: Row
    ) -> FakeResponse:
        self._need_account(key, account)
        return FakeResponse(
            200, [r for r in self.tables["applications"] if r["account_sid"] == account]
        )

    def get_application(self, key: CallerKey, sid: str, query: Row, body: Row) -> FakeResponse:
        row = self._one("applications", _require_uuid(sid))
        return (
            FakeResponse(200, row)
            if row and self._may(key, row["account_sid"])
            else FakeResponse(404)
        )

    def _need_account(self, key: CallerKey, account: str) -> None:
        _require_uuid(account)
        if not self._may(key, account):
            raise JambonzError(403, "insufficient permissions")

    def _may(self, key: CallerKey, account: str | None) -> bool:
        if key.is_admin or key.account:
            return key.is_admin or account == key.account
        return self._owner(account) == key.service_provider

    def _owner(self, account: str | None) -> str | None:
        row = self._one("accounts", account)
        return row["service_provider_sid"] if row else None

    def _one(self, table: str, sid: str | None) -> Row | None:
        return self.sql.one(table, sid)

    # -------------------------------------------------------------------------------- carriers

    def list_carriers(self, key: CallerKey, query: Row, body: Row) -> FakeResponse:
        owner, account = key.service_provider, key.account or query.get("account_sid")
        return self._carriers(owner, account, query)

    def list_sp_carriers(self, key: CallerKey, sp: str, query: Row, body: Row) -> FakeResponse:
        if not key.is_admin and sp != (key.service_provider or self._owner(key.account)):
            raise JambonzError(403, "insufficient permissions")
        return self._carriers(sp, key.account or query.get("account_sid"), query)

    def list_account_carriers(
        self, key: CallerKey, account: str, query: Row, body: Row
    ) -> FakeResponse:
        self._need_account(key, account)
        return FakeResponse(
            200,
            [_serialize_carrier_row(row) for row in self.carriers if row["account_sid"] == account],
        )

    def _carriers(self, owner: str | None, account: str | None, query: Row) -> FakeResponse:
        rows = [row for row in self.carriers if not owner or row["service_provider_sid"] == owner]
        if account:
            shared = (None, self._owner(account))
            rows = [
                r
                for r in rows
                if r["account_sid"] == account
                or (r["account_sid"], r["service_provider_sid"]) == shared
            ]
        if query.get("name"):
            rows = [row for row in rows if matches_like(query["name"], row["name"])]
        self._shuffle.shuffle(rows)  # no GATEWAY_FIELD_ORDER BY
        return FakeResponse(
            200, paginate_rows([_serialize_carrier_row(row) for row in rows], query, first=1)
        )

    def get_carrier(self, key: CallerKey, sid: str, query: Row, body: Row) -> FakeResponse:
        row = self._one("voip_carriers", _require_uuid(sid))
        if row is None:
            return FakeResponse(404)
        mine = key.is_admin or (
            row["account_sid"] == key.account
            if key.account
            else row["service_provider_sid"] == key.service_provider
        )
        shown = _serialize_carrier_row(row)
        if not mine:
            raise JambonzError(400, "insufficient privileges")
        return FakeResponse(200, shown)

    def add_carrier(self, key: CallerKey, query: Row, body: Row) -> FakeResponse:
        """Without service_provider_sid in the body, a service provider makes an orphan."""
        if key.account:
            body["account_sid"] = key.account
        if body.get("account_sid") and not self._one("accounts", body["account_sid"]):
            raise JambonzError(400, "unknown account_sid")
        _check_registration(body, {})
        return self._add("voip_carriers", body)

    def add_sp_carrier(self, key: CallerKey, sp: str, query: Row, body: Row) -> FakeResponse:
        """No validation at all on the scoped paths."""
        if key.account or (key.service_provider and sp != key.service_provider):
            raise JambonzError(403, "insufficient permissions to update service provider")
        return self._add("voip_carriers", {**body, "service_provider_sid": sp})

    def add_account_carrier(
        self, key: CallerKey, account: str, query: Row, body: Row
    ) -> FakeResponse:
        """account_sid in the body wins over the one in the path, whoever's it is."""
        self._need_account(key, account)
        if not key.account:
            raise JambonzError(
                500, "Cannot read properties of undefined (reading 'service_provider_sid')"
            )
        body["service_provider_sid"] = self._owner(account)
        return self._add("voip_carriers", {"account_sid": account, **body})

    def change_carrier(self, key: CallerKey, sid: str, query: Row, body: Row) -> FakeResponse:
        """A service provider may change anybody's."""
        row = self._one("voip_carriers", sid)
        if key.account:
            body["account_sid"] = key.account
            self._need_own(key, row)
        _check_registration(body, row or {})
        return self._change("voip_carriers", sid, body)

    def _need_own(self, key: CallerKey, row: Row | None) -> None:
        if row is None:
            raise JambonzError(500, "Cannot read properties of null (reading 'account_sid')")
        if row["account_sid"] != key.account:
            raise JambonzError(422, "carrier belongs to a different user")

    def delete_carrier(self, key: CallerKey, sid: str, query: Row, body: Row) -> FakeResponse:
        """The gateways go first, and stay gone when the carrier then cannot."""
        if key.account:
            self._need_own(key, self._one("voip_carriers", sid))
        if any(row["voip_carrier_sid"] == sid for row in self.numbers):
            raise JambonzError(422, "cannot delete voip carrier with active phone numbers")
        self.gateways[:] = [row for row in self.gateways if row["voip_carrier_sid"] != sid]
        return self._delete("voip_carriers", sid)

    # -------------------------------------------------------------------------------- gateways

    def list_gateways(self, key: CallerKey, query: Row, body: Row) -> FakeResponse:
        carrier = query.get("voip_carrier_sid")
        self._need_carrier(key, carrier, reading=True)
        rows = [row for row in self.gateways if row["voip_carrier_sid"] == carrier]
        self._shuffle.shuffle(rows)
        return FakeResponse(200, rows)

    def get_gateway(self, key: CallerKey, sid: str, query: Row, body: Row) -> FakeResponse:
        row = self._one("sip_gateways", sid)  # whoever asks
        return FakeResponse(200, row) if row else FakeResponse(404, "Not Found", TEXT_HEADERS)

    def add_gateway(self, key: CallerKey, query: Row, body: Row) -> FakeResponse:
        if not body.get("voip_carrier_sid"):
            raise JambonzError(400, "missing voip_carrier_sid")
        self._check_gateway(key, body["voip_carrier_sid"], body)
        return self._add("sip_gateways", body)

    def change_gateway(self, key: CallerKey, sid: str, query: Row, body: Row) -> FakeResponse:
        self._check_gateway(key, self._carrier_of_gateway(sid), body)
        return self._change("sip_gateways", sid, body)

    def delete_gateway(self, key: CallerKey, sid: str, query: Row, body: Row) -> FakeResponse:
        self._check_gateway(key, self._carrier_of_gateway(sid), {})
        return self._delete("sip_gateways", sid)

    def _carrier_of_gateway(self, sid: str) -> str:
        row = self._one("sip_gateways", sid)
        if row is None:
            raise JambonzError(400, "invalid sip_gateway_sid")
        return row["voip_carrier_sid"]

    def _need_carrier(self, key: CallerKey, sid: str | None, *, reading: bool) -> None:
        if not sid:
            raise JambonzError(400, "missing voip_carrier_sid")
        if key.is_admin:
            return
        row = self._one("voip_carriers", sid)
        if row is None:
            raise JambonzError(400, "invalid voip_carrier_sid")
        own = row["account_sid"] == key.account or (reading and row["account_sid"] is None)
        if not (own if key.account else row["service_provider_sid"] == key.service_provider):
            raise JambonzError(403, "insufficient privileges")

    def _check_gateway(self, key: CallerKey, carrier: str, body: Row) -> None:
        """Looks at the body alone, so half an object slips through or fails wrongly."""
        address, netmask = body.get("ipv4"), body.get("netmask")
        if re.search(r"\s", str(address)):
            raise JambonzError(400, "Gateway must not contain whitespace")
        if body.get("inbound") and not _is_ipv4(address):
            raise JambonzError(400, "Inbound gateway must be IPv4 address")
        if not body.get("inbound") and body.get("outbound") and netmask and str(netmask) != "32":
            raise JambonzError(400, "For outbound only gateway netmask can only be 32")
        self._need_carrier(key, carrier, reading=False)

    # --------------------------------------------------------------------------------- numbers

    def list_numbers(self, key: CallerKey, query: Row, body: Row) -> FakeResponse:
        """A service provider's list joins the accounts, so a number without one is in none."""
        owner = key.service_provider or (
            query.get("service_provider_sid") if key.is_admin else None
        )
        account = key.account or query.get("account_sid")
        rows = [
            row
            for row in self.numbers
            if (not owner or (row["account_sid"] and self._owner(row["account_sid"]) == owner))
            and (not account or row["account_sid"] == account)
            and (not query.get("filter") or matches_like(query["filter"], row["number"]))
        ]
        return FakeResponse(
            200, paginate_rows(sorted(rows, key=lambda row: row["number"]), query, first=0)
        )

    def get_number(self, key: CallerKey, sid: str, query: Row, body: Row) -> FakeResponse:
        row = self._one("phone_numbers", _require_uuid(sid))
        if row is None or (key.account and row["account_sid"] != key.account):
            return FakeResponse(404)
        owner = self._owner(row["account_sid"])
        if key.service_provider and owner and owner != key.service_provider:
            raise JambonzError(400, "insufficient privileges")
        return FakeResponse(200, row)

    def add_number(self, key: CallerKey, query: Row, body: Row) -> FakeResponse:
        if key.account:
            body["account_sid"] = key.account
        if key.service_provider:
            body["service_provider_sid"] = key.service_provider
        number = body.get("number")
        if not number:
            raise JambonzError(400, "number is required")
        if not isinstance(number, str):
            raise JambonzError(400, "number.startsWith is not a function")
        if re.search(r"\s", number):
            raise JambonzError(400, "number cannot contain whitespace")
        body["number"] = number.removeprefix("+")
        self._check_carrier_of(body)
        return self._add("phone_numbers", body)

    def _check_carrier_of(self, body: Row) -> None:
        if not (sid := body.get("voip_carrier_sid")):
            return
        carrier = self._one("voip_carriers", sid)
        if carrier is None:
            raise JambonzError(400, f"voip_carrier not found for sid {sid}")
        holder = carrier["account_sid"]
        if holder and body.get("account_sid") and holder != body["account_sid"]:
            raise JambonzError(400, "voip_carrier_sid does not belong to the account")

    def change_number(self, key: CallerKey, sid: str, query: Row, body: Row) -> FakeResponse:
        """An empty number or a null carrier gets through and spoils the row."""
        for name in ("voip_carrier_sid", "number"):
            if body.get(name):
                raise JambonzError(400, f"{name} may not be modified")
        row = self._one("phone_numbers", sid)
        if key.service_provider and row is None:
            raise JambonzError(
                500, "Cannot read properties of undefined (reading 'service_provider_sid')"
            )
        if row and key.account and row["account_sid"] != key.account:
            raise JambonzError(403, "insufficient privileges")
        if row and key.service_provider:
            owner = row["service_provider_sid"] or self._owner(row["account_sid"])
            if owner != key.service_provider:
                raise JambonzError(403, "insufficient privileges")
        return self._change("phone_numbers", sid, body)

    def delete_number(self, key: CallerKey, sid: str, query: Row, body: Row) -> FakeResponse:
        """Of any service provider."""
        row = self._one("phone_numbers", sid)
        if row and key.account and row["account_sid"] != key.account:
            raise JambonzError(403, "insufficient privileges")
        return self._delete("phone_numbers", sid)

    # ----------------------------------------------------------------------------- call routes

    def list_lcrs(self, key: CallerKey, query: Row, body: Row) -> FakeResponse:
        """A key sees the routing of its own kind, not what its accounts or its owner have."""
        column = "account_sid" if key.account else "service_provider_sid"
        owner = key.account or key.service_provider
        return FakeResponse(
            200, [r for r in self.tables["lcr"] if key.is_admin or r[column] == owner]
        )

    def list_lcr_routes(self, key: CallerKey, query: Row, body: Row) -> FakeResponse:
        entries = self.tables["lcr_carrier_set_entry"]
        routes = [
            {
                **route,
                "lcr_carrier_set_entries": [
                    e for e in entries if e["lcr_route_sid"] == route["lcr_route_sid"]
                ],
            }
            for route in self.tables["lcr_routes"]
            if route["lcr_sid"] == query.get("lcr_sid")
        ]
        return FakeResponse(200, routes)

    # ---------------------------------------------------------------------------- the database

    def _add(self, table: str, body: Row) -> FakeResponse:
        for name in TABLES[table].needed:
            if name not in body:
                raise JambonzError(400, f"missing field {name}")
        return FakeResponse(
            201, {"sid": self.sql.insert(table, {**body, TABLES[table].key: new_sid()})}
        )

    def _change(self, table: str, sid: str, body: Row) -> FakeResponse:
        key = TABLES[table].key
        if key in body:
            raise JambonzError(400, f"primary key {key} is immutable")
        return (
            FakeResponse(204)
            if self.sql.update(table, sid, body)
            else FakeResponse(404, "Not Found", TEXT_HEADERS)
        )

    def _delete(self, table: str, sid: str) -> FakeResponse:
        return (
            FakeResponse(204)
            if self.sql.delete(table, sid)
            else FakeResponse(404, "Not Found", TEXT_HEADERS)
        )


def new_sid() -> str:
    return str(uuid4())


def _require_uuid(sid: str) -> str:
    if not UUID.fullmatch(sid):
        raise JambonzError(400, "Bad request")
    return sid


def _is_ipv4(address: Any) -> bool:
    try:
        return bool(IPv4Address(address)) and isinstance(address, str)
    except AddressValueError:
        return False


def _serialize_carrier_row(row: Row) -> Row:
    """register_status is parsed on the way out; what went in as an object never parses again."""
    if row["register_status"] == "[object Object]":
        raise JambonzError(500, '"[object Object]" is not valid JSON')
    return {**row, "register_status": json.loads(row["register_status"] or "{}")}


def _check_registration(body: Row, row: Row) -> None:
    def now(name: str) -> Any:
        return body[name] if body.get(name) is not None else row.get(name)

    if now("requires_register"):
        for name in ("register_username", "register_password"):
            if not now(name):
                raise JambonzError(400, f"{name} is required when requires_register is true")
    if re.search(r"\s", body.get("register_username") or ""):
        raise JambonzError(400, "register_username must not contain whitespace")
    realm = body.get("register_sip_realm")
    if realm == "":
        raise JambonzError(400, "register_sip_realm must not be empty string; use null …")
    for name in ("register_sip_realm", "register_from_domain"):
        if (text := body.get(name)) and (re.search(r"\s|^sips?:", text, re.I) or "." not in text):
            raise JambonzError(
                400, f"{name} must be a valid domain or IP address (no sip: prefix, no spaces)"
            )
