"""Parsing of one imported row into its number, its values and everything that is wrong with it."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from carriers.models import Carrier
from numbers.bulk.files.tables import TableLine
from numbers.bulk.imports import fields
from numbers.bulk.imports.carrier_names import carriers_by_name
from numbers.bulk.imports.options import (
    ACCOUNT,
    CARRIER,
    RECORD,
    ROW_SOURCES,
    SHARED_FIELDS,
    find_named_integration,
    is_uuid,
)
from numbers.bulk.imports.readings import (
    RANGE_CHOICE,
    NumberFormatEvidence,
    candidate_question,
    serialize_candidates,
)
from numbers.inventory.reservation import CarrierUnavailable, ensure_carrier_not_failed
from numbers.numbering import ranges, regions
from numbers.numbering.e164 import InvalidPhoneNumber
from numbers.numbering.parsing import parse_number
from numbers.numbering.readings import (
    AmbiguousNumber,
    NumberRangeError,
    ParsedNumber,
    candidate_numbers,
)
from organizations.access.principals import Principal
from organizations.text.rules import trim_text

# The titles of columns in the reader's language, which error messages begin with.
COLUMN_TITLES = {
    "number": gettext_lazy("Number"),
    "label": gettext_lazy("Label"),
    "carrier": gettext_lazy("Carrier"),
    "agent_id": gettext_lazy("Agent"),
    "application_sid": gettext_lazy("Application"),
}


@dataclass
class ParsedRow:
    line: int
    text: str
    number: str = ""
    values: dict[str, Any] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)  # warnings, though the row can be executed
    question: str = ""  # what a person must choose first; values has the readings
    rest: range = range(0)  # digits of the further numbers of a range


class RowParser:
    """Parses the rows of one import, which share its options and the organization's carriers and
    agents."""

    def __init__(self, by: Principal, options: dict[str, str]):
        self.options = options
        self.for_all = {name: options[name] for name in SHARED_FIELDS if name in options}
        self.for_all |= destination_values(by, options)
        self.is_for_carriers = options.get("destination", CARRIER) == CARRIER
        self.carriers = carriers_by_name(by) if self.is_for_carriers else {}
        agents = agent_ids_by_name(by)
        self.agent_ids = {agent_id for ids in agents.values() for agent_id in ids}
        self.agents = {} if options.get("given") in ROW_SOURCES else agents
        self.evidence = NumberFormatEvidence()
        self.notices: list[str] = []  # about all rows, each one once

    def progress(self) -> dict[str, Any]:
        """Returns what the rows so far have shown, for `resume`."""
        return {**asdict(self.evidence), "notices": self.notices}

    def resume(self, progress: Mapping[str, Any]) -> None:
        self.evidence = NumberFormatEvidence(progress["national"], progress["international"])
        self.notices = list(progress["notices"])

    def row(self, line: TableLine, known: str | None = None) -> ParsedRow:
        """Parses one line. `known` is the number that the row's id belongs to."""
        found = ParsedRow(line.line, (line.cells.get("number") or "")[:100])
        found.wrong += [prefix_column_title(name, fault) for name, fault in line.faults.items()]
        if not {"", "number"} & line.faults.keys():
            self.find_number(found, line.cells, known)
        self.find_texts(found, line.cells)
        self.find_agent(found, trim_text(line.cells.get("agent_id") or ""))
        self.find_carrier(found, carrier_cell(line.cells))
        if line.surplus:
            found.wrong.append(
                _("“%(cell)s” stands beyond the last column: put text with separators in quotes.")
                % {"cell": shorten_quoted_text(line.surplus, 40)}
            )
        return found

    def find_number(self, found: ParsedRow, cells: dict[str, str], known: str | None) -> None:
        text = cells.get("number") or ""
        try:
            if known and is_same_number(text, known):
                found.number = known
            elif known:
                raise different_number_error(known)
            else:
                self.read_number(found, text, self.country_of(cells))
            found.rest = remaining_range_digits(found.number, cells) or found.rest
        except (AmbiguousNumber, NumberRangeError) as error:
            found.values |= serialize_candidates(error)
            found.question = candidate_question(error)
        except InvalidPhoneNumber as error:
            found.wrong.append(f"{COLUMN_TITLES['number']}: {error}")
        else:
            found.values["number"] = found.number

    def read_number(self, found: ParsedRow, text: str, country: str | None) -> None:
        """Parses the number; a person's choice decides an ambiguous one. Raises
        InvalidPhoneNumber."""
        try:
            reading = parse_number(text, country=country)
            self.evidence.see(reading)
        except (AmbiguousNumber, NumberRangeError) as error:
            reading = self.chosen(found, error)
            if reading is None:
                raise
        found.number = reading.number
        found.notes.append(reading.note)

    def chosen(
        self, found: ParsedRow, error: AmbiguousNumber | NumberRangeError
    ) -> ParsedNumber | None:
        choice = self.options.get("choices", {}).get(str(found.line))
        if choice == RANGE_CHOICE and isinstance(error, NumberRangeError):
            found.rest = range(int(error.first) + 1, int(error.last) + 1)
            return ParsedNumber(error.first)
        way = self.options.get("without_plus") if isinstance(error, AmbiguousNumber) else None
        for reading in candidate_numbers(error):
            if reading.number == choice or (not choice and way and reading.way == way):
                return reading
        return None

    def country_of(self, cells: dict[str, str]) -> str | None:
        """Returns the country of the row, or else the one set for all rows. Raises
        InvalidPhoneNumber."""
        named = cells.get("country")
        if not named:
            return regions.INTERNATIONAL if has_lost_plus(cells) else self.options.get("country")
        country = regions.find_region(named)
        if country is None and not (cells.get("number") or "").lstrip().startswith("+"):
            text = _("There is no country “%(name)s”: give its two letters or its name.")
            raise InvalidPhoneNumber(
                text % {"name": shorten_quoted_text(named, 40)}, code="unknown_country"
            )
        return country

    def find_texts(self, found: ParsedRow, cells: dict[str, str]) -> None:
        given, wrong = fields.parse_row_fields(cells)
        found.wrong += wrong
        found.values |= self.for_all | given
        if self.options.get("update"):
            found.values["given"] = sorted(given)

    def find_agent(self, found: ParsedRow, named: str) -> None:
        """Finds the agent by id or, in a file, by name. An unknown id is kept, as some agents are
        not registered in Patchbay."""
        if not named or named in self.agent_ids:
            return
        called = self.agents.get(named.casefold(), [])
        words = {
            "id": "".join(called[:1]) or shorten_quoted_text(named),
            "name": shorten_quoted_text(named),
        }
        if len(called) > 1:
            wrong = _("Several agents are called so: give the id of one.")
            found.wrong.append(f"{COLUMN_TITLES['agent_id']}: {wrong}")
        elif called:
            found.values["agent_id"] = called[0]
            found.notes.append(_("“%(name)s” is the agent %(id)s.") % words)
        else:
            note = _("No agent here has the id “%(id)s”: the number keeps it all the same.")
            found.notes.append(note % words)

    def find_carrier(self, found: ParsedRow, named: str) -> None:
        if not self.is_for_carriers:
            if named and not self.notices:
                self.notices.append(ignored_carrier_notice(self.options))
            return
        try:
            carrier = self.carrier(named or self.options.get("carrier", ""))
        except CarrierUnavailable as error:
            found.wrong.append(f"{COLUMN_TITLES['carrier']}: {error}")
            found.values["carrier"] = named[:200]  # shown in the report, to be corrected
        else:
            sid = str(carrier.voip_carrier_sid)
            found.values |= {"carrier": carrier.name, "voip_carrier_sid": sid}
            if named and "given" in found.values:
                found.values["given"] += ["carrier", "voip_carrier_sid"]

    def goes_on(self, values: Mapping[str, Any]) -> Carrier | None:
        """Returns the carrier of a row with these values, or None."""
        sid = values.get("voip_carrier_sid", "").casefold()
        return next(iter(self.carriers.get(sid, ())), None)

    def carrier(self, named: str) -> Carrier:
        carriers = self.carriers.get(named.casefold(), [])
        if not carriers:
            raise CarrierUnavailable(
                _("There is no carrier “%(name)s”.") % {"name": shorten_quoted_text(named)}
            )
        if len(carriers) > 1:
            raise CarrierUnavailable(
                _("Several carriers are called “%(name)s”: name its sid.")
                % {"name": shorten_quoted_text(named)}
            )
        ensure_carrier_not_failed(carriers[0])
        return carriers[0]


def has_lost_plus(cells: dict[str, str]) -> bool:
    """Returns whether the row is from our own export, which writes E.164, and only its plus was
    lost."""
    text = (cells.get("number") or "").strip()
    return text.isdecimal() and not text.startswith("0") and is_uuid(cells.get("id") or "")


def is_same_number(text: str, number: str) -> bool:
    """Returns whether `text`, in a row with the id of `number`, is that number. A spreadsheet may
    have removed its plus."""
    if not text:
        return True
    try:
        return parse_number(text, country=regions.INTERNATIONAL).number == number
    except InvalidPhoneNumber:
        return False


def different_number_error(known: str) -> InvalidPhoneNumber:
    text = _("The id of this row is that of %(number)s: correct the number, or remove the id.")
    return InvalidPhoneNumber(text % {"number": known}, code="different_number")


def remaining_range_digits(first: str, cells: dict[str, str]) -> range | None:
    """Returns the digits of the numbers of a range after the first, if columns give its end or
    size, or None. Raises InvalidPhoneNumber."""
    last, size = cells.get("last_number") or "", cells.get("range_size") or ""
    if not last and size in ("", "0", "1"):
        return None
    if size and not size.isdecimal():
        raise InvalidPhoneNumber(_("The size of a range is a whole number."), code="range")
    try:
        count = None if last else int(size[:9])
        begin, end = ranges.resolve_range_ends(first=first, last=last, count=count)
    except ValidationError as error:
        raise InvalidPhoneNumber(" ".join(error.messages), code="range") from error
    return range(int(begin) + 1, int(end) + 1)


def prefix_column_title(name: str, fault: str) -> str:
    return f"{COLUMN_TITLES[name]}: {fault}" if name in COLUMN_TITLES else fault


def destination_values(by: Principal, options: dict[str, str]) -> dict[str, str]:
    """Returns the destination of numbers without a carrier, as a row shows it."""
    if options.get("destination") == ACCOUNT:
        return {"account": find_named_integration(by, options["integration_id"]).name}
    is_record = options.get("destination") == RECORD
    return {"account": _("recorded only")} if is_record else {}


def ignored_carrier_notice(options: dict[str, str]) -> str:
    if options.get("destination") == ACCOUNT:
        return _("The column carrier is ignored: these numbers belong to an account.")
    return _("The column carrier is ignored: these numbers are recorded only.")


def carrier_cell(cells: dict[str, str]) -> str:
    """Returns the carrier named by the row; a row that is retried has its sid too."""
    return cells.get("voip_carrier_sid") or trim_text(cells.get("carrier") or "")


def shorten_quoted_text(text: str, most: int = 100) -> str:
    """Returns the text shortened to one line, to be quoted in a sentence."""
    return " ".join(text.split())[:most]


def agent_ids_by_name(by: Principal) -> dict[str, list[str]]:
    """Returns the ids of agents by their case-folded names."""
    found: dict[str, list[str]] = {}
    for agent_id, name in by.organization.agents.values_list("agent_id", "name"):
        found.setdefault(name.casefold(), []).append(agent_id)
    return found
