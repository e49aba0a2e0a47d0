"""What goes into a batch of kind import: the fate of every row, and the taking in of one."""

import json
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from numbers.files.tables import Line, lines_of, lines_of_rows
from numbers.files.unreadable import Unreadable
from numbers.holding import taken
from numbers.import_options import ACCOUNT, RECORD, SUPPLIES, named_integration
from numbers.import_rows import Understanding, Understood
from numbers.importing import NoIntegration, import_number, record_number
from numbers.models import Batch, BatchRow, PhoneNumber
from numbers.operations import add_number, hold_agent
from organizations.principals import Principal

__all__ = ["Unreadable", "check", "is_request", "take_in"]

AT_ONCE = 2_000
Fate, Status = BatchRow.Fate, PhoneNumber.Status


def check(by: Principal, batch: Batch, notices: list[str]) -> Iterator[BatchRow]:
    """Every row of the batch's file, unsaved, with its fate: todo, error, repeated or held; what
    concerns all rows is added to `notices`. Nothing is written. Raises Unreadable."""
    refuse_lost_account(by, batch)
    understanding = Understanding(by, batch.options)
    first_lines: dict[str, int] = {}
    lines = given(batch)
    while portion := [understanding.row(line) for line in islice(lines, AT_ONCE)]:
        holders = holders_of(row.number for row in portion)
        for understood in portion:
            yield fated(by, batch, understood, holders, first_lines)
    notices += understanding.notices


def given(batch: Batch) -> Iterator[Line]:
    data, options = bytes(batch.file), batch.options
    if is_request(batch):
        return lines_of_rows(json.loads(data))
    return lines_of(data, sheet=options.get("sheet", ""), mapping=options.get("mapping"))


def is_request(batch: Batch) -> bool:
    return batch.options.get("given") == "rows"


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
    """One number, as the row's values and the batch's options say, in the caller's transaction.
    Raises NumberTaken, NoCarrier and NoIntegration."""
    agent_id = row.values.get("agent_id")
    hold_agent(by, agent_id)
    number = added(
        by,
        batch.options,
        row.values.get("voip_carrier_sid"),
        number=row.values["number"],
        inbound_agent_id=agent_id,
        label=row.values.get("label"),
        application_sid=row.values.get("application_sid"),
    )
    row.phone_number_id = number.pk


def added(
    by: Principal, options: Mapping[str, Any], carrier_sid: str | None, **fields: Any
) -> PhoneNumber:
    if options.get("destination") == ACCOUNT:
        return import_number(by, **homes(by, options), **fields)
    if options.get("destination") == RECORD:
        return record_number(by, provider=None, **fields)
    return add_number(by, voip_carrier_sid=UUID(carrier_sid) if carrier_sid else None, **fields)


def homes(by: Principal, options: Mapping[str, Any]) -> dict[str, Any]:
    voice = options.get("voice_integration_id")
    return {
        "provider": SUPPLIES,
        "integration": named_integration(by, options["integration_id"]),
        "voice_on": named_integration(by, voice) if voice else None,
    }
