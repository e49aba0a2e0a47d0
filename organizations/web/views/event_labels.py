"""Labels for the audit log: what was done to what, and which fields changed."""

from collections.abc import Iterator
from typing import Any

from django.urls import reverse
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from organizations.models import Event, Organization

ACTOR_LABELS = {
    "member": gettext_lazy("Member"),
    "key": gettext_lazy("API key"),
    "staff": gettext_lazy("Operator of the installation"),
    "system": gettext_lazy("Patchbay itself"),
    "anonymous": gettext_lazy("Not signed in"),
}
SUBJECT_LABELS = {
    "phone_number": gettext_lazy("Phone number"),
    "carrier": gettext_lazy("Carrier"),
    "integration": gettext_lazy("Integration"),
    "agent": gettext_lazy("Agent"),
    "audit_log": gettext_lazy("Audit log"),
    "api_key": gettext_lazy("API key"),
    "member": gettext_lazy("Member"),
    "invitation": gettext_lazy("Invitation"),
    "organization": gettext_lazy("Organization"),
    "batch": gettext_lazy("Import or bulk change"),
    "operation": gettext_lazy("Operation"),
    "saved_view": gettext_lazy("Saved view"),
    "number_pool": gettext_lazy("Number pool"),
}
ACTION_LABELS = {
    "accepted": gettext_lazy("accepted"),
    "archived": gettext_lazy("archived"),
    "activated": gettext_lazy("active now"),
    "added": gettext_lazy("added"),
    "change_refused": gettext_lazy("change refused"),
    "changed": gettext_lazy("changed"),
    "columns_confirmed": gettext_lazy("columns confirmed"),
    "connecting": gettext_lazy("being connected"),
    "connected": gettext_lazy("connected"),
    "created": gettext_lazy("added"),
    "deactivated": gettext_lazy("inactive now"),
    "default_cleared": gettext_lazy("no default any more"),
    "deleted": gettext_lazy("deleted"),
    "disconnected": gettext_lazy("disconnected"),
    "done": gettext_lazy("done"),
    "exported": gettext_lazy("exported"),
    "email_changed": gettext_lazy("e-mail changed"),
    "failed": gettext_lazy("failed"),
    "finished": gettext_lazy("done"),
    "made_default": gettext_lazy("made a default"),
    "made_installation_default": gettext_lazy("made the default of the installation"),
    "merged": gettext_lazy("duplicates merged"),
    "password_changed": gettext_lazy("password changed"),
    "password_reset": gettext_lazy("password reset by e-mail link"),
    "password_set": gettext_lazy("password set or removed by an operator"),
    "proposed": gettext_lazy("proposed"),
    "quotas_changed": gettext_lazy("quotas changed"),
    "refused": gettext_lazy("refused"),
    "released": gettext_lazy("gone from its platform"),
    "removal_refused": gettext_lazy("removal refused"),
    "removed": gettext_lazy("removed"),
    "renamed": gettext_lazy("renamed"),
    "retried": gettext_lazy("asked to try again"),
    "rotated": gettext_lazy("rotated"),
    "revoked": gettext_lazy("revoked"),
    "saved": gettext_lazy("saved"),
    "second_factor_added": gettext_lazy("second factor added"),
    "second_factor_removed": gettext_lazy("second factor removed"),
    "sign_in_refused": gettext_lazy("sign-in refused"),
    "signed_in": gettext_lazy("signed in"),
    "signed_out": gettext_lazy("signed out"),
    "started": gettext_lazy("started"),
    "stopped": gettext_lazy("stopped"),
}
FIELD_LABELS = {
    "action": gettext_lazy("action"),
    "agent_id": gettext_lazy("agent"),
    "allowed_cidrs": gettext_lazy("networks"),
    "application_sid": gettext_lazy("application"),
    "carrier": gettext_lazy("carrier"),
    "default_for": gettext_lazy("default for"),
    "done": gettext_lazy("done"),
    "email": gettext_lazy("e-mail"),
    "error_message": gettext_lazy("error message"),
    "expires_at": gettext_lazy("expires"),
    "failed": gettext_lazy("failed"),
    "gateways": gettext_lazy("gateways"),
    "inbound_agent_id": gettext_lazy("inbound agent"),
    "inbound_auth": gettext_lazy("inbound authentication"),
    "inbound_webhook_url": gettext_lazy("inbound webhook"),
    "integration": gettext_lazy("integration"),
    "is_default": gettext_lazy("default of the organization"),
    "kind": gettext_lazy("kind"),
    "label": gettext_lazy("label"),
    "mapping": gettext_lazy("columns"),
    "max_in_flight": gettext_lazy("operations at a time"),
    "name": gettext_lazy("name"),
    "number": gettext_lazy("number"),
    "numbers": gettext_lazy("numbers"),
    "numbers_limited": gettext_lazy("limited to its number pools"),
    "outbound_agent_id": gettext_lazy("outbound agent"),
    "outbound_trunk_id": gettext_lazy("outbound trunk"),
    "owner": gettext_lazy("owner"),
    "prefixes": gettext_lazy("prefixes"),
    "reason": gettext_lazy("reason"),
    "registration": gettext_lazy("registration"),
    "role": gettext_lazy("role"),
    "scopes": gettext_lazy("scopes"),
    "sheet": gettext_lazy("sheet"),
    "skipped": gettext_lazy("skipped"),
    "source": gettext_lazy("source"),
    "status": gettext_lazy("status"),
    "successor": gettext_lazy("replaced by"),
    "supports_inbound": gettext_lazy("takes calls"),
    "supports_outbound": gettext_lazy("makes calls"),
    "total": gettext_lazy("rows"),
    "trunk_type": gettext_lazy("trunk type"),
    "voice_url": gettext_lazy("voice URL"),
    "wanted": gettext_lazy("wanted status"),
}
SUBJECT_PAGES = {
    "phone_number": "number",
    "carrier": "carrier",
    "integration": "integration",
    "batch": "batch",
}
MISSING = object()


def event_title(event: Event) -> str:
    """Returns a title such as "Phone number added" for an event."""
    kind, _dot, deed = event.action.partition(".")
    subject = SUBJECT_LABELS.get(kind, capfirst(kind.replace("_", " ")))
    return f"{subject} {ACTION_LABELS.get(deed, deed.replace('_', ' '))}"


def event_tone(event: Event) -> str:
    """Returns "bad" for an event that failed or lost something, else "". The title says the same in
    words."""
    deed = event.action.rpartition(".")[2]
    if event.outcome == Event.Outcome.REFUSED:
        return "bad"
    return "bad" if deed in ("failed", "change_refused", "removal_refused", "revoked") else ""


def event_subject_url(organization: Organization, event: Event) -> str:
    """Returns the URL of the event's subject, or "" if it has no page."""
    if event.subject_kind not in SUBJECT_PAGES:
        return ""
    name = f"screens:{SUBJECT_PAGES[event.subject_kind]}"
    return reverse(name, args=[organization.public_id, event.subject_id])


def event_field_changes(event: Event) -> list[tuple[str, str | None, str | None]]:
    """Returns the changed fields with their values before and after; None for a missing value."""
    before, after = dict(flatten_paths(event.before)), dict(flatten_paths(event.after))
    return [
        (
            field_label(path),
            format_event_value(before.get(path, MISSING)),
            format_event_value(after.get(path, MISSING)),
        )
        for path in dict.fromkeys([*before, *after])
        if before.get(path, MISSING) != after.get(path, MISSING)
    ]


def flatten_paths(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yields nested objects as paths to their leaves. A list is a leaf."""
    if isinstance(value, dict) and (value or not path):
        for name, inner in value.items():
            yield from flatten_paths(inner, (*path, str(name)))
    else:
        yield path, value


def field_label(path: tuple[str, ...]) -> str:
    words = [str(FIELD_LABELS.get(name, name.replace("_", " "))) for name in path]
    return capfirst(" › ".join(words))


def format_event_value(value: Any) -> str | None:
    if value is MISSING:
        return None
    if value is None or value in ("", [], {}):
        return _("empty")
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, list):
        return ", ".join(str(item) for item in value)
    return str(value)
