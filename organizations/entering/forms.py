"""The sign-in form in our words."""

from typing import Any

from allauth.account.forms import LoginForm
from django.utils.translation import gettext as _


class SignInForm(LoginForm):
    """allauth's, without placeholders that repeat the labels."""

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.fields["login"].label, self.fields["remember"].label = _("E-mail"), _("Remember me")
        for name in ("login", "password"):
            self.fields[name].widget.attrs.pop("placeholder", None)
