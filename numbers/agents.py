"""The asker's half: agents, and which of them a number's calls are for."""

from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from integrations.models import Operation
from numbers.models import Agent, PhoneNumber, Placement
from numbers.operations import change_number, locked
from numbers.placing import ask
from organizations.operations import record
from organizations.principals import Principal


class AgentInUse(Exception):
    """Numbers are assigned to it; the text names some."""

    def __init__(self, message: str, *, numbers: list[str]):
        super().__init__(message)
        self.numbers = numbers


class NotAssigned(Exception):
    """The number is assigned to another agent, to this one already, or to none."""


@transaction.atomic
def create_agent(
    by: Principal, *, name: str, agent_id: str | None = None, voice_url: str | None = None
) -> Agent:
    """Raises ValidationError by field; `agent_id` is given or made."""
    agent = Agent(organization=by.organization, name=name, voice_url=voice_url)
    if agent_id:
        agent.agent_id = agent_id
    agent.full_clean()
    agent.save(force_insert=True)
    tell(by, agent, "created", after=facts(agent))
    return agent


@transaction.atomic
def change_agent(by: Principal, agent_id: UUID, **changes: Any) -> Agent:
    """Change `name` or `voice_url`; the numbers it answers follow. Raises ValidationError."""
    agent = by.organization.agents.select_for_update().get(pk=agent_id)
    before = facts(agent)
    for name, value in changes.items():
        setattr(agent, name, value)
    if facts(agent) == before:
        return agent
    agent.full_clean()
    agent.save()
    by.organization.agents.filter(pk=agent.pk).update(version=F("version") + 1, updated_at=Now())
    agent.refresh_from_db()
    tell(by, agent, "changed", before=before, after=facts(agent))
    if agent.voice_url != before["voice_url"]:
        route_numbers(by, agent)
    return agent


def route_numbers(by: Principal, agent: Agent) -> None:
    """What supplies its numbers sends their calls to the new voice URL."""
    supplies = by.organization.placements.filter(
        role=Placement.Role.SUPPLY, phone_number__inbound_agent_id=agent.agent_id
    ).exclude(phone_number__status__in=[PhoneNumber.Status.DELETED, PhoneNumber.Status.FAILED])
    rows = supplies.select_related("integration", "phone_number").order_by("phone_number_id")
    for placement in rows:
        ask(by, placement, Operation.Wish.ENSURE, label=placement.phone_number.e164)


@transaction.atomic
def delete_agent(by: Principal, agent_id: UUID) -> None:
    """Raises AgentInUse while numbers are assigned to it."""
    agent = by.organization.agents.select_for_update().get(pk=agent_id)
    numbers = assigned_to(by, agent)
    named = list(numbers.order_by("e164").values_list("e164", flat=True)[:20])
    if named:
        words = {"agent": agent, "numbers": ", ".join(named)}
        raise AgentInUse(
            _("%(agent)s still has numbers: %(numbers)s. Unassign them first.") % words,
            numbers=named,
        )
    tell(by, agent, "deleted", before=facts(agent))
    agent.delete()


def assigned_to(by: Principal, agent: Agent) -> Any:
    """The living numbers whose calls the agent answers."""
    numbers = by.organization.phone_numbers.filter(inbound_agent_id=agent.agent_id)
    return numbers.exclude(status=PhoneNumber.Status.DELETED)


@transaction.atomic
def assign(by: Principal, agent: Agent, number_id: UUID) -> PhoneNumber:
    """The agent answers the number's calls from now on. Raises NotAssigned and NotPossibleNow."""
    number, _held = locked(by, number_id)
    if number.inbound_agent_id:
        raise NotAssigned(_("Phone number is already assigned to an agent"))
    return change_number(by, number_id, inbound_agent_id=agent.agent_id)


@transaction.atomic
def unassign(by: Principal, agent: Agent, number_id: UUID) -> PhoneNumber:
    """The number is free; what supplied it gets back the routing it had. Raises NotAssigned."""
    number, _held = locked(by, number_id)
    if number.inbound_agent_id != agent.agent_id:
        raise NotAssigned(_("Phone number is not assigned to this agent"))
    return change_number(by, number_id, inbound_agent_id=None)


def tell(by: Principal, agent: Agent, action: str, **facts_of_it: Any) -> None:
    record(by, f"agent.{action}", agent, kind="agent", label=str(agent), **facts_of_it)


def facts(agent: Agent) -> dict[str, Any]:
    return {"agent_id": agent.agent_id, "name": agent.name, "voice_url": agent.voice_url}
