"""The base of every screen: one path from a browser's request to a page, the same in all apps."""

from typing import Any, ClassVar
from urllib.parse import urlsplit

from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import ObjectDoesNotExist, PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views import View

from organizations.access import principals
from organizations.access.principals import Principal
from organizations.access.roles import Permission
from organizations.models import Membership, Organization
from organizations.tenancy import tenant_scope
from organizations.web.api import rate_limits
from organizations.web.api.error_handlers import error_response
from organizations.web.cookies import LAST_ORGANIZATION_COOKIE, set_preference_cookie

RATE_LIMIT_MESSAGE = gettext_lazy(
    "Too many requests from your account. Wait a moment, then continue."
)


class OrgScreen(View):
    """A page, or a part of one, about what belongs to one organization.

    Its URL begins with the organization's public id. A subclass lists its methods in `permissions`
    and has a handler for each, `get(request, …)` and `post(request, …)`, without the id. A handler
    has `request.principal` and `request.organization`, and starts its queries at the latter.
    Somebody who is not signed in is redirected to the sign-in page, somebody who is not a member
    gets a 404, and a member without the permission a 403. A person has a rate limit, as a key has
    (429).
    """

    permissions: ClassVar[dict[str, Permission]] = {}
    keeps_form: ClassVar[bool] = False  # implements `sent_late`; its form has no secrets
    is_late = False

    principal: Principal
    organization: Organization

    def __init_subclass__(cls, **kwargs: Any):
        super().__init_subclass__(**kwargs)
        handlers = {name.upper() for name in ("get", "post") if hasattr(cls, name)}
        if handlers != set(cls.permissions):
            raise TypeError(f"{cls.__name__}: handlers and `permissions` name different methods.")

    def dispatch(self, request: HttpRequest, org_id: str, **path: Any) -> HttpResponse:
        if not request.user.is_authenticated:
            return self.signed_out(request)
        budget = rate_limits.take_request_token(f"person {request.user.pk}")
        if budget and not budget.allowed:
            return error_response(request, budget.refusal(), because=RATE_LIMIT_MESSAGE)
        method = "GET" if request.method == "HEAD" else request.method
        if method not in self.permissions:
            return HttpResponseNotAllowed(self.permissions)
        self.admit(request, org_id, self.permissions[method])
        try:
            handler = self.sent_late if self.is_late else getattr(self, method.lower())
            response = handler(request, **path)
        except ObjectDoesNotExist as error:
            raise Http404 from error
        if request.COOKIES.get(LAST_ORGANIZATION_COOKIE) != org_id:
            set_preference_cookie(response, LAST_ORGANIZATION_COOKIE, org_id)
        return response

    def signed_out(self, request: HttpRequest) -> HttpResponse:
        """Redirects to the sign-in page. A long form that was filled in is shown for resubmission
        instead."""
        fields = [pair for pair in request.POST.lists() if pair[0] != "csrfmiddlewaretoken"]
        if not self.keeps_form or not fields:
            return redirect_to_login(request.get_full_path())
        context = {"fields": fields, "path": request.get_full_path()}
        return render(request, "organizations/signed_out.html", context, status=403)

    def sent_late(self, request: HttpRequest, **path: Any) -> HttpResponse:
        """Shows the page with the form as it was sent, if its CSRF token did not match the
        session."""
        raise NotImplementedError

    def admit(self, request: HttpRequest, org_id: str, permission: Permission) -> None:
        membership = enter_member_organization(request, org_id)
        principal = request.principal = principals.member_principal(membership)
        self.principal, self.organization = principal, principal.organization
        request.organization = principal.organization
        if not principal.can(permission):
            message = _("Your role in %(organization)s does not allow this.")
            raise PermissionDenied(message % {"organization": principal.organization.name})

    def page(self, template: str, status: int = 200, **context: Any) -> HttpResponse:
        return render(self.request, template, context, status=status)

    def go(self, name: str, **path: Any) -> HttpResponse:
        """Redirects to another screen of the organization."""
        return redirect(self.url(name, **path))

    def url(self, name: str, **path: Any) -> str:
        return screen_url(self.organization, name, **path)

    def say(self, text: str) -> None:
        """Adds a sentence above the next page: what was done."""
        messages.success(self.request, text)

    def warn(self, text: str) -> None:
        """Adds a sentence above the next page: what was not done, and why."""
        messages.error(self.request, text)

    def back(self, name: str, **path: Any) -> HttpResponse:
        """Redirects to the page that the form names as its origin (`next`), if it is a page of
        Patchbay."""
        return redirect(next_url(self.request) or self.url(name, **path))


def enter_member_organization(request: HttpRequest, org_id: str) -> Membership:
    """Returns the user's membership and enters the organization. Raises Http404 for an unknown
    organization, and also for one that the user does not belong to."""
    mine = request.user.memberships.select_related("organization", "user")
    with tenant_scope.global_lookup():
        membership = mine.filter(organization__public_id=org_id).first()
    if membership is None:
        raise Http404
    tenant_scope.enter(membership.organization)
    return membership


def screen_url(organization: Organization, name: str, **path: Any) -> str:
    return reverse(f"screens:{name}", kwargs={"org_id": organization.public_id, **path})


def next_url(request: HttpRequest) -> str | None:
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    if not wanted.startswith("/") or urlsplit(wanted).netloc:
        return None
    return wanted if url_has_allowed_host_and_scheme(wanted, allowed_hosts=None) else None
