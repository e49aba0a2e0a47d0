"""What a change would do to the numbers that are selected now: all rows of its batch by one
statement."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.models import Count, QuerySet
from django.utils.translation import gettext_noop

from numbers.inventory.integration_visibility import OWN
from numbers.models import Batch, BatchRow, PhoneNumber

Fate = BatchRow.Fate


@dataclass(frozen=True)
class Case:
    """Rows for which `when` (SQL on the number n and the wish c.values) holds meet this fate."""

    when: str
    fate: str
    message: str = ""


@dataclass(frozen=True)
class Change:
    """`before`: what of the number the change replaces, as SQL. The first case that holds counts;
    a row for which none does will be done."""

    before: str
    cases: tuple[Case, ...]


ASKED = """EXISTS (SELECT 1 FROM numbers_placement p JOIN integrations_operation o
    ON o.subject_kind = 'placement' AND o.subject_id = p.id AND o.status = 'open'
    WHERE p.phone_number_id = n.id)"""
PLACED = "EXISTS (SELECT 1 FROM numbers_placement p WHERE p.phone_number_id = n.id)"
DELETED = Case("n.status = 'deleted'", Fate.ERROR, gettext_noop("The number is deleted."))
FAILED = Case(
    "n.status = 'failed'",
    Fate.ERROR,
    gettext_noop("It could not be set up: try it again instead."),
)
NOWHERE = Case(
    f"NOT {PLACED}",
    Fate.ERROR,
    gettext_noop("It is recorded only: there is nothing on any platform to switch."),
)
UNSETTLED = Case(
    "n.status NOT IN ('active', 'inactive')",
    Fate.ERROR,
    gettext_noop("It is still being set up: only an active or inactive number can be switched."),
)
CHANGED_SINCE = gettext_noop("It was changed since: nothing is undone.")


# A settlement moves the status and the version, never the wish: only askers do, by "changed".
SWITCHED_SINCE = Case(
    """EXISTS (SELECT 1 FROM organizations_event e
    WHERE e.subject_kind = 'phone_number' AND e.subject_id = n.id
      AND e.id > (c.values->>'since')::bigint AND e.action = 'phone_number.changed'
      AND e.before->'wanted' IS DISTINCT FROM e.after->'wanted')""",
    Fate.ERROR,
    CHANGED_SINCE,
)


def switched(wanted: str) -> Change:
    so_already = Case(f"n.wanted = '{wanted}' AND n.status = '{wanted}'", Fate.UNCHANGED)
    coming = Case(
        f"n.wanted = '{wanted}' AND n.status <> 'failed'",
        Fate.UNCHANGED,
        gettext_noop("It is on its way already."),
    )
    cases = (DELETED, so_already, coming, SWITCHED_SINCE, FAILED, NOWHERE, UNSETTLED)
    return Change("jsonb_build_object('status', n.wanted)", cases)


def written(key: str, column: str) -> Change:
    """An undo puts nothing over what somebody else has written since (`was`)."""
    was = f"c.values ? 'was' AND n.{column} IS DISTINCT FROM c.values->>'was'"
    so_already = Case(f"n.{column} IS NOT DISTINCT FROM c.values->>'{key}'", Fate.UNCHANGED)
    cases = (DELETED, so_already, Case(was, Fate.ERROR, CHANGED_SINCE))
    return Change(f"jsonb_build_object('{key}', n.{column})", cases)


SUPPLIED = f"{PLACED[:-1]} AND p.role = 'supply')"
CHANGES: dict[str, Change] = {
    "activate": switched("active"),
    "deactivate": switched("inactive"),
    "label": written("label", "label"),
    "assign": written("agent_id", "inbound_agent_id"),
    "retry": Change(
        "jsonb_build_object('status', n.status)",
        (
            Case(
                "n.status = 'deleted' AND n.released_at IS NOT NULL",
                Fate.ERROR,
                gettext_noop("The number is deleted."),
            ),
            Case(
                f"n.status IN ('active', 'inactive', 'deleted') AND {PLACED} AND NOT {ASKED}"
                " AND coalesce(n.error_message, '') = ''",
                Fate.UNCHANGED,
                gettext_noop("There is nothing to try again."),
            ),
        ),
    ),
    "delete": Change(
        "jsonb_build_object('status', n.status, 'label', n.label,"
        f" 'platforms', (SELECT coalesce(jsonb_agg(DISTINCT {OWN}), '[]') FROM numbers_placement p"
        " JOIN integrations_integration i ON i.id = p.integration_id"
        f" WHERE p.phone_number_id = n.id AND p.state <> 'removed'), 'supplied', {SUPPLIED})",
        (Case("n.status = 'deleted'", Fate.UNCHANGED, gettext_noop("It is deleted already.")),),
    ),
}

INSERT = """
INSERT INTO numbers_batchrow
    (organization_id, batch_id, line, text, "values", before, phone_number_id, fate, message)
SELECT %s, %s, row_number() OVER (ORDER BY n.e164), n.e164, c.values, {before}, n.id,
    {fate}, {message}
FROM ({chosen}) c(id, "values")
JOIN numbers_phonenumber n ON n.id = c.id AND n.organization_id = %s
"""


@dataclass(frozen=True)
class Chosen:
    """SQL that gives the ids of numbers, each with its own wish."""

    sql: str
    params: Sequence[Any]


def selection(numbers: QuerySet[PhoneNumber], wish: Mapping[str, Any]) -> Chosen:
    sql, params = numbers.values("pk").query.sql_with_params()
    return Chosen(f"SELECT s.id, %s::jsonb FROM ({sql}) s(id)", [json.dumps(wish), *params])


UNDO = """
SELECT phone_number_id, {wish} FROM numbers_batchrow WHERE batch_id = %s AND fate = 'done'"""
AGAIN = """
SELECT phone_number_id, "values" FROM numbers_batchrow WHERE batch_id = %s AND fate = ANY(%s)"""
UNFINISHED = [Fate.FAILED.value, Fate.TODO.value]


def what_was(batch: Batch) -> Chosen:
    """The numbers that the batch has changed, with the wish for what they were before."""
    key = {"label": "label", "assign": "agent_id"}.get(batch.action)
    wish = (
        f"jsonb_build_object('{key}', before->'{key}', 'was', \"values\"->'{key}')"
        if key
        else "jsonb_build_object('since', before->'event')"
    )
    return Chosen(UNDO.format(wish=wish), [batch.pk])


def what_is_unfinished(batch: Batch) -> Chosen:
    return Chosen(AGAIN, [batch.pk, UNFINISHED])


def freeze(batch: Batch, chosen: Chosen) -> None:
    """Insert the rows, and count them; inside the caller's transaction."""
    change = CHANGES[batch.action]
    fates = " ".join(f"WHEN {case.when} THEN '{case.fate}'" for case in change.cases)
    messages = " ".join(f"WHEN {case.when} THEN %s" for case in change.cases)
    statement = INSERT.format(
        before=change.before,
        fate=f"CASE {fates} ELSE '{Fate.TODO}' END",
        message=f"CASE {messages} ELSE '' END",
        chosen=chosen.sql,
    )
    owner = batch.organization_id
    with connection.cursor() as cursor:
        cursor.execute(
            statement, [owner, batch.pk, *(c.message for c in change.cases), *chosen.params, owner]
        )
    count(batch)


def count(batch: Batch) -> None:
    """What is not to be done is done with: it counts as skipped."""
    fates = batch.rows.values_list("fate").annotate(Count("pk")).order_by()
    found = dict(fates)
    batch.total = sum(found.values())
    batch.skipped = batch.total - found.get(Fate.TODO, 0)
    batch.save(update_fields=["total", "skipped"])
