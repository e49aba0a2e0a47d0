"""The page of an invitation's link: a new person creates an account, an existing user signs in, and
both join."""

from allauth.account import app_settings
from allauth.core.internal import ratelimit
from django.contrib import messages
from django.contrib.auth import login
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from organizations.accounts import invitations
from organizations.accounts.email_addresses import is_same_email
from organizations.accounts.invitations import InvitationEmailMismatch, InvitationNotOpen
from organizations.accounts.sign_in.known_devices import remember_device
from organizations.models import Invitation, Membership, User
from organizations.operations import AlreadyMember
from organizations.views.forms import JoinForm
from organizations.web.views.base import screen_url
from organizations.web.views.forms import add_form_errors

TEMPLATE = "organizations/invitation.html"
BACKEND = "django.contrib.auth.backends.ModelBackend"


@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
def invitation_page(request: HttpRequest, token: str) -> HttpResponse:
    """Shows and accepts an invitation, whose URL is the secret. The page does not reveal who has an
    account."""
    limited = ratelimit.consume_or_429(
        request, app="allauth.account", action="invitation", config=app_settings.RATE_LIMITS
    )
    if limited:
        return limited
    try:
        found = invitations.find_open_invitation(token)
        answer = accept_existing_user if request.user.is_authenticated else accept_new_user
        return answer(request, token, found)
    except InvitationNotOpen as error:
        return render(request, TEMPLATE, {"gone": str(error)}, status=404)


def accept_existing_user(request: HttpRequest, token: str, found: Invitation) -> HttpResponse:
    """Accepts the invitation for the signed-in user."""
    is_theirs = is_same_email(found.email, request.user.email)
    if request.method != "POST" or not is_theirs:
        status = 200 if request.method != "POST" else 403
        context = {"invitation": found, "is_theirs": is_theirs}
        return render(request, TEMPLATE, context, status=status)
    try:
        membership = invitations.accept_invitation(token, user=request.user)
    except (AlreadyMember, InvitationEmailMismatch) as error:
        messages.error(request, str(error))
        return redirect("home")
    return redirect_new_member(request, membership)


def accept_new_user(request: HttpRequest, token: str, found: Invitation) -> HttpResponse:
    """Creates an account and accepts the invitation for a new person."""
    form = JoinForm(request.POST if request.method == "POST" else None)
    if form.is_valid() and is_password_valid(form, found):
        try:
            user, membership = invitations.register_invited_user(token, **form.cleaned_data)
        except ValidationError as error:
            add_form_errors(form, error)
        else:
            login(request, user, BACKEND)
            response = redirect_new_member(request, membership)
            remember_device(request, response, user.email)
            return response
    status = 422 if form.is_bound else 200
    return render(request, TEMPLATE, {"invitation": found, "form": form}, status=status)


def is_password_valid(form: JoinForm, found: Invitation) -> bool:
    user = User(email=found.email, name=form.cleaned_data["name"])
    try:
        validate_password(form.cleaned_data["password"], user)
    except ValidationError as error:
        form.add_error("password", error)
        return False
    return True


def redirect_new_member(request: HttpRequest, membership: Membership) -> HttpResponse:
    organization = membership.organization
    messages.success(request, _("Welcome to %(name)s.") % {"name": organization.name})
    return redirect(screen_url(organization, "dashboard"))
