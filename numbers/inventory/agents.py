"""The asker's half: agents, and which of them a number's calls are for."""

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
    """Numbers are assigned to it; the text names some."""

    def __init__(self, message: str, *, numbers: list[str]):
        super().__init__(message)
        self.numbers = numbers


class AgentExists(Exception):
    """Another agent of the organization has this id."""


class AgentAssignmentConflict(Exception):
    """The number is assigned to another agent, to this one already, or to none."""


def resolve_agent_id(organization: Organization, typed: str) -> str:
    """Of the agent that people know by this id or name; what is neither is the id of an agent that
    is kept elsewhere. Raises ValidationError where several are called so."""
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
    """`agent_id` is given or made; numbers that have named it before it was there are routed to it.
    Raises ValidationError by field, and AgentExists."""
    agent = Agent(organization=by.organization, name=name, voice_url=voice_url)
    if agent_id:
        agent.agent_id = agent_id
    agent.clean_fields(exclude=["organization"])
    lock_agent_ids(by, agent.agent_id)  # a number that is just given this id is seen below
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
    """Change `name` or `voice_url`; the numbers it answers follow. Raises ValidationError."""
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
    """The agent as it is now; no number can be given it until the transaction ends. Raises
    DoesNotExist."""
    rows = by.organization.agents.filter(pk=agent_id)
    lock_agent_ids(by, rows.values_list("agent_id", flat=True).first())
    return rows.get()


def reroute_agent_numbers(by: Principal, agent: Agent) -> None:
    """What supplies its numbers sends their calls to the new voice URL; a number's own webhook
    comes first."""
    numbers = inbound_agent_numbers(by, agent).filter(inbound_webhook_url=None)
    supplied = numbers.filter(placements__role=Placement.Role.SUPPLY)
    for number, held in lock_numbers(by, supplied.values("pk")):
        reroute_number(by, number, held)


def reroute_number(by: Principal, number: PhoneNumber, held: list) -> None:
    """Locked, so that a deletion of the same moment stays one; a failed number is routed when it
    is tried again."""
    if number.status in (PhoneNumber.Status.DELETED, PhoneNumber.Status.FAILED):
        return
    for placement, operation in held:
        if placement.role == Placement.Role.SUPPLY:
            wish = operation.wish if operation else Operation.Wish.ENSURE
            request_placement_operation(by, placement, wish, label=number.e164)


@transaction.atomic
def delete_agent(by: Principal, agent_id: UUID) -> None:
    """Raises AgentInUse while numbers are assigned to it."""
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
    """The living numbers whose calls the agent answers."""
    numbers = by.organization.phone_numbers.filter(inbound_agent_id=agent.agent_id)
    return numbers.exclude(status=PhoneNumber.Status.DELETED)


def agent_numbers(by: Principal, agent: Agent) -> QuerySet[PhoneNumber]:
    """Those, and the living numbers it calls from."""
    either = Q(inbound_agent_id=agent.agent_id) | Q(outbound_agent_id=agent.agent_id)
    return by.organization.phone_numbers.filter(either).exclude(status=PhoneNumber.Status.DELETED)


@transaction.atomic
def assign_agent(by: Principal, agent: Agent, number_id: UUID) -> PhoneNumber:
    """The agent answers the number's calls from now on. Raises AgentAssignmentConflict and
    NumberStateConflict."""
    lock_agent(by, agent.pk)
    number, _held = lock_number(by, number_id)
    if number.inbound_agent_id:
        raise AgentAssignmentConflict(_("Phone number is already assigned to an agent"))
    return change_number(by, number_id, inbound_agent_id=agent.agent_id)


@transaction.atomic
def unassign_agent(by: Principal, agent: Agent, number_id: UUID) -> PhoneNumber:
    """The number is free; what supplied it gets back the routing it had. Raises
    AgentAssignmentConflict."""
    number, _held = lock_number(by, number_id)
    if number.inbound_agent_id != agent.agent_id:
        raise AgentAssignmentConflict(_("Phone number is not assigned to this agent"))
    return change_number(by, number_id, inbound_agent_id=None)


def record_agent_event(by: Principal, agent: Agent, action: str, **facts_of_it: Any) -> None:
    record_event(by, f"agent.{action}", agent, kind="agent", label=str(agent), **facts_of_it)


def agent_audit_snapshot(agent: Agent) -> dict[str, Any]:
    return {"agent_id": agent.agent_id, "name": agent.name, "voice_url": agent.voice_url}
