"""The form for an account, built from its provider's fields, and the check on the platform."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from integrations.ledger import operation_requests
from integrations.models import Integration, Operation
from integrations.providers.base import AccountField, Provider
from organizations.access.principals import Principal
from organizations.models import Organization
from organizations.web.admin import fields

ACCOUNT_FIELD_PREFIX = "account_"  # prefix of account fields, whose names the provider chooses
ROLE_LABELS = {
    "carrier": gettext_lazy("carriers"),
    "sip": gettext_lazy("SIP"),
    "twilio": gettext_lazy("Twilio"),
}


class AdminAccountForm(forms.Form):
    """The form for an account. If `integration` is None, it creates one, and asks for a name and
    the roles for which it becomes the default."""

    def __init__(
        self,
        data: Any,
        *,
        provider: type[Provider],
        organization: Organization,
        integration: Integration | None = None,
    ):
        super().__init__(data)
        self.organization, self.integration = organization, integration
        if integration is None:
            self.fields["name"] = fields.text_field(label=_("Name"), initial=provider.title)
        for field in provider.fields:
            self.fields[ACCOUNT_FIELD_PREFIX + field.name] = build_admin_account_field(
                field, integration
            )
        if integration is None:
            self.fields["defaults"] = self.roles(provider)

    def roles(self, provider: type[Provider]) -> forms.Field:
        taken = {row.role for row in self.organization.default_integrations.all()}
        offered = [role for role in ROLE_LABELS if role in provider.roles]
        return fields.multiple_choice_field(
            [(role, ROLE_LABELS[role]) for role in offered],
            required=False,
            label=_("Make it the default for"),
            initial=[role for role in offered if role not in taken],
            help_text=_(
                "Taken where a request names no integration. What exists stays where it is."
            ),
        )

    def clean_name(self) -> str:
        """Returns the name. Raises ValidationError if an integration of this name is connected,
        because it would get new credentials without notice."""
        name = self.cleaned_data["name"]
        if self.organization.integrations.filter(name=name).exclude(sealed="").exists():
            raise ValidationError(
                _("There is an integration of this name. Open it to give it new credentials.")
            )
        return name

    @property
    def account(self) -> dict[str, str]:
        return {
            name.removeprefix(ACCOUNT_FIELD_PREFIX): value or ""
            for name, value in self.cleaned_data.items()
            if name.startswith(ACCOUNT_FIELD_PREFIX)
        }


def build_admin_account_field(field: AccountField, integration: Integration | None) -> forms.Field:
    """Returns the form field. Secrets are always entered again, and a field that identifies the
    account is fixed once connected."""
    options = {"label": _(field.label), "help_text": field.help, "required": field.required}
    if field.secret:
        return fields.secret_field(**options)
    known = integration.settings if integration else {}
    fixed = bool(known) and field.identity
    return fields.text_field(
        **options, initial=known.get(field.name, ""), disabled=fixed, max_length=2000
    )


def connect_and_wait(
    by: Principal, form: AdminAccountForm, *, kind: str
) -> tuple[Integration, Operation]:
    """Requests the connection, commits, and waits for the platform's response. Raises
    ValidationError by the form's fields."""
    name = form.integration.name if form.integration else form.cleaned_data["name"]
    try:
        integration, operation = operation_requests.connect_integration(
            by, kind=kind, name=name, account=form.account
        )
    except ValidationError as error:
        raise ValidationError(prefix_account_errors(error, form.fields)) from error
    return integration, operation_requests.wait_for_operation(operation.pk)


def prefix_account_errors(
    error: ValidationError, known: Mapping[str, forms.Field]
) -> dict[str, list[str]]:
    return {
        ACCOUNT_FIELD_PREFIX + name if ACCOUNT_FIELD_PREFIX + name in known else name: messages
        for name, messages in error.message_dict.items()
    }


def credential_refusal_reason(operation: Operation) -> str:
    """Returns why the platform refused the credentials, or "" if it has accepted them or not
    answered yet."""
    return operation.reason if operation.status == Operation.Status.REFUSED else ""


def connection_result_message(integration: Integration, operation: Operation) -> tuple[bool, str]:
    """Returns whether the integration is connected, and a sentence about what happened or happens
    next."""
    words = {"integration": integration, "said": operation.result.get("summary", "")}
    if operation.status == Operation.Status.DONE:
        return True, _("%(integration)s is connected: %(said)s.") % words
    if reason := credential_refusal_reason(operation):
        return False, _("%(integration)s was refused: %(reason)s") % {**words, "reason": reason}
    words["reason"] = operation.reason or _("the platform has not answered yet.")
    return False, _(
        "%(integration)s is still being checked: %(reason)s "
        "Patchbay keeps trying; this page shows the outcome."
    ) % words
