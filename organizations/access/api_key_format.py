"""The text format of an API key: `pb_live_<id>_<secret>`.

`<id>` is 16 public characters of [0-9a-z]. `<secret>` is 30 base62 characters (178 bits) followed
by a base62 CRC-32 over id and secret (six characters), so that a typo is detected without a query.
A client may also send the two halves in two headers.
"""

import hashlib
import hmac
import secrets
import string
import zlib
from dataclasses import dataclass, field

API_KEY_PREFIX = "pb_live_"
BASE62 = string.digits + string.ascii_letters
ID_ALPHABET = string.digits + string.ascii_lowercase
ID_LENGTH, SECRET_LENGTH, CHECKSUM_LENGTH = 16, 30, 6


@dataclass(frozen=True)
class PlaintextApiKey:
    """One API key in plaintext. Exists only while it is shown once, or while a request is
    authenticated."""

    key_id: str
    secret: str = field(repr=False)

    @property
    def public(self) -> str:
        return API_KEY_PREFIX + self.key_id

    @property
    def full(self) -> str:
        return f"{self.public}_{self.secret}"

    @property
    def digest(self) -> bytes:
        """Returns the SHA-256 digest that is stored. The secret has 178 random bits, so a slow hash
        would add nothing."""
        return hashlib.sha256(self.secret.encode()).digest()

    def matches(self, digest: bytes) -> bool:
        return hmac.compare_digest(self.digest, bytes(digest))


def generate_api_key() -> PlaintextApiKey:
    key_id = "".join(secrets.choice(ID_ALPHABET) for _ in range(ID_LENGTH))
    body = "".join(secrets.choice(BASE62) for _ in range(SECRET_LENGTH))
    return PlaintextApiKey(key_id, body + api_key_checksum(key_id, body))


def parse_api_key(full: str) -> PlaintextApiKey | None:
    """Returns the key in `full`, or None if its shape or checksum is wrong."""
    if not full.startswith(API_KEY_PREFIX):
        return None
    key_id, _, secret = full.removeprefix(API_KEY_PREFIX).partition("_")
    return parse_key_parts(key_id, secret)


def parse_api_key_pair(public: str, secret: str) -> PlaintextApiKey | None:
    """Returns the key whose halves came in two headers, or None if they cannot be a key."""
    if not public.startswith(API_KEY_PREFIX):
        return None
    return parse_key_parts(public.removeprefix(API_KEY_PREFIX), secret)


def parse_key_parts(key_id: str, secret: str) -> PlaintextApiKey | None:
    if len(key_id) != ID_LENGTH or len(secret) != SECRET_LENGTH + CHECKSUM_LENGTH:
        return None
    body, given = secret[:SECRET_LENGTH], secret[SECRET_LENGTH:]
    if not (key_id + secret).isascii() or api_key_checksum(key_id, body) != given:
        return None
    return PlaintextApiKey(key_id, secret)


def api_key_checksum(key_id: str, body: str) -> str:
    number, text = zlib.crc32(f"{key_id}_{body}".encode()), ""
    for _ in range(CHECKSUM_LENGTH):
        number, digit = divmod(number, 62)
        text = BASE62[digit] + text
    return text
