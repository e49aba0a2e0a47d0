"""Requests to create, change and delete agents, and to assign numbers to them."""

from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from integrations.models import Operation
from numbers.inventory.locks import lock_agent_ids, lock_number, lock_numbers
from numbers.inventory.operations import change_number
from numbers.inventory.placements import request_placement_operation
from numbers.models import Agent, PhoneNumber, Placement
from organizations.access.principals import Principal
from organizations.models import Organization
from organizations.operations import record_event


class AgentInUse(Exception):
    """Raised if numbers are still assigned to the agent; the message names some of them."""

    def __init__(self, message: str, *, numbers: list[str]):
        super().__init__(message)
        self.numbers = numbers


class AgentExists(Exception):
    """Raised if another agent of the organization has this id."""


class AgentAssignmentConflict(Exception):
    """Raised if the number is assigned to an agent already, or is not assigned to this one."""


def resolve_agent_id(organization: Organization, typed: str) -> str:
    """Returns the id of the agent with this id or name. Text that matches no agent is returned
    unchanged, as the id of an agent that is not registered in Patchbay. Raises ValidationError if
    several agents have this name."""
    known = organization.agents.filter(Q(agent_id=typed) | Q(name__iexact=typed))
    ids = set(known.values_list("agent_id", flat=True)) if typed else set()
    if not ids or typed in ids:
        return typed
    if len(ids) > 1:
        raise ValidationError(_("Several agents are called so: give the id of one."))
    return ids.pop()


@transaction.atomic
def create_agent(
    by: Principal, *, name: str, agent_id: str | None = None, voice_url: str | None = None
) -> Agent:
    """Creates and returns an agent; without `agent_id` an id is generated. Numbers that already
    name this id are routed to the agent. Raises ValidationError by field, and AgentExists."""
    agent = Agent(organization=by.organization, name=name, voice_url=voice_url)
    if agent_id:
        agent.agent_id = agent_id
    agent.clean_fields(exclude=["organization"])
    lock_agent_ids(by, agent.agent_id)  # a number assigned this id meanwhile is seen below
    try:
        with transaction.atomic():
            agent.save(force_insert=True)
    except IntegrityError as error:
        if "agent_id_unique" not in str(error):
            raise
        raise AgentExists(_("There is an agent %(id)s already.") % {"id": agent_id}) from error
    record_agent_event(by, agent, "created", after=agent_audit_snapshot(agent))
    if agent.voice_url:
        reroute_agent_numbers(by, agent)
    return agent


@transaction.atomic
def change_agent(by: Principal, agent_id: UUID, **changes: Any) -> Agent:
    """Changes `name` or `voice_url` of an agent and reroutes the numbers that it answers. Returns
    the agent. Raises ValidationError."""
    agent = lock_agent(by, agent_id)
    before = agent_audit_snapshot(agent)
    for name, value in changes.items():
        setattr(agent, name, value)
    if agent_audit_snapshot(agent) == before:
        return agent
    agent.clean_fields(exclude=["organization"])
    agent.save()
    by.organization.agents.filter(pk=agent.pk).update(version=F("version") + 1, updated_at=Now())
    agent.refresh_from_db()
    record_agent_event(by, agent, "changed", before=before, after=agent_audit_snapshot(agent))
    if agent.voice_url != before["voice_url"]:
        reroute_agent_numbers(by, agent)
    return agent


def lock_agent(by: Principal, agent_id: UUID) -> Agent:
    """Locks the agent's id and returns its current row; no number can be assigned to it until the
    transaction ends. Raises DoesNotExist."""
    rows = by.organization.agents.filter(pk=agent_id)
    lock_agent_ids(by, rows.values_list("agent_id", flat=True).first())
    return rows.get()


def reroute_agent_numbers(by: Principal, agent: Agent) -> None:
    """Requests that the accounts which own the agent's numbers route their calls to the new voice
    URL. Skips numbers with a webhook of their own, which takes precedence."""
    numbers = inbound_agent_numbers(by, agent).filter(inbound_webhook_url=None)
    supplied = numbers.filter(placements__role=Placement.Role.SUPPLY)
    for number, held in lock_numbers(by, supplied.values("pk")):
        reroute_number(by, number, held)


def reroute_number(by: Principal, number: PhoneNumber, held: list) -> None:
    """Requests the new routing of one locked number. The lock keeps a concurrent deletion from
    being undone; a failed number is routed when it is retried."""
    if number.status in (PhoneNumber.Status.DELETED, PhoneNumber.Status.FAILED):
        return
    for placement, operation in held:
        if placement.role == Placement.Role.SUPPLY:
            wish = operation.wish if operation else Operation.Wish.ENSURE
            request_placement_operation(by, placement, wish, label=number.e164)


@transaction.atomic
def delete_agent(by: Principal, agent_id: UUID) -> None:
    """Deletes an agent. Raises AgentInUse while numbers are assigned to it."""
    agent = lock_agent(by, agent_id)
    numbers = agent_numbers(by, agent)
    named = list(numbers.order_by("e164").values_list("e164", flat=True)[:20])
    if named:
        words = {"agent": agent, "numbers": ", ".join(named)}
        raise AgentInUse(
            _("%(agent)s still has numbers: %(numbers)s. Unassign them first.") % words,
            numbers=named,
        )
    record_agent_event(by, agent, "deleted", before=agent_audit_snapshot(agent))
    agent.delete()


def inbound_agent_numbers(by: Principal, agent: Agent) -> QuerySet[PhoneNumber]:
    """Returns the numbers, except deleted ones, whose calls the agent answers."""
    numbers = by.organization.phone_numbers.filter(inbound_agent_id=agent.agent_id)
    return numbers.exclude(status=PhoneNumber.Status.DELETED)


def agent_numbers(by: Principal, agent: Agent) -> QuerySet[PhoneNumber]:
    """Returns the numbers, except deleted ones, that the agent answers or calls from."""
    either = Q(inbound_agent_id=agent.agent_id) | Q(outbound_agent_id=agent.agent_id)
    return by.organization.phone_numbers.filter(either).exclude(status=PhoneNumber.Status.DELETED)


@transaction.atomic
def assign_agent(by: Principal, agent: Agent, number_id: UUID) -> PhoneNumber:
    """Assigns the number's inbound calls to the agent and returns the number. Raises
    AgentAssignmentConflict and NumberStateConflict."""
    lock_agent(by, agent.pk)
    number, _held = lock_number(by, number_id)
    if number.inbound_agent_id:
        raise AgentAssignmentConflict(_("Phone number is already assigned to an agent"))
    return change_number(by, number_id, inbound_agent_id=agent.agent_id)


@transaction.atomic
def unassign_agent(by: Principal, agent: Agent, number_id: UUID) -> PhoneNumber:
    """Unassigns the agent from the number and returns the number. The account that owns the number
    gets back the routing it had. Raises AgentAssignmentConflict."""
    number, _held = lock_number(by, number_id)
    if number.inbound_agent_id != agent.agent_id:
        raise AgentAssignmentConflict(_("Phone number is not assigned to this agent"))
    return change_number(by, number_id, inbound_agent_id=None)


def record_agent_event(by: Principal, agent: Agent, action: str, **facts_of_it: Any) -> None:
    record_event(by, f"agent.{action}", agent, kind="agent", label=str(agent), **facts_of_it)


def agent_audit_snapshot(agent: Agent) -> dict[str, Any]:
    return {"agent_id": agent.agent_id, "name": agent.name, "voice_url": agent.voice_url}
