"""What a batch says of itself: what it will do, what it did, and each row's before and after."""

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from numbers.bulk.imports.fields import OWN
from numbers.bulk.imports.options import RECORD
from numbers.models import Batch, BatchRow, PhoneNumber
from numbers.numbering.e164 import SHAPE, written
from numbers.views.bulk.messages import told

Fate, State, Status = BatchRow.Fate, Batch.State, PhoneNumber.Status


def intent(batch: Batch, *, agent: str = "", changed: int = 0) -> str:
    """What the start will do, in one sentence. `agent` is the name of the one that is assigned;
    `changed` is how many existing numbers an import changes."""
    if batch.action == "import" and changed:
        return imports_and_changes(batch.left - changed, changed)
    return deeds(batch, batch.left) % {
        "count": f"{batch.left:,}",
        "label": batch.options.get("label") or "",
        "agent": agent,
    }


def imports_and_changes(added: int, changed: int) -> str:
    words = ngettext(
        "%(count)s number will be changed.", "%(count)s numbers will be changed.", changed
    )
    if added:
        first = ngettext(
            "%(count)s number will be added", "%(count)s numbers will be added", added
        ) % {"count": f"{added:,}"}
        # Behind "12 numbers will be added, ".
        words = ngettext("%(count)s will be changed.", "%(count)s will be changed.", changed)
        words = f"{first}, {words}"
    return words % {"count": f"{changed:,}"}


def deeds(batch: Batch, count: int) -> str:
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
    return plain_deeds(count)[batch.action]


def plain_deeds(count: int) -> dict[str, str]:
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


def start_word(batch: Batch, *, changed: int = 0) -> str:
    """On the button: what a click does, to how many; `changed` as in intent()."""
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


def change(batch: Batch, row: BatchRow) -> tuple[str, str]:
    """What the row replaces, and by what; either may be empty."""
    if batch.action == "import":
        return "", imported(batch, row)
    key = {"label": "label", "assign": "agent_id"}.get(batch.action, "status")
    becomes = after(batch, row, key)
    if key in NOTHING:
        return row.before.get(key) or NOTHING[key](), becomes
    was = row.before.get(key) if becomes else ""  # what was wished of it is no news
    return str(Status(was).label) if was in Status.values else "", becomes


def field_changes(row: BatchRow) -> list[tuple[str, str, str]]:
    """Of an import's row that changes an existing number: each column's title, and what stands
    there before and after."""
    return [
        (str(field.title), in_words(name, row.before[name]), in_words(name, row.values.get(name)))
        for name, field in OWN.items()
        if name in row.before
    ]


def in_words(name: str, value: str | None) -> str:
    if name == "wanted" and value in Status.values:
        return str(Status(value).label)
    return value or _("empty")


NOTHING = {"label": lambda: _("no label"), "agent_id": lambda: _("no agent")}


def after(batch: Batch, row: BatchRow, key: str) -> str:
    if row.fate in (Fate.ERROR, Fate.UNCHANGED):
        return ""
    if key in NOTHING:
        return row.values.get(key) or NOTHING[key]()
    if batch.action == "delete":
        return _("deleted, given back") if row.values.get("release") else _("deleted")
    words = {"activate": Status.ACTIVE.label, "deactivate": Status.INACTIVE.label}
    return str(words.get(batch.action, _("tried again")))


def fate(batch: Batch, name: str) -> str:
    """What was to be done when the batch was stopped is not done any more."""
    if name == Fate.TODO and batch.state == State.STOPPED:
        return _("was not begun")
    return str(Fate(name).label)


def number(row: BatchRow) -> str:
    """As people write it; what cannot be a number, as it was given."""
    return written(row.text) if SHAPE.fullmatch(row.text) else row.text


def imported(batch: Batch, row: BatchRow) -> str:
    """How the number was understood, where it was written otherwise, and what goes with it."""
    values = row.values
    number = values.get("number", "")
    others = [values.get(name) for name in ("label", "carrier", "account", "agent_id")]
    if batch.options.get("destination") == RECORD:
        others[2] = told(others[2] or "")  # our own words; else the name of an integration
    named = [f"{OWN[name].title}: {values[name]}" for name in NAMED if values.get(name)]
    if values.get("wanted") == Status.INACTIVE:
        named.append(in_words("wanted", Status.INACTIVE))
    shown = [number if number != row.text else "", *others, *named]
    return " · ".join(str(value) for value in shown if value)


NAMED = ("outbound_agent_id", "application_sid", "inbound_webhook_url", "outbound_trunk_id")
