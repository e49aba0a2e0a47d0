"""API keys in the admin: created, rotated and revoked here. The secret is shown once and not
stored."""

import re
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.utils import quote, unquote
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.decorators import display
from unfold.widgets import UnfoldAdminSelectWidget

from organizations import operations
from organizations.access.api_key_rotation import NotRotatable, ensure_rotatable, rotate_key
from organizations.access.principals import Principal, staff_principal
from organizations.access.roles import SCOPES, Role
from organizations.admin.operator_rank import ensure_can_edit_user
from organizations.models import ApiKey, Organization, User
from organizations.web.admin import fields
from organizations.web.admin.base import OperatorAdmin, admin_url, time_column
from organizations.web.admin.form_pages import ChooseOrganizationFirst, run_with_form_errors
from organizations.web.admin.row_actions import RowAction
from organizations.web.views import api_key_forms

ROTATION_HELP = gettext_lazy(
    "A new key replaces this one, with the same name, role, scopes, networks and expiry. It is "
    "shown once, on the next page."
)
STATE_COLORS = {"active": "success", "expired": "warning", "revoked": "danger"}


class AdminApiKeyForm(forms.Form):
    name = fields.text_field(
        label=gettext_lazy("Name"), help_text=gettext_lazy("Which program uses it, and where.")
    )
    role = fields.choice_field(Role.choices, label=gettext_lazy("Role"), initial=Role.USER)
    scopes = fields.multiple_choice_field(
        [(scope, scope) for scope in SCOPES],
        required=False,
        label=gettext_lazy("Scopes"),
        help_text=gettext_lazy("Narrow the role; none chosen means everything the role may do."),
    )
    expires_at = fields.datetime_field(required=False, label=gettext_lazy("Expires at"))
    allowed_cidrs = fields.text_field(
        required=False,
        max_length=1000,
        label=gettext_lazy("Allowed networks"),
        help_text=gettext_lazy("203.0.113.0/24, 2001:db8::/32; empty means from anywhere."),
    )

    def __init__(self, data: Any, *, members: QuerySet[User]):
        super().__init__(data)
        self.fields["owner"] = fields.model_choice_field(
            members,
            label=_("Owner"),
            help_text=_("A member; the key is never stronger than they are, and ends with them."),
        )
        self.order_fields(["name", "owner"])

    def clean_allowed_cidrs(self) -> list[str]:
        return (
            re.split(r"[\s,]+", self.cleaned_data["allowed_cidrs"].strip())
            if self.cleaned_data["allowed_cidrs"].strip()
            else []
        )


class AdminRotateKeyForm(api_key_forms.RotateApiKeyForm):
    def __init__(self, data: Any = None):
        super().__init__(data)
        self.fields["overlap"].widget = UnfoldAdminSelectWidget(
            choices=api_key_forms.OVERLAP_CHOICES
        )


def can_rotate_keys(operator: User) -> bool:
    """Returns whether the operator may create keys, as rotation creates one, and revoke them, as
    the old one ends."""
    return operator.has_perms(["organizations.add_apikey", "organizations.delete_apikey"])


def is_no_longer_rotatable(key: ApiKey) -> bool:
    try:
        ensure_rotatable(key)
    except NotRotatable:
        return True
    return False


def revoke_key_action(by: Principal, key: ApiKey) -> str:
    if operations.revoke_api_key(by, key_id=key.pk):
        return _("%(key)s is refused from now on.") % {"key": key}
    return _("%(key)s had been revoked before.") % {"key": key}


def describe_revocation_impact(key: ApiKey) -> str:
    used = (
        timezone.localtime(key.last_used_at).strftime("%Y-%m-%d %H:%M") if key.last_used_at else ""
    )
    last = _("last used %(when)s") % {"when": used} if used else _("never used")
    return _("Programs that use it are refused at once (%(last)s). This cannot be undone.") % {
        "last": last
    }


@admin.register(ApiKey)
class ApiKeyAdmin(ChooseOrganizationFirst, OperatorAdmin):
    list_display = (
        "name",
        "public_text",
        "state",
        "role_word",
        "owner",
        "organization_name",
        "last_used",
        "created",
    )
    list_select_related = ("owner", "organization")
    list_filter = ("role", ("revoked_at", admin.EmptyFieldListFilter))
    search_fields = ("name", "key_id__istartswith", "owner__email", "organization__name")
    search_help_text = gettext_lazy("Name, owner, organization, or pb_live_… by its beginning.")
    fields = (
        "name",
        "public_text",
        "state_text",
        "organization",
        "owner",
        "role",
        "scopes",
        "allowed_cidrs",
        "created_at",
        "expires_at",
        "last_used_at",
        "last_used_from",
        "revoked_at",
        "successor",
    )
    readonly_fields = ("public_text", "state_text")
    event_kind = "api_key"
    last_used = time_column("last_used_at", gettext_lazy("last used"))
    created = time_column("created_at", gettext_lazy("created"))
    row_actions = (
        RowAction(
            "revoke",
            gettext_lazy("Revoke"),
            revoke_key_action,
            refusals=(operations.HigherRole,),
            possible=lambda key: key.revoked_at is None,
            loses=describe_revocation_impact,
            permission="delete",
            icon="block",
        ),
    )

    def has_change_permission(self, request: HttpRequest, obj: ApiKey | None = None) -> bool:
        return False

    def get_urls(self) -> list:
        view = self.admin_site.admin_view(self.rotate_view)
        address = path("<path:object_id>/rotate/", view, name="organizations_apikey_rotate")
        return [address, *super().get_urls()]

    def links(self, request: HttpRequest, row: ApiKey) -> list[dict[str, Any]]:
        if is_no_longer_rotatable(row) or not can_rotate_keys(request.user):
            return []
        url = reverse("admin:organizations_apikey_rotate", args=[quote(row.pk)])
        return [{"title": _("Rotate"), "icon": "autorenew", "url": url}]

    def get_search_results(self, request, queryset, search_term: str):
        return super().get_search_results(request, queryset, search_term.removeprefix("pb_live_"))

    @display(description=gettext_lazy("role"), ordering="role")
    def role_word(self, key: ApiKey) -> str:
        return key.role

    @display(description=gettext_lazy("key"))
    def public_text(self, key: ApiKey) -> str:
        return f"pb_live_{key.key_id}"

    @display(description=gettext_lazy("state"), label=STATE_COLORS)
    def state(self, key: ApiKey) -> tuple[str, str]:
        if key.revoked_at:
            return "revoked", _("revoked")
        if key.expires_at and key.expires_at < timezone.now():
            return "expired", _("expired")
        return "active", _("active")

    @display(description=gettext_lazy("state"))
    def state_text(self, key: ApiKey) -> str:
        return self.state(key)[1]

    def add_in(self, request: HttpRequest, organization: Organization) -> HttpResponse:
        people = self.admin_site.get_model_admin(User).get_queryset(request)
        members = people.filter(memberships__organization=organization)
        form = AdminApiKeyForm(request.POST or None, members=members)
        if request.method == "POST" and form.is_valid():
            refusals = {PermissionDenied: "owner"}
            if made := run_with_form_errors(
                form, lambda: self.make(request, organization, form), refusals
            ):
                return self.show_once(request, *made)
        title = _("Add an API key to %(organization)s") % {"organization": organization}
        return self.form_page(request, form, title=title)

    def make(
        self, request: HttpRequest, organization: Organization, form: AdminApiKeyForm
    ) -> tuple[ApiKey, Any]:
        """Creates the key. Whoever sees a key can act as its owner, so the operator must be allowed
        to edit the owner. Raises PermissionDenied."""
        ensure_can_edit_user(request.user, form.cleaned_data["owner"])
        return operations.create_api_key(
            staff_principal(request.user, organization), **form.cleaned_data
        )

    def rotate_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Shows the page that asks when the old key ends, and then the new key."""
        key = self.get_object(request, unquote(object_id))
        if key is None:
            raise Http404
        if not can_rotate_keys(request.user):
            raise PermissionDenied
        form = AdminRotateKeyForm(request.POST if request.method == "POST" else None)
        if form.is_valid():
            refusals = {PermissionDenied: None, NotRotatable: None}
            if made := run_with_form_errors(
                form, lambda: self.rotate(request, key, form), refusals
            ):
                return self.show_once(request, *made)
        return self.form_page(
            request,
            form,
            title=_("Rotate %(name)s") % {"name": key},
            fieldsets=[(None, {"fields": ["overlap"], "description": ROTATION_HELP})],
            save_label=_("Rotate the key"),
        )

    def rotate(
        self, request: HttpRequest, key: ApiKey, form: AdminRotateKeyForm
    ) -> tuple[ApiKey, Any]:
        ensure_can_edit_user(request.user, key.owner)
        by = staff_principal(request.user, key.organization)
        return rotate_key(by, key_id=key.pk, **form.cleaned_data)

    def show_once(self, request: HttpRequest, key: ApiKey, text: Any) -> HttpResponse:
        """Renders the new key as the response to the form itself. No other page shows the key, and
        nothing stores it."""
        context = {
            **self.admin_site.each_context(request),
            "title": _("The new key"),
            "opts": self.opts,
            "media": self.media,
            "key": key,
            "text": text,
            "key_page": admin_url(key),
        }
        return TemplateResponse(request, "admin/new_key.html", context)
