"""Reauthentication: pages that grant or remove access require a password, a second factor or a
sign-in that is at most ten minutes old (`ACCOUNT_REAUTHENTICATION_TIMEOUT`)."""

import re
import secrets
import time
from collections.abc import Callable
from hashlib import sha256
from typing import Any
from urllib.parse import urlencode

from allauth.account.adapter import get_adapter
from allauth.account.internal.flows.login import get_authentication_records
from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser
from django.contrib.auth.signals import user_logged_in
from django.core.cache import cache
from django.core.exceptions import PermissionDenied
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

FORM_METHODS = frozenset({"GET", "POST"})  # reauthentication comes before the form is filled in
SUBMIT_METHODS = frozenset({"POST"})  # the page may be viewed without reauthentication
# Names of URLs of the account pages, the portal and the admin. On the account pages, allauth itself
# asks only people who have a password or second factor here, and asks even for recovery codes that
# it no longer shows.
PROTECTED_VIEWS = {
    "mfa_activate_totp": FORM_METHODS,
    "mfa_deactivate_totp": FORM_METHODS,
    "mfa_add_webauthn": FORM_METHODS,
    "mfa_remove_webauthn": FORM_METHODS,
    "mfa_view_recovery_codes": FORM_METHODS,
    "mfa_download_recovery_codes": FORM_METHODS,
    "mfa_generate_recovery_codes": FORM_METHODS,
    "screens:api_keys_add": FORM_METHODS,
    "screens:api_keys_rotate": FORM_METHODS,
    "screens:members": SUBMIT_METHODS,
    "screens:members_role": FORM_METHODS,
    "screens:members_remove": FORM_METHODS,
    "screens:integrations_connect": FORM_METHODS,
    "screens:integration_edit": FORM_METHODS,
    "screens:integration_credentials": FORM_METHODS,
    "admin:organizations_apikey_add": FORM_METHODS,
    "admin:organizations_apikey_rotate": FORM_METHODS,
    "admin:organizations_membership_add": FORM_METHODS,
    "admin:organizations_membership_change": SUBMIT_METHODS,
    "admin:organizations_membership_changelist": SUBMIT_METHODS,
    "admin:organizations_membership_do": FORM_METHODS,
    "admin:organizations_user_add": FORM_METHODS,
    "admin:organizations_user_change": SUBMIT_METHODS,
    "admin:organizations_user_do": FORM_METHODS,
    "admin:auth_user_password_change": FORM_METHODS,
    "admin:auth_group_add": FORM_METHODS,
    "admin:auth_group_change": SUBMIT_METHODS,
    "admin:auth_group_changelist": SUBMIT_METHODS,
    "admin:auth_group_delete": FORM_METHODS,
    "admin:integrations_integration_add": FORM_METHODS,
    "admin:integrations_integration_credentials": FORM_METHODS,
}
AUTHENTICATED_AT = "proved_at"
# MAX_SAVED_FORM: characters of a form that is saved until its user has reauthenticated.
SAVED_FORM_PARAMETER, MAX_SAVED_FORM = (
    "kept",
    50_000,
)
# Fields that are not saved, because they may contain secrets. The `token` of a key is its id.
SECRET_FIELD = re.compile(r"password|secret|passphrase|code|pin|.token|^csrf", re.IGNORECASE)


@receiver(user_logged_in)
def store_sign_in_time(request: HttpRequest, **signal: Any) -> None:
    """Stores the time of the sign-in, whichever method was used. All factors have been checked by
    then."""
    request.session[AUTHENTICATED_AT] = time.time()


def is_recently_authenticated(request: HttpRequest) -> bool:
    """Returns whether the last proof of identity is younger than the timeout."""
    records = get_authentication_records(request, request.user)
    times = [record["at"] for record in records if record.get("reauthenticated")]
    last = max([request.session.get(AUTHENTICATED_AT, 0), *times])
    return time.time() - last < settings.ACCOUNT_REAUTHENTICATION_TIMEOUT


class RequireReauthentication:
    """Requires reauthentication on each URL in PROTECTED_VIEWS. A form that was sent too late is
    saved, and shown for resubmission afterwards."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, *_view: Any) -> HttpResponse | None:
        method = "GET" if request.method == "HEAD" else request.method
        methods = PROTECTED_VIEWS.get(request.resolver_match.view_name)
        if methods is None or not request.user.is_authenticated:
            return None
        if method in methods and not is_recently_authenticated(request):
            return redirect(reauthentication_url(request.user, build_return_url(request)))
        return (
            render_saved_form(request)
            if method == "GET" and SAVED_FORM_PARAMETER in request.GET
            else None
        )


def reauthentication_url(user: AbstractBaseUser, address: str) -> str:
    """Returns the URL of the reauthentication page, which leads on to `address`. Somebody who has
    neither a password nor a second factor here signs in again at the OpenID Connect provider.
    Raises PermissionDenied if there is no such provider."""
    ways = get_adapter().get_reauthentication_methods(user)
    if ways:
        return f"{ways[0]['url']}?{urlencode({'next': address})}"
    if not settings.SOCIALACCOUNT_PROVIDERS:
        raise PermissionDenied(_("Sign out and in again, and then come back."))
    provider = reverse("openid_connect_login", args=["sso"])
    return f"{provider}?{urlencode({'next': address, 'auth_params': 'prompt=login'})}"


def build_return_url(request: HttpRequest) -> str:
    """Returns the URL of the page. If a form was sent to it that is not too large, saves the form
    without secrets and adds its name to the URL."""
    path = request.get_full_path()
    fields = [pair for pair in request.POST.lists() if not SECRET_FIELD.search(pair[0])]
    if request.method != "POST" or len(str(fields)) > MAX_SAVED_FORM:
        return path
    form = {"user": str(request.user.pk), "path": path, "fields": fields}
    form["has_secrets"] = any(
        name != "csrfmiddlewaretoken" and SECRET_FIELD.search(name) for name in request.POST
    )
    name = secrets.token_urlsafe(16)
    cache.set(saved_form_cache_key(name), form, settings.ACCOUNT_REAUTHENTICATION_TIMEOUT)
    return f"{path}{'&' if '?' in path else '?'}{urlencode({SAVED_FORM_PARAMETER: name})}"


def render_saved_form(request: HttpRequest) -> HttpResponse | None:
    """Shows a saved form once, to the user who sent it. Returns None otherwise, so that the page
    opens as usual."""
    place = saved_form_cache_key(request.GET[SAVED_FORM_PARAMETER])
    form = cache.get(place)
    if form is None or form["user"] != str(request.user.pk):
        return None
    cache.delete(place)
    return render(request, "organizations/send_again.html", form)


def saved_form_cache_key(name: str) -> str:
    return f"kept-form:{sha256(name.encode()).hexdigest()}"
