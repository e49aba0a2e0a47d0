"""allauth's forms with Patchbay's labels."""

from typing import Any

from allauth.account.forms import (
    ChangePasswordForm,
    LoginForm,
    ResetPasswordForm,
    ResetPasswordKeyForm,
    default_token_generator,
)
from allauth.account.internal.flows.password_reset import request_password_reset
from allauth.account.internal.userkit import filter_users_by_email
from allauth.mfa.base.forms import AuthenticateForm
from allauth.mfa.totp.forms import ActivateTOTPForm
from allauth.mfa.webauthn.forms import AddWebAuthnForm
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop

from organizations.accounts.sign_in.deferred_work import EMAIL_QUEUE
from organizations.accounts.sign_in.form_labels import PASSWORD_HELP

# allauth's German translation uses the informal "du"; Patchbay's catalogue takes precedence.
gettext_noop("You must type the same password each time.")


class PortalLabelsMixin:
    """Gives a form the portal's labels, removes placeholders that repeat them, and sets the focus
    on the first field."""

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        next(iter(self.fields.values())).widget.attrs["autofocus"] = True
        for name, field in self.fields.items():
            field.widget.attrs.pop("placeholder", None)
            field.label = FIELD_LABELS.get(name, field.label)
        if "password1" in self.fields:
            self.fields["password1"].help_text = PASSWORD_HELP


FIELD_LABELS = {
    "login": gettext_lazy("E-mail"),
    "email": gettext_lazy("E-mail"),
    "remember": gettext_lazy("Remember me"),
    "oldpassword": gettext_lazy("Current password"),
    "password1": gettext_lazy("New password"),
    "password2": gettext_lazy("New password again"),
}


class SignInForm(PortalLabelsMixin, LoginForm):
    pass


class PasswordChangeForm(PortalLabelsMixin, ChangePasswordForm):
    pass


class PasswordResetRequestForm(PortalLabelsMixin, ResetPasswordForm):
    """The form for a forgotten password. Whether the account exists is looked up after the
    response."""

    def clean_email(self) -> str:
        return self.cleaned_data["email"]

    def save(self, request: HttpRequest, **kwargs: Any) -> str:
        email = self.cleaned_data["email"]
        EMAIL_QUEUE.add(request, send_password_reset_link, email)
        return email


def send_password_reset_link(request: HttpRequest, email: str) -> None:
    """Mails a link to set a new password, if the account exists."""
    users = filter_users_by_email(
        email.lower(), is_active=True, prefer_verified=True, for_login=True
    )
    request_password_reset(request, email, users, default_token_generator)


class NewPasswordForm(PortalLabelsMixin, ResetPasswordKeyForm):
    pass


class SecondFactorCodeForm(PortalLabelsMixin, AuthenticateForm):
    pass


class AuthenticatorAppForm(PortalLabelsMixin, ActivateTOTPForm):
    pass


class PasskeyForm(AddWebAuthnForm):
    """The form for a new passkey, which signs in without a password by default, because the sign-in
    page accepts no other passkey."""

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.fields["name"].label = _("Name")
        alone = self.fields["passwordless"]
        alone.initial, alone.label = True, _("It signs in alone")
        alone.help_text = _(
            "The device asks for your fingerprint, face or PIN. Otherwise it is a second factor, "
            "asked for after the password."
        )
