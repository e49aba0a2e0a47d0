"""Organizations in the admin. They are never deleted, because every number and every event of the
audit log belongs to one."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.widgets import AutocompleteSelect
from django.core.exceptions import PermissionDenied
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.decorators import display

from organizations import operations
from organizations.access.principals import staff_principal
from organizations.admin.members import MembershipInline
from organizations.models import Membership, Organization, User
from organizations.web.admin import fields
from organizations.web.admin.base import OperatorAdmin, admin_url, time_column
from organizations.web.admin.form_pages import run_with_form_errors
from organizations.web.views.base import screen_url


class OrganizationForm(forms.Form):
    name = fields.text_field(label=gettext_lazy("Name"))

    def __init__(self, data: Any, *, people: QuerySet[User], widget: forms.Widget):
        super().__init__(data)
        self.fields["owner"] = forms.ModelChoiceField(
            people,
            widget=widget,
            required=False,
            label=_("First admin"),
            help_text=_("May be left empty: members can be added later."),
        )


@admin.register(Organization)
class OrganizationAdmin(OperatorAdmin):
    list_display = ("name", "public_id", "id", "members", "created")
    search_fields = ("name", "public_id__iexact", "id__iexact")
    fields = ("name", "quotas", "numbers_limited", "public_id", "id", "created_at")
    readonly_fields = ("public_id", "id", "created_at")
    inlines = (MembershipInline,)
    related_lists = tuple(
        (title, icon, model, "organization__id")
        for title, icon, model in (
            (gettext_lazy("Numbers"), "call", "numbers.phonenumber"),
            (gettext_lazy("Number pools"), "fence", "numbers.numberpool"),
            (gettext_lazy("Carriers"), "cell_tower", "carriers.carrier"),
            (gettext_lazy("Integrations"), "hub", "integrations.integration"),
            (gettext_lazy("Operations"), "receipt_long", "integrations.operation"),
            (gettext_lazy("Agents"), "support_agent", "numbers.agent"),
            (gettext_lazy("Batches"), "stacks", "numbers.batch"),
            (gettext_lazy("API keys"), "key", "organizations.apikey"),
            (gettext_lazy("Invitations"), "mail", "organizations.invitation"),
            (gettext_lazy("Audit log"), "history", "organizations.event"),
        )
    )
    event_kind = "organization"
    created = time_column("created_at", gettext_lazy("created"))

    def in_portal(self, request: HttpRequest, row: Organization) -> list[dict[str, Any]]:
        if not request.user.memberships.filter(organization=row).exists():
            return []
        url = screen_url(row, "dashboard")
        return [{"title": _("In the portal"), "icon": "open_in_new", "url": url}]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Organization]:
        return super().get_queryset(request).annotate(member_count=Count("memberships"))

    @display(description=gettext_lazy("members"))
    def members(self, organization: Organization) -> int:
        return organization.member_count

    def add_view(self, request: HttpRequest, form_url="", extra_context=None) -> HttpResponse:
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = OrganizationForm(request.POST or None, **self.owners(request))
        if request.method == "POST" and form.is_valid():
            made = run_with_form_errors(
                form, lambda: operations.create_organization(**form.cleaned_data), {}
            )
            if made:
                messages.success(request, _("%(row)s was added.") % {"row": made})
                return redirect(admin_url(made))
        return self.form_page(request, form, title=_("Add organization"))

    def owners(self, request: HttpRequest) -> dict[str, Any]:
        widget = AutocompleteSelect(Membership._meta.get_field("user"), self.admin_site)
        everyone = self.admin_site.get_model_admin(User).get_queryset(request)
        return {"people": everyone.filter(is_active=True), "widget": widget}

    def save_model(
        self, request: HttpRequest, obj: Organization, form: forms.Form, change: bool
    ) -> None:
        stored = obj._meta.default_manager.get(pk=obj.pk)
        by = staff_principal(request.user, stored)
        if obj.name != stored.name:
            operations.rename_organization(by, name=obj.name)
        if obj.quotas != stored.quotas:
            operations.change_quotas(by, quotas=obj.quotas)
        if obj.numbers_limited != stored.numbers_limited:
            operations.set_numbers_limited(by, limited=obj.numbers_limited)
