"""API keys: listed, made and shown once, rotated, revoked."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _

from organizations import operations
from organizations.access import api_key_rotation
from organizations.access.api_key_format import PREFIX
from organizations.access.api_key_rotation import NotRotatable, NotYours
from organizations.access.roles import Permission, lower_role
from organizations.models import ApiKey
from organizations.operations import HigherRole, MadeBefore
from organizations.views.api_key_forms import KeyForm, RotateForm, scope_words
from organizations.views.forms import attempt
from organizations.web.views.base import OrgScreen
from organizations.web.views.pagination import paged


@dataclass(frozen=True)
class Row:
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
        pager = paged(request.organization.api_keys.select_related("owner"), request.GET)
        rows = [row_of(key, request.principal) for key in pager.rows]
        return self.page("organizations/api_keys.html", rows=rows, pager=pager)


def row_of(key: ApiKey, by: Any) -> Row:
    state, label = state_of(key)
    may = by.can(Permission.API_KEYS_DELETE) and lower_role(key.role, by.role) == key.role
    scopes = [scope_words(scope) for scope in key.scopes]
    role = key.get_role_display().partition(":")[0]
    public, can_revoke = PREFIX + key.key_id, may and not key.revoked_at
    return Row(key, public, state, label, role, scopes, can_revoke, can_rotate(key, state, by))


def can_rotate(key: ApiKey, state: str, by: Any) -> bool:
    is_spent = state != "active" or key.successor_id
    return by.can(Permission.API_KEYS_CREATE) and key.owner_id == by.user_id and not is_spent


def state_of(key: ApiKey) -> tuple[str, str]:
    if key.revoked_at:
        return "revoked", _("revoked")
    if key.expires_at and key.expires_at <= timezone.now():
        return "expired", _("expired")
    return "active", _("active")


class ShownOnce(OrgScreen):
    """The answer to the form itself: the key is on no other page, in no store on the way."""

    def show_once(self, key: ApiKey, text: Any) -> HttpResponse:
        origin = self.request.build_absolute_uri("/")
        page = self.page("organizations/api_key_made.html", key=key, text=text, origin=origin)
        page.headers["Cache-Control"] = "no-store"
        page.headers["Referrer-Policy"] = "no-referrer"
        return page


class ApiKeyAddScreen(ShownOnce):
    permissions = {"GET": Permission.API_KEYS_CREATE, "POST": Permission.API_KEYS_CREATE}

    def get(self, request: HttpRequest) -> HttpResponse:
        return self.page("organizations/api_key_add.html", form=KeyForm(by=request.principal))

    def post(self, request: HttpRequest) -> HttpResponse:
        form = KeyForm(request.POST, by=request.principal)
        try:
            made = attempt(form, lambda: self.make(form), {}) if form.is_valid() else None
        except MadeBefore as error:
            self.warn(str(error))
            return self.go("api_keys")
        if made is None:
            return self.page("organizations/api_key_add.html", status=422, form=form)
        return self.show_once(*made)

    def make(self, form: KeyForm) -> tuple[ApiKey, Any]:
        return operations.create_key(self.principal, owner=self.request.user, **form.wished())


class ApiKeyRotateScreen(ShownOnce):
    permissions = {"GET": Permission.API_KEYS_CREATE, "POST": Permission.API_KEYS_CREATE}

    def get(self, request: HttpRequest, key_id: UUID) -> HttpResponse:
        return self.shown(key_id, RotateForm())

    def post(self, request: HttpRequest, key_id: UUID) -> HttpResponse:
        form = RotateForm(request.POST)
        try:
            made = attempt(form, lambda: self.rotate(key_id, form), {}) if form.is_valid() else None
        except (NotRotatable, NotYours) as error:
            self.warn(str(error))
            return self.go("api_keys")
        return self.show_once(*made) if made else self.shown(key_id, form, status=422)

    def rotate(self, key_id: UUID, form: RotateForm) -> tuple[ApiKey, Any]:
        overlap = form.cleaned_data["overlap"]
        return api_key_rotation.rotate_key(self.principal, key_id=key_id, overlap=overlap)

    def shown(self, key_id: UUID, form: RotateForm, status: int = 200) -> HttpResponse:
        key = self.organization.api_keys.select_related("owner").get(pk=key_id)
        row = row_of(key, self.principal)
        return self.page("organizations/api_key_rotate.html", status, row=row, key=key, form=form)


class ApiKeyRevokeScreen(OrgScreen):
    permissions = {"GET": Permission.API_KEYS_DELETE, "POST": Permission.API_KEYS_DELETE}

    def get(self, request: HttpRequest, key_id: UUID) -> HttpResponse:
        key = request.organization.api_keys.select_related("owner").get(pk=key_id)
        return self.page(
            "organizations/api_key_revoke.html", row=row_of(key, request.principal), key=key
        )

    def post(self, request: HttpRequest, key_id: UUID) -> HttpResponse:
        key = request.organization.api_keys.get(pk=key_id)
        try:
            revoked = operations.revoke_key(request.principal, key_id=key.pk)
        except HigherRole as error:
            self.warn(" ".join(error.messages))
            return self.go("api_keys")
        told = _("%(key)s is refused from now on.") if revoked else _("%(key)s was revoked before.")
        self.say(told % {"key": key})
        return self.go("api_keys")
