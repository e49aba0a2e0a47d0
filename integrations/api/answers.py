"""The results of questions as JSON; the paths that ask and the operation itself show the same."""

from typing import Any

from integrations.models import Operation
from organizations.models import Organization

Answer = dict[str, Any]


def result_of(organization: Organization, asked: Operation) -> Answer | None:
    """None while there is no answer, and for wishes that are no questions."""
    if asked.status != Operation.Status.DONE or not asked.result:
        return None
    if asked.wish == Operation.Wish.DISCOVER:
        return discovered(organization, asked.result)
    if asked.wish == Operation.Wish.SEARCH:
        return {"data": asked.result["numbers"]}
    return asked.result


def discovered(organization: Organization, result: Answer) -> Answer:
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
