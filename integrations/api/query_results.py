"""The results of questions as JSON; the paths that ask and the operation itself show the same."""

from collections.abc import Callable, Collection
from typing import Any

from integrations.models import Operation
from organizations.models import Organization

QueryResult = dict[str, Any]


def serialize_query_result(organization: Organization, asked: Operation) -> QueryResult | None:
    """None while there is no answer, and for wishes that are no questions."""
    if asked.status != Operation.Status.DONE or not asked.result:
        return None
    if asked.wish == Operation.Wish.DISCOVER:
        return serialize_account_numbers(organization, asked.result)
    if asked.wish == Operation.Wish.SEARCH:
        return {"data": filter_purchasable_results(organization, asked.result["numbers"])}
    return asked.result


# What an app above knows of the numbers that an organization may have: a function of it and of
# E.164 numbers gives those that it may buy.
purchase_filters: list[Callable[[Organization, list[str]], Collection[str]]] = []


def filter_purchasable_results(
    organization: Organization, numbers: list[QueryResult]
) -> list[QueryResult]:
    """Of the numbers for sale, those that the organization may buy."""
    for allowed_of in purchase_filters:
        allowed = allowed_of(organization, [each["number"] for each in numbers])
        numbers = [each for each in numbers if each["number"] in allowed]
    return numbers


def serialize_account_numbers(organization: Organization, result: QueryResult) -> QueryResult:
    """Who else holds a number is nobody's business: only the organization's own are pointed at."""
    names = [found["name"] for found in result["numbers"]]
    own = organization.phone_numbers.filter(e164__in=names, released_at=None)
    ids = dict(own.values_list("e164", "id"))
    return {
        "data": [
            {
                "number": found["name"],
                "label": found["label"],
                "capabilities": found["capabilities"],
                "refs": found["refs"],
                "ours": found["ours"],
                "number_id": ids.get(found["name"]),
            }
            for found in result["numbers"]
        ],
        "more": result["more"],
    }
