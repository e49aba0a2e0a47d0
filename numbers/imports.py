"""What goes into a batch of kind import: the fate of every row, and the taking in of one."""

import json
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from integrations.operations import default_for
from numbers.files import tables
from numbers.files.tables import Line, lines_of, lines_of_rows
from numbers.files.unreadable import Unreadable
from numbers.holding import NotPossibleNow, taken
from numbers.import_fields import columns_of, update_number
from numbers.import_options import ACCOUNT, CARRIES_CALLS, RECORD, SUPPLIES, named_integration
from numbers.import_rows import Understanding, Understood
from numbers.importing import NoIntegration, import_number, record_only
from numbers.models import Batch, BatchRow, PhoneNumber
from numbers.operations import add_number, hold_agent
from organizations.principals import Principal
from organizations.roles import Permission

__all__ = ["Unreadable", "check", "notice", "take_in"]

AT_ONCE = 2_000
Fate, Status = BatchRow.Fate, PhoneNumber.Status


def check(by: Principal, batch: Batch) -> Iterator[BatchRow]:
    """Every row of the batch's file, unsaved, with its fate: todo, error, repeated or held. Nothing
    is written. Raises Unreadable."""
    refuse_lost_account(by, batch)
    understanding = Understanding(by, batch.options)
    first_lines: dict[str, int] = {}
    lines = given(batch)
    while portion := [understanding.row(line) for line in islice(lines, AT_ONCE)]:
        holders = holders_of(row.number for row in portion)
        for understood in portion:
            yield fated(by, batch, understood, holders, first_lines)


def given(batch: Batch) -> Iterator[Line]:
    data = bytes(batch.file)
    return lines_of_rows(json.loads(data)) if is_request(batch) else lines_of(data)


def is_request(batch: Batch) -> bool:
    return batch.options.get("given") == "rows"


def notice(batch: Batch) -> str:
    """What to look at before the start, or ""."""
    return "" if is_request(batch) else tables.notice(bytes(batch.file))


def refuse_lost_account(by: Principal, batch: Batch) -> None:
    if batch.options.get("destination") == ACCOUNT:
        try:
            named_integration(by, batch.options["integration_id"])
        except NoIntegration as error:
            raise Unreadable(str(error)) from error


def holders_of(numbers: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Who holds which of them in the whole installation: one query."""
    wanted = list(filter(None, numbers))
    rows = PhoneNumber.objects.filter(e164__in=wanted, released_at=None)
    return {row["e164"]: row for row in rows.values("id", "e164", "status", "organization_id")}


def fated(
    by: Principal,
    batch: Batch,
    found: Understood,
    holders: dict[str, dict[str, Any]],
    first_lines: dict[str, int],
) -> BatchRow:
    row = BatchRow(
        organization_id=batch.organization_id,
        batch=batch,
        line=found.line,
        text=found.text,
        values=found.values,
    )
    if found.wrong:
        row.fate, row.message = Fate.ERROR, "\n".join(found.wrong)
    elif (first := first_lines.setdefault(found.number, found.line)) != found.line:
        row.fate, row.message = Fate.REPEATED, _("The number of line %(line)d.") % {"line": first}
    elif holder := holders.get(found.number):
        row.fate = Fate.HELD
        row.message, row.phone_number_id = told_of(by, found.number, holder)
    else:
        row.message = found.note
    return row


def told_of(by: Principal, number: str, holder: dict[str, Any]) -> tuple[str, UUID | None]:
    """What the asker hears of it: a stranger's is only taken."""
    is_ours = holder["organization_id"] == by.organization.id
    is_leaving = is_ours and holder["status"] == Status.DELETED
    if not is_ours or is_leaving:
        return str(taken(number, being_removed=is_leaving)), holder["id"] if is_ours else None
    status = Status(holder["status"]).label
    return _("It is here already, and %(status)s.") % {"status": status}, holder["id"]


def take_in(by: Principal, batch: Batch, row: BatchRow) -> None:
    """One number, as the row's values and the batch's options say, in the caller's transaction: an
    existing one is changed where the row has a `before`. Raises NumberTaken, NoCarrier,
    NoIntegration and NotPossibleNow."""
    if row.phone_number_id and row.before:
        refuse_changing(by)
        update_number(by, row.phone_number_id, row.values, row.before)
        return
    columns = columns_of(row.values)
    hold_agent(by, columns.get("inbound_agent_id"))
    sid = row.values.get("voip_carrier_sid")
    number = added(by, batch.options, sid, number=row.values["number"], **columns)
    row.phone_number_id = number.pk


def refuse_changing(by: Principal) -> None:
    """Who may add numbers may perhaps not change one."""
    if not by.can(Permission.PHONE_NUMBERS_UPDATE):
        raise NotPossibleNow(_("Your role does not allow this."))


def added(
    by: Principal, options: Mapping[str, Any], carrier_sid: str | None, **fields: Any
) -> PhoneNumber:
    """`fields` are columns of the number; every destination keeps all of them."""
    if options.get("destination") == ACCOUNT:
        return import_number(by, **homes(by, options, fields), **fields)
    if options.get("destination") == RECORD:
        return record_only(by, **fields)
    return add_number(by, voip_carrier_sid=UUID(carrier_sid) if carrier_sid else None, **fields)


def homes(by: Principal, options: Mapping[str, Any], fields: Mapping[str, Any]) -> dict[str, Any]:
    """A trunk wants a platform for it, as where it is named later (operations.add_trunks)."""
    voice = named_integration(by, options.get("voice_integration_id"))
    if voice is None and fields.get("outbound_trunk_id"):
        voice = default_for(by, CARRIES_CALLS)
    return {
        "provider": SUPPLIES,
        "integration": named_integration(by, options["integration_id"]),
        "voice_on": voice,
    }
