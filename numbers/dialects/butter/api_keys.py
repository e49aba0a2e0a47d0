"""/api/api-keys. A key can only grant permissions that it has itself."""

import re
from typing import Any
from uuid import UUID

from django.http import HttpRequest
from django.utils.translation import gettext as _
from rest_framework import serializers

from numbers.dialects.butter import examples
from numbers.dialects.butter.base import (
    PAGING,
    ButterView,
    cursor_page,
    not_found_problem,
    success_envelope,
)
from numbers.dialects.butter.fields import Text, TextChoice, Timestamp
from numbers.dialects.butter.schema import (
    butter_read_operation,
    butter_write_operation,
    object_schema,
    page_schema,
)
from organizations import operations
from organizations.access import api_key_format
from organizations.access.api_key_rotation import api_key_status
from organizations.access.roles import Permission, Role
from organizations.models import ApiKey
from organizations.web.api.fields import StrictSerializer, validate_input
from organizations.web.api.problems import Problem
from organizations.web.api.query_parameters import parse_query
from organizations.web.api.responses import ApiResponse
from organizations.web.openapi.operations import request_example, response_example

TAGS = ["API keys"]
KEY_ID_PATTERN = re.compile(r"apikey_([a-f0-9]{12,32})")


class KeyCreateSerializer(StrictSerializer):
    name = Text(max_length=100)
    role = TextChoice(Role.values, help_text="At most the caller's own.")
    expires_at = Timestamp(required=False, allow_null=True, help_text="Never, if left out.")


class KeyShape(StrictSerializer):
    key_id = Text(help_text="`apikey_…`: what the path takes.")
    name = Text()
    role = TextChoice(Role.values)
    prefix = Text(help_text="How the key begins.")
    client_id = Text(help_text="The organization.")
    user_id = Text(help_text="The key's owner.")
    status = TextChoice(["active", "revoked", "expired"])
    created_at = serializers.DateTimeField()
    last_used_at = serializers.DateTimeField(allow_null=True)
    expires_at = serializers.DateTimeField(allow_null=True)


class NewKeyShape(StrictSerializer):
    raw_key = Text(allow_null=True, help_text="Shown this once; null in a replay.")
    message = Text(required=False, help_text="Why `raw_key` is null.")
    key = KeyShape()


class ApiKeysView(ButterView):
    permissions = {"GET": Permission.API_KEYS_READ, "POST": Permission.API_KEYS_CREATE}

    @butter_read_operation(
        summary="List API keys",
        description="Newest first; revoked and expired ones too.",
        tags=TAGS,
        query=PAGING,
        responses={200: page_schema("ApiKeys", KeyShape)},
    )
    def get(self, request: HttpRequest) -> ApiResponse:
        query = parse_query(request.GET, PAGING)
        client_id = request.organization.public_id
        rows = request.organization.api_keys.all()
        return ApiResponse(
            cursor_page(rows, query, lambda key: serialize_butter_key(key, client_id))
        )

    @butter_write_operation(
        summary="Create API key",
        description=(
            "It belongs to the owner of the key that asks, and has its scopes and networks. "
            "`raw_key` is shown this once and stored nowhere: a replay by `Idempotency-Key` "
            "answers without it."
        ),
        tags=TAGS,
        request=KeyCreateSerializer,
        responses={201: NewKeyShape},
        examples=[
            request_example("For production", examples.KEY_REQUEST),
            response_example("Created", examples.NEW_KEY, 201),
        ],
    )
    def post(self, request: HttpRequest) -> ApiResponse:
        key, text = create_restricted_key(
            request, **validate_input(KeyCreateSerializer, request.data)
        )
        shown = serialize_butter_key(key, request.organization.public_id)
        once = _("The key was shown once, in the first answer. If it was lost, create another.")
        return ApiResponse(
            {"raw_key": text.full, "key": shown},
            status=201,
            headers={"Cache-Control": "no-store"},
            kept=ApiResponse({"raw_key": None, "message": once, "key": shown}, status=201),
        )


class ApiKeyView(ButterView):
    permissions = {"DELETE": Permission.API_KEYS_DELETE}

    @butter_write_operation(
        summary="Revoke API key",
        description="Refused from the next request on, for good; it stays in the list.",
        tags=TAGS,
        responses={200: object_schema("RevokedApiKey", KeyShape, message="How it went.")},
        errors=[404],
    )
    def delete(self, request: HttpRequest, key_id: str) -> ApiResponse:
        key = find_api_key(request, key_id)
        try:
            operations.revoke_api_key(request.principal, key_id=key.id)
        except operations.HigherRole as error:
            raise Problem("forbidden", " ".join(error.messages)) from error
        key.refresh_from_db()
        shown = serialize_butter_key(key, request.organization.public_id)
        return ApiResponse(success_envelope(shown, _("API key revoked successfully")))


def create_restricted_key(
    request: HttpRequest, *, role: str, **wished: Any
) -> tuple[ApiKey, api_key_format.PlaintextApiKey]:
    """Creates a key with the restrictions of the requesting key, so that no key can gain access
    through another one."""
    by, here = request.principal, request.organization
    mine = here.api_keys.select_related("owner").get(pk=by.id)
    narrowed = {"scopes": mine.scopes, "allowed_cidrs": mine.allowed_cidrs}
    term = {"expires_at": wished.pop("expires_at", mine.expires_at)}
    operations.ensure_expiry_within_own(mine.expires_at, term["expires_at"])
    try:
        operations.ensure_role_not_higher(by, role)
        return operations.create_api_key(
            by, owner=mine.owner, role=role, **narrowed, **term, **wished
        )
    except operations.HigherRole as error:
        raise Problem("forbidden", " ".join(error.messages)) from error


def find_api_key(request: HttpRequest, key_id: str) -> ApiKey:
    """Returns the key whose UUID begins with `key_id`, usually 12 digits; the full UUID is accepted
    too."""
    match = KEY_ID_PATTERN.fullmatch(key_id)
    low, high = (UUID(match[1].ljust(32, digit)) if match else None for digit in "0f")
    known = request.organization.api_keys.filter(id__gte=low, id__lte=high)[:2] if match else []
    if len(known) != 1:
        raise not_found_problem(_("API key"))
    return known[0]


def serialize_butter_key(key: ApiKey, client_id: str) -> dict[str, Any]:
    return {
        "key_id": f"apikey_{key.id.hex[:12]}",
        "name": key.name,
        "role": key.role,
        "prefix": f"{api_key_format.API_KEY_PREFIX}{key.key_id[:4]}",
        "client_id": client_id,
        "user_id": f"user_{key.owner_id.hex}",
        "status": api_key_status(key),
        "created_at": key.created_at,
        "last_used_at": key.last_used_at,
        "expires_at": key.expires_at,
    }
