"""The base of the discovery and search screens, which query a platform and wait for the
response."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django_htmx.http import HttpResponseClientRefresh

from integrations.models import Integration, Operation
from organizations.access.roles import Permission
from organizations.web.views.base import OrgScreen


class QueryResultScreen(OrgScreen):
    """The result of a platform query. The page polls until the response has arrived. The result is
    deleted one day later."""

    permissions = {"GET": Permission.PHONE_NUMBERS_CREATE}
    wish: str
    title: Any

    def get(self, request: HttpRequest, operation_id: UUID) -> HttpResponse:
        asked = self.asked(operation_id)
        if asked.status == Operation.Status.DONE:
            return HttpResponseClientRefresh() if request.htmx else self.answered(asked)
        if request.htmx and asked.status != Operation.Status.OPEN:
            return HttpResponseClientRefresh()
        part = "numbers/_asking.html" if request.htmx else "numbers/add_asked.html"
        return self.page(part, asked=asked, again=self.again(asked), title=self.title)

    def asked(self, operation_id: UUID) -> Operation:
        own = self.organization.operations.select_related("integration")
        return own.get(pk=operation_id, wish=self.wish, integration__organization=self.organization)

    def answered(self, asked: Operation) -> HttpResponse:
        raise NotImplementedError

    def again(self, asked: Operation) -> str:
        """Returns the URL of the form that repeats the query."""
        raise NotImplementedError


def connected_integrations(screen: OrgScreen) -> list[Integration]:
    """Returns the organization's connected integrations, which can be queried, by name."""
    rows = screen.organization.integrations.filter(state=Integration.State.CONNECTED)
    return list(rows.order_by("name"))
