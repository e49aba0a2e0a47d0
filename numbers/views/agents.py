"""Screens of agents, with the number of phone numbers that each answers."""

from typing import Any
from uuid import UUID

from django import forms
from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from numbers.inventory import agents
from numbers.inventory.agents import AgentExists, AgentInUse
from numbers.models import AGENT_ID_VALIDATOR, Agent, PhoneNumber
from numbers.numbering.e164 import format_display_number
from numbers.views.bulk.jobs import parse_integer_parameter
from organizations.access.roles import Permission
from organizations.models import Organization
from organizations.text.fields import FormText, FormUrl
from organizations.web.views.base import OrgScreen
from organizations.web.views.forms import run_with_form_errors

PAGE_SIZE = 200


class AgentForm(forms.Form):
    name = FormText(label=gettext_lazy("Name"), max_length=100)
    voice_url = FormUrl(
        label=gettext_lazy("Voice URL"),
        max_length=2000,
        required=False,
        assume_scheme="https",
        help_text=gettext_lazy("Where an account that owns the agent's numbers sends their calls."),
    )

    @property
    def wished(self) -> dict[str, Any]:
        """Returns the values under the parameter names of numbers.inventory.agents."""
        return {**self.cleaned_data, "voice_url": self.cleaned_data["voice_url"] or None}


class NewAgentForm(AgentForm):
    agent_id = FormText(
        label=gettext_lazy("Agent id"),
        max_length=100,
        required=False,
        validators=[AGENT_ID_VALIDATOR],
        help_text=gettext_lazy("Made if left empty; it never changes."),
    )

    @property
    def wished(self) -> dict[str, Any]:
        return {**super().wished, "agent_id": self.cleaned_data["agent_id"] or None}


def agents_with_counts(organization: Organization) -> QuerySet[Agent]:
    """Returns the agents with `answers`, the count of numbers that each answers. Deleted numbers
    are not counted."""
    numbers = organization.phone_numbers.filter(inbound_agent_id=OuterRef("agent_id"))
    living = numbers.exclude(status=PhoneNumber.Status.DELETED).order_by()
    counted = living.values("inbound_agent_id").annotate(count=Count("pk")).values("count")
    return organization.agents.annotate(answers=Coalesce(Subquery(counted), 0))


class AgentsScreen(OrgScreen):
    permissions = {"GET": Permission.AGENTS_READ}

    def get(self, request: HttpRequest) -> HttpResponse:
        rows = agents_with_counts(self.organization).order_by("name", "agent_id")
        start = parse_integer_parameter(request, "from")
        found = list(rows[start : start + PAGE_SIZE + 1])
        pager = {
            "newer": f"?from={max(0, start - PAGE_SIZE)}" if start else "",
            "older": f"?from={start + PAGE_SIZE}" if len(found) > PAGE_SIZE else "",
        }
        return self.page("numbers/agents.html", agents=found[:PAGE_SIZE], pager=pager)


class AddAgentScreen(OrgScreen):
    permissions = {"GET": Permission.AGENTS_CREATE, "POST": Permission.AGENTS_CREATE}

    def get(self, request: HttpRequest) -> HttpResponse:
        return self.page("numbers/agents_add.html", form=NewAgentForm())

    def post(self, request: HttpRequest) -> HttpResponse:
        form = NewAgentForm(request.POST)
        if form.is_valid() and (
            made := run_with_form_errors(form, lambda: self.add(form), ERROR_FIELDS)
        ):
            self.say(_("%(agent)s is added.") % {"agent": made.name})
            return self.go("agents")
        return self.page("numbers/agents_add.html", 422, form=form)

    def add(self, form: NewAgentForm) -> Agent:
        return agents.create_agent(self.principal, **form.wished)


ERROR_FIELDS = {AgentExists: "agent_id"}


class AgentScreen(OrgScreen):
    permissions = {"GET": Permission.AGENTS_READ, "POST": Permission.AGENTS_UPDATE}

    def get(self, request: HttpRequest, agent_id: UUID) -> HttpResponse:
        agent = agents_with_counts(self.organization).get(pk=agent_id)
        form = AgentForm(initial={"name": agent.name, "voice_url": agent.voice_url})
        return self.page("numbers/agent.html", agent=agent, form=form)

    def post(self, request: HttpRequest, agent_id: UUID) -> HttpResponse:
        agent = agents_with_counts(self.organization).get(pk=agent_id)
        form = AgentForm(request.POST)
        if form.is_valid() and run_with_form_errors(form, lambda: self.change(agent, form), {}):
            self.say(_("%(agent)s is changed.") % {"agent": form.cleaned_data["name"]})
            return self.go("agent", agent_id=agent_id)
        return self.page("numbers/agent.html", 422, agent=agent, form=form)

    def change(self, agent: Agent, form: AgentForm) -> Agent:
        return agents.change_agent(self.principal, agent.pk, **form.wished)


class DeleteAgentScreen(OrgScreen):
    permissions = {"GET": Permission.AGENTS_DELETE, "POST": Permission.AGENTS_DELETE}

    def get(self, request: HttpRequest, agent_id: UUID) -> HttpResponse:
        return self.asked(self.organization.agents.get(pk=agent_id))

    def post(self, request: HttpRequest, agent_id: UUID) -> HttpResponse:
        agent = self.organization.agents.get(pk=agent_id)
        try:
            agents.delete_agent(self.principal, agent.pk)
        except AgentInUse:
            return self.asked(agent, 422)
        self.say(_("%(agent)s is deleted.") % {"agent": agent.name})
        return self.go("agents")

    def asked(self, agent: Agent, status: int = 200) -> HttpResponse:
        """Renders the confirmation. It lists up to 20 numbers that still use the agent and prevent
        the deletion, with links."""
        numbers = agents.agent_numbers(self.principal, agent).order_by("e164")
        named = [(number.pk, format_display_number(number.e164)) for number in numbers[:20]]
        more = numbers.count() - len(named) if len(named) == 20 else 0
        words = {"agent": agent, "named": named, "more": more}
        return self.page("numbers/agent_delete.html", status, **words)
