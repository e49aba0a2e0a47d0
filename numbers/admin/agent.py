"""Agents: operators read them; the organization's own people and programs keep them."""

from django.contrib import admin

from numbers.models import Agent
from organizations.admin.base import ReadOnlyAdmin


@admin.register(Agent)
class AgentAdmin(ReadOnlyAdmin):
    list_display = ("agent_id", "name", "organization_name", "voice_url", "created_at")
    list_select_related = ("organization",)
    search_fields = ("agent_id", "name", "organization__name")
    event_kind = "agent"
