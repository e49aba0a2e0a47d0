"""/v1/agents: who answers the organization's numbers."""

import re
from typing import Any

from django.http import HttpRequest
from rest_framework import serializers

from numbers.api import examples
from numbers.api.errors import told
from numbers.api.fields import AGENT_ID, OptionalAgentId, OptionalUrl
from numbers.inventory import agents
from numbers.inventory.locks import hold_agent
from numbers.models import Agent
from organizations.access.roles import Permission
from organizations.api.serializers import taken
from organizations.web.api.etags import etag, require_match
from organizations.web.api.fields import Char, StrictSerializer, Uuid
from organizations.web.api.pagination import PAGING, page
from organizations.web.api.problems import Problem
from organizations.web.api.query_parameters import read_query
from organizations.web.api.responses import Reply
from organizations.web.api.views import OrgView
from organizations.web.openapi.operations import answered, asked, operation

TAGS = ["Agents"]
VOICE_URL_HELP = "Where an account that supplies the agent's numbers sends their calls."


def represent(agent: Agent) -> dict[str, Any]:
    """Without a count of its numbers, which would change under the ETag; the list of numbers is
    filtered by `inbound_agent_id`."""
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

    @operation(
        summary="List agents",
        description="Newest first.",
        tags=TAGS,
        query=PAGING,
        responses={200: AgentPageShape},
        examples=[answered("A page", {"data": [examples.AGENT], "next_cursor": None})],
    )
    def get(self, request: HttpRequest) -> Reply:
        query = read_query(request.GET, PAGING)
        return Reply(page(request.organization.agents.all(), query, represent))

    @operation(
        summary="Add agent",
        description="Numbers that have named its id before are its numbers from now on.",
        tags=TAGS,
        request=AgentCreateSerializer,
        responses={201: AgentShape},
        errors=["agent-exists"],
        etag=True,
        examples=[
            asked("Support", {"agent_id": "agent_support", "name": "Support"}),
            answered("Added", examples.AGENT, 201),
        ],
    )
    def post(self, request: HttpRequest) -> Reply:
        wished = taken(AgentCreateSerializer, request.data)
        with told():
            agent = agents.create_agent(request.principal, **wished)
        return reply_with(agent, status=201)


class AgentView(OrgView):
    permissions = {
        "GET": Permission.AGENTS_READ,
        "PATCH": Permission.AGENTS_UPDATE,
        "DELETE": Permission.AGENTS_DELETE,
    }

    @operation(
        summary="Get agent",
        tags=TAGS,
        responses={200: AgentShape},
        errors=["not-found"],
        etag=True,
        examples=[answered("Support", examples.AGENT)],
    )
    def get(self, request: HttpRequest, agent_id: str) -> Reply:
        read_query(request.GET, {})
        return reply_with(found(request, agent_id))

    @operation(
        summary="Change agent",
        description="What is left out stays. Accounts that supply its numbers follow `voice_url`.",
        tags=TAGS,
        request=AgentChangeSerializer,
        responses={200: AgentShape},
        errors=["not-found", "precondition-failed"],
        etag=True,
        examples=[
            asked("Elsewhere", {"voice_url": "https://example.com/voice"}),
            answered("Changed", {**examples.AGENT, "voice_url": "https://example.com/voice"}),
        ],
    )
    def patch(self, request: HttpRequest, agent_id: str) -> Reply:
        agent = unchanged(request, agent_id)
        wished = taken(AgentChangeSerializer, request.data)
        return reply_with(agents.change_agent(request.principal, agent.pk, **wished))

    @operation(
        summary="Delete agent",
        description="Refused while numbers are assigned to it; `errors` names some.",
        tags=TAGS,
        responses={204: None},
        errors=["not-found", "precondition-failed", "agent-in-use"],
    )
    def delete(self, request: HttpRequest, agent_id: str) -> Reply:
        agent = unchanged(request, agent_id)
        with told():
            agents.delete_agent(request.principal, agent.pk)
        return Reply(status=204)


def found(request: HttpRequest, agent_id: str, *, locked: bool = False) -> Agent:
    """404 for a stranger's, as for one that never was, and for what can be no id."""
    agents_here = request.organization.agents.all()
    if re.fullmatch(AGENT_ID, agent_id):
        if locked:
            hold_agent(request.principal, agent_id)
        if agent := agents_here.filter(agent_id=agent_id).first():
            return agent
    raise Problem("not-found")


def unchanged(request: HttpRequest, agent_id: str) -> Agent:
    """Locks the agent. 412 where it is not the one the client has seen."""
    agent = found(request, agent_id, locked=True)
    require_match(request, agent.version)
    return agent


def reply_with(agent: Agent, *, status: int = 200) -> Reply:
    headers = {"ETag": etag(agent.version)}
    if status == 201:
        headers["Location"] = f"/v1/agents/{agent.agent_id}"
    return Reply(represent(agent), status=status, headers=headers)
