"""Admin pages of integrations: connect a platform, give it new credentials, check it, make it the
default."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.utils import quote, unquote
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.decorators import display

from integrations.admin import connect
from integrations.admin.actions import ACTIONS
from integrations.admin.connect import ROLE_LABELS, AdminAccountForm
from integrations.ledger import operation_requests
from integrations.ledger.history import integration_wait_reason, subject_history
from integrations.models import Integration, Operation
from integrations.providers import PROVIDERS
from integrations.web.admin_pages import subject_admin_urls
from integrations.web.labels import integration_status
from organizations.access.principals import staff_principal
from organizations.models import Organization
from organizations.web.admin.base import OperatorAdmin, admin_url, badge, time_column
from organizations.web.admin.form_pages import ChooseOrganizationFirst, run_with_form_errors
from organizations.web.admin.row_actions import DetailField

subject_admin_urls["integration"] = lambda integration_id: reverse(
    "admin:integrations_integration_change", args=[integration_id]
)

STATE_COLORS = {
    "connected": "success",
    "checking": "info",
    "paused": "danger",
    "refused": "danger",
    "resting": "warning",
}


def integration_problem(integration: Integration) -> str:
    """Returns why the integration runs no operations, or ""."""
    if integration.state == Integration.State.CONNECTED:
        return integration_wait_reason(integration)
    return integration.state_reason or integration.get_state_display()


@admin.register(Integration)
class IntegrationAdmin(ChooseOrganizationFirst, OperatorAdmin):
    """The admin of integrations. No page shows the encrypted account or its candidate."""

    list_display = ("name", "kind", "organization_name", "state_badge", "why", "checked")
    list_select_related = ("organization",)
    list_filter = ("state", "kind")
    search_fields = ("name", "public_id__iexact", "organization__name", "organization__public_id")
    fieldsets = (
        (None, {"fields": ("name", "platform", "organization", "default_for")}),
        (
            gettext_lazy("How it fares"),
            {
                "fields": (
                    "open_operations",
                    "failures",
                    "open_until",
                    "paced_until",
                    "max_in_flight",
                )
            },
        ),
        (
            gettext_lazy("Account"),
            {
                "fields": (
                    "settings",
                    "facts",
                    "public_id",
                    "id",
                    "created_by",
                    "created_at",
                    "checked_at",
                )
            },
        ),
    )
    readonly_fields = ("platform", "default_for", "open_operations")
    change_form_outer_after_template = "admin/includes/story.html"
    event_kind = "integration"
    portal_page = ("integration", "integration_id")
    related_lists = (
        (gettext_lazy("Carriers"), "cell_tower", "carriers.carrier", "integration__id"),
        (gettext_lazy("Numbers"), "call", "numbers.phonenumber", "placements__integration__id"),
        (gettext_lazy("Operations"), "receipt_long", "integrations.operation", "integration__id"),
        (gettext_lazy("Calls"), "swap_horiz", "integrations.providercall", "integration__id"),
    )
    checked = time_column("checked_at", gettext_lazy("checked"))
    row_actions = ACTIONS

    def has_change_permission(self, request: HttpRequest, obj: Integration | None = None) -> bool:
        return False

    def get_urls(self) -> list:
        address = path(
            "<path:object_id>/credentials/",
            self.admin_site.admin_view(self.credentials_view),
            name="integrations_integration_credentials",
        )
        return [address, *super().get_urls()]

    def links(self, request: HttpRequest, row: Integration) -> list[dict[str, Any]]:
        if row.kind not in PROVIDERS or not request.user.has_perm(
            "integrations.change_integration"
        ):
            return []
        url = reverse("admin:integrations_integration_credentials", args=[quote(row.pk)])
        return [{"title": _("New credentials"), "icon": "key", "url": url}]

    def change_view(self, request: HttpRequest, object_id: str, form_url="", extra_context=None):
        story = subject_history("integration", [unquote(object_id)], limit=10, calls_each=10)
        extra_context = {**(extra_context or {}), "story": story, "story_title": _("Checks")}
        return super().change_view(request, object_id, form_url, extra_context)

    @display(description=gettext_lazy("state"), label=STATE_COLORS, ordering="state")
    def state_badge(self, row: Integration) -> tuple[str, str]:
        if row.state == Integration.State.CONNECTED and integration_wait_reason(row):
            return "resting", _("resting")
        return row.state, integration_status(row).label

    def facts(self, request: HttpRequest, row: Integration) -> list[DetailField]:
        key, text = self.state_badge(row)
        return [
            (_("State"), badge(text, STATE_COLORS[key])),
            (_("Why"), integration_problem(row)),
            (_("Last check"), row.facts.get("summary", "")),
        ]

    @display(description=gettext_lazy("why"))
    def why(self, row: Integration) -> str:
        return integration_problem(row)

    @display(description=gettext_lazy("platform"))
    def platform(self, row: Integration) -> str:
        return PROVIDERS[row.kind].title if row.kind in PROVIDERS else row.kind

    @display(description=gettext_lazy("default for"))
    def default_for(self, row: Integration) -> str:
        return ", ".join(str(ROLE_LABELS.get(d.role, d.role)) for d in row.default_for.all())

    @display(description=gettext_lazy("open operations"))
    def open_operations(self, row: Integration) -> int:
        return row.operations.filter(status=Operation.Status.OPEN).count()

    def add_in(self, request: HttpRequest, organization: Organization) -> HttpResponse:
        kind = request.GET.get("kind")
        if kind not in PROVIDERS:
            return self.choose_platform(request, organization)
        provider = PROVIDERS[kind]
        form = AdminAccountForm(request.POST or None, provider=provider, organization=organization)
        title = _("Connect %(platform)s for %(organization)s") % {
            "platform": provider.title,
            "organization": organization,
        }
        made = self.connected(request, form, kind)
        return made or self.form_page(request, form, title=title, save_label=_("Connect"))

    def choose_platform(self, request: HttpRequest, organization: Organization) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "title": _("Connect a platform for %(organization)s") % {"organization": organization},
            "opts": self.opts,
            "media": self.media,
            "organization": organization,
            "providers": [
                {
                    "kind": kind,
                    "title": provider.title,
                    "fields": ", ".join(field.label for field in provider.fields),
                }
                for kind, provider in PROVIDERS.items()
            ],
        }
        return TemplateResponse(request, "admin/integrations/platforms.html", context)

    def credentials_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Shows and handles the form for new credentials. The platform checks them like the first
        ones, and until it accepts them, the old ones stay in use."""
        row = self.get_object(request, unquote(object_id))
        if row is None or row.kind not in PROVIDERS:
            raise Http404
        if not request.user.has_perm("integrations.change_integration"):
            raise PermissionDenied
        form = AdminAccountForm(
            request.POST if request.method == "POST" else None,
            provider=PROVIDERS[row.kind],
            organization=row.organization,
            integration=row,
        )
        made = self.connected(request, form, row.kind)
        title = _("New credentials for %(integration)s") % {"integration": row}
        return made or self.form_page(request, form, title=title, save_label=_("Check and use"))

    def connected(self, request: HttpRequest, form: forms.Form, kind: str) -> HttpResponse | None:
        """Returns a redirect once the platform has answered or the wait is over, or None to show
        the form (again)."""
        if request.method != "POST" or not form.is_valid():
            return None
        by = staff_principal(request.user, form.organization)
        asked = run_with_form_errors(
            form, lambda: connect.connect_and_wait(by, form, kind=kind), {}
        )
        if asked is None:
            return None
        integration, operation = asked
        if reason := connect.credential_refusal_reason(operation):
            form.add_error(None, reason)
            return None
        accepted, sentence = connect.connection_result_message(integration, operation)
        if accepted:
            for role in form.cleaned_data.get("defaults", []):
                operation_requests.set_default_integration(by, integration, role=role)
        messages.add_message(request, messages.SUCCESS if accepted else messages.WARNING, sentence)
        return redirect(admin_url(integration))
