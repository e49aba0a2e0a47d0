"""Agents: operators read them; the organization's own people and programs keep them."""

from django.contrib import admin
from django.utils.translation import gettext_lazy

from numbers.models import Agent
from organizations.admin.base import ReadOnlyAdmin, time_column


@admin.register(Agent)
class AgentAdmin(ReadOnlyAdmin):
    list_display = ("agent_id", "name", "organization_name", "voice_url", "created")
    list_select_related = ("organization",)
    search_fields = ("agent_id", "name", "organization__name")
    event_kind = "agent"
    created = time_column("created_at", gettext_lazy("created"))
