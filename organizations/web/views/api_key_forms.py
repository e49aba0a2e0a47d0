"""Forms for API keys: role, scopes, expiry and networks, and rotation."""

import re
from datetime import datetime, time, timedelta
from typing import Any
from uuid import uuid4

from django import forms
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from organizations.access.principals import Principal
from organizations.access.roles import SCOPES, Role, lower_role
from organizations.text.fields import FormText

RESOURCE_LABELS = {
    "phone_numbers": gettext_lazy("Phone numbers and carriers"),
    "integrations": gettext_lazy("Integrations and operations"),
    "api_keys": gettext_lazy("API keys"),
    "agents": gettext_lazy("Agents"),
    "members": gettext_lazy("Members"),
    "organization": gettext_lazy("Organization"),
    "events": gettext_lazy("Audit log"),
}
ACCESS_LABELS = {"read": gettext_lazy("see"), "write": gettext_lazy("add, change, delete")}
CUSTOM_DAY, NEVER = "day", "never"
EXPIRY_CHOICES = [
    ("30", gettext_lazy("30 days")),
    ("90", gettext_lazy("90 days")),
    ("365", gettext_lazy("a year")),
    (CUSTOM_DAY, gettext_lazy("the end of a day of your choice")),
    (NEVER, gettext_lazy("it is revoked: it never expires")),
]


OVERLAP_CHOICES = [
    ("0", gettext_lazy("at once")),
    ("1", gettext_lazy("in an hour")),
    ("24", gettext_lazy("in 24 hours")),
    ("168", gettext_lazy("in 7 days")),
    ("720", gettext_lazy("in 30 days")),
]


def scope_label(scope: str) -> str:
    noun, _colon, kind = scope.partition(":")
    return f"{RESOURCE_LABELS.get(noun, noun)}: {ACCESS_LABELS.get(kind, kind)}"


class ApiKeyForm(forms.Form):
    """The form for a new key. `token` is the id that the key will have, so that a form sent twice
    creates one key."""

    token = forms.UUIDField(widget=forms.HiddenInput)
    name = FormText(
        label=gettext_lazy("Name"),
        max_length=100,
        help_text=gettext_lazy("Which program uses it, and where: one key for each."),
    )
    role = forms.ChoiceField(
        label=gettext_lazy("Role"),
        widget=forms.RadioSelect,
        help_text=gettext_lazy("At most your own. If yours is lowered, so is the key's."),
    )
    scopes = forms.MultipleChoiceField(
        label=gettext_lazy("Scopes"), required=False, choices=[(scope, scope) for scope in SCOPES]
    )
    term = forms.ChoiceField(
        label=gettext_lazy("It works until"),
        choices=EXPIRY_CHOICES,
        initial="90",
        widget=forms.RadioSelect,
        help_text=gettext_lazy(
            "A key that expires or is limited to networks can neither invite people nor change "
            "or remove members."
        ),
    )
    expires_at = forms.DateField(
        label=gettext_lazy("The day"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text=gettext_lazy("Only with “a day of your choice”; it ends at midnight, your time."),
    )
    allowed_cidrs = forms.CharField(
        label=gettext_lazy("Networks"),
        required=False,
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 3, "spellcheck": "false"}),
        help_text=gettext_lazy(
            "203.0.113.0/24 or 2001:db8::/32, one per line. Empty: it may be used from anywhere."
        ),
    )

    def __init__(self, data: Any = None, *, by: Principal):
        super().__init__(data, initial={"token": uuid4()})
        weaker = [
            (role, label) for role, label in Role.choices if lower_role(role, by.role) == role
        ]
        self.fields["role"].choices = weaker
        self.fields["role"].initial = weaker[-1][0]

    def clean_allowed_cidrs(self) -> list[str]:
        return [part for part in re.split(r"[\s,]+", self.cleaned_data["allowed_cidrs"]) if part]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        wants_day, has_day = cleaned.get("term") == CUSTOM_DAY, bool(cleaned.get("expires_at"))
        if "expires_at" in self.errors or wants_day == has_day:
            return cleaned
        other = _("A day is given, but another end is chosen above. Choose the day there, too.")
        self.add_error("expires_at", _("Choose the day.") if wants_day else other)
        return cleaned

    def wished(self) -> dict[str, Any]:
        names = ("name", "role", "scopes", "allowed_cidrs")
        kept = {name: self.cleaned_data[name] for name in names}
        return {**kept, "expires_at": self.end(), "id": self.cleaned_data["token"]}

    def end(self) -> datetime | None:
        """Returns when the key expires, or None. A day ends at midnight in the reader's time
        zone."""
        term = self.cleaned_data["term"]
        if term == NEVER:
            return None
        if term != CUSTOM_DAY:
            return timezone.now() + timedelta(days=int(term))
        day = self.cleaned_data["expires_at"]
        return timezone.make_aware(datetime.combine(day + timedelta(days=1), time()))

    @property
    def scope_groups(self) -> list[tuple[Any, list[tuple[str, Any, bool]]]]:
        """Returns the scopes by resource: each with its label, and whether it is ticked."""
        ticked = set(self["scopes"].value() or ())
        return [
            (
                label,
                [
                    (f"{noun}:{kind}", words, f"{noun}:{kind}" in ticked)
                    for kind, words in ACCESS_LABELS.items()
                    if f"{noun}:{kind}" in SCOPES
                ],
            )
            for noun, label in RESOURCE_LABELS.items()
        ]


class RotateApiKeyForm(forms.Form):
    overlap = forms.TypedChoiceField(
        label=gettext_lazy("The old key ends"),
        choices=OVERLAP_CHOICES,
        coerce=lambda hours: timedelta(hours=int(hours)),
        initial="24",
        widget=forms.RadioSelect,
        help_text=gettext_lazy(
            "Both keys work until then. The old key can no longer invite or change members."
        ),
    )
