"""/v1/agents: the agents that answer the organization's numbers."""

import re
from typing import Any

from django.http import HttpRequest
from rest_framework import serializers

from numbers.api import examples
from numbers.inventory import agents
from numbers.inventory.locks import lock_agent_ids
from numbers.models import Agent
from numbers.web.errors import translate_number_errors
from numbers.web.fields import AGENT_ID, OptionalAgentId, OptionalUrl
from organizations.access.roles import Permission
from organizations.web.api.etags import ensure_etag_match, format_etag
from organizations.web.api.fields import Char, StrictSerializer, Uuid, validate_input
from organizations.web.api.pagination import PAGE_PARAMETERS, paginate_rows
from organizations.web.api.problems import Problem
from organizations.web.api.query_parameters import parse_query
from organizations.web.api.responses import ApiResponse
from organizations.web.api.views import OrgView
from organizations.web.openapi.operations import (
    document_operation,
    request_example,
    response_example,
)

TAGS = ["Agents"]
VOICE_URL_HELP = "Where an account that supplies the agent's numbers sends their calls."


def serialize_agent(agent: Agent) -> dict[str, Any]:
    """Returns the agent as JSON. The count of its numbers is not included, because it would change
    without the ETag; clients filter the list of numbers by `inbound_agent_id`."""
    return {
        "agent_id": agent.agent_id,
        "account_id": agent.organization_id,
        "name": agent.name,
        "voice_url": agent.voice_url,
        "created_at": agent.created_at,
        "updated_at": agent.updated_at,
    }


class AgentChangeSerializer(StrictSerializer):
    name = Char(required=False, max_length=100)
    voice_url = OptionalUrl(help_text=VOICE_URL_HELP)


class AgentCreateSerializer(AgentChangeSerializer):
    agent_id = OptionalAgentId(help_text="Made (`agent_…`) if left out; never changes.")
    name = Char(max_length=100)


class AgentShape(StrictSerializer):
    agent_id = Char(help_text="What the path takes, and what a number names its agents by.")
    account_id = Uuid(help_text="The organization.")
    name = Char()
    voice_url = Char(allow_null=True)
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()


class AgentPageShape(StrictSerializer):
    data = AgentShape(many=True)
    next_cursor = Char(allow_null=True)


class AgentsView(OrgView):
    permissions = {"GET": Permission.AGENTS_READ, "POST": Permission.AGENTS_CREATE}

    @document_operation(
        summary="List agents",
        description="Newest first.",
        tags=TAGS,
        query=PAGE_PARAMETERS,
        responses={200: AgentPageShape},
        examples=[response_example("A page", {"data": [examples.AGENT], "next_cursor": None})],
    )
    def get(self, request: HttpRequest) -> ApiResponse:
        query = parse_query(request.GET, PAGE_PARAMETERS)
        return ApiResponse(paginate_rows(request.organization.agents.all(), query, serialize_agent))

    @document_operation(
        summary="Add agent",
        description="Numbers that have named its id before are its numbers from now on.",
        tags=TAGS,
        request=AgentCreateSerializer,
        responses={201: AgentShape},
        errors=["agent-exists"],
        etag=True,
        examples=[
            request_example("Support", {"agent_id": "agent_support", "name": "Support"}),
            response_example("Added", examples.AGENT, 201),
        ],
    )
    def post(self, request: HttpRequest) -> ApiResponse:
        wished = validate_input(AgentCreateSerializer, request.data)
        with translate_number_errors():
            agent = agents.create_agent(request.principal, **wished)
        return agent_response(agent, status=201)


class AgentView(OrgView):
    permissions = {
        "GET": Permission.AGENTS_READ,
        "PATCH": Permission.AGENTS_UPDATE,
        "DELETE": Permission.AGENTS_DELETE,
    }

    @document_operation(
        summary="Get agent",
        tags=TAGS,
        responses={200: AgentShape},
        errors=["not-found"],
        etag=True,
        examples=[response_example("Support", examples.AGENT)],
    )
    def get(self, request: HttpRequest, agent_id: str) -> ApiResponse:
        parse_query(request.GET, {})
        return agent_response(find_agent(request, agent_id))

    @document_operation(
        summary="Change agent",
        description="What is left out stays. Accounts that supply its numbers follow `voice_url`.",
        tags=TAGS,
        request=AgentChangeSerializer,
        responses={200: AgentShape},
        errors=["not-found", "precondition-failed"],
        etag=True,
        examples=[
            request_example("Elsewhere", {"voice_url": "https://example.com/voice"}),
            response_example(
                "Changed", {**examples.AGENT, "voice_url": "https://example.com/voice"}
            ),
        ],
    )
    def patch(self, request: HttpRequest, agent_id: str) -> ApiResponse:
        agent = lock_agent_if_match(request, agent_id)
        wished = validate_input(AgentChangeSerializer, request.data)
        return agent_response(agents.change_agent(request.principal, agent.pk, **wished))

    @document_operation(
        summary="Delete agent",
        description="Refused while numbers are assigned to it; `errors` names some.",
        tags=TAGS,
        responses={204: None},
        errors=["not-found", "precondition-failed", "agent-in-use"],
    )
    def delete(self, request: HttpRequest, agent_id: str) -> ApiResponse:
        agent = lock_agent_if_match(request, agent_id)
        with translate_number_errors():
            agents.delete_agent(request.principal, agent.pk)
        return ApiResponse(status=204)


def find_agent(request: HttpRequest, agent_id: str, *, locked: bool = False) -> Agent:
    """Returns the agent. Raises a 404 problem if it is unknown, belongs to another organization or
    the id is invalid."""
    agents_here = request.organization.agents.all()
    if re.fullmatch(AGENT_ID, agent_id):
        if locked:
            lock_agent_ids(request.principal, agent_id)
        if agent := agents_here.filter(agent_id=agent_id).first():
            return agent
    raise Problem("not-found")


def lock_agent_if_match(request: HttpRequest, agent_id: str) -> Agent:
    """Locks the agent. Raises a 412 problem if its version is not the one in If-Match."""
    agent = find_agent(request, agent_id, locked=True)
    ensure_etag_match(request, agent.version)
    return agent


def agent_response(agent: Agent, *, status: int = 200) -> ApiResponse:
    headers = {"ETag": format_etag(agent.version)}
    if status == 201:
        headers["Location"] = f"/v1/agents/{agent.agent_id}"
    return ApiResponse(serialize_agent(agent), status=status, headers=headers)
