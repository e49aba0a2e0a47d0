"""Metric counts in the admin: which organizations are counted by workers, and how long it takes."""

from django.contrib import admin
from django.utils.translation import gettext_lazy

from numbers.models import FigureCount
from organizations.web.admin.base import ReadOnlyAdmin, time_column


@admin.register(FigureCount)
class FigureCountAdmin(ReadOnlyAdmin):
    list_display = ("organization_name", "days", "zone", "state", "seconds", "counted", "asked")
    list_select_related = ("organization",)
    list_filter = ("state",)
    search_fields = ("organization__name",)
    counted = time_column("counted_at", gettext_lazy("counted at"))
    asked = time_column("created_at", gettext_lazy("asked at"))
