"""Selection of the numbers of a change that is too long for a request, done by a worker."""

from collections.abc import Callable, Mapping
from typing import Any

from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils import timezone

from numbers.bulk import preview
from numbers.bulk.jobs import MAX_ROWS, ensure_selection_size, validate_change_values
from numbers.bulk.preview import SelectedNumbers
from numbers.models import Batch, BatchRow, PhoneNumber
from organizations.access.principals import Principal
from organizations.models import Organization

NumberMatcher = Callable[[Organization, str], QuerySet[PhoneNumber]]

STATEMENT_TIMEOUT_SECONDS = 300  # for one statement; in a request it is 15
_number_matchers: list[NumberMatcher] = []


def register_number_matcher(matching: NumberMatcher) -> None:
    """Registers the function that returns the numbers a list shows, by the query string of its
    URL."""
    _number_matchers[:] = [matching]


@transaction.atomic
def insert_selected_rows(by: Principal, batch: Batch) -> None:
    """Inserts all rows of the job, as its selection matches now. Raises BulkJobError."""
    with connection.statements_may_take(STATEMENT_TIMEOUT_SECONDS):
        BatchRow.objects.filter(batch=batch).delete()
        preview.insert_preview_rows(batch, select_bulk_job_numbers(by, batch))


def select_bulk_job_numbers(by: Principal, batch: Batch) -> SelectedNumbers:
    options = batch.options
    if repeated := options.get("repeats"):
        return preview.select_unfinished_numbers(by.organization.batches.get(pk=repeated))
    if batch.undoes_id:
        return preview.select_undo_numbers(batch.undoes)
    with timezone.override(options["zone"]):
        return select_matching_numbers(
            by, options, match_number_query(by.organization, options["query"]), batch.action
        )


def select_matching_numbers(
    by: Principal, options: Mapping[str, Any], numbers: QuerySet[PhoneNumber], action: str
) -> SelectedNumbers:
    chosen = by.organization.phone_numbers.filter(pk__in=numbers.values("pk"))[: MAX_ROWS + 1]
    ensure_selection_size(chosen.count())
    return preview.select_numbers(chosen, validate_change_values(by, action, options))


def match_number_query(organization: Organization, query: str) -> QuerySet[PhoneNumber]:
    return _number_matchers[0](organization, query)
