"""Form pages in Django's style."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.contrib.admin.helpers import AdminErrorList
from django.contrib.admin.widgets import AutocompleteSelect
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from unfold.forms import AdminForm

from organizations.models import Organization
from organizations.web.views.forms import add_form_errors, run_with_form_errors

__all__ = ["FormPages", "ChooseOrganizationFirst", "run_with_form_errors", "add_form_errors"]


class FormPages:
    """Form pages, mixed into a ModelAdmin."""

    def form_page(
        self,
        request: HttpRequest,
        form: forms.Form,
        *,
        title: str,
        row: Model | None = None,
        fieldsets: list | None = None,
        formsets: Iterable = (),
        inlines: Iterable = (),
        **extra: Any,
    ) -> HttpResponse:
        fieldsets = fieldsets or [(None, {"fields": list(form.fields)})]
        page = AdminForm(form, fieldsets, {}, (), model_admin=self)
        inline_formsets = self.get_inline_formsets(request, formsets, inlines, row)
        media = self.media + page.media
        for inline in inline_formsets:
            media += inline.media
        context = {
            **self.admin_site.each_context(request),
            "title": title,
            "subtitle": str(row) if row else None,
            "page_title": title if title != str(row) else "",
            "adminform": page,
            "object_id": row and row.pk,
            "original": row,
            "is_popup": False,
            "to_field": None,
            "media": media,
            "inline_admin_formsets": inline_formsets,
            "errors": AdminErrorList(form, list(formsets)),
            "preserved_filters": "",
            "show_save_and_continue": False,
            "show_save_and_add_another": False,
            **extra,
        }
        return self.render_change_form(request, context, add=row is None, change=bool(row), obj=row)


class ChooseOrganizationFirst:
    """Mixed into a ModelAdmin. The organization of a new row is chosen on a page before the
    form."""

    def add_view(self, request: HttpRequest, form_url="", extra_context=None) -> HttpResponse:
        if not self.has_add_permission(request):
            raise PermissionDenied
        organization = self.chosen_organization(request)
        if organization is None:
            return self.choose_organization(request)
        return self.add_in(request, organization)

    def add_in(self, request: HttpRequest, organization: Organization) -> HttpResponse:
        raise NotImplementedError

    def organizations(self, request: HttpRequest) -> QuerySet[Organization]:
        return self.admin_site.get_model_admin(Organization).get_queryset(request)

    def chosen_organization(self, request: HttpRequest) -> Organization | None:
        """Returns the organization in the query string, or the only one if there is just one, else
        None."""
        everyone = self.organizations(request).order_by()
        if named := request.GET.get("organization"):
            try:
                return everyone.filter(pk=named).first()
            except ValidationError:
                return None
        first_two = list(everyone[:2])
        return first_two[0] if len(first_two) == 1 else None

    def choose_organization(self, request: HttpRequest) -> HttpResponse:
        asked = "organization" in request.POST and "organization" not in request.GET
        form = self.organization_form(request, request.POST if asked else None)
        if asked and form.is_valid():
            query = request.GET.copy()
            query["organization"] = str(form.cleaned_data["organization"].pk)
            return redirect(f"{request.path}?{query.urlencode()}")
        title = _("Add %(what)s: for which organization?") % {"what": self.opts.verbose_name}
        return self.form_page(request, form, title=title, save_label=_("Continue"))

    def organization_form(self, request: HttpRequest, data: Any) -> forms.Form:
        form = forms.Form(data)
        widget = AutocompleteSelect(self.model._meta.get_field("organization"), self.admin_site)
        form.fields["organization"] = forms.ModelChoiceField(
            self.organizations(request), widget=widget, label=_("Organization")
        )
        return form
