"""Screens for API keys: list, create, rotate, revoke. A new key is shown once."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _

from organizations import operations
from organizations.access import api_key_rotation
from organizations.access.api_key_format import API_KEY_PREFIX
from organizations.access.api_key_rotation import NotKeyOwner, NotRotatable
from organizations.access.roles import Permission, lower_role
from organizations.models import ApiKey
from organizations.operations import HigherRole, KeyAlreadyCreated
from organizations.web.views.api_key_forms import ApiKeyForm, RotateApiKeyForm, scope_label
from organizations.web.views.base import OrgScreen
from organizations.web.views.forms import run_with_form_errors
from organizations.web.views.pagination import paginate_keyset


@dataclass(frozen=True)
class ApiKeyRow:
    key: ApiKey
    public: str
    state: str  # active | expired | revoked
    label: str
    role: str
    scopes: list[str]
    can_revoke: bool
    can_rotate: bool


class ApiKeysScreen(OrgScreen):
    permissions = {"GET": Permission.API_KEYS_READ}

    def get(self, request: HttpRequest) -> HttpResponse:
        pager = paginate_keyset(request.organization.api_keys.select_related("owner"), request.GET)
        rows = [build_api_key_row(key, request.principal) for key in pager.rows]
        return self.page("organizations/api_keys.html", rows=rows, pager=pager)


def build_api_key_row(key: ApiKey, by: Any) -> ApiKeyRow:
    state, label = api_key_state_label(key)
    may = by.can(Permission.API_KEYS_DELETE) and lower_role(key.role, by.role) == key.role
    scopes = [scope_label(scope) for scope in key.scopes]
    role = key.get_role_display().partition(":")[0]
    public, can_revoke = API_KEY_PREFIX + key.key_id, may and not key.revoked_at
    return ApiKeyRow(
        key, public, state, label, role, scopes, can_revoke, can_rotate_key(key, state, by)
    )


def can_rotate_key(key: ApiKey, state: str, by: Any) -> bool:
    is_spent = state != "active" or key.successor_id
    return by.can(Permission.API_KEYS_CREATE) and key.owner_id == by.user_id and not is_spent


def api_key_state_label(key: ApiKey) -> tuple[str, str]:
    if key.revoked_at:
        return "revoked", _("revoked")
    if key.expires_at and key.expires_at <= timezone.now():
        return "expired", _("expired")
    return "active", _("active")


class OneTimeKeyScreen(OrgScreen):
    """Renders a new key as the response to the form itself. No other page shows the key, and
    nothing stores it."""

    def show_once(self, key: ApiKey, text: Any) -> HttpResponse:
        origin = self.request.build_absolute_uri("/")
        page = self.page("organizations/api_key_made.html", key=key, text=text, origin=origin)
        page.headers["Cache-Control"] = "no-store"
        page.headers["Referrer-Policy"] = "no-referrer"
        return page


class ApiKeyAddScreen(OneTimeKeyScreen):
    permissions = {"GET": Permission.API_KEYS_CREATE, "POST": Permission.API_KEYS_CREATE}

    def get(self, request: HttpRequest) -> HttpResponse:
        return self.page("organizations/api_key_add.html", form=ApiKeyForm(by=request.principal))

    def post(self, request: HttpRequest) -> HttpResponse:
        form = ApiKeyForm(request.POST, by=request.principal)
        try:
            made = (
                run_with_form_errors(form, lambda: self.make(form), {}) if form.is_valid() else None
            )
        except KeyAlreadyCreated as error:
            self.warn(str(error))
            return self.go("api_keys")
        if made is None:
            return self.page("organizations/api_key_add.html", status=422, form=form)
        return self.show_once(*made)

    def make(self, form: ApiKeyForm) -> tuple[ApiKey, Any]:
        return operations.create_api_key(self.principal, owner=self.request.user, **form.wished())


class ApiKeyRotateScreen(OneTimeKeyScreen):
    permissions = {"GET": Permission.API_KEYS_CREATE, "POST": Permission.API_KEYS_CREATE}

    def get(self, request: HttpRequest, key_id: UUID) -> HttpResponse:
        return self.shown(key_id, RotateApiKeyForm())

    def post(self, request: HttpRequest, key_id: UUID) -> HttpResponse:
        form = RotateApiKeyForm(request.POST)
        try:
            made = (
                run_with_form_errors(form, lambda: self.rotate(key_id, form), {})
                if form.is_valid()
                else None
            )
        except (NotRotatable, NotKeyOwner) as error:
            self.warn(str(error))
            return self.go("api_keys")
        return self.show_once(*made) if made else self.shown(key_id, form, status=422)

    def rotate(self, key_id: UUID, form: RotateApiKeyForm) -> tuple[ApiKey, Any]:
        overlap = form.cleaned_data["overlap"]
        return api_key_rotation.rotate_key(self.principal, key_id=key_id, overlap=overlap)

    def shown(self, key_id: UUID, form: RotateApiKeyForm, status: int = 200) -> HttpResponse:
        key = self.organization.api_keys.select_related("owner").get(pk=key_id)
        row = build_api_key_row(key, self.principal)
        return self.page("organizations/api_key_rotate.html", status, row=row, key=key, form=form)


class ApiKeyRevokeScreen(OrgScreen):
    permissions = {"GET": Permission.API_KEYS_DELETE, "POST": Permission.API_KEYS_DELETE}

    def get(self, request: HttpRequest, key_id: UUID) -> HttpResponse:
        key = request.organization.api_keys.select_related("owner").get(pk=key_id)
        return self.page(
            "organizations/api_key_revoke.html",
            row=build_api_key_row(key, request.principal),
            key=key,
        )

    def post(self, request: HttpRequest, key_id: UUID) -> HttpResponse:
        key = request.organization.api_keys.get(pk=key_id)
        try:
            revoked = operations.revoke_api_key(request.principal, key_id=key.pk)
        except HigherRole as error:
            self.warn(" ".join(error.messages))
            return self.go("api_keys")
        told = _("%(key)s is refused from now on.") if revoked else _("%(key)s was revoked before.")
        self.say(told % {"key": key})
        return self.go("api_keys")
