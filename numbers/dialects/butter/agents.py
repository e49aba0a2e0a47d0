"""/api/agents/…: which agent answers a number."""

from django.http import HttpRequest
from django.utils.translation import gettext as _

from numbers.dialects.butter import examples
from numbers.dialects.butter.base import ButterView, enveloped, missing
from numbers.dialects.butter.operation_errors import told
from numbers.dialects.butter.phone_numbers import Held, locked
from numbers.dialects.butter.schema import changing, one
from numbers.dialects.butter.serializers import AgentShape, AssignSerializer, represent_agent
from numbers.inventory import agents
from numbers.inventory.locks import hold_agent
from numbers.inventory.placements import PLACED_AS, default_homes
from numbers.inventory.reservation import refuse_outside_pools
from numbers.models import AGENT_ID, Agent, PhoneNumber, Placement
from organizations.access.principals import Principal
from organizations.access.roles import Permission
from organizations.api.serializers import taken
from organizations.web.api.fields import StrictSerializer
from organizations.web.api.problems import Problem
from organizations.web.api.responses import Reply
from organizations.web.openapi.operations import answered, asked

TAGS = ["Agents"]


class AssignView(ButterView):
    permissions = {"POST": Permission.PHONE_NUMBERS_UPDATE}

    @changing(
        summary="Assign phone number",
        description="The agent answers its calls; a Twilio number's webhook follows by itself.",
        tags=TAGS,
        request=AssignSerializer,
        responses={200: one("AssignedAgent", AgentShape, message="How it went.")},
        errors=[404],
        versioned=True,
        examples=[
            asked("Assign", {"phone_number_id": "phon_a1b2c3d4e5f6"}),
            answered("Assigned", enveloped(examples.AGENT, "Phone number assigned successfully")),
        ],
    )
    def post(self, request: HttpRequest, agent_id: str) -> Reply:
        agent = found_agent(request, agent_id)
        wished = taken(AssignSerializer, request.data)
        hold_agent(request.principal, agent.agent_id)
        number, held = locked(request, wished["phone_number_id"])
        try:
            with told():
                if not number.inbound_agent_id:
                    refuse_unready(request.principal, number, held)
                agents.assign(request.principal, agent, number.pk)
        except agents.NotAssigned as error:
            raise Problem("conflict", str(error)) from error
        return reply_with(request.principal, agent, _("Phone number assigned successfully"))


class UnassignView(ButterView):
    permissions = {"POST": Permission.PHONE_NUMBERS_UPDATE}

    @changing(
        summary="Unassign phone number",
        description="The number is free; what supplied it gets back the routing it had.",
        tags=TAGS,
        responses={200: one("UnassignedAgent", AgentShape, message="How it went.")},
        errors=[404],
        versioned=True,
    )
    def post(self, request: HttpRequest, agent_id: str, phone_number_id: str) -> Reply:
        agent = found_agent(request, agent_id)
        taken(StrictSerializer, request.data)
        number, _held = locked(request, phone_number_id)
        try:
            with told():
                agents.unassign(request.principal, agent, number.pk)
        except agents.NotAssigned as error:
            raise Problem("invalid-request", str(error)) from error
        return reply_with(request.principal, agent, _("Phone number unassigned successfully"))


def found_agent(request: HttpRequest, agent_id: str) -> Agent:
    known = request.organization.agents.filter(agent_id=agent_id)
    agent = known.first() if AGENT_ID.regex.fullmatch(agent_id) else None
    if agent is None:
        raise missing(_("Agent"))
    return agent


def refuse_unready(by: Principal, number: PhoneNumber, held: Held) -> None:
    """Where nobody could be told whom the calls are for. Raises OutsidePools."""
    if number.status == PhoneNumber.Status.FAILED:
        words = {"reason": number.error_message or ""}
        raise Problem("conflict", _("Phone number could not be set up: %(reason)s") % words)
    is_supplied = PLACED_AS.get(number.number_provider) == Placement.Role.SUPPLY
    if is_supplied and not held and not default_homes(by, number):
        text = _("Phone number has no integration; connect one and import the number with it.")
        raise Problem("invalid-request", text)
    if is_supplied and not held:
        refuse_outside_pools(number)


def reply_with(by: Principal, agent: Agent, message: str) -> Reply:
    numbers = agents.answered_by(by, agent).order_by("created_at", "id")
    ids = list(numbers.values_list("public_id", flat=True))
    return Reply(enveloped(represent_agent(agent, ids), message))
