"""Checks of an import, which give each row its result, and the import of one row."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import chain, count, islice
from typing import Any, NamedTuple
from uuid import UUID

from django.utils.translation import gettext as _

from integrations.ledger.operation_requests import get_default_integration
from numbers.bulk.files.tables import TableLine, build_request_lines, read_file_lines
from numbers.bulk.files.unreadable import UnreadableFile
from numbers.bulk.imports.fields import (
    find_differences,
    map_values_to_columns,
    select_comparison_values,
    update_imported_number,
    update_rejection_reason,
)
from numbers.bulk.imports.options import (
    ACCOUNT,
    RECORD,
    ROW_SOURCES,
    SUPPLY_INTEGRATION_ROLE,
    VOICE_INTEGRATION_ROLE,
    find_named_integration,
    is_uuid,
)
from numbers.bulk.imports.rows import ParsedRow, RowParser
from numbers.bulk.preview import UNFINISHED_RESULTS
from numbers.inventory import pool_rules
from numbers.inventory.acquisition import NoUsableIntegration, import_number, record_number_only
from numbers.inventory.operations import add_number
from numbers.inventory.reservation import (
    NumberStateConflict,
    find_reserved_numbers,
    number_taken_error,
)
from numbers.models import Batch, BatchRow, PhoneNumber
from numbers.models.phone_number import canonical_e164_expression as held_line
from numbers.numbering.readings import number_with_country
from organizations.access.principals import Principal
from organizations.access.roles import Permission
from organizations.exports.rows import iterate_row_chunks
from organizations.tenancy import tenant_scope

__all__ = ["ImportCheck", "UnreadableFile", "has_request_rows", "execute_import_row"]

ROWS_PER_CHUNK = 2_000
Result, Status = BatchRow.Fate, PhoneNumber.Status


class KnownNumbers(NamedTuple):
    """For the numbers of some rows: who holds each, and which ones the pools do not allow."""

    holders: dict[str, dict[str, Any]]
    refused: dict[pool_rules.NumberOnCarrier, str]


class ImportCheck:
    """Checks the rows of an import and gives each its expected result; writes nothing."""

    def __init__(self, by: Principal, batch: Batch):
        """Resumes after the rows that an earlier slice stored if the job has `progress`. Raises
        UnreadableFile."""
        ensure_account_exists(by, batch)
        self.by, self.batch = by, batch
        self.understanding = RowParser(by, batch.options)
        self.before: dict[str, Any] = batch.layout.get("progress", {})
        self.first_lines = first_line_by_number(batch) if self.before else {}
        self.last_line, self.behind = self.before.get("line", 0), self.before.get("behind", 0)
        self.found = self.before.get("found", 0)  # rows up to the end of what has been parsed
        self.ranges: list[ParsedRow] = []  # rows with the first number of a range

    def rows(self) -> Iterator[BatchRow]:
        """Yields unsaved rows with their results: todo, error, ambiguous, repeated or held. The
        further numbers of ranges follow after the last line. Raises UnreadableFile, even after some
        rows."""
        lines = self.unread(read_import_lines(self.batch))
        while portion := list(islice(lines, ROWS_PER_CHUNK)):
            self.last_line, self.found = portion[-1].line, self.found + len(portion)
            found = self.understood(portion)
            self.ranges += [each for each in found if each.rest]
            yield from self.fated(found)
        numbers = chain.from_iterable(map(expand_number_range, self.ranges))
        behind = map(move_to_line, numbers, count(self.last_line + 1))
        behind = islice(behind, self.behind, None)
        while portion := list(islice(behind, ROWS_PER_CHUNK)):
            self.behind, self.found = self.behind + len(portion), self.found + len(portion)
            yield from self.fated(portion)

    def unread(self, lines: Iterator[TableLine]) -> Iterator[TableLine]:
        """Returns the lines after the last stored one. Ranges in earlier lines are parsed again."""
        if not self.before:
            return lines
        begins = set(self.before["ranges"])
        for line in lines:
            if line.line > self.last_line:
                lines = chain([line], lines)
                break
            if line.line in begins:
                self.ranges += self.understood([line])
        self.understanding.resume(self.before)
        return lines

    def progress(self) -> dict[str, Any]:
        """Returns what a later slice needs to resume; valid once `found` rows are stored."""
        return {
            "found": self.found,
            "line": self.last_line,
            "behind": self.behind,
            "ranges": [each.line for each in self.ranges],
            **self.understanding.progress(),
        }

    def understood(self, lines: list[TableLine]) -> list[ParsedRow]:
        known = numbers_by_id(self.by, lines)
        return [self.understanding.row(line, known.get(line.cells.get("id"))) for line in lines]

    def fated(self, found: list[ParsedRow]) -> Iterator[BatchRow]:
        known = self.known([(each.number, each.values) for each in found])
        return (self.row_of(each, known) for each in found)

    def known(self, rows: Iterable[tuple[str, Mapping[str, Any]]]) -> KnownNumbers:
        """Looks up the numbers of rows with these values, with at most three queries."""
        wished = [(number, self.understanding.goes_on(values)) for number, values in rows if number]
        holders = find_number_holders(number for number, _carrier in wished)
        return KnownNumbers(holders, pool_rules.find_pool_violations(self.by.organization, wished))

    def row_of(self, found: ParsedRow, known: KnownNumbers) -> BatchRow:
        row = BatchRow(line=found.line, text=found.text, values=found.values)
        if found.wrong:
            row.fate, row.message = Result.ERROR, "\n".join(found.wrong)
        elif found.question:
            row.fate, row.message = Result.AMBIGUOUS, found.question
        else:
            self.settle(row, found.number, "\n".join(filter(None, found.notes)), known)
        return row

    def settle(self, row: BatchRow, number: str, note: str, known: KnownNumbers) -> None:
        """Sets the result of a row whose number is known. A number outside the pools is rejected,
        whoever else holds it."""
        holder = known.holders.get(number)
        refused = known.refused.get((number, self.understanding.goes_on(row.values)))
        if refused and not (holder and self.is_ours(holder)):
            row.fate, row.message = Result.ERROR, refused
            return
        first = self.first_lines.setdefault(number, row.line)
        if first != row.line:
            row.fate = Result.REPEATED
            row.message = _("The number of line %(line)d.") % {"line": first}
        elif holder and self.may_change(holder):
            compare_with_existing(row, holder, note)
        elif holder:
            row.fate = Result.HELD
            row.message, row.phone_number_id = existing_number_message(self.by, number, holder)
        else:
            row.fate, row.message = Result.TODO, note

    def is_ours(self, holder: dict[str, Any]) -> bool:
        return holder["organization_id"] == self.by.organization.pk

    def may_change(self, holder: dict[str, Any]) -> bool:
        wished = bool(self.batch.options.get("update"))
        return wished and self.is_ours(holder) and not is_holder_deleted(holder)

    def decided(self, rows: list[BatchRow]) -> list[BatchRow]:
        """Decides those of the ambiguous `rows` that the other rows of the file allow. Returns them
        with their new results."""
        choices = [self.understanding.evidence.choice(row.values) for row in rows]
        pairs = [(row, each) for row, each in zip(rows, choices, strict=True) if each]
        known = self.known([(each["number"], row.values) for row, each in pairs])
        for row, each in pairs:
            del row.values["readings"]
            row.values["number"] = each["number"]
            words = {"way": each["way"], "number": number_with_country(each["number"])}
            note = _("Read as %(way)s, as the other rows are: %(number)s.") % words
            self.settle(row, each["number"], f"{note}\n{each['note']}".strip(), known)
        return [row for row, _each in pairs]


def first_line_by_number(batch: Batch) -> dict[str, int]:
    """Returns the first stored row of each number. Rows with an error of their own do not count."""
    rows = batch.rows.exclude(fate=Result.REPEATED).exclude(fate=Result.ERROR, phone_number_id=None)
    found = rows.order_by("-line").values_list("values__number", "line")
    return {number: line for number, line in found if number}


def compare_with_existing(row: BatchRow, holder: dict[str, Any], note: str) -> None:
    """Sets what the row's own cells would change in the existing number, that they change nothing,
    or why they cannot."""
    row.phone_number_id = holder["id"]
    own = {name: row.values[name] for name in row.values.get("given", ())}
    found = find_differences(holder, own)
    if reason := update_rejection_reason(holder, found):
        row.fate, row.message = Result.ERROR, reason
    elif found:
        row.fate, row.message = Result.TODO, note
        row.before = {name: was for name, (was, _wished) in found.items()}
    else:
        row.fate = Result.UNCHANGED


def is_holder_deleted(holder: dict[str, Any]) -> bool:
    return holder["status"] == Status.DELETED


def numbers_by_id(by: Principal, lines: Iterable[TableLine]) -> dict[str, str]:
    """Returns the numbers with the ids in these lines, by one query, or none if no line has an
    id."""
    ids = [line.cells["id"] for line in lines if is_uuid(line.cells.get("id", ""))]
    if not ids:
        return {}
    rows = by.organization.phone_numbers.filter(pk__in=ids).exclude(status=Status.DELETED)
    known = {str(pk): number for pk, number in rows.values_list("pk", "e164")}
    return {text: known[str(UUID(text))] for text in ids if str(UUID(text)) in known}


def move_to_line(found: ParsedRow, line: int) -> ParsedRow:
    return replace(found, line=line)


def expand_number_range(first: ParsedRow) -> Iterator[ParsedRow]:
    """Yields the numbers of a range after the first, which has a row of its own."""
    if first.wrong or not first.number:
        return
    for each in first.rest:
        number = f"+{each}"
        note = _("From the range in line %(line)d.") % {"line": first.line}
        values = {**first.values, "number": number}
        yield ParsedRow(first.line, number, number, values, notes=[note])


def read_import_lines(batch: Batch) -> Iterator[TableLine]:
    options = batch.options
    if options.get("given") == "rows_again":
        return build_request_lines(read_unfinished_rows(batch))
    data = bytes(batch.file)
    if has_request_rows(batch):
        return build_request_lines(json.loads(data))
    return read_file_lines(data, sheet=options.get("sheet", ""), mapping=options.get("mapping"))


def read_unfinished_rows(batch: Batch) -> Iterator[dict[str, Any]]:
    """Yields the unfinished rows of the job that this one retries, in the format of a request."""
    repeated = batch.organization.batches.get(pk=batch.options["repeats"])
    for rows in iterate_row_chunks(repeated.rows.filter(fate__in=UNFINISHED_RESULTS), "line"):
        yield from ({"number": row.text, **row.values} for row in rows)


def has_request_rows(batch: Batch) -> bool:
    """Returns whether the import has rows instead of a file."""
    return batch.options.get("given") in ROW_SOURCES


def ensure_account_exists(by: Principal, batch: Batch) -> None:
    if batch.options.get("destination") == ACCOUNT:
        try:
            find_named_integration(by, batch.options["integration_id"])
        except NoUsableIntegration as error:
            raise UnreadableFile(str(error)) from error


def find_number_holders(numbers: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Returns who holds each of the numbers in the installation. For another organization's number,
    the result has only the organization's id."""
    held = find_reserved_numbers(list(filter(None, numbers)))
    with tenant_scope.global_lookup():
        anybodys = {row["line"]: row for row in held.values("organization_id", line=held_line())}
    return {**anybodys, **{row["line"]: row for row in select_comparison_values(held)}}


def existing_number_message(
    by: Principal, number: str, holder: dict[str, Any]
) -> tuple[str, UUID | None]:
    """Returns the message for a number that exists, and its id. For another organization's number,
    the message says only that it is taken, without an id."""
    is_ours = holder["organization_id"] == by.organization.id
    is_leaving = is_ours and holder["status"] == Status.DELETED
    if not is_ours or is_leaving:
        return str(number_taken_error(number, being_removed=is_leaving)), holder[
            "id"
        ] if is_ours else None
    status = Status(holder["status"]).label
    return _("It is here already, and %(status)s.") % {"status": status}, holder["id"]


def execute_import_row(by: Principal, batch: Batch, row: BatchRow) -> None:
    """Imports one row with the options of the job, in the caller's transaction; a row with `before`
    changes an existing number. Raises NumberTaken, CarrierUnavailable, NoUsableIntegration and
    NumberStateConflict."""
    if row.phone_number_id and row.before:
        ensure_can_update_numbers(by)
        update_imported_number(by, row.phone_number_id, row.values, row.before)
        return
    columns = map_values_to_columns(row.values)
    sid = row.values.get("voip_carrier_sid")
    number = add_imported_number(by, batch.options, sid, number=row.values["number"], **columns)
    row.phone_number_id = number.pk


def ensure_can_update_numbers(by: Principal) -> None:
    """Raises NumberStateConflict if `by` may not change numbers; the permission to add numbers does
    not include it."""
    if not by.can(Permission.PHONE_NUMBERS_UPDATE):
        raise NumberStateConflict(_("Your role does not allow this."))


def add_imported_number(
    by: Principal, options: Mapping[str, Any], carrier_sid: str | None, **fields: Any
) -> PhoneNumber:
    """Adds the number at the destination of the import and returns it. `fields` are columns of the
    number; every destination stores them all."""
    if options.get("destination") == ACCOUNT:
        return import_number(by, **resolve_import_integrations(by, options, fields), **fields)
    if options.get("destination") == RECORD:
        return record_number_only(by, **fields)
    return add_number(by, voip_carrier_sid=UUID(carrier_sid) if carrier_sid else None, **fields)


def resolve_import_integrations(
    by: Principal, options: Mapping[str, Any], fields: Mapping[str, Any]
) -> dict[str, Any]:
    """Returns the integrations for the number. An outbound trunk needs a voice integration, as when
    it is set later (operations.add_voice_placement)."""
    voice = find_named_integration(by, options.get("voice_integration_id"))
    if voice is None and fields.get("outbound_trunk_id"):
        voice = get_default_integration(by, VOICE_INTEGRATION_ROLE)
    return {
        "provider": SUPPLY_INTEGRATION_ROLE,
        "integration": find_named_integration(by, options["integration_id"]),
        "voice_on": voice,
    }
