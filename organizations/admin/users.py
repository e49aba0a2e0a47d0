"""Users and groups in the admin. A user is deactivated, never deleted, so that the record of their
actions stays."""

from allauth.mfa.utils import is_mfa_enabled
from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group, Permission
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.admin import ModelAdmin
from unfold.decorators import display
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from organizations.accounts import email_verification
from organizations.accounts.sign_in import second_factor
from organizations.accounts.sign_in.operator_actions import record_operator_action
from organizations.admin.members import MembershipInline
from organizations.admin.operator_rank import (
    can_edit_user,
    can_grant_permissions,
    ensure_can_edit_user,
    user_permission_ids,
)
from organizations.models import User
from organizations.web.admin.base import time_column
from organizations.web.admin.row_actions import RowAction, RowActions

ALLAUTH_APPS = ("account", "mfa", "socialaccount", "usersessions")
APPS_WITHOUT_PAGES = (*ALLAUTH_APPS, "admin", "contenttypes", "sessions")
admin.site.unregister(Group)
# allauth's tables have no pages here. What an operator needs from them is an action on the user.
for model in [m for m in admin.site._registry if m._meta.app_label in ALLAUTH_APPS]:
    admin.site.unregister(model)

RANK_FIELDS = ("is_staff", "is_superuser", "groups")
SELF_LOCKOUT_FIELDS = ("is_active", "is_staff", "is_superuser")


@admin.register(Group)
class GroupAdmin(DjangoGroupAdmin, ModelAdmin):
    """Groups of permissions, for operators who are not superusers. Such an operator cannot grant
    more than they have, or change a group that grants more."""

    def formfield_for_manytomany(self, db_field, request=None, **kwargs):
        """Offers only permissions that have an effect here: a model without pages needs none."""
        shown = Permission.objects.exclude(content_type__app_label__in=APPS_WITHOUT_PAGES)
        if not request.user.is_superuser:
            shown = shown.filter(pk__in=user_permission_ids(request.user))
        return super().formfield_for_manytomany(db_field, request, queryset=shown, **kwargs)

    def has_change_permission(self, request: HttpRequest, obj: Group | None = None) -> bool:
        return super().has_change_permission(request, obj) and can_manage_group(request.user, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Group | None = None) -> bool:
        return super().has_delete_permission(request, obj) and can_manage_group(request.user, obj)


def can_manage_group(operator: User, group: Group | None) -> bool:
    return group is None or can_grant_permissions(
        operator, group.permissions.values_list("pk", flat=True)
    )


class NewUserForm(UserCreationForm):
    class Meta:
        model = User
        fields = ("email", "name")


class EditUserForm(UserChangeForm):
    class Meta:
        model = User
        fields = "__all__"  # noqa: DJ007  the admin's fieldsets choose


def remove_second_factor_action(operator: User, user: User) -> str:
    ensure_can_edit_user(operator, user)
    if second_factor.remove_second_factor(operator, user):
        return _("%(user)s signs in without a second factor now.") % {"user": user}
    return _("%(user)s had no second factor.") % {"user": user}


@admin.register(User)
class UserAdmin(RowActions, DjangoUserAdmin, ModelAdmin):
    """Users in the admin. The e-mail is the login name. Only superusers change ranks, and nobody
    edits a person with more permissions than they have."""

    form, add_form = EditUserForm, NewUserForm
    change_password_form = AdminPasswordChangeForm
    list_display = ("email", "name", "rank", "is_active", "signed_in", "joined")
    list_filter = ("is_active", "is_staff", "is_superuser")
    search_fields = ("email", "name")
    ordering = ("email",)
    list_per_page = 50
    show_full_result_count = False
    readonly_fields = ("last_login", "date_joined")
    event_kind = "member"
    filter_horizontal = ("groups",)
    fieldsets = (
        (None, {"fields": ("email", "name", "password", "is_active")}),
        (
            gettext_lazy("Rights in this admin"),
            {
                "fields": RANK_FIELDS,
                "description": gettext_lazy(
                    "A superuser may do everything here; another operator what their groups may. "
                    "What somebody may do in an organization is their membership's role."
                ),
            },
        ),
        (gettext_lazy("Times"), {"fields": ("last_login", "date_joined")}),
    )
    add_fieldsets = ((None, {"fields": ("email", "name", "password1", "password2")}),)
    inlines = (MembershipInline,)
    row_actions = (
        RowAction(
            "second-factor",
            gettext_lazy("Remove second factor"),
            remove_second_factor_action,
            refusals=(PermissionDenied,),
            possible=lambda user: is_mfa_enabled(user),
            loses=lambda user: _(
                "Authenticator app, passkeys and recovery codes stop working; the password alone "
                "signs in until they enrol anew. Make sure that it is they who ask."
            ),
            icon="no_encryption",
        ),
    )

    signed_in = time_column("last_login", gettext_lazy("last signed in"))
    joined = time_column("date_joined", gettext_lazy("joined"))

    @display(description=gettext_lazy("rank"), label={"superuser": "warning", "operator": "info"})
    def rank(self, user: User) -> tuple[str, str] | None:
        if user.is_superuser:
            return "superuser", _("superuser")
        return ("operator", _("operator")) if user.is_staff else None

    def get_inlines(self, request: HttpRequest, obj: User | None) -> tuple:
        return self.inlines if obj else ()

    def save_model(self, request: HttpRequest, obj: User, form, change: bool) -> None:
        former = User.objects.filter(pk=obj.pk).first()
        super().save_model(request, obj, form, change)
        if former and former.email != obj.email:
            email_verification.record_email_change(obj)
            emails = {"before": {"email": former.email}, "after": {"email": obj.email}}
            record_operator_action(
                request.user, obj, "email_changed", also_to=[former.email], **emails
            )
        if former and former.is_active != obj.is_active:
            record_operator_action(
                request.user, obj, "activated" if obj.is_active else "deactivated"
            )

    def user_change_password(self, request: HttpRequest, id: str, form_url="") -> HttpResponse:
        """Records the change for the audit log and mails the person, which Django's page does not
        do."""
        with transaction.atomic():
            former = self.get_object(request, unquote(id))
            response = super().user_change_password(request, id, form_url)
            if former and not User.objects.filter(pk=former.pk, password=former.password).exists():
                record_operator_action(request.user, former, "password_set")
        return response

    def get_actions(self, request: HttpRequest) -> dict[str, tuple]:
        return {}

    def actor(self, request: HttpRequest, row: User) -> User:
        """Returns the operator as a user, because users belong to no organization."""
        return request.user

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        below = obj is None or can_edit_user(request.user, obj)
        return super().has_change_permission(request, obj) and below

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> tuple:
        """Returns the read-only fields, so that nobody locks themselves out or promotes
        themselves."""
        rank = () if request.user.is_superuser else RANK_FIELDS
        own = SELF_LOCKOUT_FIELDS if obj == request.user else ()
        return (*self.readonly_fields, *rank, *own)
