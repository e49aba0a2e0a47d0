"""Twilio's refusals as sentences that a person can act on; by HTTP status first, then by code."""

import re
from typing import Any

# By module: importing integrations.http.client first comes by here before it is complete.
from integrations.http import client
from integrations.http.rate_limits import retry_after
from integrations.http.response_body import one_line
from integrations.providers.base import (
    CredentialsRefused,
    OutcomeUnknown,
    ProviderError,
    Refused,
    Unavailable,
)

NOT_FOR_SALE = 21422
NONE_FOUND = (21451, 21452)

_CREDENTIALS = {
    20003: "the account is suspended, or the credentials belong to another account or region.",
    20005: "the account is not active.",
    20008: "these are test credentials, which can neither see nor route numbers; use live ones.",
    20403: "the account is suspended or closed.",
}
_ADDRESS = "Buy it with address_sid, the SID (AD…) of an address kept in the account."
_ADVICE = {
    10002: "A trial account may not do this: upgrade it.",
    21404: "A trial account may not do this: upgrade it, or release the number it has.",
    21421: "It is no valid phone number there.",
    21473: "The number cannot be moved between these accounts.",
    21474: "The number cannot be moved between these accounts.",
    21613: f"A number of this country needs an address. {_ADDRESS}",
    21615: f"A number of this country needs an address in its own area. {_ADDRESS}",
    21628: "The address could not be validated: correct it in the account.",
    21629: "The address could not be validated: correct it in the account.",
    21631: f"A number of this kind needs an address. {_ADDRESS}",
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
    """The platform said no, with this status and code (0 if it told none)."""

    def __init__(self, sentence: str, status: int, code: int):
        super().__init__(sentence)
        self.status, self.code = status, code


class Forbidden(Rejected):
    """The credentials are good, and may not do this."""


def error_of(answer: "client.Answer", name: str, doing: str, words: str) -> ProviderError:
    """What an answer of 400 and more means. `doing` finishes "Twilio did not …"."""
    status, code = answer.status, code_of(answer)
    if status in (401, 403) and (status == 401 or code in _CREDENTIALS):
        return CredentialsRefused(_about_credentials(name, status, code))
    if status in (408, 425, 429):
        # Of concurrent requests: what is turned away so was never begun.
        return Unavailable(
            f"{name} did not {doing}: too many requests.", retry_after=retry_after(answer.headers)
        )
    if status >= 500:
        return _broken(answer, name, doing, words)
    kind = Forbidden if status == 403 else Rejected
    return kind(_sentence(name, doing, status, code, words), status, code)


def _about_credentials(name: str, status: int, code: int) -> str:
    if status == 401:
        return (
            f"{name} does not accept the credentials: they are mistyped, revoked, or of another "
            "account or region."
        )
    return f"{name} does not accept the credentials: {_CREDENTIALS[code]}"


def _broken(answer: "client.Answer", name: str, doing: str, words: str) -> ProviderError:
    reason = words or f"it answered {answer.status}"
    if answer.reads:
        return Unavailable(
            f"{name} did not {doing}: {reason}", retry_after=retry_after(answer.headers)
        )
    return OutcomeUnknown(f"{name} was asked to {doing} and broke off: {reason}")


def _sentence(name: str, doing: str, status: int, code: int, words: str) -> str:
    advice = _ADVICE.get(code) or words or f"it answered {status}."
    if code not in _ADVICE and status == 403:
        advice = f"{advice.rstrip('. ')}. {_ADVICE[70051]}"
    return f"{name} did not {doing}: {advice}" + (f" ({name} error {code})" if code else "")


def fields_of(answer: "client.Answer") -> dict[str, Any]:
    """Of an error's body, which may as well be a proxy's page."""
    try:
        body = answer.json()
    except (Refused, OutcomeUnknown):
        return {}
    return body if isinstance(body, dict) else {}


def code_of(answer: "client.Answer") -> int:
    """Twilio's numeric code; SignalWire and proxies tell others, or none."""
    code = fields_of(answer).get("code")
    if isinstance(code, str) and re.fullmatch("[0-9]{1,9}", code):
        code = int(code)
    return code if isinstance(code, int) and not isinstance(code, bool) else 0


def words_of(answer: "client.Answer") -> str:
    """{"message"} of the 2010 API, {"title", "detail"} of RFC 9457 in the newer ones."""
    fields = fields_of(answer)
    found = fields.get("message") or fields.get("detail") or fields.get("title") or ""
    return one_line(found, 300) if isinstance(found, str) else ""
