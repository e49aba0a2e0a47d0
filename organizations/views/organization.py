"""An organization's settings, and the creation of another organization."""

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.postgres.expressions import ArraySubquery
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Count, OuterRef, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from organizations import operations
from organizations.access import quotas
from organizations.access.roles import Permission
from organizations.models import Organization
from organizations.views.forms import OrganizationForm
from organizations.web.views.base import OrgScreen, screen_url
from organizations.web.views.context import can_create_organization
from organizations.web.views.forms import add_form_errors

MAX_NUMBERS_SHOWN = 20  # of each pool; the API lists all of them


class OrganizationScreen(OrgScreen):
    permissions = {"GET": Permission.ORGANIZATION_READ, "POST": Permission.ORGANIZATION_UPDATE}

    def get(self, request: HttpRequest) -> HttpResponse:
        return self.shown(OrganizationForm(initial={"name": self.organization.name}))

    def post(self, request: HttpRequest) -> HttpResponse:
        form = OrganizationForm(request.POST)
        if form.is_valid():
            try:
                operations.rename_organization(self.principal, **form.cleaned_data)
            except ValidationError as error:
                add_form_errors(form, error)
            else:
                self.say(_("The new name is saved."))
                return self.go("organization")
        return self.shown(form, status=422)

    def shown(self, form: OrganizationForm, status: int = 200) -> HttpResponse:
        role = self.request.user.memberships.get(organization=self.organization)
        told = {"form": form, "mine": role, "usages": quotas.list_quota_usages(self.organization)}
        told |= {
            "pools": list_number_pools(self.organization),
            "is_open": settings.OPEN_ORGANIZATIONS,
        }
        return self.page("organizations/settings.html", status, **told)


def list_number_pools(organization: Organization) -> QuerySet:
    """Returns the pools by name, with `number_count` and the first numbers of each."""
    listed = organization.pooled_numbers.filter(pool=OuterRef("pk")).order_by("e164")
    shown = ArraySubquery(listed.values("e164")[:MAX_NUMBERS_SHOWN])
    pools = organization.number_pools.select_related("carrier").order_by("name")
    return pools.annotate(number_count=Count("pooled_numbers"), first_numbers=shown)


@login_required
def create_organization_page(request: HttpRequest) -> HttpResponse:
    """Creates an organization. Raises PermissionDenied unless can_create_organization allows it."""
    if not can_create_organization(request.user):
        raise PermissionDenied(_("On this installation its operators make new organizations."))
    form = OrganizationForm(request.POST if request.method == "POST" else None)
    if form.is_valid() and (made := create_organization_from_form(request, form)):
        return redirect(screen_url(made, "dashboard"))
    status = 422 if form.is_bound else 200
    return render(request, "organizations/new.html", {"form": form}, status=status)


def create_organization_from_form(
    request: HttpRequest, form: OrganizationForm
) -> Organization | None:
    try:
        made = operations.create_organization(owner=request.user, **form.cleaned_data)
    except ValidationError as error:
        return add_form_errors(form, error)
    messages.success(request, _("%(name)s is there, and you are its admin.") % {"name": made.name})
    return made
