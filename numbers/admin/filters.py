"""Filters of the admin's list of numbers."""

from typing import Any

from django.contrib import admin
from django.contrib.admin import SimpleListFilter
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from numbers.models import PhoneNumber

Status = PhoneNumber.Status


class StatusFilter(SimpleListFilter):
    """Filters by status. Deleted numbers are listed only if selected."""

    title = gettext_lazy("status")
    parameter_name = "status"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list:
        return [*Status.choices, ("removing", _("being removed")), ("any", _("any"))]

    def choices(self, changelist: Any):
        first, *others = super().choices(changelist)
        yield {**first, "display": _("all but deleted")}
        yield from others

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        chosen = self.value()
        if chosen == "removing":
            return queryset.filter(status=Status.DELETED, released_at=None)
        if chosen in Status.values:
            return queryset.filter(status=chosen)
        return queryset if chosen == "any" else queryset.exclude(status=Status.DELETED)
