"""/v1/events: the audit log of the organization."""

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest

from organizations.access.roles import Permission
from organizations.api import examples
from organizations.api.serializers import ACTOR_KINDS, EventPageShape, represent_event
from organizations.models import Event
from organizations.web.api.pagination import ID_PAGING, page_by_id
from organizations.web.api.query_parameters import choice, moment, read_query, reading, text, uuid
from organizations.web.api.responses import Reply
from organizations.web.api.views import OrgView
from organizations.web.openapi.operations import answered, operation


@reading(**moment.schema)
def after(given: str) -> Any:
    """Done at this time or later: ISO 8601 with its offset; in a URL, + is written %2B."""
    return moment(given)


@reading(**moment.schema)
def before(given: str) -> Any:
    """Done earlier than this."""
    return moment(given)


FILTERS = {
    "action": text(60),
    "actor_kind": choice(ACTOR_KINDS),
    "actor_id": text(40),
    "subject_kind": text(30),
    "subject_id": uuid,
    "outcome": choice(Event.Outcome.values),
    "after": after,
    "before": before,
}
LOOKUPS = {**{name: name for name in FILTERS}, "after": "at__gte", "before": "at__lt"}


class EventsView(OrgView):
    permissions = {"GET": Permission.EVENTS_READ}

    @operation(
        summary="List events",
        description=(
            "The audit log: who did what to what, newest first. Lines are added, never changed, "
            "and sealed: `manage.py verify_audit` finds what was changed all the same. Secrets are "
            "not in it."
        ),
        tags=["Events"],
        query={**ID_PAGING, **FILTERS},
        responses={200: EventPageShape},
        examples=[answered("A page", {"data": [examples.EVENT], "next_cursor": None})],
    )
    def get(self, request: HttpRequest) -> Reply:
        query = read_query(request.GET, {**ID_PAGING, **FILTERS})
        return Reply(
            page_by_id(filtered(request.organization.events, query), query, represent_event)
        )


def filtered(events: Any, query: dict[str, Any]) -> QuerySet[Event]:
    return events.filter(**{LOOKUPS[name]: query[name] for name in LOOKUPS if name in query})
