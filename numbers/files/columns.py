"""Which column is which: by the words of the heading, in English or German."""

import re
from collections import Counter

from django.utils.translation import gettext as _

from numbers.files.unreadable import Unreadable

NAMES = {
    "number": "number phone phonenumber telephone telephonenumber did ddi e164 msisdn tel "
    "nummer rufnummer telefonnummer telefon durchwahl",
    "label": "label name friendlyname description comment title note bezeichnung beschreibung "
    "bemerkung titel kommentar notiz",
    "carrier": "carrier carriername voipcarrier voipcarriersid carriersid provider trunk "
    "anbieter netzbetreiber",
    "agent_id": "agent agentid inboundagent inboundagentid assistant assistent",
    "application_sid": "application applicationsid app anwendung anwendungssid",
}
# What an export of the list and the report of an import say besides: how things stood then.
PASSED_OVER = (
    *("status", "wanted", "reason", "integration", "source", "added", "changed", "id"),
    *("line", "fate", "message", "zeile", "ergebnis", "meldung"),
)
COLUMNS = {word: column for column, words in NAMES.items() for word in words.split()}
E164 = re.compile(r"\bE[. -]?164\b", re.IGNORECASE)  # the one name with digits
WITHOUT_HEADING = ["number", "label"]


def column_of(heading: str) -> str:
    """ "" for a heading that is not known."""
    return COLUMNS.get(word_of(heading), "")


def word_of(heading: str) -> str:
    return re.sub(r"[^a-z0-9]", "", heading.lower())


def is_known(heading: str) -> bool:
    return bool(column_of(heading)) or word_of(heading) in PASSED_OVER


def columns_of(first: list[str]) -> tuple[list[str], bool]:
    """The columns, and whether `first` is a heading. Raises Unreadable."""
    if not is_heading(first):
        return WITHOUT_HEADING, False
    columns = [column_of(cell) for cell in first]
    refuse_unclear(first, columns)
    return columns, True


def is_heading(first: list[str]) -> bool:
    """A row of data has digits in its first cell, or no word that is known."""
    words = E164.sub("", first[0])
    return any(map(column_of, first)) and not re.search(r"[0-9]{3}", words)


def refuse_unclear(first: list[str], columns: list[str]) -> None:
    unknown = [cell for cell in first if cell and not is_known(cell)]
    twice = {column for column, times in Counter(columns).items() if column and times > 1}
    if "number" not in columns:
        raise Unreadable(_("No column is called “number”."))
    if twice:
        raise Unreadable(
            _("More than one column is the %(column)s: keep one.") % {"column": twice.pop()}
        )
    if unknown:
        raise Unreadable(
            _(
                "These columns are not known: %(names)s. Remove them, or call them one of these: "
                "%(known)s."
            )
            % {"names": ", ".join(unknown)[:200], "known": ", ".join(NAMES)}
        )
