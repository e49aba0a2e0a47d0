"""The kinds of values that settings have. Each parses the text of a variable and returns its value,
or raises InvalidValue, which says what the variable must be.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from email.utils import parseaddr
from ipaddress import ip_address, ip_network
from typing import Any, ClassVar
from urllib.parse import SplitResult, urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured
from psycopg.conninfo import conninfo_to_dict

from organizations.web.client_address import parse_trusted_network

ValueParser = Callable[[str], Any]

TRUE_WORDS, FALSE_WORDS = ("on", "true", "yes", "y", "1", "ok"), ("off", "false", "no", "n", "0")
HOST_PATTERN = re.compile(
    r"\*|\.?([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)*[a-z0-9]([a-z0-9-]*[a-z0-9])?\.?", re.I
)
FERNET_KEY = re.compile(r"[A-Za-z0-9_-]{43}=")
BROKER_SCHEMES = ("redis", "rediss", "redis+socket")
TLS_MODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
EMAIL_SCHEMES = tuple(environ.Env.EMAIL_SCHEMES)
MIN_SECRET_LENGTH = 32  # characters


class InvalidValue(ValueError):
    """An invalid value. `rule` continues after the variable's name: "must be on or off". `part` is
    the invalid part, if not the whole value is invalid."""

    def __init__(self, rule: str, part: str | None = None):
        super().__init__(rule)
        self.rule, self.part = rule, part


def parse_switch(text: str) -> bool:
    if text.lower() not in TRUE_WORDS + FALSE_WORDS:
        raise InvalidValue("must be on or off")
    return text.lower() in TRUE_WORDS


@dataclass(frozen=True)
class NumberInRange:
    """Parses a number from `low` to `high`."""

    low: float
    high: float
    pattern: ClassVar[str] = r"-?[0-9]{1,15}(\.[0-9]{1,15})?"
    name: ClassVar[str] = "number"
    make: ClassVar[Callable[[str], Any]] = float

    def __call__(self, text: str) -> Any:
        if not re.fullmatch(self.pattern, text) or not self.low <= float(text) <= self.high:
            raise InvalidValue(f"must be a {self.name} from {self.low} to {self.high}")
        return type(self).make(text)


class IntegerInRange(NumberInRange):
    pattern = r"-?[0-9]{1,15}"
    name = "whole number"
    make = int


@dataclass(frozen=True)
class Choice:
    words: tuple[str, ...]

    def __call__(self, text: str) -> str:
        if text not in self.words:
            raise InvalidValue(f"must be one of {', '.join(self.words)}")
        return text


def parse_log_level(text: str) -> str:
    return Choice(("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"))(text.upper())


def parse_text_line(text: str) -> str:
    """Parses one line of printable text. Raises InvalidValue."""
    if not text.isprintable():
        raise InvalidValue("must be one line of text")
    return text


def parse_folder_path(text: str) -> str:
    """Parses the path of a folder, which need not exist yet. Raises InvalidValue."""
    if "\0" in text:
        raise InvalidValue("must be the path of a folder")
    return text


@dataclass(frozen=True)
class CommaSeparated:
    """Parses values of one kind, separated by commas. `rule` describes them."""

    kind: ValueParser
    rule: str

    def __call__(self, text: str) -> list[str]:
        parts = [part for each in text.split(",") if (part := each.strip())]
        if not parts:
            raise InvalidValue(self.rule)
        for part in parts:
            try:
                self.kind(part)
            except ValueError:
                raise InvalidValue(self.rule, part) from None
        return parts


def parse_host(text: str) -> str:
    """Returns a host name, an IP address, or an IPv6 address from `[::1]` without brackets. Raises
    ValueError."""
    if text.startswith("[") and text.endswith("]"):
        return str(ip_address(text[1:-1]))
    if not HOST_PATTERN.fullmatch(text):
        raise ValueError(text)
    if re.fullmatch(r"[0-9.]+", text):
        ip_address(text)
    return text


parse_hosts = CommaSeparated(
    parse_host,
    "must be host names such as patchbay.example.com, without scheme, port and path, separated by "
    "commas",
)
parse_networks = CommaSeparated(
    ip_network,
    "must be networks such as 10.1.0.0/16, whose address is the first of the network, separated by "
    "commas",
)
parse_proxies = CommaSeparated(
    parse_trusted_network,
    "must be addresses and networks of proxies such as 127.0.0.1,10.1.2.0/24 (and `unix` for one "
    "that connects by a Unix socket), none of which may be everybody, separated by commas",
)


def parse_network(text: str) -> str:
    try:
        return str(ip_network(text))
    except ValueError:
        raise InvalidValue("must be a network such as 172.31.251.0/24") from None


def parse_port(text: str) -> int:
    return IntegerInRange(1, 65535)(text)


def split_valid_url(text: str) -> SplitResult:
    """Returns the parts of a URL. Raises ValueError if it has whitespace, no host or an invalid
    port."""
    if not text.isprintable() or re.search(r"\s", text):
        raise ValueError(text)
    parts = urlsplit(text)
    if parts.port == 0 or not parts.hostname:
        raise ValueError(text)
    parse_host(f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname)
    return parts


def parse_web_url(text: str) -> SplitResult:
    """Returns the parts of an http or https URL without user. Raises ValueError."""
    parts = split_valid_url(text)
    if parts.scheme not in ("http", "https") or parts.username is not None:
        raise ValueError(text)
    return parts


def parse_origin(text: str) -> str:
    """Returns the origin. The host may begin with `*.`, for all subdomains. Raises ValueError."""
    parts = parse_web_url(text.replace("://*.", "://any.", 1))
    if parts.path or parts.query or parts.fragment:
        raise ValueError(text)
    return text


parse_origins = CommaSeparated(
    parse_origin,
    "must be origins such as https://patchbay.example.com, with scheme and without path, separated "
    "by commas",
)


def parse_public_url(text: str) -> str:
    """Returns the URL without a trailing slash. Raises InvalidValue."""
    try:
        parts = parse_web_url(text)
        if parts.query or parts.fragment:
            raise ValueError(text)
    except ValueError:
        raise InvalidValue(
            "must be a URL such as https://patchbay.example.com, without user and query"
        ) from None
    return text.rstrip("/")


def parse_secure_url(text: str) -> str:
    """Returns a URL that credentials are sent to, so http is allowed only on loopback. Raises
    InvalidValue."""
    try:
        parts = parse_web_url(text)
        if parts.scheme == "https" or is_loopback_host(parts.hostname):
            return text
    except ValueError:
        pass
    raise InvalidValue("must be a URL that begins with https://, or with http:// on loopback")


def is_loopback_host(name: str) -> bool:
    try:
        return name == "localhost" or ip_address(name).is_loopback
    except ValueError:
        return False


def parse_database_url(text: str) -> str:
    try:
        info = conninfo_to_dict(text)
        ports = [each for each in str(info.get("port") or "").split(",") if each]
        if any(not 0 < int(each) < 65536 for each in ports):
            raise ValueError
        if not (info.get("dbname") or info.get("service")):
            raise ValueError
        if info.get("sslmode", "prefer") not in TLS_MODES:
            raise ValueError
    except Exception:  # psycopg's errors quote parts of the URL, and so of the password
        raise InvalidValue(
            "must be a URL of PostgreSQL: postgresql://user:password@host:5432/database, with %40 "
            "for an @ in the password and the like"
        ) from None
    return text


def parse_broker_url(text: str) -> str:
    try:
        if urlsplit(text).scheme == "redis+socket":
            is_valid = "/" in text.partition("://")[2]
        else:
            parts = split_valid_url(text)
            is_valid = parts.scheme in BROKER_SCHEMES and re.fullmatch("/?|/[0-9]{1,4}", parts.path)
    except ValueError:
        is_valid = False
    if not is_valid:
        raise InvalidValue(
            "must be redis://:password@host:6379/0, rediss://… or redis+socket://…, with %40 for "
            "an @ in the password and the like"
        )
    return text


def parse_email_url(text: str) -> dict[str, Any]:
    """Returns Django's e-mail settings. Raises InvalidValue."""
    try:
        parts = urlsplit(text)
        if parts.scheme.startswith("smtp"):
            split_valid_url(text)
        return environ.Env.email_url_config(text)
    except (ValueError, TypeError, ImproperlyConfigured):
        raise InvalidValue(
            "must be smtp+tls://user:password@host:587 (or smtp://, smtps://, smtp+ssl://), with "
            "%40 for an @ in the user or password and the like"
        ) from None


def parse_email_sender(text: str) -> str:
    name, address = parseaddr(text)
    if not text.isprintable() or not re.fullmatch(r"[^@\s]+@[^@\s]+", address):
        raise InvalidValue("must be a sender such as Patchbay <patchbay@example.com>")
    return text


def parse_long_secret(text: str) -> str:
    if len(text) < MIN_SECRET_LENGTH:
        raise InvalidValue(
            f"must have {MIN_SECRET_LENGTH} characters or more; set it to 50 random characters"
        )
    return text


def parse_bearer_token(text: str) -> str:
    """Returns a token that is safe in an HTTP header. Raises InvalidValue."""
    if not re.fullmatch(r"[!-~]{16,}", text):
        raise InvalidValue(
            "must have 16 characters or more: letters, digits and signs, without blanks"
        )
    return text


def parse_fernet_keys(text: str) -> list[str]:
    """Returns the keys, newest first. Raises InvalidValue."""
    keys = [key for each in text.split(",") if (key := each.strip())]
    for place, key in enumerate(keys, 1):
        if not FERNET_KEY.fullmatch(key):  # Fernet itself ignores what follows the first one
            raise InvalidValue(
                f"must be Fernet keys, separated by commas; number {place} of {len(keys)} is none"
            )
    if not keys:
        raise InvalidValue("must be Fernet keys, separated by commas")
    return keys
