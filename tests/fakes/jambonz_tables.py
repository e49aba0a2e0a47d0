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


def text_column(size: int, **options: Any) -> Column:
    return Column("text", size, **options)


def foreign_key_column(table: str, **options: Any) -> Column:
    return Column("text", 36, of=table, **options)


def flag_column(default: Any = 0) -> Column:
    return Column("bool", default=default, null=False)


def enum_column(*choices: str, null: bool = False) -> Column:
    return Column("enum", default=choices[0], null=null, choices=choices)


NAME_COLUMN = text_column(64, default=MISSING, null=False)

TABLES = {
    "service_providers": Table(
        "service_provider_sid", {"name": NAME_COLUMN, "description": text_column(255)}
    ),
    "accounts": Table(
        "account_sid",
        {
            "name": NAME_COLUMN,
            "service_provider_sid": foreign_key_column("service_providers"),
            "is_active": flag_column(1),
        },
        fixed={"webhook_secret": "wh_secret_of_the_account"},
    ),
    "applications": Table(
        "application_sid",
        {
            "name": NAME_COLUMN,
            "account_sid": foreign_key_column("accounts"),
            "app_json": text_column(4096),
        },
    ),
    "sbc_addresses": Table(
        "sbc_address_sid",
        {
            "ipv4": text_column(255, default=MISSING, null=False),
            "port": Column("int", default=5060, null=False),
            "service_provider_sid": foreign_key_column("service_providers"),
        },
    ),
    "voip_carriers": Table(
        "voip_carrier_sid",
        {
            "name": NAME_COLUMN,
            "description": text_column(255),
            "account_sid": foreign_key_column("accounts"),
            "service_provider_sid": foreign_key_column("service_providers"),
            "application_sid": foreign_key_column("applications"),
            "e164_leading_plus": flag_column(),
            "requires_register": flag_column(),
            "register_username": text_column(64),
            "register_sip_realm": text_column(64),
            "register_password": text_column(64),
            "tech_prefix": text_column(16),
            "inbound_auth_username": text_column(64),
            "inbound_auth_password": text_column(64),
            "diversion": text_column(32),
            "is_active": flag_column(1),
            "smpp_system_id": text_column(255),
            "smpp_password": text_column(64),
            "smpp_enquire_link_interval": Column("int", default=0),
            "smpp_inbound_system_id": text_column(255),
            "smpp_inbound_password": text_column(64),
            "register_from_user": text_column(128),
            "register_from_domain": text_column(255),
            "register_public_ip_in_contact": flag_column(),
            "register_status": Column("object", 4096),
            "dtmf_type": enum_column("rfc2833", "tones", "info"),
            "outbound_sip_proxy": text_column(255),
            "trunk_type": enum_column("static_ip", "auth", "reg"),
        },
        needed=("name",),
        fixed={"created_at": None},
    ),
    "sip_gateways": Table(
        "sip_gateway_sid",
        {
            "ipv4": text_column(128, default=MISSING, null=False),
            "netmask": Column("int", default=32, null=False),
            "port": Column("int"),
            "inbound": flag_column(MISSING),
            "outbound": flag_column(MISSING),
            "voip_carrier_sid": foreign_key_column("voip_carriers", default=MISSING, null=False),
            "is_active": flag_column(1),
            "send_options_ping": flag_column(),
            "use_sips_scheme": flag_column(),
            "pad_crypto": flag_column(),
            "protocol": enum_column("udp", "tcp", "tls", "tls/srtp", null=True),
            "remove_ice": flag_column(),
            "dtls_off": flag_column(),
        },
        needed=("ipv4",),
    ),
    "phone_numbers": Table(
        "phone_number_sid",
        {
            "number": text_column(132, default=MISSING, null=False),
            "voip_carrier_sid": foreign_key_column("voip_carriers"),
            "account_sid": foreign_key_column("accounts"),
            "application_sid": foreign_key_column("applications"),
            "service_provider_sid": foreign_key_column("service_providers"),
        },
        needed=("number",),
        unique=("number", "voip_carrier_sid"),
    ),
    "lcr": Table(
        "lcr_sid",
        {
            "name": text_column(64),
            "service_provider_sid": foreign_key_column("service_providers"),
            "account_sid": foreign_key_column("accounts"),
        },
    ),
    "lcr_routes": Table(
        "lcr_route_sid",
        {"lcr_sid": foreign_key_column("lcr"), "regex": text_column(32), "priority": Column("int")},
    ),
    "lcr_carrier_set_entry": Table(
        "lcr_carrier_set_entry_sid",
        {
            "lcr_route_sid": foreign_key_column("lcr_routes"),
            "voip_carrier_sid": foreign_key_column("voip_carriers"),
        },
    ),
}


class FakeDatabase:
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
        row |= {name: value or _current_time() for name, value in shape.fixed.items()}
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
        value = CONVERTERS[column.kind](name, column, value)
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


def _convert_text(name: str, column: Column, value: Any) -> str:
    value = value if isinstance(value, str) else str(value)
    if len(value) > column.size:
        raise SqlError(f"Data too long for column '{name}' at row 1")
    return value


def _convert_integer(name: str, column: Column, value: Any) -> int:
    try:
        return int(value)
    except ValueError:
        raise SqlError(f"Incorrect integer value: '{value}' for column `{name}` at row 1") from None


def _convert_enum(name: str, column: Column, value: Any) -> str:
    found = next((c for c in column.choices if c == str(value).lower()), None)
    if found is None:
        raise SqlError(f"Data truncated for column '{name}' at row 1")
    return found


def _convert_object(name: str, column: Column, value: Any) -> str:
    """Where the driver stringifies what it does not know."""
    return "[object Object]" if isinstance(value, dict) else str(value)


CONVERTERS: dict[str, Callable[[str, Column, Any], Any]] = {
    "text": _convert_text,
    "int": _convert_integer,
    "bool": _convert_integer,
    "enum": _convert_enum,
    "object": _convert_object,
}


def _current_time() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def matches_like(wanted: str, text: str) -> bool:
    """A part, whatever the case; % and _ stand for anything."""
    pattern = re.escape(wanted).replace("%", ".*").replace("_", ".")
    return re.search(pattern, text, re.IGNORECASE) is not None


def paginate_rows(rows: list[Row], query: Row, *, first: int) -> Any:
    """Without `page`, page_size is ignored. `first` is the lowest page that is no syntax error."""
    if "page" not in query:
        return rows
    page, size = query["page"], query.get("page_size", "50")
    if not re.fullmatch(r"-?\d+", page) or int(page) < first:
        raise SqlError("You have an error in your SQL syntax; check the manual …")
    start = (max(int(page), 1) - 1) * int(size)
    data = rows[start : start + int(size)]
    return {"total": len(rows), "page": int(page), "page_size": int(size), "data": data}
