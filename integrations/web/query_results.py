"""The results of queries as JSON. The path of a query and the operation itself return the same."""

from collections.abc import Callable, Collection
from typing import Any

from integrations.models import Operation
from organizations.models import Organization

QueryResult = dict[str, Any]


def serialize_query_result(organization: Organization, asked: Operation) -> QueryResult | None:
    """Returns the result, or None while there is none and for operations that are not queries."""
    if asked.status != Operation.Status.DONE or not asked.result:
        return None
    if asked.wish == Operation.Wish.DISCOVER:
        return serialize_account_numbers(organization, asked.result)
    if asked.wish == Operation.Wish.SEARCH:
        return {"data": filter_purchasable_results(organization, asked.result["numbers"])}
    return asked.result


# Apps that depend on this one register here functions that restrict which numbers an organization
# may buy. Each returns the permitted ones of a list of E.164 numbers.
purchase_filters: list[Callable[[Organization, list[str]], Collection[str]]] = []


def filter_purchasable_results(
    organization: Organization, numbers: list[QueryResult]
) -> list[QueryResult]:
    """Returns the numbers for sale that the organization may buy."""
    for allowed_of in purchase_filters:
        allowed = allowed_of(organization, [each["number"] for each in numbers])
        numbers = [each for each in numbers if each["number"] in allowed]
    return numbers


def serialize_account_numbers(organization: Organization, result: QueryResult) -> QueryResult:
    """Returns the account's numbers as JSON. `number_id` is set only for the organization's own
    numbers, because other holders are confidential."""
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
