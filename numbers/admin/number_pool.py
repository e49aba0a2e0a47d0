"""Number pools, which operators assign to organizations."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.contrib.admin.widgets import AutocompleteSelect
from django.core.exceptions import ValidationError
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.contrib.filters.admin import AutocompleteSelectFilter
from unfold.decorators import display

from carriers.models import Carrier
from numbers.inventory import number_pools
from numbers.models import NumberPool
from numbers.models.number_pool import PREFIX_VALIDATOR
from numbers.numbering.e164 import InvalidPhoneNumber
from numbers.numbering.parsing import parse_number
from organizations.access.principals import Principal, staff_principal
from organizations.models import Organization
from organizations.web.admin import fields
from organizations.web.admin.base import OperatorAdmin, admin_url, link_or_text, time_column
from organizations.web.admin.form_pages import ChooseOrganizationFirst, run_with_form_errors
from organizations.web.admin.row_actions import DetailField, RowAction


class PoolForm(forms.Form):
    name = fields.text_field(label=gettext_lazy("Name"))
    prefixes = fields.textarea_field(
        label=gettext_lazy("Prefixes"),
        required=False,
        help_text=gettext_lazy("One per line, with plus and country code: +4420."),
    )
    numbers = fields.textarea_field(
        label=gettext_lazy("Numbers"),
        required=False,
        help_text=gettext_lazy("One per line, with plus and country code; at most 10,000."),
    )

    def __init__(
        self, data: Any, *, carriers: QuerySet[Carrier], widget: forms.Widget, **more: Any
    ):
        super().__init__(data, **more)
        self.fields["carrier"] = forms.ModelChoiceField(
            carriers,
            widget=widget,
            required=False,
            label=_("Carrier"),
            help_text=NumberPool._meta.get_field("carrier").help_text,
        )
        self.order_fields(["name", "carrier"])

    def clean_prefixes(self) -> list[str]:
        return sorted(set(self.each_line("prefixes", parse_pool_prefix)))

    def clean_numbers(self) -> list[str]:
        return self.each_line("numbers", lambda text: parse_number(text).number)

    def each_line(self, name: str, read: Any) -> list[str]:
        """Returns what `read` parses from each line. Raises ValidationError naming the first
        invalid line."""
        found = []
        for line, text in enumerate(self.cleaned_data[name].splitlines(), 1):
            try:
                found += [read(text.strip())] if text.strip() else []
            except (InvalidPhoneNumber, ValidationError) as error:
                why = " ".join(getattr(error, "messages", [str(error)]))
                words = {"line": line, "why": why}
                raise ValidationError(_("Line %(line)d: %(why)s") % words) from error
        return found


def parse_pool_prefix(text: str) -> str:
    """Returns the prefix without whitespace. Raises ValidationError if it is invalid."""
    prefix = "".join(text.split())
    PREFIX_VALIDATOR(prefix)
    return prefix


def delete_pool_action(by: Principal, pool: NumberPool) -> str:
    number_pools.delete_pool(by, pool.pk)
    return _("%(pool)s is deleted.") % {"pool": pool}


def pool_delete_warning(pool: NumberPool) -> str:
    words = {"organization": pool.organization}
    return _("%(organization)s can no longer add numbers from it. Numbers it holds stay.") % words


@admin.register(NumberPool)
class NumberPoolAdmin(ChooseOrganizationFirst, OperatorAdmin):
    list_display = ("name", "organization_name", "carrier_name", "prefix_list", "listed", "created")
    list_select_related = ("organization", "carrier")
    list_filter = (
        ("organization", AutocompleteSelectFilter),
        ("carrier", AutocompleteSelectFilter),
    )
    list_filter_submit = True
    search_fields = ("name", "organization__name", "carrier__name", "id__iexact")
    fields = ("name", "carrier", "prefixes")
    event_kind = "number_pool"
    portal_page = ("organization", "")
    created = time_column("created_at", gettext_lazy("created"))
    row_actions = (
        RowAction(
            "delete",
            gettext_lazy("Delete"),
            delete_pool_action,
            loses=pool_delete_warning,
            permission="delete",
            icon="delete",
            leaves=True,
        ),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[NumberPool]:
        return super().get_queryset(request).annotate(number_count=Count("pooled_numbers"))

    @display(description=gettext_lazy("carrier"), ordering="carrier__name")
    def carrier_name(self, pool: NumberPool) -> str:
        return link_or_text(admin_url(pool.carrier), pool.carrier.name) if pool.carrier else ""

    @display(description=gettext_lazy("prefixes"))
    def prefix_list(self, pool: NumberPool) -> str:
        more = ["…"] if len(pool.prefixes) > 5 else []
        return ", ".join([*pool.prefixes[:5], *more])

    @display(description=gettext_lazy("numbers"), ordering="number_count")
    def listed(self, pool: NumberPool) -> int:
        return pool.number_count

    def facts(self, request: HttpRequest, row: NumberPool) -> list[DetailField]:
        carrier = row.carrier
        return [
            (_("Organization"), link_or_text(admin_url(row.organization), row.organization)),
            (_("Carrier"), link_or_text(admin_url(carrier), carrier) if carrier else ""),
            (_("Carrier of"), carrier.organization if carrier else ""),
            (_("Numbers listed"), row.number_count),
        ]

    def form_of(self, request: HttpRequest, **given: Any) -> PoolForm:
        carriers = self.admin_site.get_model_admin(Carrier).get_queryset(request)
        widget = AutocompleteSelect(NumberPool._meta.get_field("carrier"), self.admin_site)
        living = carriers.exclude(status=Carrier.Status.DELETED)
        return PoolForm(request.POST or None, carriers=living, widget=widget, **given)

    def add_in(self, request: HttpRequest, organization: Organization) -> HttpResponse:
        form = self.form_of(request)
        if request.method == "POST" and form.is_valid():
            by = staff_principal(request.user, organization)
            made = run_with_form_errors(
                form, lambda: number_pools.create_pool(by, **form.cleaned_data), {}
            )
            if made:
                messages.success(request, _("%(row)s was added.") % {"row": made})
                return redirect(admin_url(made))
        title = _("Add a number pool to %(organization)s") % {"organization": organization}
        return self.form_page(request, form, title=title)

    def change_view(self, request: HttpRequest, object_id: str, form_url="", extra_context=None):
        row = self.get_object(request, unquote(object_id))
        if row is None or not self.has_change_permission(request, row):
            return super().change_view(request, object_id, form_url, extra_context)
        form = self.form_of(
            request, initial=pool_initial_values(row) if request.method == "GET" else None
        )
        if request.method == "POST" and form.is_valid():
            by = staff_principal(request.user, row.organization)
            changed = form.cleaned_data
            if run_with_form_errors(
                form, lambda: number_pools.change_pool(by, row.pk, **changed), {}
            ):
                messages.success(request, _("%(row)s is changed.") % {"row": row})
                return redirect(admin_url(row))
        about = self.about(request, row)
        return self.form_page(request, form, title=str(row), row=row, **about)


def pool_initial_values(pool: NumberPool) -> dict[str, Any]:
    return {
        "name": pool.name,
        "carrier": pool.carrier_id,
        "prefixes": "\n".join(pool.prefixes),
        "numbers": "\n".join(number_pools.list_pool_numbers(pool)),
    }
