"""Validates the account fields that a user enters against the fields that the provider declares."""

from collections.abc import Mapping

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from integrations.models import Integration
from integrations.providers import PROVIDERS
from integrations.providers.base import AccountField, Provider
from organizations.text import rules
from organizations.text.rules import trim_text

FieldErrors = dict[str, list[str]]


def clean_account(integration: Integration, account: Mapping[str, str]) -> dict[str, str]:
    """Returns the fields, trimmed and without the empty ones. Raises ValidationError by field."""
    provider = get_provider_class(integration.kind)
    values = {name: trim_text(str(value or "")) for name, value in account.items()}
    values = {name: value for name, value in values.items() if value}
    problems = account_field_errors(provider, values, known=integration.settings) or provider.clean(
        values
    )
    if problems:
        raise ValidationError(problems)
    return values


def get_provider_class(kind: str) -> type[Provider]:
    if kind not in PROVIDERS:
        words = {"kind": kind, "known": ", ".join(PROVIDERS)}
        sentence = _("No such platform: %(kind)s. There are: %(known)s.") % words
        raise ValidationError({"kind": sentence})
    return PROVIDERS[kind]


def account_field_errors(
    provider: type[Provider], values: Mapping[str, str], *, known: Mapping[str, str]
) -> FieldErrors:
    """Returns the errors by field. `known` are the settings of the connected account; {} before the
    first connection."""
    fields = {field.name: field for field in provider.fields}
    surplus = {name: [_("Not a field of this platform.")] for name in values if name not in fields}
    wrong = {name: account_field_error(field, values, known) for name, field in fields.items()}
    wrong |= {name: text for name, value in values.items() if (text := rules.text_error(value))}
    return {name: [text] for name, text in wrong.items() if text} | surplus


def account_field_error(
    field: AccountField, values: Mapping[str, str], known: Mapping[str, str]
) -> str:
    if field.required and field.name not in values:
        return _("%(label)s is required.") % {"label": field.label}
    if field.identity and known and known.get(field.name) != values.get(field.name):
        return _(
            "This names the account and is fixed once connected; "
            "connect another account by another name."
        )
    return ""


MAX_IN_FLIGHT = 64
