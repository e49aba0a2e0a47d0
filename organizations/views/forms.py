"""Forms for organizations and people. The rules are in the operations."""

from django import forms
from django.utils.translation import gettext_lazy as _

from organizations.access.roles import Role
from organizations.accounts.sign_in.form_labels import PASSWORD_HELP
from organizations.text.fields import FormText


class OrganizationForm(forms.Form):
    name = FormText(max_length=100, label=_("Name"))


class RoleForm(forms.Form):
    role = forms.ChoiceField(
        choices=Role.choices, widget=forms.RadioSelect, label=_("Role"), initial=Role.USER
    )


class InviteForm(RoleForm):
    email = forms.EmailField(
        max_length=254,
        label=_("E-mail"),
        help_text=_("Only an account with this e-mail can accept."),
    )
    field_order = ("email", "role")


class JoinForm(forms.Form):
    name = FormText(
        max_length=150,
        required=False,
        label=_("Your name"),
        widget=forms.TextInput({"autocomplete": "name"}),
    )
    password = forms.CharField(
        strip=False,
        label=_("Password"),
        help_text=PASSWORD_HELP,
        widget=forms.PasswordInput({"autocomplete": "new-password"}),
    )


"""Beside which field the text of an exception stands; None: above the form."""
