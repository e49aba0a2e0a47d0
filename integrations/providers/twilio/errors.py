"""Turns Twilio's errors into sentences that a person can act on, by HTTP status first, then by
code."""

import re
from typing import Any

# The module is imported as a whole, because importing integrations.http.platform_client first leads
# here before it is complete.
from integrations.http import platform_client
from integrations.http.rate_limits import parse_retry_after
from integrations.http.response_body import shorten_to_line
from integrations.providers.base import (
    CredentialsRefused,
    OutcomeUnknown,
    ProviderError,
    Refused,
    Unavailable,
)

NOT_FOR_SALE_CODE = 21422
NONE_FOUND_CODES = (21451, 21452)

_CREDENTIAL_ERRORS = {
    20003: "the account is suspended, or the credentials belong to another account or region.",
    20005: "the account is not active.",
    20008: "these are test credentials, which can neither see nor route numbers; use live ones.",
    20403: "the account is suspended or closed.",
}
_ADDRESS_HINT = "Buy it with address_sid, the SID (AD…) of an address kept in the account."
_ERROR_HINTS = {
    10002: "A trial account may not do this: upgrade it.",
    21404: "A trial account may not do this: upgrade it, or release the number it has.",
    21421: "It is no valid phone number there.",
    21473: "The number cannot be moved between these accounts.",
    21474: "The number cannot be moved between these accounts.",
    21613: f"A number of this country needs an address. {_ADDRESS_HINT}",
    21615: f"A number of this country needs an address in its own area. {_ADDRESS_HINT}",
    21628: "The address could not be validated: correct it in the account.",
    21629: "The address could not be validated: correct it in the account.",
    21631: f"A number of this kind needs an address. {_ADDRESS_HINT}",
    21634: "It is in use for emergency calls: take it out of them first.",
    21649: "A number of this kind needs an approved regulatory bundle. Buy it with bundle_sid, its "
    "SID (BU…).",
    21650: "A number of this kind needs a verified identity. Buy it with identity_sid (RI…), or "
    "with bundle_sid (BU…) of a bundle that holds it.",
    21651: "The documents of the regulatory bundle or identity do not suffice. Complete them, then "
    "buy it with bundle_sid (BU…) or identity_sid (RI…).",
    70051: "The API key may not do this: give it the permission, or take a main key.",
}


class Rejected(Refused):
    """Raised when the platform rejected the request, with its status and code (0 if there is
    none)."""

    def __init__(self, sentence: str, status: int, code: int):
        super().__init__(sentence)
        self.status, self.code = status, code


class Forbidden(Rejected):
    """Raised when the credentials are valid but lack the permission."""


def build_twilio_error(
    answer: "platform_client.PlatformResponse", name: str, doing: str, words: str
) -> ProviderError:
    """Returns the error for a response with status 400 or more. `doing` completes "Twilio did not
    …"."""
    status, code = answer.status, twilio_error_code(answer)
    if status in (401, 403) and (status == 401 or code in _CREDENTIAL_ERRORS):
        return CredentialsRefused(_credential_error_message(name, status, code))
    if status in (408, 425, 429):
        # The limit is on concurrent requests, so a rejected one never began.
        return Unavailable(
            f"{name} did not {doing}: too many requests.",
            retry_after=parse_retry_after(answer.headers),
        )
    if status >= 500:
        return _server_error(answer, name, doing, words)
    kind = Forbidden if status == 403 else Rejected
    return kind(_twilio_error_message(name, doing, status, code, words), status, code)


def _credential_error_message(name: str, status: int, code: int) -> str:
    if status == 401:
        return (
            f"{name} does not accept the credentials: they are mistyped, revoked, or of another "
            "account or region."
        )
    return f"{name} does not accept the credentials: {_CREDENTIAL_ERRORS[code]}"


def _server_error(
    answer: "platform_client.PlatformResponse", name: str, doing: str, words: str
) -> ProviderError:
    reason = words or f"it answered {answer.status}"
    if answer.reads:
        return Unavailable(
            f"{name} did not {doing}: {reason}", retry_after=parse_retry_after(answer.headers)
        )
    return OutcomeUnknown(f"{name} was asked to {doing} and broke off: {reason}")


def _twilio_error_message(name: str, doing: str, status: int, code: int, words: str) -> str:
    advice = _ERROR_HINTS.get(code) or words or f"it answered {status}."
    if code not in _ERROR_HINTS and status == 403:
        advice = f"{advice.rstrip('. ')}. {_ERROR_HINTS[70051]}"
    return f"{name} did not {doing}: {advice}" + (f" ({name} error {code})" if code else "")


def json_object_fields(answer: "platform_client.PlatformResponse") -> dict[str, Any]:
    """Returns the fields of the response body, or {} if it is not a JSON object, for example a
    proxy's page."""
    try:
        body = answer.json()
    except (Refused, OutcomeUnknown):
        return {}
    return body if isinstance(body, dict) else {}


def twilio_error_code(answer: "platform_client.PlatformResponse") -> int:
    """Returns Twilio's numeric error code, or 0. SignalWire and proxies send other codes, or
    none."""
    code = json_object_fields(answer).get("code")
    if isinstance(code, str) and re.fullmatch("[0-9]{1,9}", code):
        code = int(code)
    return code if isinstance(code, int) and not isinstance(code, bool) else 0


def twilio_error_text(answer: "platform_client.PlatformResponse") -> str:
    """Returns the error message: {"message"} of the 2010 API, or {"title", "detail"} of RFC 9457 in
    the newer ones."""
    fields = json_object_fields(answer)
    found = fields.get("message") or fields.get("detail") or fields.get("title") or ""
    return shorten_to_line(found, 300) if isinstance(found, str) else ""
