"""A fake livekit-server 1.13.5, its SIP API only, with the manners it was measured to have.

tests/fakes/test_livekit.py holds it against the real one.

    with FakeLiveKit() as livekit:
        livekit.base_url, livekit.api_key, livekit.api_secret, livekit.inbound, livekit.rules
        livekit.lose_reply("POST", "CreateSIPInboundTrunk")   # the next one is done, not answered
"""

import json
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jwt

from tests.fakes import livekit_rows as rows
from tests.fakes.livekit_rows import Row, TwirpError
from tests.fakes.wire import FakeResponse, FakeServer, ReceivedRequest

API_PREFIX = "/twirp/livekit.SIP/"
CLOCK_LEEWAY = 60
BATCH_SIZE = 1000  # what a page holds when a list asks for pages
ID_LETTERS = "23456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"


@dataclass(frozen=True)
class ObjectKind:
    """One kind of object: the fields, the checks, and the words of its requests."""

    table: str
    prefix: str
    id_name: str
    wrapper: str
    fields: Row
    check: Callable[[Row], None]
    what: str = "trunk"


OBJECT_KINDS = {
    "InboundTrunk": ObjectKind(
        "inbound", "ST_", "sip_trunk_id", "trunk", rows.INBOUND_FIELDS, rows.check_inbound
    ),
    "OutboundTrunk": ObjectKind(
        "outbound", "ST_", "sip_trunk_id", "trunk", rows.OUTBOUND_FIELDS, rows.check_outbound
    ),
    "DispatchRule": ObjectKind(
        "rules",
        "SDR_",
        "sip_dispatch_rule_id",
        "dispatch_rule",
        rows.RULE_FIELDS,
        rows.check_rule,
        "dispatch rule",
    ),
}
METHODS = {f"{verb}SIP{noun}" for verb in ("Create", "Update", "List") for noun in OBJECT_KINDS}
METHODS |= {"GetSIPInboundTrunk", "GetSIPOutboundTrunk", "DeleteSIPTrunk", "DeleteSIPDispatchRule"}


class AccessDenied(Exception):
    """401 in plain words, which may hold the whole token."""


class FakeLiveKit(FakeServer):
    """`drops` are fields that came with a later version: they are neither taken nor shown, and
    `without` are its methods."""

    def __init__(
        self,
        *,
        prefix: str = "",
        has_redis: bool = True,
        drops: tuple[str, ...] = (),
        without: tuple[str, ...] = (),
    ):
        super().__init__()
        self.prefix, self.has_redis, self.drops, self.without = prefix, has_redis, drops, without
        self.api_key, self.api_secret = "APIfake", secrets.token_urlsafe(32)
        self.keys = {self.api_key: self.api_secret}
        self.stores: dict[str, dict[str, Row]] = {kind.table: {} for kind in OBJECT_KINDS.values()}
        self.store_delay = 0.0  # between its check for conflicts and the storing: its race

    @property
    def base_url(self) -> str:
        return self.url + self.prefix

    @property
    def inbound(self) -> list[Row]:
        return self._sorted("inbound")

    @property
    def outbound(self) -> list[Row]:
        return self._sorted("outbound")

    @property
    def rules(self) -> list[Row]:
        return self._sorted("rules")

    def _sorted(self, table: str) -> list[Row]:
        return [row for _id, row in sorted(self.stores[table].items())]

    def put(self, table: str, **values: Any) -> str:
        """What somebody else has made there, past every check."""
        kind = next(kind for kind in OBJECT_KINDS.values() if kind.table == table)
        return self._store(kind, rows.parse_object(kind.fields, values))[kind.id_name]

    # ------------------------------------------------------------------------------ answering

    def _do(self, heard: ReceivedRequest) -> FakeResponse:
        """Without the wire's lock: the server has none either."""
        return self.handle(heard)

    def handle(self, heard: ReceivedRequest) -> FakeResponse:
        path = heard.path.removeprefix(self.prefix) if heard.path.startswith(self.prefix) else "?"
        try:
            grants = self._grants(heard)
            if not path.startswith(API_PREFIX):
                return (
                    _text_reply(404, "404 page not found\n")
                    if path != "/"
                    else _text_reply(200, "OK")
                )
            return FakeResponse(200, self._answer(heard, path, grants))
        except AccessDenied as denied:
            return _text_reply(401, str(denied))
        except TwirpError as wrong:
            route = {"twirp_invalid_route": f"{heard.method} {path}"}
            meta = {"meta": route} if wrong.code == "bad_route" else {}
            return FakeResponse(wrong.status, {"code": wrong.code, "msg": str(wrong), **meta})

    def _grants(self, heard: ReceivedRequest) -> Row:
        header = heard.headers.get("authorization", "")
        token = header.removeprefix("Bearer ")
        if not header:
            return {}
        if token == header:
            raise AccessDenied("invalid authorization header. Must start with Bearer ")
        try:
            key = jwt.decode(token, options={"verify_signature": False}).get("iss", "")
        except jwt.InvalidTokenError:
            raise AccessDenied("invalid authorization token") from None
        if key not in self.keys:
            raise AccessDenied(f"invalid API key: {key}")
        try:
            claims = jwt.decode(token, self.keys[key], algorithms=["HS256"], leeway=CLOCK_LEEWAY)
        except jwt.InvalidTokenError as error:
            raise AccessDenied(f"invalid token: {token}, error: {error}") from None
        return claims.get("sip") or {}

    def _answer(self, heard: ReceivedRequest, path: str, grants: Row) -> Row:
        method = path.removeprefix(API_PREFIX)
        if method not in METHODS or method in self.without:
            raise _bad_route_error(f'no handler for path "{path}"')
        if heard.method != "POST":
            raise _bad_route_error(f'unsupported method "{heard.method}" (only POST is allowed)')
        if not heard.headers.get("content-type", "").startswith("application/json"):
            raise _bad_route_error(
                f'unexpected Content-Type: "{heard.headers.get("content-type", "")}"'
            )
        body = _parse_body(heard)
        if not grants.get("admin"):
            raise TwirpError("permissions denied", code="unauthenticated", status=401)
        if not self.has_redis:
            words = "twirp error unknown: sip not connected (redis required)"
            raise TwirpError(words, code="internal", status=500)
        if method == "DeleteSIPTrunk":
            return self._delete_trunk(body)
        verb, noun = method.split("SIP")
        return getattr(self, f"_{verb.lower()}")(OBJECT_KINDS[noun], body)

    # -------------------------------------------------------------------------------- objects

    def _create(self, kind: ObjectKind, body: Row) -> Row:
        given = body.get(kind.wrapper)
        if given is None:
            raise TwirpError("missing rule" if kind.table == "rules" else "missing trunk")
        row = self._taken(kind, given)
        if row[kind.id_name]:
            raise TwirpError(
                "rule id must not be set" if kind.table == "rules" else _ID_NOT_ALLOWED
            )
        row = (
            rows.migrate_media_encryption(row) if kind.table == "rules" and not self.drops else row
        )
        kind.check(row)
        self._check_conflicts(kind, row)
        time.sleep(self.store_delay)
        return self._shown(self._store(kind, row))

    def _update(self, kind: ObjectKind, body: Row) -> Row:
        sid, what = body.get(kind.id_name) or "", kind.what.removeprefix("dispatch ")
        if not sid:
            raise TwirpError(f"{what} id must be set")
        if not {"replace", "update"} & body.keys():
            raise TwirpError("missing or unsupported update action")
        whole = self._taken(kind, body["replace"]) if "replace" in body else None
        if whole and whole[kind.id_name] not in ("", sid):
            raise TwirpError(f"{what} id in the info must be empty or match the id in the update")
        if whole:
            kind.check(whole)
        if sid not in self.stores[kind.table]:
            raise rows.missing_object_error(kind.what)
        row = whole or self._changed(kind, self.stores[kind.table][sid], body["update"])
        self._check_conflicts(kind, {**row, kind.id_name: sid})
        return self._shown(self._store(kind, {**row, kind.id_name: sid}))

    def _changed(self, kind: ObjectKind, row: Row, update: Row) -> Row:
        """Single fields of a trunk. The old field for media encryption moves nothing any more once
        the new one is set, and says afterwards what that one says."""
        numbers = update.get("numbers", {})
        if update.get("numbers") is not None and not any(numbers.values()):
            raise TwirpError("unsupported list update operation")
        listed = numbers.get("set", row["numbers"]) if not numbers.get("clear") else []
        row = rows.parse_object(kind.fields, {**row, **update, "numbers": listed})
        row = rows.migrate_media_encryption(row)
        row["media_encryption"] = row["media"].get("encryption", rows.ENUMS["encryption"][0])
        try:
            kind.check(row)
        except TwirpError as wrong:
            if kind.table == "outbound":
                raise TwirpError(str(wrong), code="unknown", status=500) from None
            raise TwirpError(f"twirp error unknown: {wrong}") from None
        return row

    def _get(self, kind: ObjectKind, body: Row) -> Row:
        if not body.get(kind.id_name):
            raise TwirpError("trunk ID is required")
        if body[kind.id_name] not in self.stores[kind.table]:
            raise rows.missing_object_error(kind.what)
        return {"trunk": self._shown(self.stores[kind.table][body[kind.id_name]])}

    def _list(self, kind: ObjectKind, body: Row) -> Row:
        found = self._sorted(kind.table)
        if body.get("page") is not None and len(body) > 1:
            found = self._first_batches(kind, found, body)
        return {"items": [self._shown(row) for row in found if _matches_filters(kind, row, body)]}

    def _first_batches(self, kind: ObjectKind, found: list[Row], body: Row) -> list[Row]:
        """The trap: it stops at the first page without a match."""
        kept: list[Row] = []
        for start in range(0, len(found), BATCH_SIZE):
            batch = [
                row
                for row in found[start : start + BATCH_SIZE]
                if _matches_filters(kind, row, body)
            ]
            if not batch:
                break
            kept += batch
        return kept

    def _delete_trunk(self, body: Row) -> Row:
        """Whichever kind, and whether it is there or not; rules stay and point to nothing."""
        sid = body.get("sip_trunk_id")
        if not sid:
            raise TwirpError("trunk ID is required")
        for table in ("inbound", "outbound"):
            self.stores[table].pop(sid, None)
        return {"sip_trunk_id": sid, "kind": "TRUNK_LEGACY", "name": "", "metadata": ""}

    def _delete(self, kind: ObjectKind, body: Row) -> Row:
        if not body.get(kind.id_name):
            raise TwirpError("dispatch rule ID is required")
        row = self.stores[kind.table].pop(body[kind.id_name], None)
        if row is None:
            raise rows.missing_object_error("dispatch rule")
        return self._shown(row)

    # -------------------------------------------------------------------------------- storing

    def _taken(self, kind: ObjectKind, given: Any) -> Row:
        if not isinstance(given, dict):
            raise rows.malformed_error()
        known = {name: value for name, value in given.items() if name not in self.drops}
        return rows.parse_object(kind.fields, known)

    def _shown(self, row: Row) -> Row:
        return {name: value for name, value in row.items() if name not in self.drops}

    def _check_conflicts(self, kind: ObjectKind, row: Row) -> None:
        """Among the trunks that had the number, or the rules that had a trunk, before."""
        if kind.table == "outbound":
            return
        name = "trunk_ids" if kind.table == "rules" else "numbers"
        others = [
            o for o in self._sorted(kind.table) if _matches_filters(kind, o, {name: row[name]})
        ]
        mine = row[kind.id_name]
        known = [row if mine and other[kind.id_name] == mine else other for other in others]
        known += [] if mine else [row]
        check = rows.check_rule_conflicts if kind.table == "rules" else rows.check_trunk_conflicts
        check(known)

    def _store(self, kind: ObjectKind, row: Row) -> Row:
        sid = row[kind.id_name] or kind.prefix + "".join(
            secrets.choice(ID_LETTERS) for _ in range(12)
        )
        self.stores[kind.table][sid] = {**row, kind.id_name: sid}
        return self.stores[kind.table][sid]


_ID_NOT_ALLOWED = "trunk id must not be set"


def _parse_body(heard: ReceivedRequest) -> Row:
    try:
        body = json.loads(heard.raw)
    except ValueError:
        raise rows.malformed_error() from None
    if not isinstance(body, dict):
        raise rows.malformed_error()
    for name in ("numbers", "trunk_ids", "dispatch_rule_ids"):
        rows.parse_field(name, [], body.get(name) or [])
    return body


def _matches_filters(kind: ObjectKind, row: Row, filters: Row) -> bool:
    """What names no number, or no trunk, passes every filter by one."""
    own = "dispatch_rule_ids" if kind.table == "rules" else "trunk_ids"
    by_id = filters.get(own)
    if by_id and row[kind.id_name] not in by_id:
        return False
    name = "trunk_ids" if kind.table == "rules" else "numbers"
    wanted, given = filters.get(name) or [], row[name]
    if not wanted or not given:
        return True
    same = rows.normalize_number if kind.table == "inbound" else str
    return bool({same(each) for each in wanted} & {same(each) for each in given})


def _bad_route_error(words: str) -> TwirpError:
    return TwirpError(words, code="bad_route", status=404)


def _text_reply(status: int, text: str) -> FakeResponse:
    return FakeResponse(status, text, {"Content-Type": "text/plain; charset=utf-8"})
