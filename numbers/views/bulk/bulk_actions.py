"""Actions on jobs: previewing one from the list of numbers, starting, stopping and undoing it."""

from typing import ClassVar
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, QueryDict
from django.utils.translation import gettext as _

from numbers.bulk import jobs
from numbers.bulk.imports.options import import_text_error
from numbers.bulk.jobs import BulkJobError
from numbers.inventory.agents import resolve_agent_id
from numbers.models import Batch, PhoneNumber
from numbers.views.listing.filters import matching_numbers
from organizations.access.roles import Permission
from organizations.text.rules import trim_text
from organizations.web.views.base import OrgScreen


class PreviewChangeScreen(OrgScreen):
    """Creates a job from the list, for the selected numbers, or with `all` for every number that
    matches the filter `query`."""

    permissions: ClassVar = {"POST": Permission.PHONE_NUMBERS_UPDATE}

    def post(self, request: HttpRequest) -> HttpResponse:
        action = request.POST.get("action", "")
        options = {name: request.POST.get(name, "") for name in ACTION_OPTIONS.get(action, ())}
        agent = trim_text(options.get("agent_id", ""))
        try:
            if agent and not import_text_error("agent_id", agent):
                options["agent_id"] = resolve_agent_id(request.organization, agent)
            numbers, query = selected_numbers(request)
            batch = jobs.create_change_job(
                self.principal, action=action, options=options, numbers=numbers, query=query
            )
        except (BulkJobError, ValidationError) as error:
            self.warn(" ".join(getattr(error, "messages", [str(error)])))
            return self.back("numbers")
        return self.go("batch", batch_id=batch.pk)


ACTION_OPTIONS = {"label": ("label",), "assign": ("agent_id",)}


def selected_numbers(request: HttpRequest) -> tuple[QuerySet[PhoneNumber], str | None]:
    """Returns the selected numbers, and the query string that matches exactly these, or None if
    they were selected one by one."""
    if request.POST.get("all"):
        query = request.POST.get("query", "").lstrip("?")
        return matching_numbers(request.organization, QueryDict(query)), query
    ids = filter(None, map(parse_uuid, request.POST.getlist("number")))
    return request.organization.phone_numbers.filter(pk__in=list(ids)), None


def parse_uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


class BatchActionScreen(OrgScreen):
    """A button on the page of a job. Redirects to that page, or to the page of the job that the
    action created."""

    permissions: ClassVar = {"POST": Permission.PHONE_NUMBERS_UPDATE}

    def post(self, request: HttpRequest, batch_id: UUID) -> HttpResponse:
        try:
            batch = self.act(request, batch_id)
        except BulkJobError as error:
            self.warn(str(error))
            return self.go("batch", batch_id=batch_id)
        return self.go("batch", batch_id=batch.pk)

    def act(self, request: HttpRequest, batch_id: UUID) -> Batch:
        raise NotImplementedError


class StartScreen(BatchActionScreen):
    def act(self, request: HttpRequest, batch_id: UUID) -> Batch:
        release = bool(request.POST.get("release"))
        return jobs.start_bulk_job(self.principal, batch_id, release=release)


class StopScreen(BatchActionScreen):
    def act(self, request: HttpRequest, batch_id: UUID) -> Batch:
        batch = jobs.stop_bulk_job(self.principal, batch_id)
        self.say(_("Stopped: no further row is begun."))
        return batch


class UndoScreen(BatchActionScreen):
    def act(self, request: HttpRequest, batch_id: UUID) -> Batch:
        return jobs.create_undo_job(self.principal, batch_id)


class RetryFailedScreen(BatchActionScreen):
    def act(self, request: HttpRequest, batch_id: UUID) -> Batch:
        return jobs.create_retry_job(self.principal, batch_id)
