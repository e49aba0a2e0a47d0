"""Actions of an operator on a row: a button on its page and an action in its list."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from django.contrib import messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.options import IS_POPUP_VAR
from django.contrib.admin.utils import quote, unquote
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Model, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from organizations.access.principals import Principal, staff_principal

LazyText = str | Promise
DetailField = tuple[LazyText, Any]  # label and value; hidden if the value is empty
MAX_ROWS = 500  # rows per click, each in a transaction of its own
MAX_NAMED_ROWS = 10  # rows that a message or a confirmation page names


@dataclass(frozen=True)
class RowAction:
    """One operation on one row. `run` performs it and returns a sentence about the result.

    Exceptions in `refusals` are shown to the operator. With `loses`, a page asks for confirmation
    and says for each row what will be lost.
    """

    name: str
    title: LazyText
    run: Callable[[Principal, Any], str]
    refusals: tuple[type[Exception], ...] = ()
    possible: Callable[[Any], bool] = field(default=lambda row: True)  # whether the page shows it
    loses: Callable[[Any], str] | None = None
    permission: str = "change"
    icon: str = ""
    leaves: bool = False  # the row and its page are gone afterwards
    at_once: int | None = None  # for actions too slow for MAX_ROWS rows

    @property
    def is_dangerous(self) -> bool:
        return self.loses is not None


class RowActions:
    """Mixed into a ModelAdmin. Shows its `row_actions` as buttons and as list actions."""

    row_actions: tuple[RowAction, ...] = ()
    change_form_outer_before_template = "admin/includes/row_actions.html"

    def get_urls(self) -> list:
        address = path(
            "<path:object_id>/do/<str:name>/",
            self.admin_site.admin_view(self.row_action_view),
            name=f"{self.opts.app_label}_{self.opts.model_name}_do",
        )
        return [address, *super().get_urls()]

    def allowed(self, request: HttpRequest, action: RowAction) -> bool:
        """Returns whether the operator has the action's permission. The pages' own flags do not
        help, because they also say what Django itself may do."""
        permission = f"{self.opts.app_label}.{action.permission}_{self.opts.model_name}"
        return request.user.has_perm(permission)

    def get_actions(self, request: HttpRequest) -> dict[str, tuple]:
        """Returns the list actions without Django's `delete_selected`, which bypasses the
        operations."""
        actions = super().get_actions(request)
        actions.pop("delete_selected", None)
        if IS_POPUP_VAR in request.GET:
            return actions
        offered = [action for action in self.row_actions if self.allowed(request, action)]
        for action in offered:
            actions[action.name] = (partial(run_on_selected, action), action.name, action.title)
        return actions

    def change_view(self, request: HttpRequest, object_id: str, form_url="", extra_context=None):
        row = self.get_object(request, unquote(object_id))
        extra_context = {**(self.about(request, row) if row else {}), **(extra_context or {})}
        return super().change_view(request, object_id, form_url, extra_context)

    def about(self, request: HttpRequest, row: Model) -> dict[str, Any]:
        """Returns the context shown above the row's form."""
        return {
            "row_buttons": self.buttons(request, row),
            "row_links": self.links(request, row),
            "row_facts": [fact for fact in self.facts(request, row) if fact[1] not in ("", None)],
        }

    def buttons(self, request: HttpRequest, row: Model) -> list[dict[str, Any]]:
        address = f"admin:{self.opts.app_label}_{self.opts.model_name}_do"
        return [
            {"action": action, "url": reverse(address, args=[quote(row.pk), action.name])}
            for action in self.row_actions
            if self.allowed(request, action) and action.possible(row)
        ]

    def facts(self, request: HttpRequest, row: Model) -> list[DetailField]:
        """Returns what the top of the row's page shows: its state, and the reason."""
        return []

    def links(self, request: HttpRequest, row: Model) -> list[dict[str, Any]]:
        """Returns further links about the row: `title`, `url` and `icon` of each."""
        return []

    def row_action_view(self, request: HttpRequest, object_id: str, name: str) -> HttpResponse:
        """Runs the action on POST. Asks for confirmation first if something will be lost."""
        row = self.get_object(request, unquote(object_id))
        action = next((a for a in self.row_actions if a.name == name), None)
        if row is None or action is None:
            raise Http404
        if not self.allowed(request, action):
            raise PermissionDenied
        if action.is_dangerous and "confirmed" not in request.POST:
            return self.ask_first(request, action, [row])
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        is_done = self.carry_out(request, action, [row])
        pages = f"admin:{self.opts.app_label}_{self.opts.model_name}"
        return (
            redirect(f"{pages}_changelist")
            if action.leaves and is_done
            else redirect(f"{pages}_change", object_id)
        )

    def actor(self, request: HttpRequest, row: Model) -> Any:
        return staff_principal(request.user, row.organization)

    def carry_out(self, request: HttpRequest, action: RowAction, rows: Iterable[Model]) -> bool:
        """Runs the action on each row and adds messages about the results. Returns whether no row
        was refused."""
        done, refused = [], []
        for row in rows:
            try:
                done.append((row, action.run(self.actor(request, row), row)))
            except action.refusals as error:
                refused.append(f"{row}: {error_sentence(error)}")
        add_result_messages(request, action, done, refused)
        return not refused

    def ask_first(
        self, request: HttpRequest, action: RowAction, rows: Sequence[Model]
    ) -> TemplateResponse:
        context = {
            **self.admin_site.each_context(request),
            "title": action.title,
            "opts": self.opts,
            "media": self.media,
            "action": action,
            "rows": [(row, action.loses(row)) for row in rows[:MAX_NAMED_ROWS]],
            "count": len(rows),
            "more": max(0, len(rows) - MAX_NAMED_ROWS),
            "selected": [row.pk for row in rows] if request.POST.get("action") else [],
            "checkbox": ACTION_CHECKBOX_NAME,
            "back": self.back(request, rows),
        }
        return TemplateResponse(request, "admin/confirm.html", context)

    def back(self, request: HttpRequest, rows: Sequence[Model]) -> str:
        """Returns the URL of the list or page where the action was started."""
        if request.method == "POST":
            return request.get_full_path()
        name = f"admin:{self.opts.app_label}_{self.opts.model_name}_change"
        return reverse(name, args=[quote(rows[0].pk)])


def run_on_selected(
    action: RowAction, page: RowActions, request: HttpRequest, selected: QuerySet
) -> HttpResponse | None:
    """Runs an action of the list on a limited number of rows, after a confirmation if required."""
    most = action.at_once or MAX_ROWS
    rows = list(selected.select_related("organization")[: most + 1])
    if len(rows) > most:
        messages.error(request, _("Choose at most %(most)s at a time.") % {"most": most})
        return None
    if action.is_dangerous and "confirmed" not in request.POST:
        return page.ask_first(request, action, rows)
    page.carry_out(request, action, rows)
    return None


def add_result_messages(
    request: HttpRequest, action: RowAction, done: list, refused: list[str]
) -> None:
    """Adds one message for all rows that were done, and one for each row that was refused."""
    if len(done) == 1:
        messages.success(request, done[0][1])
    elif done:
        words = {
            "title": action.title,
            "rows": join_row_names([str(row) for row, _sentence in done]),
        }
        messages.success(request, _("%(title)s: %(rows)s.") % words)
    for text in refused[:MAX_NAMED_ROWS]:
        messages.error(request, text)
    if len(refused) > MAX_NAMED_ROWS:
        messages.error(request, and_more_text(len(refused) - MAX_NAMED_ROWS))


def join_row_names(names: Sequence[str]) -> str:
    listing = ", ".join(names[:MAX_NAMED_ROWS])
    return (
        f"{listing} {and_more_text(len(names) - MAX_NAMED_ROWS)}"
        if len(names) > MAX_NAMED_ROWS
        else listing
    )


def and_more_text(count: int) -> str:
    return ngettext("and %(count)s more", "and %(count)s more", count) % {"count": count}


def error_sentence(error: Exception) -> str:
    return " ".join(error.messages) if isinstance(error, ValidationError) else str(error)
