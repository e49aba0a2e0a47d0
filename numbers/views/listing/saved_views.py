"""Saved views of the list: storing one under a name, opening and deleting it."""

from uuid import UUID

from django import forms
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from numbers.search import saved_views
from numbers.search.saved_views import SavedViewError
from numbers.views.listing.number_list import normalized_list_query
from organizations.access.roles import Permission
from organizations.text.fields import FormText
from organizations.web.views.base import OrgScreen


class SavedViewForm(forms.Form):
    name = FormText(label=gettext_lazy("Name"), max_length=60)
    query = forms.CharField(required=False, max_length=2000, widget=forms.HiddenInput)
    shared = forms.BooleanField(
        label=gettext_lazy("for everybody in the organization"), required=False
    )


class SaveViewScreen(OrgScreen):
    """Stores a view. Every role that can read numbers may have views of its own."""

    permissions = {"POST": Permission.PHONE_NUMBERS_READ}

    def post(self, request: HttpRequest) -> HttpResponse:
        form = SavedViewForm(request.POST)
        if form.is_valid() and self.save(request, form):
            return self.list(normalized_list_query(QueryDict(form.cleaned_data["query"])))
        return self.page("numbers/view_save.html", 422, form=form)

    def save(self, request: HttpRequest, form: SavedViewForm) -> bool:
        wished = {
            **form.cleaned_data,
            "query": normalized_list_query(QueryDict(form.cleaned_data["query"])),
        }
        try:
            view = saved_views.save_view(request.principal, **wished)
        except SavedViewError as error:
            form.add_error("name", str(error))
            return False
        self.say(_("The view %(name)s is saved.") % {"name": view.name})
        return True

    def list(self, query: str) -> HttpResponse:
        return redirect(f"{self.url('numbers')}?{query}")


class SavedViewScreen(OrgScreen):
    """Opens or deletes one view, either the member's own or a shared one."""

    permissions = {"GET": Permission.PHONE_NUMBERS_READ, "POST": Permission.PHONE_NUMBERS_READ}

    def get(self, request: HttpRequest, view_id: UUID) -> HttpResponse:
        view = saved_views.visible_saved_views(request.principal).get(pk=view_id)
        may_delete = saved_views.can_delete_view(request.principal, view)
        return self.page("numbers/view.html", view=view, may_delete=may_delete)

    def post(self, request: HttpRequest, view_id: UUID) -> HttpResponse:
        try:
            view = saved_views.delete_view(request.principal, view_id)
        except SavedViewError as error:
            self.warn(str(error))
            return self.go("numbers_view", view_id=view_id)
        self.say(_("The view %(name)s is deleted.") % {"name": view.name})
        return self.go("numbers")
