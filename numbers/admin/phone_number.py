"""Phone numbers in the admin: adding, labelling, switching and deleting them, with history."""

import re
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.html import format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.admin import TabularInline
from unfold.contrib.filters.admin import AutocompleteSelectFilter
from unfold.decorators import display

from carriers.models import Carrier
from carriers.operations import shared_carriers_filter
from integrations.providers import PROVIDERS
from integrations.web.admin_pages import merge_timeline, subject_admin_urls
from numbers.admin.actions import ACTIONS
from numbers.admin.filters import StatusFilter
from numbers.admin.forms import NumberForm
from numbers.inventory import history, operations
from numbers.inventory.allowed_actions import status_text
from numbers.inventory.reservation import (
    CarrierUnavailable,
    NumberOutsidePools,
    NumberStateConflict,
    NumberTaken,
)
from numbers.models import PhoneNumber, Placement
from organizations.access.principals import staff_principal
from organizations.models import Organization
from organizations.web.admin.base import (
    OperatorAdmin,
    admin_url,
    badge,
    link_or_text,
    nowrap_text,
    time_column,
)
from organizations.web.admin.form_pages import ChooseOrganizationFirst, run_with_form_errors
from organizations.web.admin.row_actions import DetailField

Status = PhoneNumber.Status
STATUS_COLOURS = {
    "pending": "info",
    "active": "success",
    "inactive": "warning",
    "failed": "danger",
    "deleted": "",
}
MAX_OPERATIONS, MAX_CALLS_EACH, MAX_EVENTS = 20, 5, 50  # 100 calls at most
DETAILS = (
    "id",
    "public_id",
    "phone_number_sid",
    "created_by",
    "created_at",
    "updated_at",
    "released_at",
    "version",
)
NUMBER_PATTERN = re.compile(r"\+?[\d\s().\-/]{3,}")


def placement_admin_url(placement_id: Any) -> str:
    number_id = history.find_placement_number_id(placement_id)
    return reverse("admin:numbers_phonenumber_change", args=[number_id]) if number_id else ""


subject_admin_urls["placement"] = placement_admin_url


class PlacementInline(TabularInline):
    """Read-only, because only workers change placements."""

    model = Placement
    fields = ("role", "platform", "state", "ids", "trunks")
    ordering = ("role",)  # supply before voice
    readonly_fields = fields
    extra = 0
    can_delete = False
    hide_title = True

    @display(description=gettext_lazy("integration"))
    def platform(self, placement: Placement) -> SafeString | str:
        return link_or_text(admin_url(placement.integration), placement.integration)

    @display(description=gettext_lazy("platform ids"))
    def ids(self, placement: Placement) -> SafeString:
        private = PROVIDERS[placement.integration.kind].private_refs
        known = [pair for pair in sorted(placement.refs.items()) if pair[0] not in private]
        return format_html_join(mark_safe("<br>"), "{}: {}", known)

    @display(description=gettext_lazy("SIP trunks"))
    def trunks(self, placement: Placement) -> str:
        """Returns the SIP settings as text. Of secrets it says only that they are stored."""
        known = [f"{name}: {value}" for name, value in sorted(placement.settings.items())]
        return "; ".join([*known, *([_("secrets are kept")] if placement.sealed else [])])

    def get_queryset(self, request: HttpRequest) -> QuerySet[Placement]:
        return super().get_queryset(request).select_related("integration")

    def has_add_permission(self, request: HttpRequest, obj: PhoneNumber | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: PhoneNumber | None = None) -> bool:
        return False

    def has_view_permission(self, request: HttpRequest, obj: PhoneNumber | None = None) -> bool:
        return True


@admin.register(PhoneNumber)
class PhoneNumberAdmin(ChooseOrganizationFirst, OperatorAdmin):
    portal_page = ("number", "number_id")
    list_display = (
        "number",
        "status_badge",
        "why",
        "carrier_name",
        "organization_name",
        "created",
    )
    list_select_related = ("organization", "carrier")
    list_filter = (
        StatusFilter,
        "source",
        ("organization", AutocompleteSelectFilter),
        ("carrier", AutocompleteSelectFilter),
    )
    list_filter_submit = True
    search_fields = (
        "e164",
        "label",
        "public_id__iexact",
        "phone_number_sid__iexact",
        "id__iexact",
        "organization__name",
    )
    search_help_text = gettext_lazy("A number or its end, a label, an organization; ids in full.")
    fieldsets = (
        (None, {"fields": ("label", "application_sid")}),
        (gettext_lazy("Details"), {"fields": DETAILS, "classes": ("collapse",)}),
    )
    readonly_fields = DETAILS
    inlines = (PlacementInline,)
    row_actions = ACTIONS
    event_kind = "phone_number"
    created = time_column("created_at", gettext_lazy("created"))
    change_form_outer_after_template = "admin/includes/story.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[PhoneNumber]:
        return history.annotate_open_reason(super().get_queryset(request))

    def get_search_results(self, request: HttpRequest, queryset: QuerySet, search_term: str):
        """Accepts numbers in display format, such as +1 (415) 777-4444."""
        if NUMBER_PATTERN.fullmatch(search_term.strip()):
            search_term = re.sub(r"\D", "", search_term)
        return super().get_search_results(request, queryset, search_term)

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest) -> bool:
        """Allows the filter by integration, which an integration's page links to."""
        ours = lookup == "placements__integration__id__exact"
        return ours or super().lookup_allowed(lookup, value, request)

    def has_change_permission(self, request: HttpRequest, obj: PhoneNumber | None = None) -> bool:
        lives = obj is None or obj.status != Status.DELETED
        return super().has_change_permission(request, obj) and lives

    @display(description=gettext_lazy("number"), header=True, ordering="e164")
    def number(self, number: PhoneNumber) -> list[str]:
        return [number.e164, number.label or ""]

    @display(description=gettext_lazy("status"), label=STATUS_COLOURS, ordering="status")
    def status_badge(self, number: PhoneNumber) -> tuple[str, str]:
        return number.status, status_text(number)

    @display(description=gettext_lazy("why"))
    def why(self, number: PhoneNumber) -> str:
        return Truncator(number.error_message or number.open_reason or "").chars(60)

    @display(description=gettext_lazy("carrier"), ordering="carrier__name")
    def carrier_name(self, number: PhoneNumber) -> SafeString | str:
        return (
            link_or_text(admin_url(number.carrier), nowrap_text(number.carrier.name))
            if number.carrier
            else ""
        )

    def facts(self, request: HttpRequest, row: PhoneNumber) -> list[DetailField]:
        return [
            (_("Status"), badge(status_text(row), STATUS_COLOURS[row.status])),
            (_("Why"), row.error_message or row.open_reason),
            (_("Organization"), link_or_text(admin_url(row.organization), row.organization)),
            (
                _("Carrier"),
                link_or_text(admin_url(row.carrier), row.carrier) if row.carrier else "",
            ),
            (_("Source"), row.get_source_display()),
            (_("Inbound agent"), agent_link(row, row.inbound_agent_id)),
            (_("Outbound agent"), agent_link(row, row.outbound_agent_id)),
            (_("Inbound webhook"), row.inbound_webhook_url),
            (_("Outbound trunk"), row.outbound_trunk_id),
            (_("Calls"), call_direction_label(row)),
        ]

    def add_in(self, request: HttpRequest, organization: Organization) -> HttpResponse:
        form = NumberForm(request.POST or None, carriers=self.carriers(request, organization))
        if request.method == "POST" and form.is_valid():
            by = staff_principal(request.user, organization)
            beside = {
                NumberTaken: "number",
                NumberOutsidePools: "number",
                CarrierUnavailable: "carrier",
            }
            made = run_with_form_errors(
                form, lambda: operations.add_number(by, **form.wished), beside
            )
            if made:
                messages.success(request, _("%(number)s is being set up.") % {"number": made})
                return redirect(admin_url(made))
        title = _("Add a number to %(organization)s") % {"organization": organization}
        return self.form_page(request, form, title=title)

    def carriers(self, request: HttpRequest, organization: Organization) -> QuerySet[Carrier]:
        """Returns the carriers of the organization, the installation's default, and those of the
        organization's pools."""
        everyones = self.admin_site.get_model_admin(Carrier).get_queryset(request)
        usable = Q(organization=organization) | shared_carriers_filter(organization)
        return everyones.filter(usable).exclude(status=Carrier.Status.DELETED).order_by("name")

    def change_view(self, request: HttpRequest, object_id: str, form_url="", extra_context=None):
        row = self.get_object(request, unquote(object_id))
        told = self.story(row) if row and request.method == "GET" else {}
        try:
            return super().change_view(
                request, object_id, form_url, {**told, **(extra_context or {})}
            )
        except NumberStateConflict as error:  # changed since the form was opened
            messages.error(request, str(error))
            return redirect(admin_url(row))

    def story(self, row: PhoneNumber) -> dict[str, Any]:
        events = row.organization.events.filter(subject_kind="phone_number", subject_id=row.pk)
        told = history.build_number_history(row, limit=MAX_OPERATIONS, calls_each=MAX_CALLS_EACH)
        done = events.order_by("-id")[:MAX_EVENTS]
        return {"story": told, "timeline": merge_timeline(told, done)}

    def save_model(self, request: HttpRequest, obj: PhoneNumber, form: Any, change: bool) -> None:
        changes = {name: form.cleaned_data[name] or None for name in form.changed_data}
        operations.change_number(staff_principal(request.user, obj.organization), obj.pk, **changes)


def agent_link(number: PhoneNumber, agent_id: str | None) -> SafeString | str | None:
    """Returns a link to the agent, or only its id if the agent is not registered."""
    named = number.organization.agents.filter(agent_id=agent_id).first() if agent_id else None
    return link_or_text(admin_url(named), named) if named else agent_id


def call_direction_label(number: PhoneNumber) -> str:
    """Returns the direction if it is not both, else an empty string."""
    takes, makes = number.supports_inbound, number.supports_outbound
    if takes and makes:
        return ""
    return _("only takes calls") if takes else _("only makes calls") if makes else _("none")
