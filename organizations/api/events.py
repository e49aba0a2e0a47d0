"""/v1/events: the audit log of the organization."""

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest

from organizations.access.roles import Permission
from organizations.api import examples
from organizations.api.serializers import ACTOR_KINDS, EventPageShape, serialize_event
from organizations.models import Event
from organizations.web.api.pagination import ID_PAGE_PARAMETERS, paginate_by_id
from organizations.web.api.query_parameters import (
    choice_parser,
    parameter_schema,
    parse_query,
    parse_timestamp,
    parse_uuid_parameter,
    text_parser,
)
from organizations.web.api.responses import ApiResponse
from organizations.web.api.views import OrgView
from organizations.web.openapi.operations import document_operation, response_example


@parameter_schema(**parse_timestamp.schema)
def parse_after(given: str) -> Any:
    """Done at this time or later: ISO 8601 with its offset; in a URL, + is written %2B."""
    return parse_timestamp(given)


@parameter_schema(**parse_timestamp.schema)
def parse_before(given: str) -> Any:
    """Done earlier than this."""
    return parse_timestamp(given)


EVENT_FILTERS = {
    "action": text_parser(60),
    "actor_kind": choice_parser(ACTOR_KINDS),
    "actor_id": text_parser(40),
    "subject_kind": text_parser(30),
    "subject_id": parse_uuid_parameter,
    "outcome": choice_parser(Event.Outcome.values),
    "after": parse_after,
    "before": parse_before,
}
EVENT_LOOKUPS = {**{name: name for name in EVENT_FILTERS}, "after": "at__gte", "before": "at__lt"}


class EventsView(OrgView):
    permissions = {"GET": Permission.EVENTS_READ}

    @document_operation(
        summary="List events",
        description=(
            "The audit log: who did what to what, newest first. Lines are added, never changed, "
            "and sealed: `manage.py verify_audit` finds what was changed all the same. Secrets are "
            "not in it."
        ),
        tags=["Events"],
        query={**ID_PAGE_PARAMETERS, **EVENT_FILTERS},
        responses={200: EventPageShape},
        examples=[response_example("A page", {"data": [examples.EVENT], "next_cursor": None})],
    )
    def get(self, request: HttpRequest) -> ApiResponse:
        query = parse_query(request.GET, {**ID_PAGE_PARAMETERS, **EVENT_FILTERS})
        return ApiResponse(
            paginate_by_id(
                filter_events(request.organization.events, query), query, serialize_event
            )
        )


def filter_events(events: Any, query: dict[str, Any]) -> QuerySet[Event]:
    return events.filter(
        **{EVENT_LOOKUPS[name]: query[name] for name in EVENT_LOOKUPS if name in query}
    )
