"""The base of all admin pages: an operator acts through the operations, and sees no secret."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.contrib.admin.utils import quote, unquote
from django.db.models import Model
from django.http import HttpRequest
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.admin import ModelAdmin
from unfold.decorators import display
from unfold.paginator import InfinitePaginator

from organizations.web.admin.form_pages import FormPages
from organizations.web.admin.row_actions import RowActions
from organizations.web.views.base import screen_url

RelatedList = tuple[Any, str, str, str]  # title, icon, app.model, filter column


class OperatorAdmin(RowActions, FormPages, ModelAdmin):
    """Rows of organizations. Django deletes none of them; where deletion is possible, it is an
    action."""

    list_per_page = 50
    list_max_show_all = 50
    show_full_result_count = False
    ordering = ("-created_at",)
    event_kind = ""  # subject kind in the audit log, if any

    related_lists: Sequence[RelatedList] = ()
    portal_page: tuple[str, str] = ("", "")  # screen name, parameter for the row's id

    @display(description=gettext_lazy("organization"), ordering="organization__name")
    def organization_name(self, row: Any) -> SafeString | str:
        if row.organization is None:
            return _("the installation")
        return link_or_text(admin_url(row.organization), row.organization.name)

    def about(self, request: HttpRequest, row: Model) -> dict[str, Any]:
        about = super().about(request, row)
        links = [*about["row_links"], *self.lists_of(request, row), *self.in_portal(request, row)]
        told = bool(self.event_kind) and request.user.has_perm("organizations.view_event")
        return {**about, "row_links": links, "show_history": told}

    def lists_of(self, request: HttpRequest, row: Model) -> list[dict[str, Any]]:
        """Returns links to the lists of what belongs to the row, as far as the operator may see
        them."""
        return [
            {"title": title, "icon": icon, "url": f"{reverse(address)}?{column}__exact={row.pk}"}
            for title, icon, model, column in self.related_lists
            if request.user.has_perm(model.replace(".", ".view_"))
            for address in [f"admin:{model.replace('.', '_')}_changelist"]
        ]

    def in_portal(self, request: HttpRequest, row: Any) -> list[dict[str, Any]]:
        """Returns a link to the row's page in the portal, for an operator who is a member there."""
        name, parameter = self.portal_page
        if not name or not request.user.memberships.filter(organization=row.organization).exists():
            return []
        path = {parameter: row.pk} if parameter else {}
        url = screen_url(row.organization, name, **path)
        return [{"title": _("In the portal"), "icon": "open_in_new", "url": url}]

    def history_view(self, request: HttpRequest, object_id: str, extra_context=None):
        """Redirects to the audit log, which records every change, wherever it was made."""
        query = urlencode({"subject_kind": self.event_kind, "subject_id": unquote(object_id)})
        return redirect(f"{reverse('admin:organizations_event_changelist')}?{query}")

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class ReadOnlyAdmin(OperatorAdmin):
    """Rows that the system writes and operators only read."""

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class LogAdmin(ReadOnlyAdmin):
    """A table that grows without limit. Its pages have no total and show the newest rows first."""

    paginator = InfinitePaginator
    ordering = ("-id",)


def badge(text: Any, kind: str = "") -> SafeString:
    """Returns a state as a coloured badge, as in the lists: success, info, warning, danger or
    plain."""
    return render_to_string("unfold/helpers/label.html", {"text": text, "type": kind})


def format_admin_time(moment: datetime | None) -> SafeString | None:
    """Formats a time: short, sortable by eye, and on one line."""
    if moment is None:
        return None
    return nowrap_text(timezone.localtime(moment).strftime("%Y-%m-%d %H:%M"))


def nowrap_text(text: str) -> SafeString:
    return format_html('<span class="pb-nowrap">{}</span>', Truncator(text).chars(40))


def time_column(name: str, label: Any) -> Callable[[Any, Model], SafeString | None]:
    @display(description=label, ordering=name)
    def column(self: Any, row: Model) -> SafeString | None:
        return format_admin_time(getattr(row, name))

    return column


def admin_url(row: Model) -> str:
    """Returns the URL of a row's page in the admin."""
    opts = row._meta
    return reverse(f"admin:{opts.app_label}_{opts.model_name}_change", args=[quote(row.pk)])


def link_or_text(address: str, text: Any) -> SafeString | str:
    return format_html('<a class="text-link" href="{}">{}</a>', address, text) if address else text
