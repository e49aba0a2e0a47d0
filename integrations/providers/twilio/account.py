"""The fields of a Twilio or SignalWire account, their validation, and the hosts that it uses."""

import re
from base64 import b64encode
from collections.abc import Mapping
from ipaddress import ip_address
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from integrations.providers.base import AccountField
from integrations.providers.base import gettext_noop as _

FIELDS = (
    AccountField(
        "account_sid",
        _("Account SID"),
        _("AC… as the Twilio console shows it; at SignalWire the project ID."),
        identity=True,
    ),
    AccountField(
        "auth_token",
        _("Auth token"),
        _("Needed unless an API key is given."),
        required=False,
        secret=True,
    ),
    AccountField(
        "api_key_sid", _("API key SID"), _("SK…, used instead of the auth token."), required=False
    ),
    AccountField(
        "api_key_secret", _("API key secret"), _("Of that API key."), required=False, secret=True
    ),
    AccountField(
        "space",
        _("SignalWire space"),
        _("example or example.signalwire.com. Empty: Twilio itself."),
        required=False,
    ),
    AccountField(
        "trunk_sid",
        _("SIP trunk SID"),
        _("TK…: the Elastic SIP trunk for numbers whose calls land on another platform."),
        required=False,
    ),
    AccountField(
        "application_sid",
        _("Default TwiML application SID"),
        _("AP…: answers the calls of numbers that nothing else routes."),
        required=False,
    ),
)

# The prefix of each id at Twilio, and the error for any other.
ID_FORMATS = {
    "account_sid": ("AC", _("It is AC and 32 hex digits, as the Twilio console shows it.")),
    "application_sid": ("AP", _("It is AP and 32 hex digits, as the Twilio console shows it.")),
    "api_key_sid": ("SK", _("It is SK and 32 hex digits, as the Twilio console shows it.")),
    "trunk_sid": ("TK", _("It is TK and 32 hex digits, as the Twilio console shows it.")),
}

_UUID = r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
_SPACE_PATTERN = re.compile(r"([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)(\.signalwire\.com)?", re.ASCII)
_SECRET_PATTERN = re.compile(r"[\x21-\x7e]+")

Account = Mapping[str, str]


def account_value(account: Account, name: str) -> str:
    return (account.get(name) or "").strip()


def has_id_format(text: str, prefix: str, *, at_signalwire: bool) -> bool:
    """Returns whether the id has the right format: two letters and 32 hex digits at Twilio, a UUID
    at SignalWire."""
    return bool(re.fullmatch(_UUID if at_signalwire else rf"{prefix}[0-9a-fA-F]{{32}}", text))


def twilio_account_errors(account: Account) -> dict[str, list[str]]:
    found = {
        **_credential_errors(account),
        **_id_errors(account, at_signalwire=bool(account_value(account, "space"))),
        **_signalwire_errors(account),
    }
    return {name: [sentence] for name, sentence in found.items()}


def _credential_errors(account: Account) -> dict[str, str]:
    sid, secret = account_value(account, "api_key_sid"), account_value(account, "api_key_secret")
    found = {
        name: _("It has no spaces and only plain characters.")
        for name in ("auth_token", "api_key_secret")
        if account_value(account, name)
        and not _SECRET_PATTERN.fullmatch(account_value(account, name))
    }
    if sid and not secret:
        found["api_key_secret"] = _("An API key needs its secret.")
    if secret and not sid:
        found["api_key_sid"] = _("An API key secret needs the SID of its key.")
    if not (sid or secret or account_value(account, "auth_token")):
        found["auth_token"] = _("Give the auth token, or an API key with its secret.")
    return found


def _id_errors(account: Account, *, at_signalwire: bool) -> dict[str, str]:
    names = ["account_sid", "application_sid"] if at_signalwire else list(ID_FORMATS)
    return {
        name: _("At SignalWire this is a UUID.") if at_signalwire else ID_FORMATS[name][1]
        for name in names
        if (text := account_value(account, name))
        and not has_id_format(text, ID_FORMATS[name][0], at_signalwire=at_signalwire)
    }


def _signalwire_errors(account: Account) -> dict[str, str]:
    if not account_value(account, "space"):
        return {}
    found = {
        name: _("SignalWire has none of these; leave it empty.")
        for name in ("api_key_sid", "api_key_secret", "trunk_sid")
        if account_value(account, name)
    }
    if signalwire_space(account) is None:
        found["space"] = _("A space is one word, as in example.signalwire.com.")
    if not account_value(account, "auth_token"):
        found["auth_token"] = _("SignalWire needs an API token.")
    return found


def signalwire_space(account: Account) -> str | None:
    """Returns the SignalWire space, "" for Twilio itself, or None for a value that is neither."""
    text = account_value(account, "space").lower()
    found = _SPACE_PATTERN.fullmatch(text)
    return found[1] if found else (None if text else "")


def account_origins(account: Account) -> dict[str, str]:
    """Returns Twilio's own hosts or a SignalWire host, and no address for anything else."""
    space = signalwire_space(account)
    if space is None:
        return {"": ""}
    if space:
        return {"": f"https://{space}.signalwire.com/api/laml"}
    return {
        "": _operator_url("TWILIO_API_URL"),
        "trunking": _operator_url("TWILIO_TRUNKING_URL"),
    }


def _operator_url(name: str) -> str:
    """Returns the URL from the settings. Credentials are sent there, so only the operator may
    change it. Raises ImproperlyConfigured for plain HTTP to another machine."""
    url = getattr(settings, name)
    parts = urlsplit(url)
    if parts.scheme != "https" and not (parts.scheme == "http" and _is_loopback(parts.hostname)):
        raise ImproperlyConfigured(f"PATCHBAY_{name} must begin with https:// (or be on loopback).")
    return url


def _is_loopback(host: str | None) -> bool:
    try:
        return host == "localhost" or ip_address(host or "").is_loopback
    except ValueError:
        return False


def authorization_header(account: Account) -> str:
    """Returns the value of the Authorization header. An API key takes precedence, because an auth
    token beside it is for checking webhook signatures."""
    user, password = account_value(account, "api_key_sid"), account_value(account, "api_key_secret")
    if not user:
        user, password = account_value(account, "account_sid"), account_value(account, "auth_token")
    return "Basic " + b64encode(f"{user}:{password}".encode()).decode()
