"""Read-only admin pages of sandbox objects and default integrations."""

from django.contrib import admin
from django.utils.translation import gettext_lazy

from integrations.models import DefaultIntegration, SandboxObject
from organizations.web.admin.base import ReadOnlyAdmin, time_column


@admin.register(SandboxObject)
class SandboxObjectAdmin(ReadOnlyAdmin):
    list_display = ("name", "kind", "integration", "organization_name", "created")
    list_select_related = ("integration", "organization")
    list_filter = ("kind",)
    search_fields = ("name", "marker", "organization__name", "integration__name")
    created = time_column("created_at", gettext_lazy("created"))
    fields = ("kind", "name", "organization", "integration", "marker", "sid", "data", "created_at")


@admin.register(DefaultIntegration)
class DefaultIntegrationAdmin(ReadOnlyAdmin):
    """The admin of default integrations, which are chosen on the page of an integration."""

    list_display = ("organization_name", "role", "integration")
    list_select_related = ("organization", "integration")
    list_filter = ("role",)
    search_fields = ("organization__name", "organization__public_id__iexact", "integration__name")
    fields = ("organization", "role", "integration")
    ordering = ("organization__name", "role")
