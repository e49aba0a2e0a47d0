"""/v1/api-keys: API keys. A key can create only keys within its own limits."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.http import HttpRequest

from organizations import operations
from organizations.access import api_key_rotation
from organizations.access.api_key_format import PlaintextApiKey
from organizations.access.roles import Permission
from organizations.api import examples
from organizations.api.serializers import (
    KeyCreateSerializer,
    KeyPageShape,
    KeyRotateSerializer,
    KeyShape,
    NewKeyShape,
    serialize_api_key,
)
from organizations.models import ApiKey
from organizations.operations import HigherRole
from organizations.web.api.fields import validate_input
from organizations.web.api.pagination import PAGE_PARAMETERS, paginate_rows
from organizations.web.api.problems import Problem
from organizations.web.api.query_parameters import parse_query
from organizations.web.api.responses import ApiResponse
from organizations.web.api.views import OrgView
from organizations.web.openapi.operations import (
    document_operation,
    request_example,
    response_example,
)

TAGS = ["API keys"]


class ApiKeysView(OrgView):
    """The collection."""

    permissions = {"GET": Permission.API_KEYS_READ, "POST": Permission.API_KEYS_CREATE}

    @document_operation(
        summary="List API keys",
        description="Newest first; revoked and expired ones too.",
        tags=TAGS,
        query=PAGE_PARAMETERS,
        responses={200: KeyPageShape},
        examples=[response_example("A page", {"data": [examples.KEY], "next_cursor": None})],
    )
    def get(self, request: HttpRequest) -> ApiResponse:
        query = parse_query(request.GET, PAGE_PARAMETERS)
        rows = request.organization.api_keys.select_related("owner")
        return ApiResponse(paginate_rows(rows, query, serialize_api_key))

    @document_operation(
        summary="Create API key",
        description=(
            "`api_key` and `api_secret` are shown this once and stored nowhere: a replay by "
            "`Idempotency-Key` answers without them. If the first answer was lost, revoke the key "
            "and create another. The key belongs to the owner of the one that asks, and may at "
            "most what that one may, from where that one may."
        ),
        tags=TAGS,
        request=KeyCreateSerializer,
        responses={201: NewKeyShape},
        examples=[
            request_example("Reads numbers", examples.KEY_REQUEST),
            response_example("Created", examples.NEW_KEY, 201),
            response_example("Replayed", examples.KEY, 201),
        ],
    )
    def post(self, request: HttpRequest) -> ApiResponse:
        return one_time_key_response(
            *create_key_within_limits(request, **validate_input(KeyCreateSerializer, request.data))
        )


class ApiKeyView(OrgView):
    """One key; the path takes its `id`."""

    permissions = {"GET": Permission.API_KEYS_READ, "DELETE": Permission.API_KEYS_DELETE}

    @document_operation(
        summary="Get API key",
        tags=TAGS,
        query={},
        responses={200: KeyShape},
        errors=["not-found"],
        examples=[response_example("Active", examples.KEY)],
    )
    def get(self, request: HttpRequest, key_id: UUID) -> ApiResponse:
        parse_query(request.GET, {})
        return ApiResponse(
            serialize_api_key(request.organization.api_keys.select_related("owner").get(pk=key_id))
        )

    @document_operation(
        summary="Revoke API key",
        description=(
            "Refused from the next request on, for good; it stays in the list. A key with a "
            "higher role than yours is 403."
        ),
        tags=TAGS,
        responses={204: None},
        errors=["not-found"],
    )
    def delete(self, request: HttpRequest, key_id: UUID) -> ApiResponse:
        key = request.organization.api_keys.get(pk=key_id)
        try:
            operations.revoke_api_key(request.principal, key_id=key.id)
        except HigherRole as error:
            raise Problem("forbidden", " ".join(error.messages)) from error
        return ApiResponse(status=204)


class ApiKeyRotationView(OrgView):
    """A successor of one key."""

    permissions = {"POST": Permission.API_KEYS_CREATE}

    @document_operation(
        summary="Rotate API key",
        description=(
            "Makes another key with the same name, role, scopes, networks and end, and shows it "
            "this once. The old one ends after `overlap_seconds`, so that programs can change "
            "over, and is limited from now on; `0` revokes it at once. Only keys of the same owner "
            "rotate a key, itself included, and only those that reach as far: 409 and 403. A "
            "revoked, expired or rotated one is 409."
        ),
        tags=TAGS,
        request=KeyRotateSerializer,
        responses={201: NewKeyShape},
        errors=["not-found", "not-possible-now"],
        examples=[
            request_example("Both work for an hour", {"overlap_seconds": 3600}),
            response_example("Rotated", examples.NEW_KEY, 201),
            response_example("Replayed", examples.KEY, 201),
        ],
    )
    def post(self, request: HttpRequest, key_id: UUID) -> ApiResponse:
        key = request.organization.api_keys.get(pk=key_id)
        seconds = validate_input(KeyRotateSerializer, request.data)["overlap_seconds"]
        mine = request.organization.api_keys.get(pk=request.principal.id)
        try:
            api_key_rotation.ensure_key_not_broader(mine, key)
            made = api_key_rotation.rotate_key(
                request.principal, key_id=key.pk, overlap=timedelta(seconds=seconds)
            )
        except (api_key_rotation.NotRotatable, api_key_rotation.NotKeyOwner) as error:
            raise Problem("not-possible-now", str(error)) from error
        except ValidationError as error:  # the request has none of these fields
            raise Problem("forbidden", " ".join(error.messages)) from error
        return one_time_key_response(*made)


def one_time_key_response(key: ApiKey, text: PlaintextApiKey) -> ApiResponse:
    shown = serialize_api_key(key)
    headers = {"Location": f"/v1/api-keys/{key.id}"}
    return ApiResponse(
        {**shown, "api_key": text.full, "api_secret": text.secret},
        status=201,
        headers={**headers, "Cache-Control": "no-store"},
        kept=ApiResponse(shown, status=201, headers=headers),
    )


def create_key_within_limits(request: HttpRequest, **wished: Any) -> tuple[ApiKey, PlaintextApiKey]:
    """Creates a key for the owner of the calling key, within that key's limits. Omitted values are
    inherited from the calling key."""
    mine = request.organization.api_keys.select_related("owner").get(pk=request.principal.id)
    inherited = {
        "role": request.principal.role,
        "scopes": mine.scopes,
        "allowed_cidrs": mine.allowed_cidrs,
        "expires_at": mine.expires_at,
    }
    wished = {**inherited, **wished}
    operations.validate_cidrs(wished["allowed_cidrs"])
    operations.ensure_networks_within_own(mine.allowed_cidrs, wished["allowed_cidrs"])
    operations.ensure_expiry_within_own(mine.expires_at, wished["expires_at"])
    return operations.create_api_key(request.principal, owner=mine.owner, **wished)
