"""One row as it was given, understood: its number, its values, and everything that is wrong."""

from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from carriers.models import Carrier
from carriers.operations import all_usable
from numbers.e164 import NotANumber
from numbers.files.tables import Line
from numbers.holding import NoCarrier, refuse_failed
from numbers.import_options import ACCOUNT, CARRIER, FOR_ALL, RECORD, complaint, named_integration
from numbers.spelling import understood
from organizations.principals import Principal
from organizations.texts import trimmed

# The columns in the reader's words; what is wrong begins with one.
TITLES = {
    "number": gettext_lazy("Number"),
    "label": gettext_lazy("Label"),
    "carrier": gettext_lazy("Carrier"),
    "agent_id": gettext_lazy("Agent"),
    "application_sid": gettext_lazy("Application"),
}


@dataclass
class Understood:
    line: int
    text: str
    number: str = ""
    values: dict[str, Any] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)
    note: str = ""  # to look at, though it can be done


class Understanding:
    """What all rows of one import share: its options, and the carriers that there are."""

    def __init__(self, by: Principal, options: dict[str, str]):
        self.options = options
        self.for_all = {name: options[name] for name in FOR_ALL if name in options}
        self.for_all |= place_of(by, options)
        self.is_for_carriers = options.get("destination", CARRIER) == CARRIER
        self.carriers = carriers_by_name(by) if self.is_for_carriers else {}
        agents = agents_by_name(by)
        self.agent_ids = {agent_id for ids in agents.values() for agent_id in ids}
        self.agents = {} if options.get("given") == "rows" else agents

    def row(self, line: Line) -> Understood:
        given = line.cells.get("number") or ""
        found = Understood(line.line, given[:100])
        self.find_number(found, given)
        self.find_texts(found, line.cells)
        self.find_agent(found, trimmed(line.cells.get("agent_id") or ""))
        self.find_carrier(found, carrier_of(line.cells))
        if line.surplus:
            found.wrong.append(
                _("“%(cell)s” stands beyond the last column: put text with separators in quotes.")
                % {"cell": quoted(line.surplus, 40)}
            )
        return found

    def find_number(self, found: Understood, text: str) -> None:
        try:
            found.number = understood(text, country=self.options.get("country"))
        except NotANumber as error:
            found.wrong.append(f"{TITLES['number']}: {error}")
        else:
            found.values["number"] = found.number

    def find_texts(self, found: Understood, cells: dict[str, str]) -> None:
        given = {name: trimmed(cells.get(name) or "") for name in FOR_ALL}
        given = {name: text for name, text in given.items() if text}
        for name, text in given.items():
            if wrong := complaint(name, text):
                found.wrong.append(f"{TITLES[name]}: {wrong}")
        found.values |= self.for_all | {name: text[:200] for name, text in given.items()}

    def find_agent(self, found: Understood, named: str) -> None:
        """By id; in a file, as people know it, by name. Some live elsewhere."""
        if not named or named in self.agent_ids:
            return
        called = self.agents.get(named.casefold(), [])
        words = {"id": "".join(called[:1]) or quoted(named), "name": quoted(named)}
        if len(called) > 1:
            wrong = _("Several agents are called so: give the id of one.")
            found.wrong.append(f"{TITLES['agent_id']}: {wrong}")
        elif called:
            found.values["agent_id"] = called[0]
            found.note = _("“%(name)s” is the agent %(id)s.") % words
        else:
            note = _("No agent here has the id “%(id)s”: the number keeps it all the same.")
            found.note = note % words

    def find_carrier(self, found: Understood, named: str) -> None:
        if not self.is_for_carriers:
            if named:
                wrong = _("These numbers do not go on a carrier: leave it empty.")
                found.wrong.append(f"{TITLES['carrier']}: {wrong}")
            return
        try:
            carrier = self.carrier(named or self.options.get("carrier", ""))
        except NoCarrier as error:
            found.wrong.append(f"{TITLES['carrier']}: {error}")
            found.values["carrier"] = named[:200]  # as the report gives it back to be mended
        else:
            sid = str(carrier.voip_carrier_sid)
            found.values |= {"carrier": carrier.name, "voip_carrier_sid": sid}

    def carrier(self, named: str) -> Carrier:
        carriers = self.carriers.get(named.casefold(), [])
        if not carriers:
            raise NoCarrier(_("There is no carrier “%(name)s”.") % {"name": quoted(named)})
        if len(carriers) > 1:
            raise NoCarrier(
                _("Several carriers are called “%(name)s”: name its sid.") % {"name": quoted(named)}
            )
        refuse_failed(carriers[0])
        return carriers[0]


def place_of(by: Principal, options: dict[str, str]) -> dict[str, str]:
    """Where the numbers go that go on no carrier, as a row shows it."""
    if options.get("destination") == ACCOUNT:
        return {"account": named_integration(by, options["integration_id"]).name}
    is_record = options.get("destination") == RECORD
    return {"account": _("recorded only")} if is_record else {}


def carrier_of(cells: dict[str, str]) -> str:
    """Rows that are tried again know the sid too."""
    return cells.get("voip_carrier_sid") or trimmed(cells.get("carrier") or "")


def quoted(text: str, most: int = 100) -> str:
    """Within a sentence, which is one line."""
    return " ".join(text.split())[:most]


def agents_by_name(by: Principal) -> dict[str, list[str]]:
    """Their ids by their names, however these are capitalized."""
    found: dict[str, list[str]] = {}
    for agent_id, name in by.organization.agents.values_list("agent_id", "name"):
        found.setdefault(name.casefold(), []).append(agent_id)
    return found


def carriers_by_name(by: Principal) -> dict[str, list[Carrier]]:
    """By name and by sid, however they are capitalized."""
    found: dict[str, list[Carrier]] = {}
    for carrier in all_usable(by):
        for name in (carrier.name, str(carrier.voip_carrier_sid)):
            found.setdefault(name.casefold(), []).append(carrier)
    return found
