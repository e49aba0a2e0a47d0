"""Options of an import, which are its destination and values for all rows, validated once and
stored in the job."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from integrations.models import Integration
from numbers.inventory.acquisition import NoUsableIntegration, resolve_integration
from numbers.inventory.reservation import CarrierUnavailable, resolve_carrier
from numbers.numbering import regions
from organizations.access.principals import Principal
from organizations.text import rules

ROW_SOURCES = ("rows", "rows_again")  # rows of a request, or of an earlier job
CARRIER, ACCOUNT, RECORD = DESTINATIONS = ("carrier", "account", "record")
# How digits without a plus are read.
NATIONAL, INTERNATIONAL = NUMBER_FORMATS = (gettext_noop("national"), gettext_noop("international"))
SUPPLY_INTEGRATION_ROLE, VOICE_INTEGRATION_ROLE = "twilio", "sip"  # the roles of integrations
SHARED_FIELDS = ("label", "agent_id", "application_sid")
GENERAL_OPTIONS = ("country", "without_plus", "update")
KNOWN_OPTIONS = (
    "destination",
    "carrier",
    "integration_id",
    "voice_integration_id",
    *GENERAL_OPTIONS,
    *SHARED_FIELDS,
)
DESTINATION_BY_OPTION = {
    "carrier": CARRIER,
    "integration_id": ACCOUNT,
    "voice_integration_id": ACCOUNT,
}
MAX_TEXT_LENGTH = 100


def clean_import_options(by: Principal, given: Mapping[str, Any]) -> dict[str, str]:
    """Returns the validated options of a job as text. `carrier` is a sid, and integrations are
    UUIDs. If the carrier or the account is not given, the current default is filled in. Raises
    ValidationError by field."""
    wrong: dict[str, str] = {}
    options = {name: rules.trim_text(str(given.get(name) or "")) for name in KNOWN_OPTIONS}
    options = {name: text for name, text in options.items() if text}
    options.setdefault("destination", CARRIER)
    for look in OPTION_VALIDATORS:
        wrong |= look(options, given)
    if not wrong:
        wrong |= resolve_destination(by, options)
    if wrong:
        raise ValidationError(wrong)
    return options


def validate_option_names(options: dict[str, str], given: Mapping[str, Any]) -> dict[str, str]:
    unknown = [name for name in given if name not in KNOWN_OPTIONS]
    elsewhere = [
        n
        for n, home in DESTINATION_BY_OPTION.items()
        if n in options and options["destination"] != home
    ]
    unfit = _("This does not go with the destination.")
    return dict.fromkeys(unknown, _("This field is not known here.")) | dict.fromkeys(
        elsewhere, unfit
    )


def validate_destination(options: dict[str, str], _given: object) -> dict[str, str]:
    if options["destination"] in DESTINATIONS:
        return {}
    known = ", ".join(DESTINATIONS)
    return {"destination": _("One of these is expected: %(known)s.") % {"known": known}}


def validate_country_option(options: dict[str, str], _given: object) -> dict[str, str]:
    if "country" not in options:
        return {}
    found = regions.find_region(options["country"])
    if found is None:
        return {"country": _("A country is expected: US, Germany, +44 or international.")}
    options["country"] = found
    return {}


def validate_without_plus(options: dict[str, str], _given: object) -> dict[str, str]:
    if options.get("without_plus", NATIONAL) in NUMBER_FORMATS:
        return {}
    known = ", ".join(NUMBER_FORMATS)
    return {"without_plus": _("One of these is expected: %(known)s.") % {"known": known}}


def validate_update_option(options: dict[str, Any], _given: object) -> dict[str, str]:
    """Validates the option `update`, which lets the file change existing numbers."""
    text = options.get("update", "false").lower()
    if text not in ("true", "false"):
        return {"update": _("true or false is expected.")}
    if "update" in options:
        options["update"] = text == "true"
    return {}


def validate_shared_fields(options: dict[str, str], _given: object) -> dict[str, str]:
    found = {
        name: import_text_error(name, options[name]) for name in SHARED_FIELDS if name in options
    }
    return {name: text for name, text in found.items() if text}


def import_text_error(name: str, text: str) -> str:
    """Returns what is wrong with a label, agent id or application, of one row or of all rows, or
    ""."""
    if wrong := rules.text_error(text):
        return wrong
    if len(text) > MAX_TEXT_LENGTH:
        return _("At most %(max)d characters are allowed.") % {"max": MAX_TEXT_LENGTH}
    return "" if name != "application_sid" or is_uuid(text) else _("A UUID is expected.")


def is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True


OPTION_VALIDATORS = (
    validate_option_names,
    validate_destination,
    validate_country_option,
    validate_without_plus,
    validate_update_option,
    validate_shared_fields,
)


def resolve_destination(by: Principal, options: dict[str, str]) -> dict[str, str]:
    if options["destination"] == CARRIER:
        return resolve_carrier_option(by, options)
    if options["destination"] == ACCOUNT:
        return resolve_account_options(by, options)
    return {}


def resolve_carrier_option(by: Principal, options: dict[str, str]) -> dict[str, str]:
    named = options.get("carrier", "")
    if named and not is_uuid(named):
        return {"carrier": _("A UUID is expected.")}
    try:
        carrier = resolve_carrier(by, UUID(named) if named else None)
    except CarrierUnavailable as error:
        return {"carrier": str(error)}
    options["carrier"] = str(carrier.voip_carrier_sid)
    return {}


def resolve_account_options(by: Principal, options: dict[str, str]) -> dict[str, str]:
    wrong = {}
    for name, role in (
        ("integration_id", SUPPLY_INTEGRATION_ROLE),
        ("voice_integration_id", VOICE_INTEGRATION_ROLE),
    ):
        if name == "voice_integration_id" and name not in options:
            continue
        try:
            integration = resolve_integration(
                by, role, find_named_integration(by, options.get(name))
            )
        except NoUsableIntegration as error:
            wrong[name] = str(error)
        else:
            options[name] = str(integration.pk)
    return wrong


def find_named_integration(by: Principal, named: str | None) -> Integration | None:
    """Returns the integration by its public id (`intg_…`) or UUID, or None if `named` is empty.
    Raises NoUsableIntegration, also for another organization's integration."""
    if not named:
        return None
    by_uuid = {"pk": named} if is_uuid(named) else {"public_id": named}
    found = by.organization.integrations.filter(**by_uuid).first()
    if found is None:
        raise NoUsableIntegration(_("There is no such integration."))
    return found
