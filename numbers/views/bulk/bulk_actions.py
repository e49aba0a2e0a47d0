"""What is done with a batch: proposed from the list of numbers, started, stopped, undone."""

from typing import ClassVar
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, QueryDict
from django.utils.translation import gettext as _

from numbers.bulk import jobs
from numbers.bulk.imports.options import complaint
from numbers.bulk.jobs import CannotBatch
from numbers.inventory.agents import id_of
from numbers.models import Batch, PhoneNumber
from numbers.views.listing.filters import matching
from organizations.access.roles import Permission
from organizations.text.rules import trimmed
from organizations.web.views.base import OrgScreen


class ProposeScreen(OrgScreen):
    """From the list: the numbers marked, or with `all` whatever its filter (`query`) finds."""

    permissions: ClassVar = {"POST": Permission.PHONE_NUMBERS_UPDATE}

    def post(self, request: HttpRequest) -> HttpResponse:
        action = request.POST.get("action", "")
        options = {name: request.POST.get(name, "") for name in NEEDS.get(action, ())}
        agent = trimmed(options.get("agent_id", ""))
        try:
            if agent and not complaint("agent_id", agent):
                options["agent_id"] = id_of(request.organization, agent)
            numbers, query = selected(request)
            batch = jobs.propose_change(
                self.principal, action=action, options=options, numbers=numbers, query=query
            )
        except (CannotBatch, ValidationError) as error:
            self.warn(" ".join(getattr(error, "messages", [str(error)])))
            return self.back("numbers")
        return self.go("batch", batch_id=batch.pk)


NEEDS = {"label": ("label",), "assign": ("agent_id",)}


def selected(request: HttpRequest) -> tuple[QuerySet[PhoneNumber], str | None]:
    """The numbers, and the query string that finds just them, where one does."""
    if request.POST.get("all"):
        query = request.POST.get("query", "").lstrip("?")
        return matching(request.organization, QueryDict(query)), query
    ids = filter(None, map(uuid_of, request.POST.getlist("number")))
    return request.organization.phone_numbers.filter(pk__in=list(ids)), None


def uuid_of(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


class BatchDeed(OrgScreen):
    """One of the buttons on a batch's page, and then the page again, or that of a new batch."""

    permissions: ClassVar = {"POST": Permission.PHONE_NUMBERS_UPDATE}

    def post(self, request: HttpRequest, batch_id: UUID) -> HttpResponse:
        try:
            batch = self.act(request, batch_id)
        except CannotBatch as error:
            self.warn(str(error))
            return self.go("batch", batch_id=batch_id)
        return self.go("batch", batch_id=batch.pk)

    def act(self, request: HttpRequest, batch_id: UUID) -> Batch:
        raise NotImplementedError


class StartScreen(BatchDeed):
    def act(self, request: HttpRequest, batch_id: UUID) -> Batch:
        release = bool(request.POST.get("release"))
        return jobs.start(self.principal, batch_id, release=release)


class StopScreen(BatchDeed):
    def act(self, request: HttpRequest, batch_id: UUID) -> Batch:
        batch = jobs.stop(self.principal, batch_id)
        self.say(_("Stopped: no further row is begun."))
        return batch


class UndoScreen(BatchDeed):
    def act(self, request: HttpRequest, batch_id: UUID) -> Batch:
        return jobs.undo(self.principal, batch_id)


class AgainScreen(BatchDeed):
    def act(self, request: HttpRequest, batch_id: UUID) -> Batch:
        return jobs.retry_failed(self.principal, batch_id)
