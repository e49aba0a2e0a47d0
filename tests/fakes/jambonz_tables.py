"""The fake jambonz's database: the columns it has, and what MySQL says to a wrong value."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

Row = dict[str, Any]
MISSING = object()


class SqlError(Exception):
    def __init__(self, text: str, *, is_duplicate: bool = False):
        super().__init__(text)
        self.is_duplicate = is_duplicate


@dataclass(frozen=True)
class Column:
    """`default` MISSING: must be given. A null where `null` is False is refused."""

    kind: str = "text"  # text | int | bool | enum | object
    size: int = 255
    default: Any = None
    null: bool = True
    choices: tuple[str, ...] = ()
    of: str = ""  # the table whose key it holds


@dataclass(frozen=True)
class Table:
    key: str
    columns: dict[str, Column]
    needed: tuple[str, ...] = ()  # asked for by the model, with a 400
    unique: tuple[str, ...] = ()
    fixed: Row = field(default_factory=dict)


def text(size: int, **options: Any) -> Column:
    return Column("text", size, **options)


def ref(table: str, **options: Any) -> Column:
    return Column("text", 36, of=table, **options)


def flag(default: Any = 0) -> Column:
    return Column("bool", default=default, null=False)


def enum(*choices: str, null: bool = False) -> Column:
    return Column("enum", default=choices[0], null=null, choices=choices)


NAME = text(64, default=MISSING, null=False)

TABLES = {
    "service_providers": Table("service_provider_sid", {"name": NAME, "description": text(255)}),
    "accounts": Table(
        "account_sid",
        {"name": NAME, "service_provider_sid": ref("service_providers"), "is_active": flag(1)},
        fixed={"webhook_secret": "wh_secret_of_the_account"},
    ),
    "applications": Table(
        "application_sid", {"name": NAME, "account_sid": ref("accounts"), "app_json": text(4096)}
    ),
    "sbc_addresses": Table(
        "sbc_address_sid",
        {
            "ipv4": text(255, default=MISSING, null=False),
            "port": Column("int", default=5060, null=False),
            "service_provider_sid": ref("service_providers"),
        },
    ),
    "voip_carriers": Table(
        "voip_carrier_sid",
        {
            "name": NAME,
            "description": text(255),
            "account_sid": ref("accounts"),
            "service_provider_sid": ref("service_providers"),
            "application_sid": ref("applications"),
            "e164_leading_plus": flag(),
            "requires_register": flag(),
            "register_username": text(64),
            "register_sip_realm": text(64),
            "register_password": text(64),
            "tech_prefix": text(16),
            "inbound_auth_username": text(64),
            "inbound_auth_password": text(64),
            "diversion": text(32),
            "is_active": flag(1),
            "smpp_system_id": text(255),
            "smpp_password": text(64),
            "smpp_enquire_link_interval": Column("int", default=0),
            "smpp_inbound_system_id": text(255),
            "smpp_inbound_password": text(64),
            "register_from_user": text(128),
            "register_from_domain": text(255),
            "register_public_ip_in_contact": flag(),
            "register_status": Column("object", 4096),
            "dtmf_type": enum("rfc2833", "tones", "info"),
            "outbound_sip_proxy": text(255),
            "trunk_type": enum("static_ip", "auth", "reg"),
        },
        needed=("name",),
        fixed={"created_at": None},
    ),
    "sip_gateways": Table(
        "sip_gateway_sid",
        {
            "ipv4": text(128, default=MISSING, null=False),
            "netmask": Column("int", default=32, null=False),
            "port": Column("int"),
            "inbound": flag(MISSING),
            "outbound": flag(MISSING),
            "voip_carrier_sid": ref("voip_carriers", default=MISSING, null=False),
            "is_active": flag(1),
            "send_options_ping": flag(),
            "use_sips_scheme": flag(),
            "pad_crypto": flag(),
            "protocol": enum("udp", "tcp", "tls", "tls/srtp", null=True),
            "remove_ice": flag(),
            "dtls_off": flag(),
        },
        needed=("ipv4",),
    ),
    "phone_numbers": Table(
        "phone_number_sid",
        {
            "number": text(132, default=MISSING, null=False),
            "voip_carrier_sid": ref("voip_carriers"),
            "account_sid": ref("accounts"),
            "application_sid": ref("applications"),
            "service_provider_sid": ref("service_providers"),
        },
        needed=("number",),
        unique=("number", "voip_carrier_sid"),
    ),
    "lcr": Table(
        "lcr_sid",
        {
            "name": text(64),
            "service_provider_sid": ref("service_providers"),
            "account_sid": ref("accounts"),
        },
    ),
    "lcr_routes": Table(
        "lcr_route_sid",
        {"lcr_sid": ref("lcr"), "regex": text(32), "priority": Column("int")},
    ),
    "lcr_carrier_set_entry": Table(
        "lcr_carrier_set_entry_sid",
        {"lcr_route_sid": ref("lcr_routes"), "voip_carrier_sid": ref("voip_carriers")},
    ),
}


class Sql:
    """INSERT, UPDATE and DELETE with MySQL's strict mode and its foreign keys."""

    def __init__(self, rows: Callable[[str], list[Row]]):
        self.rows = rows

    def one(self, table: str, sid: str | None) -> Row | None:
        key = TABLES[table].key
        return next((row for row in self.rows(table) if row[key] == sid), None)

    def insert(self, table: str, values: Row) -> str:
        shape = TABLES[table]
        values = {shape.key: str(uuid4()), **values}
        self._know(table, values, "INSERT INTO")
        row = {shape.key: values[shape.key]}
        for name, column in shape.columns.items():
            if name not in values and column.default is MISSING:
                raise SqlError(f"Field '{name}' doesn't have a default value")
            row[name] = self._fit(name, column, values.get(name, column.default))
        row |= {name: value or _now() for name, value in shape.fixed.items()}
        self._check_unique(table, row)
        self.rows(table).append(row)
        return row[shape.key]

    def update(self, table: str, sid: str, values: Row) -> bool:
        if not values:
            raise SqlError("You have an error in your SQL syntax; check the manual …")
        self._know(table, values, "SET")
        row, columns = self.one(table, sid), TABLES[table].columns
        fitted = {name: self._fit(name, columns[name], value) for name, value in values.items()}
        if row is None:
            return False
        self._check_unique(table, {**row, **fitted}, but=row)
        row.update(fitted)
        return True

    def delete(self, table: str, sid: str) -> bool:
        row = self.one(table, sid)
        if row is None:
            return False
        for other, shape in TABLES.items():
            for name, column in shape.columns.items():
                if column.of == table and any(r[name] == sid for r in self.rows(other)):
                    raise SqlError(
                        "Cannot delete or update a parent row: a foreign key constraint fails "
                        f"(`jambones`.`{other}` …)"
                    )
        self.rows(table).remove(row)
        return True

    def _know(self, table: str, values: Row, clause: str) -> None:
        known = {TABLES[table].key, *TABLES[table].columns}
        for name in values:
            if name not in known:
                raise SqlError(f"Unknown column '{name}' in '{clause}'")

    def _fit(self, name: str, column: Column, value: Any) -> Any:
        if value is None:
            if not column.null:
                raise SqlError(f"Column '{name}' cannot be null")
            return None
        value = FITS[column.kind](name, column, value)
        if column.of and self.one(column.of, value) is None:
            raise SqlError(
                "Cannot add or update a child row: a foreign key constraint fails "
                f"(`jambones` … FOREIGN KEY (`{name}`) REFERENCES `{column.of}`)"
            )
        return value

    def _check_unique(self, table: str, row: Row, but: Row | None = None) -> None:
        """A null in it makes a row unlike any other, as in MySQL."""
        values = [row[name] for name in TABLES[table].unique]
        if not values or None in values:
            return
        for other in self.rows(table):
            if other is not but and [other[name] for name in TABLES[table].unique] == values:
                entry = "-".join(values)
                raise SqlError(f"Duplicate entry '{entry}' for key 'unique_idx'", is_duplicate=True)


def _fit_text(name: str, column: Column, value: Any) -> str:
    value = value if isinstance(value, str) else str(value)
    if len(value) > column.size:
        raise SqlError(f"Data too long for column '{name}' at row 1")
    return value


def _fit_int(name: str, column: Column, value: Any) -> int:
    try:
        return int(value)
    except ValueError:
        raise SqlError(f"Incorrect integer value: '{value}' for column `{name}` at row 1") from None


def _fit_enum(name: str, column: Column, value: Any) -> str:
    found = next((c for c in column.choices if c == str(value).lower()), None)
    if found is None:
        raise SqlError(f"Data truncated for column '{name}' at row 1")
    return found


def _fit_object(name: str, column: Column, value: Any) -> str:
    """Where the driver stringifies what it does not know."""
    return "[object Object]" if isinstance(value, dict) else str(value)


FITS: dict[str, Callable[[str, Column, Any], Any]] = {
    "text": _fit_text,
    "int": _fit_int,
    "bool": _fit_int,
    "enum": _fit_enum,
    "object": _fit_object,
}


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def like(wanted: str, text: str) -> bool:
    """A part, whatever the case; % and _ stand for anything."""
    pattern = re.escape(wanted).replace("%", ".*").replace("_", ".")
    return re.search(pattern, text, re.IGNORECASE) is not None


def paged(rows: list[Row], query: Row, *, first: int) -> Any:
    """Without `page`, page_size is ignored. `first` is the lowest page that is no syntax error."""
    if "page" not in query:
        return rows
    page, size = query["page"], query.get("page_size", "50")
    if not re.fullmatch(r"-?\d+", page) or int(page) < first:
        raise SqlError("You have an error in your SQL syntax; check the manual …")
    start = (max(int(page), 1) - 1) * int(size)
    data = rows[start : start + int(size)]
    return {"total": len(rows), "page": int(page), "page_size": int(size), "data": data}
