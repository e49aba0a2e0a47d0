"""/api/agents/…: the agents that answer numbers."""

from django.http import HttpRequest
from django.utils.translation import gettext as _

from numbers.dialects.butter import examples
from numbers.dialects.butter.base import ButterView, not_found_problem, success_envelope
from numbers.dialects.butter.operation_errors import translate_operation_errors
from numbers.dialects.butter.phone_numbers import LockedPlacements, find_and_lock_number
from numbers.dialects.butter.schema import butter_write_operation, object_schema
from numbers.dialects.butter.serializers import AgentShape, AssignSerializer, serialize_butter_agent
from numbers.inventory import agents
from numbers.inventory.locks import lock_agent_ids
from numbers.inventory.placements import ROLE_BY_PROVIDER, default_integrations_by_role
from numbers.inventory.reservation import ensure_within_pools
from numbers.models import AGENT_ID_VALIDATOR, Agent, PhoneNumber, Placement
from organizations.access.principals import Principal
from organizations.access.roles import Permission
from organizations.web.api.fields import StrictSerializer, validate_input
from organizations.web.api.problems import Problem
from organizations.web.api.responses import ApiResponse
from organizations.web.openapi.operations import request_example, response_example

TAGS = ["Agents"]


class AssignView(ButterView):
    permissions = {"POST": Permission.PHONE_NUMBERS_UPDATE}

    @butter_write_operation(
        summary="Assign phone number",
        description="The agent answers its calls; a Twilio number's webhook follows by itself.",
        tags=TAGS,
        request=AssignSerializer,
        responses={200: object_schema("AssignedAgent", AgentShape, message="How it went.")},
        errors=[404],
        versioned=True,
        examples=[
            request_example("Assign", {"phone_number_id": "phon_a1b2c3d4e5f6"}),
            response_example(
                "Assigned", success_envelope(examples.AGENT, "Phone number assigned successfully")
            ),
        ],
    )
    def post(self, request: HttpRequest, agent_id: str) -> ApiResponse:
        agent = find_butter_agent(request, agent_id)
        wished = validate_input(AssignSerializer, request.data)
        lock_agent_ids(request.principal, agent.agent_id)
        number, held = find_and_lock_number(request, wished["phone_number_id"])
        try:
            with translate_operation_errors():
                if not number.inbound_agent_id:
                    ensure_number_assignable(request.principal, number, held)
                agents.assign_agent(request.principal, agent, number.pk)
        except agents.AgentAssignmentConflict as error:
            raise Problem("conflict", str(error)) from error
        return assignment_response(
            request.principal, agent, _("Phone number assigned successfully")
        )


class UnassignView(ButterView):
    permissions = {"POST": Permission.PHONE_NUMBERS_UPDATE}

    @butter_write_operation(
        summary="Unassign phone number",
        description="The number is free; what supplied it gets back the routing it had.",
        tags=TAGS,
        responses={200: object_schema("UnassignedAgent", AgentShape, message="How it went.")},
        errors=[404],
        versioned=True,
    )
    def post(self, request: HttpRequest, agent_id: str, phone_number_id: str) -> ApiResponse:
        agent = find_butter_agent(request, agent_id)
        validate_input(StrictSerializer, request.data)
        number, _held = find_and_lock_number(request, phone_number_id)
        try:
            with translate_operation_errors():
                agents.unassign_agent(request.principal, agent, number.pk)
        except agents.AgentAssignmentConflict as error:
            raise Problem("invalid-request", str(error)) from error
        return assignment_response(
            request.principal, agent, _("Phone number unassigned successfully")
        )


def find_butter_agent(request: HttpRequest, agent_id: str) -> Agent:
    known = request.organization.agents.filter(agent_id=agent_id)
    agent = known.first() if AGENT_ID_VALIDATOR.regex.fullmatch(agent_id) else None
    if agent is None:
        raise not_found_problem(_("Agent"))
    return agent


def ensure_number_assignable(by: Principal, number: PhoneNumber, held: LockedPlacements) -> None:
    """Raises a problem, or NumberOutsidePools, if no platform could receive the assignment of an
    agent."""
    if number.status == PhoneNumber.Status.FAILED:
        words = {"reason": number.error_message or ""}
        raise Problem("conflict", _("Phone number could not be set up: %(reason)s") % words)
    is_supplied = ROLE_BY_PROVIDER.get(number.number_provider) == Placement.Role.SUPPLY
    if is_supplied and not held and not default_integrations_by_role(by, number):
        text = _("Phone number has no integration; connect one and import the number with it.")
        raise Problem("invalid-request", text)
    if is_supplied and not held:
        ensure_within_pools(number)


def assignment_response(by: Principal, agent: Agent, message: str) -> ApiResponse:
    numbers = agents.inbound_agent_numbers(by, agent).order_by("created_at", "id")
    ids = list(numbers.values_list("public_id", flat=True))
    return ApiResponse(success_envelope(serialize_butter_agent(agent, ids), message))
