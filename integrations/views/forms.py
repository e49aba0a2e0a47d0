"""The forms for an account, built from its provider's fields. Secrets are write-only."""

from collections.abc import Iterable, Mapping
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.text import format_lazy
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from integrations.connections.account_fields import MAX_IN_FLIGHT
from integrations.connections.encryption import DecryptionError
from integrations.models import Integration
from integrations.providers.base import AccountField, Provider
from integrations.web.labels import ROLE_LABELS
from organizations.text.fields import FormText

ACCOUNT_FIELD_PREFIX = "account_"  # prefix of account fields, whose names the provider chooses
MAX_VALUE_LENGTH = 4000
KEEP_SECRET_HELP = _("Leave it empty to keep the present one.")
WIDGETS_BY_FORMAT = {"url": forms.URLInput, "uuid": forms.TextInput, "text": forms.TextInput}


class AccountForm(forms.Form):
    """The fields of one platform's account. Subclasses add the other fields."""

    def draw(
        self,
        fields: Iterable[AccountField],
        *,
        known: Mapping[str, str],
        keeps: bool,
        fixed: bool = False,
    ) -> None:
        """Adds the account's fields to the form. Shows the `known` values. With `keeps`, an empty
        secret does not change; with `fixed`, the fields that identify the account cannot be
        changed."""
        for field in fields:
            self.fields[ACCOUNT_FIELD_PREFIX + field.name] = build_account_field(
                field, known, keeps=keeps, fixed=fixed
            )

    @property
    def account(self) -> dict[str, str]:
        return {
            name.removeprefix(ACCOUNT_FIELD_PREFIX): value or ""
            for name, value in self.cleaned_data.items()
            if name.startswith(ACCOUNT_FIELD_PREFIX)
        }

    def tell(self, error: ValidationError) -> None:
        """Adds an operation's errors to their fields, or to the whole form. Translates the
        provider's messages, which are in English."""
        told = error.message_dict if hasattr(error, "error_dict") else {"": error.messages}
        for name, messages in told.items():
            place = next((n for n in (ACCOUNT_FIELD_PREFIX + name, name) if n in self.fields), None)
            for message in messages:
                self.add_error(place, gettext(message))


class ConnectAccountForm(AccountForm):
    """The form for a new account, or for another attempt at one that was never accepted
    (`named`)."""

    name = FormText(
        label=_("Name"),
        max_length=100,
        help_text=_("How your people call this account; unique in the organization."),
    )
    default_for = forms.MultipleChoiceField(
        label=_("Make it the default for"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_(
            "Taken where nothing else is named, from the moment the platform accepts the account. "
            "What exists stays where it is."
        ),
    )

    def __init__(
        self,
        data: Any = None,
        *,
        provider: type[Provider],
        known: Mapping[str, str],
        roles: Iterable[str],
        named: str = "",
    ):
        super().__init__(data)
        self.fields["name"].initial = named or provider.title
        self.fields["name"].disabled = bool(named)
        self.draw(provider.fields, known=known, keeps=False)
        offered = [(role, label) for role, label in ROLE_LABELS.items() if role in provider.roles]
        self.fields["default_for"].choices = offered
        self.fields["default_for"].initial = list(roles)
        self.order_fields(
            ["name", *(ACCOUNT_FIELD_PREFIX + f.name for f in provider.fields), "default_for"]
        )


class ChangeAccountForm(AccountForm):
    """The form for a connected account: its name, its maximum number of concurrent operations and
    its fields."""

    name = FormText(label=_("Name"), max_length=100)
    max_in_flight = forms.IntegerField(
        label=_("Operations at a time"),
        min_value=1,
        max_value=MAX_IN_FLIGHT,
        help_text=_("How many are carried out on this account at once."),
    )

    def __init__(self, data: Any = None, *, provider: type[Provider], integration: Integration):
        super().__init__(data)
        self.integration = integration
        self.fields["name"].initial = integration.name
        self.fields["max_in_flight"].initial = integration.max_in_flight
        self.known = desired_settings(integration, provider)
        self.draw(provider.fields, known=self.known, keeps=True, fixed=True)
        self.order_fields(
            ["name", *(ACCOUNT_FIELD_PREFIX + f.name for f in provider.fields), "max_in_flight"]
        )

    def wished(self) -> dict[str, Any]:
        """Returns only the changed fields of the account, so that an unchanged account is not
        checked again."""
        account = {
            name: value
            for name, value in self.account.items()
            if value != self.known.get(name, "")
            and not self.fields[ACCOUNT_FIELD_PREFIX + name].disabled
        }
        return {
            "name": self.cleaned_data["name"],
            "max_in_flight": self.cleaned_data["max_in_flight"],
            "account": account or None,
        }


def desired_settings(integration: Integration, provider: type[Provider]) -> Mapping[str, str]:
    """Returns the fields without secrets of the account that was entered last, which a change
    builds on."""
    secret = {field.name for field in provider.fields if field.secret}
    try:
        account = integration.desired_account()
    except DecryptionError:
        return integration.settings
    return {name: value for name, value in account.items() if name not in secret}


class SecretsForm(AccountForm):
    """The form for the secrets alone. Empty fields do not change."""

    def __init__(self, data: Any = None, *, provider: type[Provider]):
        super().__init__(data)
        secret = [field for field in provider.fields if field.secret]
        self.draw(secret, known={}, keeps=len(secret) > 1)

    def clean(self) -> dict[str, Any]:
        if not any(self.account.values()) and not self.errors:
            raise ValidationError(_("Nothing was filled in, so nothing changes."))
        return self.cleaned_data

    def wished(self) -> dict[str, str]:
        return {name: value for name, value in self.account.items() if value}


def build_account_field(
    field: AccountField, known: Mapping[str, str], *, keeps: bool, fixed: bool
) -> FormText:
    widget = WIDGETS_BY_FORMAT[field.format](attrs={"autocomplete": "off", "spellcheck": "false"})
    help_text = field.help and _(field.help)
    if field.secret:
        widget = forms.PasswordInput(attrs={"autocomplete": "new-password"})
        if keeps:
            help_text = format_lazy(
                "{} {}", help_text, _("Leave it empty to keep the present one.")
            )
    is_fixed = fixed and field.identity
    if is_fixed:
        help_text = _("Names the account, and is fixed once connected.")
    return FormText(
        label=_(field.label),
        help_text=help_text,
        required=field.required and not (field.secret and keeps) and not is_fixed,
        initial="" if field.secret else known.get(field.name, ""),
        disabled=is_fixed,
        max_length=MAX_VALUE_LENGTH,
        widget=widget,
    )
