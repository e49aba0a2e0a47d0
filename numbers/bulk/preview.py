"""Previews of changes: what a bulk job would do to the selected numbers, with all its rows inserted
by one statement."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.models import Count, QuerySet
from django.utils.translation import gettext_noop

from numbers.inventory.integration_visibility import OWN_NAME_SQL
from numbers.models import Batch, BatchRow, PhoneNumber

Result = BatchRow.Fate


@dataclass(frozen=True)
class ResultCase:
    """The result (`fate`) of rows for which `when` holds, an SQL expression on the number n and the
    new values c.values."""

    when: str
    fate: str
    message: str = ""


@dataclass(frozen=True)
class ChangeRules:
    """The rules of one action. `before` is SQL for the values that the change replaces. The first
    matching case gives the result of a row, and a row without one is ready."""

    before: str
    cases: tuple[ResultCase, ...]


HAS_OPEN_OPERATION_SQL = """EXISTS (SELECT 1 FROM numbers_placement p JOIN integrations_operation o
    ON o.subject_kind = 'placement' AND o.subject_id = p.id AND o.status = 'open'
    WHERE p.phone_number_id = n.id)"""
HAS_PLACEMENT_SQL = "EXISTS (SELECT 1 FROM numbers_placement p WHERE p.phone_number_id = n.id)"
DELETED_CASE = ResultCase(
    "n.status = 'deleted'", Result.ERROR, gettext_noop("The number is deleted.")
)
FAILED_CASE = ResultCase(
    "n.status = 'failed'",
    Result.ERROR,
    gettext_noop("It could not be set up: try it again instead."),
)
UNPLACED_CASE = ResultCase(
    f"NOT {HAS_PLACEMENT_SQL}",
    Result.ERROR,
    gettext_noop("It is recorded only: there is nothing on any platform to switch."),
)
UNSETTLED_CASE = ResultCase(
    "n.status NOT IN ('active', 'inactive')",
    Result.ERROR,
    gettext_noop("It is still being set up: only an active or inactive number can be switched."),
)
CHANGED_SINCE_MESSAGE = gettext_noop("It was changed since: nothing is undone.")


# A settlement changes the status and the version, but never `wanted`. Only requests do, and they
# record the event "changed".
SWITCHED_SINCE_CASE = ResultCase(
    """EXISTS (SELECT 1 FROM organizations_event e
    WHERE e.subject_kind = 'phone_number' AND e.subject_id = n.id
      AND e.id > (c.values->>'since')::bigint AND e.action = 'phone_number.changed'
      AND e.before->'wanted' IS DISTINCT FROM e.after->'wanted')""",
    Result.ERROR,
    CHANGED_SINCE_MESSAGE,
)


def status_change_rules(wanted: str) -> ChangeRules:
    so_already = ResultCase(f"n.wanted = '{wanted}' AND n.status = '{wanted}'", Result.UNCHANGED)
    coming = ResultCase(
        f"n.wanted = '{wanted}' AND n.status <> 'failed'",
        Result.UNCHANGED,
        gettext_noop("It is on its way already."),
    )
    cases = (
        DELETED_CASE,
        so_already,
        coming,
        SWITCHED_SINCE_CASE,
        FAILED_CASE,
        UNPLACED_CASE,
        UNSETTLED_CASE,
    )
    return ChangeRules("jsonb_build_object('status', n.wanted)", cases)


def column_change_rules(key: str, column: str) -> ChangeRules:
    """Returns the rules of a change of one column. An undo never overwrites a later change, which
    shows as a value other than `was`."""
    was = f"c.values ? 'was' AND n.{column} IS DISTINCT FROM c.values->>'was'"
    so_already = ResultCase(f"n.{column} IS NOT DISTINCT FROM c.values->>'{key}'", Result.UNCHANGED)
    cases = (DELETED_CASE, so_already, ResultCase(was, Result.ERROR, CHANGED_SINCE_MESSAGE))
    return ChangeRules(f"jsonb_build_object('{key}', n.{column})", cases)


HAS_SUPPLY_SQL = f"{HAS_PLACEMENT_SQL[:-1]} AND p.role = 'supply')"
CHANGE_RULES: dict[str, ChangeRules] = {
    "activate": status_change_rules("active"),
    "deactivate": status_change_rules("inactive"),
    "label": column_change_rules("label", "label"),
    "assign": column_change_rules("agent_id", "inbound_agent_id"),
    "retry": ChangeRules(
        "jsonb_build_object('status', n.status)",
        (
            ResultCase(
                "n.status = 'deleted' AND n.released_at IS NOT NULL",
                Result.ERROR,
                gettext_noop("The number is deleted."),
            ),
            ResultCase(
                f"n.status IN ('active', 'inactive', 'deleted') AND {HAS_PLACEMENT_SQL}"
                f" AND NOT {HAS_OPEN_OPERATION_SQL}"
                " AND coalesce(n.error_message, '') = ''",
                Result.UNCHANGED,
                gettext_noop("There is nothing to try again."),
            ),
        ),
    ),
    "delete": ChangeRules(
        "jsonb_build_object('status', n.status, 'label', n.label,"
        f" 'platforms', (SELECT coalesce(jsonb_agg(DISTINCT {OWN_NAME_SQL}), '[]')"
        " FROM numbers_placement p"
        " JOIN integrations_integration i ON i.id = p.integration_id"
        f" WHERE p.phone_number_id = n.id AND p.state <> 'removed'), 'supplied', {HAS_SUPPLY_SQL})",
        (
            ResultCase(
                "n.status = 'deleted'", Result.UNCHANGED, gettext_noop("It is deleted already.")
            ),
        ),
    ),
}

INSERT_ROWS_SQL = """
INSERT INTO numbers_batchrow
    (organization_id, batch_id, line, text, "values", before, phone_number_id, fate, message)
SELECT %s, %s, row_number() OVER (ORDER BY n.e164), n.e164, c.values, {before}, n.id,
    {fate}, {message}
FROM ({chosen}) c(id, "values")
JOIN numbers_phonenumber n ON n.id = c.id AND n.organization_id = %s
"""


@dataclass(frozen=True)
class SelectedNumbers:
    """SQL that selects the ids of numbers, each with its new values, and its parameters."""

    sql: str
    params: Sequence[Any]


def select_numbers(numbers: QuerySet[PhoneNumber], wish: Mapping[str, Any]) -> SelectedNumbers:
    sql, params = numbers.values("pk").query.sql_with_params()
    return SelectedNumbers(
        f"SELECT s.id, %s::jsonb FROM ({sql}) s(id)", [json.dumps(wish), *params]
    )


UNDO_SQL = """
SELECT phone_number_id, {wish} FROM numbers_batchrow WHERE batch_id = %s AND fate = 'done'"""
RETRY_SQL = """
SELECT phone_number_id, "values" FROM numbers_batchrow WHERE batch_id = %s AND fate = ANY(%s)"""
UNFINISHED_RESULTS = [Result.FAILED.value, Result.TODO.value]


def select_undo_numbers(batch: Batch) -> SelectedNumbers:
    """Returns the numbers that the job has changed, with their previous values."""
    key = {"label": "label", "assign": "agent_id"}.get(batch.action)
    wish = (
        f"jsonb_build_object('{key}', before->'{key}', 'was', \"values\"->'{key}')"
        if key
        else "jsonb_build_object('since', before->'event')"
    )
    return SelectedNumbers(UNDO_SQL.format(wish=wish), [batch.pk])


def select_unfinished_numbers(batch: Batch) -> SelectedNumbers:
    return SelectedNumbers(RETRY_SQL, [batch.pk, UNFINISHED_RESULTS])


def insert_preview_rows(batch: Batch, chosen: SelectedNumbers) -> None:
    """Inserts the rows of the job and counts them, in the caller's transaction."""
    change = CHANGE_RULES[batch.action]
    fates = " ".join(f"WHEN {case.when} THEN '{case.fate}'" for case in change.cases)
    messages = " ".join(f"WHEN {case.when} THEN %s" for case in change.cases)
    statement = INSERT_ROWS_SQL.format(
        before=change.before,
        fate=f"CASE {fates} ELSE '{Result.TODO}' END",
        message=f"CASE {messages} ELSE '' END",
        chosen=chosen.sql,
    )
    owner = batch.organization_id
    with connection.cursor() as cursor:
        cursor.execute(
            statement, [owner, batch.pk, *(c.message for c in change.cases), *chosen.params, owner]
        )
    update_row_counts(batch)


def update_row_counts(batch: Batch) -> None:
    """Updates the counts of the job. Rows without anything to do count as skipped."""
    fates = batch.rows.values_list("fate").annotate(Count("pk")).order_by()
    found = dict(fates)
    batch.total = sum(found.values())
    batch.skipped = batch.total - found.get(Result.TODO, 0)
    batch.save(update_fields=["total", "skipped"])
