"""The form that changes a number. Secrets can be set but are never shown."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from integrations.connections.encryption import DecryptionError
from numbers.inventory import sip_settings
from numbers.inventory.agents import resolve_agent_id
from numbers.models import Agent, PhoneNumber, Placement
from organizations.models import Organization
from organizations.text.fields import FormSecret, FormText, FormUrl

MAX_AGENT_CHOICES = 500
AGENT_FIELDS = ("inbound_agent_id", "outbound_agent_id")
COLUMNS = (
    "label",
    "inbound_agent_id",
    "outbound_agent_id",
    "inbound_webhook_url",
    "application_sid",
    "outbound_trunk_id",
    "supports_inbound",
    "supports_outbound",
)
TRUNK_COLUMNS = ("supports_inbound", "supports_outbound", "outbound_trunk_id")
VISIBLE_SIP = tuple(name for name in sip_settings.FIELDS if name not in sip_settings.SECRETS)


class SipFields(forms.Form):
    """The settings of a number's own trunks, under the names of
    numbers/inventory/sip_settings.py."""

    trunk_name = FormText(
        label=gettext_lazy("Trunk name"),
        max_length=100,
        required=False,
        help_text=gettext_lazy("The number itself if left empty."),
    )
    server_address = FormText(
        label=gettext_lazy("SIP server"),
        max_length=260,
        required=False,
        help_text=gettext_lazy(
            "Host name or IPv4 address, perhaps with a port, like sip.example.com:5060. Needed to "
            "make calls."
        ),
    )
    username = FormText(label=gettext_lazy("User name"), max_length=100, required=False)
    password = FormSecret(
        label=gettext_lazy("Password"),
        max_length=100,
        required=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    room_name = FormText(
        label=gettext_lazy("Room"),
        max_length=100,
        required=False,
        help_text=gettext_lazy(
            "One room for all calls; with * at its end, how each call's room begins."
        ),
    )
    pin = FormText(
        label=gettext_lazy("PIN"),
        max_length=10,
        required=False,
        help_text=gettext_lazy("4 to 10 digits that callers type in."),
        widget=forms.PasswordInput(attrs={"autocomplete": "off", "inputmode": "numeric"}),
    )
    media_encryption = forms.ChoiceField(
        label=gettext_lazy("Media encryption"),
        required=False,
        choices=[
            ("", gettext_lazy("the platform's habit (allow)")),
            ("disable", gettext_lazy("disable")),
            ("allow", gettext_lazy("allow")),
            ("require", gettext_lazy("require")),
        ],
    )


class AgentField(FormText):
    """An agent's id, or the name of a known agent, which cleans to its id. The present value is
    left unchanged, because an id from another system may equal the name of an agent here."""

    organization: Organization
    kept: str | None = None

    def clean(self, value: Any) -> str:
        typed = super().clean(value)
        return typed if typed == self.kept else resolve_agent_id(self.organization, typed)


def set_up_agent_fields(
    fields: dict[str, forms.Field], organization: Organization, present: Mapping[str, Any]
) -> list[Agent]:
    """Sets up the agent fields and returns the agents to suggest. Any other id may be typed."""
    for name in AGENT_FIELDS:
        if name in fields:
            fields[name].organization, fields[name].kept = organization, present.get(name)
            fields[name].widget.attrs |= {"list": "known-agents", "autocomplete": "off"}
    return list(organization.agents.order_by("name")[:MAX_AGENT_CHOICES])


class NumberForm(SipFields):
    label = FormText(label=gettext_lazy("Label"), max_length=100, required=False)
    inbound_agent_id = AgentField(
        label=gettext_lazy("Agent that answers calls"),
        max_length=100,
        required=False,
        help_text=gettext_lazy("An agent of yours, or the id of one that is kept elsewhere."),
    )
    outbound_agent_id = AgentField(
        label=gettext_lazy("Agent that makes calls"),
        max_length=100,
        required=False,
    )
    inbound_webhook_url = FormUrl(
        label=gettext_lazy("Webhook"),
        max_length=2000,
        required=False,
        assume_scheme="https",
        help_text=gettext_lazy(
            "Where an account that owns the number sends its calls; comes before the agent's "
            "voice URL."
        ),
    )
    application_sid = forms.UUIDField(
        label=gettext_lazy("Application"),
        required=False,
        help_text=gettext_lazy("A UUID of the platform; the integration's own if left empty."),
    )
    supports_inbound = forms.BooleanField(label=gettext_lazy("Takes calls"), required=False)
    supports_outbound = forms.BooleanField(label=gettext_lazy("Makes calls"), required=False)
    outbound_trunk_id = FormText(
        label=gettext_lazy("Outbound trunk"),
        max_length=100,
        required=False,
        help_text=gettext_lazy("A trunk on the SIP platform that is used as it is."),
    )
    forget_password = forms.BooleanField(
        label=gettext_lazy("Forget the stored password"), required=False
    )
    forget_pin = forms.BooleanField(label=gettext_lazy("Forget the stored PIN"), required=False)
    seen = forms.CharField(widget=forms.HiddenInput, required=False)

    def __init__(
        self,
        data: Any = None,
        *,
        number: PhoneNumber,
        trunks: Placement | None,
        organization: Organization,
    ):
        self.number, self.trunks, self.secrets = number, trunks, {}
        try:
            self.secrets = trunks.secrets() if trunks else {}
        except DecryptionError:  # unreadable secrets cannot be merged with changes
            self.trunks = None
        present = self.present()
        super().__init__(data, initial={**present, "seen": form_fingerprint(present)})
        self.leave_out()
        self.agents = set_up_agent_fields(self.fields, organization, present)
        self.order_fields(["seen", *COLUMNS, "server_address", "username", "password"])

    def present(self) -> dict[str, Any]:
        columns = {name: getattr(self.number, name) for name in COLUMNS}
        known = self.trunks.settings if self.trunks else {}
        return {**columns, **{name: known.get(name, "") for name in VISIBLE_SIP}}

    def leave_out(self) -> None:
        """Removes the fields that do not apply. A number on a carrier, for example, has the
        carrier's gateways and no trunks."""
        absent = [] if not self.number.carrier_id else [*TRUNK_COLUMNS]
        absent += [] if self.trunks else sip_settings.FIELDS
        absent += [f"forget_{name}" for name in sip_settings.SECRETS if name not in self.secrets]
        for name in absent:
            self.fields.pop(name)
        for name in self.secrets:
            self.fields[name].help_text = _("One is kept. Empty leaves it as it is.")

    @property
    def columns(self) -> list[forms.BoundField]:
        return [self[name] for name in COLUMNS if name in self.fields]

    @property
    def sip_fields(self) -> list[forms.BoundField]:
        names = (*VISIBLE_SIP[:3], "password", "forget_password", *VISIBLE_SIP[3:], "pin")
        return [self[name] for name in (*names, "forget_pin") if name in self.fields]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if self.trunks:
            for name, text in self.complaints().items():
                self.add_error(name if name in self.fields else None, text)
        return cleaned

    def complaints(self) -> dict[str, str]:
        return sip_settings.validate_sip_setting_changes(
            {**self.trunks.settings, **self.secrets},
            self.sip_changes(),
            outbound=self.cleaned_data.get("supports_outbound", self.number.supports_outbound),
            outbound_trunk_id=self.cleaned_data.get("outbound_trunk_id")
            or (None if "outbound_trunk_id" in self.fields else self.number.outbound_trunk_id),
        )

    def sip_changes(self) -> dict[str, str | None]:
        """Returns only the settings that differ from the stored ones. A secret is included if a new
        one was typed, or as None if it is to be removed."""
        known = self.trunks.settings
        given = {
            name: self.cleaned_data.get(name) or None
            for name in VISIBLE_SIP
            if (self.cleaned_data.get(name) or "") != known.get(name, "")
        }
        for name in sip_settings.SECRETS:
            if typed := self.cleaned_data.get(name):
                given[name] = typed
            elif self.cleaned_data.get(f"forget_{name}"):
                given[name] = None
        return given

    @property
    def changes(self) -> dict[str, Any]:
        """Returns the values under the parameter names of
        numbers.inventory.operations.change_number."""
        wished = {
            name: self.cleaned_data[name]
            if isinstance(self.cleaned_data[name], bool)
            else self.cleaned_data[name] or None
            for name in COLUMNS
            if name in self.fields
        }
        given = self.sip_changes() if self.trunks else {}
        return {**wished, "sip_settings": given} if given else wished

    @property
    def is_stale(self) -> bool:
        """Returns whether the values shown were changed by someone else since the form was
        opened."""
        return self.data.get("seen") != form_fingerprint(self.present())

    def differences(self) -> list[tuple[str, Any]]:
        """Returns label and present value of each field whose typed value differs from the present
        one."""
        return [
            (self.fields[name].label, "" if value is None else value)
            for name, value in self.present().items()
            if name in self.fields and (self.cleaned_data.get(name) or "") != (value or "")
        ]

    def take_note(self) -> None:
        """Accepts the present values as seen: the typed values stay, and sending the form again
        applies them."""
        self.data = self.data.copy()
        self.data["seen"] = form_fingerprint(self.present())


def form_fingerprint(present: dict[str, Any]) -> str:
    text = json.dumps(present, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
