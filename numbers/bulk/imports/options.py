"""Where an import's numbers go, and what is said of all of them: checked once, kept in the
batch."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from integrations.models import Integration
from numbers.inventory.acquisition import NoIntegration, taken_on
from numbers.inventory.reservation import NoCarrier, carrier_for
from numbers.numbering import regions
from organizations.access.principals import Principal
from organizations.text import rules

ROWS = ("rows", "rows_again")  # what is given: not a file, but a request's rows or a batch's
CARRIER, ACCOUNT, RECORD = DESTINATIONS = ("carrier", "account", "record")
# To read digits without a plus.
NATIONAL, INTERNATIONAL = WAYS = (gettext_noop("national"), gettext_noop("international"))
SUPPLIES, CARRIES_CALLS = "twilio", "sip"  # the roles of integrations
FOR_ALL = ("label", "agent_id", "application_sid")
ALONE = ("country", "without_plus", "update")
KNOWN = ("destination", "carrier", "integration_id", "voice_integration_id", *ALONE, *FOR_ALL)
PLACES = {"carrier": CARRIER, "integration_id": ACCOUNT, "voice_integration_id": ACCOUNT}
LONGEST = 100


def cleaned(by: Principal, given: Mapping[str, Any]) -> dict[str, str]:
    """The options of a batch as text; `carrier` is a sid, the integrations are UUIDs. Where the
    carrier or the account is left out it is the default one of today. Raises ValidationError by
    field."""
    wrong: dict[str, str] = {}
    options = {name: rules.trimmed(str(given.get(name) or "")) for name in KNOWN}
    options = {name: text for name, text in options.items() if text}
    options.setdefault("destination", CARRIER)
    for look in COMPLAINTS:
        wrong |= look(options, given)
    if not wrong:
        wrong |= settle_place(by, options)
    if wrong:
        raise ValidationError(wrong)
    return options


def surplus(options: dict[str, str], given: Mapping[str, Any]) -> dict[str, str]:
    unknown = [name for name in given if name not in KNOWN]
    elsewhere = [n for n, home in PLACES.items() if n in options and options["destination"] != home]
    unfit = _("This does not go with the destination.")
    return dict.fromkeys(unknown, _("This field is not known here.")) | dict.fromkeys(
        elsewhere, unfit
    )


def destination_complaint(options: dict[str, str], _given: object) -> dict[str, str]:
    if options["destination"] in DESTINATIONS:
        return {}
    known = ", ".join(DESTINATIONS)
    return {"destination": _("One of these is expected: %(known)s.") % {"known": known}}


def country_complaint(options: dict[str, str], _given: object) -> dict[str, str]:
    if "country" not in options:
        return {}
    found = regions.find(options["country"])
    if found is None:
        return {"country": _("A country is expected: US, Germany, +44 or international.")}
    options["country"] = found
    return {}


def without_plus_complaint(options: dict[str, str], _given: object) -> dict[str, str]:
    if options.get("without_plus", NATIONAL) in WAYS:
        return {}
    known = ", ".join(WAYS)
    return {"without_plus": _("One of these is expected: %(known)s.") % {"known": known}}


def update_complaint(options: dict[str, Any], _given: object) -> dict[str, str]:
    """Whether numbers that exist are changed by the file."""
    text = options.get("update", "false").lower()
    if text not in ("true", "false"):
        return {"update": _("true or false is expected.")}
    if "update" in options:
        options["update"] = text == "true"
    return {}


def texts_complaint(options: dict[str, str], _given: object) -> dict[str, str]:
    found = {name: complaint(name, options[name]) for name in FOR_ALL if name in options}
    return {name: text for name, text in found.items() if text}


def complaint(name: str, text: str) -> str:
    """What is wrong with a label, an agent or an application, of one row or of all; or ""."""
    if wrong := rules.complaint(text):
        return wrong
    if len(text) > LONGEST:
        return _("At most %(max)d characters are allowed.") % {"max": LONGEST}
    return "" if name != "application_sid" or is_uuid(text) else _("A UUID is expected.")


def is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True


COMPLAINTS = (
    surplus,
    destination_complaint,
    country_complaint,
    without_plus_complaint,
    update_complaint,
    texts_complaint,
)


def settle_place(by: Principal, options: dict[str, str]) -> dict[str, str]:
    if options["destination"] == CARRIER:
        return settle_carrier(by, options)
    if options["destination"] == ACCOUNT:
        return settle_account(by, options)
    return {}


def settle_carrier(by: Principal, options: dict[str, str]) -> dict[str, str]:
    named = options.get("carrier", "")
    if named and not is_uuid(named):
        return {"carrier": _("A UUID is expected.")}
    try:
        carrier = carrier_for(by, UUID(named) if named else None)
    except NoCarrier as error:
        return {"carrier": str(error)}
    options["carrier"] = str(carrier.voip_carrier_sid)
    return {}


def settle_account(by: Principal, options: dict[str, str]) -> dict[str, str]:
    wrong = {}
    for name, role in (("integration_id", SUPPLIES), ("voice_integration_id", CARRIES_CALLS)):
        if name == "voice_integration_id" and name not in options:
            continue
        try:
            integration = taken_on(by, role, named_integration(by, options.get(name)))
        except NoIntegration as error:
            wrong[name] = str(error)
        else:
            options[name] = str(integration.pk)
    return wrong


def named_integration(by: Principal, named: str | None) -> Integration | None:
    """By `intg_…` or its UUID. Raises NoIntegration; a stranger's is unknown."""
    if not named:
        return None
    by_uuid = {"pk": named} if is_uuid(named) else {"public_id": named}
    found = by.organization.integrations.filter(**by_uuid).first()
    if found is None:
        raise NoIntegration(_("There is no such integration."))
    return found
