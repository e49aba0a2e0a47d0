"""Which column is which: by the words of the heading, in English or German."""

import re

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


def column_of(heading: str) -> str:
    """ "" for a heading that is not known."""
    return COLUMNS.get(word_of(heading), "")


def word_of(heading: str) -> str:
    return re.sub(r"[^a-z0-9]", "", heading.lower())


def is_known(heading: str) -> bool:
    return bool(column_of(heading)) or word_of(heading) in PASSED_OVER


def is_heading(first: list[str]) -> bool:
    """A row of data has digits in its first cell, or no word that is known."""
    words = E164.sub("", first[0])
    return any(map(column_of, first)) and not re.search(r"[0-9]{3}", words)
