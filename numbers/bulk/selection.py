"""The worker's half of a change too long for a request: its numbers, selected and frozen."""

from collections.abc import Callable, Mapping
from typing import Any

from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils import timezone

from numbers.bulk import preview
from numbers.bulk.jobs import MOST_ROWS, checked_wish, refuse_size
from numbers.bulk.preview import Chosen
from numbers.models import Batch, BatchRow, PhoneNumber
from organizations.access.principals import Principal
from organizations.models import Organization

Matching = Callable[[Organization, str], QuerySet[PhoneNumber]]

STATEMENT_SECONDS = 300  # that one statement may take; in a request it is 15
_matching: list[Matching] = []


def register(matching: Matching) -> None:
    """Who knows which numbers a list shows, by the query string of its URL."""
    _matching[:] = [matching]


@transaction.atomic
def freeze(by: Principal, batch: Batch) -> None:
    """All rows of the batch, as its selection finds them now. Raises CannotBatch."""
    with connection.statements_may_take(STATEMENT_SECONDS):
        BatchRow.objects.filter(batch=batch).delete()
        preview.freeze(batch, chosen_by(by, batch))


def chosen_by(by: Principal, batch: Batch) -> Chosen:
    options = batch.options
    if repeated := options.get("repeats"):
        return preview.what_is_unfinished(by.organization.batches.get(pk=repeated))
    if batch.undoes_id:
        return preview.what_was(batch.undoes)
    with timezone.override(options["zone"]):
        return selected(by, options, matching(by.organization, options["query"]), batch.action)


def selected(
    by: Principal, options: Mapping[str, Any], numbers: QuerySet[PhoneNumber], action: str
) -> Chosen:
    chosen = by.organization.phone_numbers.filter(pk__in=numbers.values("pk"))[: MOST_ROWS + 1]
    refuse_size(chosen.count())
    return preview.selection(chosen, checked_wish(by, action, options))


def matching(organization: Organization, query: str) -> QuerySet[PhoneNumber]:
    return _matching[0](organization, query)
