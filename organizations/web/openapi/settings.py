"""drf-spectacular's settings. This module cannot import Django, because config/settings.py reads
it."""

from typing import Any
from uuid import UUID

DESCRIPTION = """
Patchbay keeps an organization's phone numbers and carriers, and makes them real on the voice
platforms that carry the calls. What you ask for is stored at once and answered as `pending`; the
platform follows within seconds, and `status` tells how it went. The dialects of the other vendors
have documents of their own: [Butter's](/v1/docs/butter) and [Zudu's](/v1/docs/zudu).

## Authentication

Every request carries an API key, `pb_live_<id>_<secret>`, in one of these ways:

* `Authorization: Bearer pb_live_<id>_<secret>`
* `X-API-Key: pb_live_<id>_<secret>`
* `X-API-KEY: pb_live_<id>` together with `X-API-SECRET: <secret>`

A key belongs to one organization. `X-Organization-Id`, its UUID or `org_…`, may be sent along and
must then name that organization. What a key may do is its role, narrowed by its scopes; each
operation below names the permission that it needs. What belongs to another organization is
answered as not found.

## Errors

Errors are problem objects as RFC 9457 has them, `application/problem+json`: `type` is the address
of the [problem's page](/v1/problems), `errors[]` names each wrong place as `path`, `message` and
`code`, and `instance` is the id of the request, which every answer has as `X-Request-Id` too.
Fields and parameters that are not known are refused, and so are control characters in any text, and
whole numbers that are written with a point, as `5060.0`.

## Idempotency

`POST`, `PATCH` and `DELETE` take an `Idempotency-Key` header of 8 to 255 characters of `A-Z a-z
0-9 _ -`. A successful answer is kept for 24 hours together with what it did: the same request with
the same key gets the same bytes again, with `Idempotent-Replayed: true`, and does nothing a second
time. Only the secret of a new API key is in no replay, as it is stored nowhere. The key with
another method, path, query or body is 422; while the first request is still being executed the
answer is 409 with `Retry-After`. Errors are not kept, so a failed request may be repeated with its
key.

## Concurrent changes

Where an answer carries a strong `ETag`, send it back in `If-Match`, and a change is made only to
the version that you have seen; otherwise the answer is 412.

## Pages

Lists are newest first: `data`, and `next_cursor`, which is null on the last page. Send it back as
`cursor`; `limit` is 1 to 200, by default 50.

## Rate limits

Every answer to a key says in `RateLimit-Limit`, `RateLimit-Remaining` and `RateLimit-Reset` how
many requests may follow at once, and after how many seconds the allowance is whole again. Beyond
it, the answer is 429 with `Retry-After`.
""".strip()

SECURITY_SCHEMES: dict[str, Any] = {
    "bearer": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "pb_live_<id>_<secret>",
        "description": "The whole key.",
    },
    "apiKey": {
        "type": "apiKey",
        "in": "header",
        "name": "X-API-Key",
        "description": "The whole key; or its public half, `pb_live_<id>`, beside X-API-SECRET.",
    },
    "apiSecret": {
        "type": "apiKey",
        "in": "header",
        "name": "X-API-SECRET",
        "description": "The key's secret half.",
    },
}
TAGS = [
    {"name": "Phone numbers", "description": "Add, read, change and remove phone numbers."},
    {"name": "Imports", "description": "Add many phone numbers in the background."},
    {"name": "Carriers", "description": "Who supplies numbers over SIP."},
    {"name": "Number pools", "description": "Numbers that an operator assigned to you."},
    {"name": "Agents", "description": "Who answers the calls of numbers."},
    {"name": "Integrations", "description": "The platform accounts of the organization."},
    {"name": "Operations", "description": "What was asked of platforms, and what came of it."},
    {"name": "Organization", "description": "The organization of the key."},
    {"name": "Members", "description": "The people of the organization, and their roles."},
    {"name": "API keys", "description": "Create and revoke the keys of programs."},
    {"name": "Events", "description": "The audit log."},
]


ENUM_NAMES = {
    "ImportState": "numbers.models.Batch.State",
    "ImportRowFate": "numbers.models.BatchRow.Fate",
    "ImportDestination": "numbers.bulk.imports.options.DESTINATIONS",
    "NumberStatus": "numbers.models.PhoneNumber.Status",
    "NumberSource": "numbers.models.PhoneNumber.Source",
    "CarrierStatus": "carriers.models.Carrier.Status",
    "TrunkType": "carriers.models.Carrier.TrunkType",
    "KeyStatus": "organizations.api.serializers.KEY_STATES",
    "InvitationStatus": "organizations.models.Invitation.STATES",
    "Role": "organizations.access.roles.Role.values",
    "IntegrationRole": "integrations.api.serializers.ROLES",
    "IntegrationState": "integrations.models.Integration.State",
    "OperationStatus": "integrations.models.Operation.Status",
    "OperationWish": "integrations.models.Operation.Wish",
    "NumberProvider": "numbers.inventory.placements.ROLE_BY_PROVIDER",
    "Assignment": ["free", "assigned"],
    "Success": ["success"],
}


def spectacular_settings(public_base_url: str, version: str) -> dict[str, Any]:
    """Returns SPECTACULAR_SETTINGS for an installation with this public URL."""
    return {
        "TITLE": "Patchbay",
        "VERSION": version,
        "DESCRIPTION": DESCRIPTION,
        "OAS_VERSION": "3.1.0",
        "SERVERS": [{"url": public_base_url}],
        "SECURITY": [{"bearer": []}, {"apiKey": []}, {"apiKey": [], "apiSecret": []}],
        "APPEND_COMPONENTS": {"securitySchemes": SECURITY_SCHEMES},
        "TAGS": TAGS,
        "SCHEMA_PATH_PREFIX": "/v1",
        "PREPROCESSING_HOOKS": ["organizations.web.openapi.operations.select_v1_endpoints"],
        "PATH_CONVERTER_OVERRIDES": {"UUID": UUID},
        "COMPONENT_SPLIT_REQUEST": True,
        "ENUM_NAME_OVERRIDES": ENUM_NAMES,
        "SERVE_INCLUDE_SCHEMA": False,
        "SERVE_AUTHENTICATION": [],
        "SERVE_PERMISSIONS": [],
        # The documentation pages load nothing from other servers.
        "SWAGGER_UI_DIST": "SIDECAR",
        "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
        "SWAGGER_UI_SETTINGS": {"deepLinking": True, "validatorUrl": None},
    }
