"""Memberships: pages of their own, and lists on the pages of users and organizations."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.widgets import AutocompleteSelect
from django.core.exceptions import PermissionDenied
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.admin import TabularInline
from unfold.decorators import display

from organizations import operations
from organizations.access.principals import Principal, staff_principal
from organizations.access.roles import Role
from organizations.admin.operator_rank import (
    OwnMembershipChange,
    can_edit_user,
    ensure_can_edit_user,
    ensure_not_oneself,
)
from organizations.models import Membership, Organization, User
from organizations.web.admin import fields
from organizations.web.admin.base import OperatorAdmin, admin_url, time_column
from organizations.web.admin.form_pages import ChooseOrganizationFirst, run_with_form_errors
from organizations.web.admin.row_actions import RowAction

ROLE_COLORS = {Role.ADMIN: "warning", Role.AGENT_MANAGER: "info"}


class MembershipInline(TabularInline):
    """A read-only list. Each membership has a page of its own."""

    model = Membership
    fields = readonly_fields = ("organization", "user", "role", "created_at")
    extra = 0
    can_delete = False
    show_change_link = True
    hide_title = True

    def get_queryset(self, request: HttpRequest) -> QuerySet[Membership]:
        return super().get_queryset(request).select_related("organization", "user")

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> list[str]:
        here = "organization" if isinstance(obj, Organization) else "user"
        return [name for name in self.fields if name != here]

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class MemberForm(forms.Form):
    def __init__(self, data: Any, *, people: QuerySet[User], widget: forms.Widget):
        super().__init__(data)
        self.fields["user"] = forms.ModelChoiceField(people, widget=widget, label=_("User"))
        self.fields["role"] = fields.choice_field(Role.choices, label=_("Role"), initial=Role.USER)


def remove_member_action(by: Principal, membership: Membership) -> str:
    ensure_can_edit_user(User.objects.get(pk=by.user_id), membership.user)
    operations.remove_member(by, user=membership.user)
    return _("%(user)s is no longer a member of %(organization)s.") % {
        "user": membership.user,
        "organization": membership.organization,
    }


def describe_removal_impact(membership: Membership) -> str:
    return _("%(user)s loses the way into %(organization)s, and their API keys there stop.") % {
        "user": membership.user,
        "organization": membership.organization,
    }


@admin.register(Membership)
class MembershipAdmin(ChooseOrganizationFirst, OperatorAdmin):
    list_display = ("user", "organization_name", "role_badge", "created")
    list_display_links = ("user",)
    list_select_related = ("user", "organization")
    list_filter = ("role",)
    search_fields = ("user__email", "organization__name", "organization__public_id__iexact")
    fields = ("organization", "user", "role", "created_at")
    readonly_fields = ("organization", "user", "created_at")
    row_actions = (
        RowAction(
            "remove",
            gettext_lazy("Remove"),
            remove_member_action,
            refusals=(Membership.DoesNotExist, operations.LastAdmin, PermissionDenied),
            loses=describe_removal_impact,
            permission="delete",
            icon="person_remove",
            leaves=True,
        ),
    )

    created = time_column("created_at", gettext_lazy("since"))

    @display(description=gettext_lazy("role"), label=ROLE_COLORS, ordering="role")
    def role_badge(self, membership: Membership) -> str:
        return membership.role

    def add_in(self, request: HttpRequest, organization: Organization) -> HttpResponse:
        form = MemberForm(request.POST or None, **self.people(request))
        if request.method == "POST" and form.is_valid():
            refusals = {OwnMembershipChange: "user"}
            made = run_with_form_errors(
                form, lambda: self.add(request, organization, form), refusals
            )
            if made:
                messages.success(request, _("%(user)s is a member now.") % {"user": made.user})
                return redirect(admin_url(organization))
        title = _("Add a member to %(organization)s") % {"organization": organization}
        return self.form_page(request, form, title=title)

    def add(self, request: HttpRequest, organization: Organization, form: MemberForm) -> Membership:
        ensure_not_oneself(request.user, form.cleaned_data["user"])
        return operations.add_member(
            staff_principal(request.user, organization), **form.cleaned_data
        )

    def has_change_permission(self, request: HttpRequest, obj: Membership | None = None) -> bool:
        below = obj is None or can_edit_user(request.user, obj.user)
        return super().has_change_permission(request, obj) and below

    def people(self, request: HttpRequest) -> dict[str, Any]:
        widget = AutocompleteSelect(self.opts.get_field("user"), self.admin_site)
        everyone = self.admin_site.get_model_admin(User).get_queryset(request)
        return {"people": everyone.filter(is_active=True), "widget": widget}

    def change_view(self, request: HttpRequest, object_id: str, form_url="", extra_context=None):
        """Shows the change page. Turns the refusal to demote the last admin or to change one's own
        membership into a message, because Django has no way to refuse once a form was valid."""
        try:
            return super().change_view(request, object_id, form_url, extra_context)
        except (operations.LastAdmin, OwnMembershipChange) as error:
            messages.error(request, str(error))
            return redirect(request.get_full_path())

    def save_model(
        self, request: HttpRequest, obj: Membership, form: forms.Form, change: bool
    ) -> None:
        ensure_not_oneself(request.user, obj.user)
        by = staff_principal(request.user, obj.organization)
        operations.change_member_role(by, user=obj.user, role=obj.role)
