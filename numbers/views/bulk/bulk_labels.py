"""Labels of jobs: what a job will do, what it did, and the values before and after in each row."""

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from numbers.bulk.imports.fields import NUMBER_FIELDS
from numbers.bulk.imports.options import RECORD
from numbers.models import Batch, BatchRow, PhoneNumber
from numbers.numbering.e164 import E164_PATTERN, format_display_number
from numbers.views.bulk.messages import translate_stored_text

Fate, State, Status = BatchRow.Fate, Batch.State, PhoneNumber.Status


def start_description(batch: Batch, *, agent: str = "", changed: int = 0) -> str:
    """Returns one sentence that says what the job will do. `agent` is the name of the agent to
    assign; `changed` is how many existing numbers an import changes."""
    if batch.action == "import" and changed:
        return import_description(batch.left - changed, changed)
    return action_description(batch, batch.left) % {
        "count": f"{batch.left:,}",
        "label": batch.options.get("label") or "",
        "agent": agent,
    }


def import_description(added: int, changed: int) -> str:
    words = ngettext(
        "%(count)s number will be changed.", "%(count)s numbers will be changed.", changed
    )
    if added:
        first = ngettext(
            "%(count)s number will be added", "%(count)s numbers will be added", added
        ) % {"count": f"{added:,}"}
        # The sentence follows "12 numbers will be added, ".
        words = ngettext("%(count)s will be changed.", "%(count)s will be changed.", changed)
        words = f"{first}, {words}"
    return words % {"count": f"{changed:,}"}


def action_description(batch: Batch, count: int) -> str:
    if batch.undoes_id and batch.action in ("label", "assign"):
        return ngettext(
            "%(count)s number gets back what it had before.",
            "%(count)s numbers get back what they had before.",
            count,
        )
    if batch.action == "label" and batch.options.get("label"):
        return ngettext(
            "%(count)s number gets the label “%(label)s”.",
            "%(count)s numbers get the label “%(label)s”.",
            count,
        )
    if batch.action == "assign" and batch.options.get("agent_id"):
        return ngettext(
            "The calls of %(count)s number are for agent %(agent)s from then on.",
            "The calls of %(count)s numbers are for agent %(agent)s from then on.",
            count,
        )
    return default_action_descriptions(count)[batch.action]


def default_action_descriptions(count: int) -> dict[str, str]:
    return {
        "import": ngettext("%(count)s number is added.", "%(count)s numbers are added.", count),
        "activate": ngettext(
            "%(count)s number is switched on: its calls are routed again.",
            "%(count)s numbers are switched on: their calls are routed again.",
            count,
        ),
        "deactivate": ngettext(
            "%(count)s number is switched off: calls to it end. It stays on its platforms.",
            "%(count)s numbers are switched off: calls to them end. They stay on their platforms.",
            count,
        ),
        "label": ngettext(
            "%(count)s number loses its label.", "%(count)s numbers lose their labels.", count
        ),
        "assign": ngettext(
            "%(count)s number has no agent any more.",
            "%(count)s numbers have no agent any more.",
            count,
        ),
        "retry": ngettext(
            "%(count)s number is tried again at once.",
            "%(count)s numbers are tried again at once.",
            count,
        ),
        "delete": ngettext(
            "%(count)s number is deleted, and removed from its platforms.",
            "%(count)s numbers are deleted, and removed from their platforms.",
            count,
        ),
    }


def start_button_label(batch: Batch, *, changed: int = 0) -> str:
    """Returns the label of the start button: the action and the count. `changed` is as in
    start_description()."""
    left = batch.left
    if batch.action == "import" and 0 < changed < left:
        words = ngettext(
            "Add %(added)s number, change %(changed)s",
            "Add %(added)s numbers, change %(changed)s",
            left - changed,
        )
        return words % {"added": f"{left - changed:,}", "changed": f"{changed:,}"}
    words = {
        "import": ngettext("Add %(count)s number", "Add %(count)s numbers", left),
        "activate": ngettext("Activate %(count)s number", "Activate %(count)s numbers", left),
        "deactivate": ngettext("Deactivate %(count)s number", "Deactivate %(count)s numbers", left),
        "retry": ngettext("Try %(count)s number again", "Try %(count)s numbers again", left),
        "delete": ngettext("Delete %(count)s number", "Delete %(count)s numbers", left),
    }
    change = ngettext("Change %(count)s number", "Change %(count)s numbers", left)
    word = change if changed else words.get(batch.action, change)
    return word % {"count": f"{left:,}"}


def row_change(batch: Batch, row: BatchRow) -> tuple[str, str]:
    """Returns the labels of the old and the new value. Either may be empty."""
    if batch.action == "import":
        return "", import_row_label(batch, row)
    key = {"label": "label", "assign": "agent_id"}.get(batch.action, "status")
    becomes = new_value_label(batch, row, key)
    if key in EMPTY_LABELS:
        return row.before.get(key) or EMPTY_LABELS[key](), becomes
    was = row.before.get(key) if becomes else ""  # hidden if the row changes nothing
    return str(Status(was).label) if was in Status.values else "", becomes


def row_field_changes(row: BatchRow) -> list[tuple[str, str, str]]:
    """Returns column title, old value and new value for each field that a row of an import changes
    on an existing number."""
    return [
        (
            str(field.title),
            value_label(name, row.before[name]),
            value_label(name, row.values.get(name)),
        )
        for name, field in NUMBER_FIELDS.items()
        if name in row.before
    ]


def value_label(name: str, value: str | None) -> str:
    if name == "wanted" and value in Status.values:
        return str(Status(value).label)
    return value or _("empty")


EMPTY_LABELS = {"label": lambda: _("no label"), "agent_id": lambda: _("no agent")}


def new_value_label(batch: Batch, row: BatchRow, key: str) -> str:
    if row.fate in (Fate.ERROR, Fate.UNCHANGED):
        return ""
    if key in EMPTY_LABELS:
        return row.values.get(key) or EMPTY_LABELS[key]()
    if batch.action == "delete":
        return _("deleted, given back") if row.values.get("release") else _("deleted")
    words = {"activate": Status.ACTIVE.label, "deactivate": Status.INACTIVE.label}
    return str(words.get(batch.action, _("tried again")))


def row_result_label(batch: Batch, name: str) -> str:
    """Returns the label of a row's result. Rows still to do are labelled differently after the job
    was stopped."""
    if name == Fate.TODO and batch.state == State.STOPPED:
        return _("was not begun")
    return str(Fate(name).label)


def row_number_label(row: BatchRow) -> str:
    """Returns the number in display format, or the text as given if it is not a number."""
    return format_display_number(row.text) if E164_PATTERN.fullmatch(row.text) else row.text


def import_row_label(batch: Batch, row: BatchRow) -> str:
    """Returns the parsed number, if it was written differently, and the values that come with
    it."""
    values = row.values
    number = values.get("number", "")
    others = [values.get(name) for name in ("label", "carrier", "account", "agent_id")]
    if batch.options.get("destination") == RECORD:
        others[2] = translate_stored_text(
            others[2] or ""
        )  # Patchbay's own words, or the name of an integration
    named = [
        f"{NUMBER_FIELDS[name].title}: {values[name]}" for name in DETAIL_FIELDS if values.get(name)
    ]
    if values.get("wanted") == Status.INACTIVE:
        named.append(value_label("wanted", Status.INACTIVE))
    shown = [number if number != row.text else "", *others, *named]
    return " · ".join(str(value) for value in shown if value)


DETAIL_FIELDS = ("outbound_agent_id", "application_sid", "inbound_webhook_url", "outbound_trunk_id")
