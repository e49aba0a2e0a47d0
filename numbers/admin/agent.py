"""Agents in the admin, read-only for operators; members and API keys manage them."""

from typing import Any
from urllib.parse import urlencode

from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from numbers.models import Agent
from organizations.web.admin.base import ReadOnlyAdmin, time_column


@admin.register(Agent)
class AgentAdmin(ReadOnlyAdmin):
    list_display = ("agent_id", "name", "organization_name", "voice_url", "created")
    list_select_related = ("organization",)
    search_fields = ("agent_id", "name", "organization__name")
    event_kind = "agent"
    portal_page = ("agent", "agent_id")
    created = time_column("created_at", gettext_lazy("created"))

    def links(self, request: HttpRequest, row: Agent) -> list[dict[str, Any]]:
        """Returns the link to the agent's numbers, which refer to the agent by the organization's
        own id."""
        if not request.user.has_perm("numbers.view_phonenumber"):
            return []
        whose = {"inbound_agent_id": row.agent_id, "organization__id__exact": row.organization_id}
        url = f"{reverse('admin:numbers_phonenumber_changelist')}?{urlencode(whose)}"
        return [{"title": _("Numbers"), "icon": "call", "url": url}]
