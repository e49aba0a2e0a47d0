"""The dialects' OpenAPI documents below /v1/schema. OpenAPI allows one operation per path and
method, and both vendors use some of the same paths."""

from typing import Any

from django.urls import include, path

from numbers.dialects.butter.urls import urlpatterns as butter_paths
from numbers.dialects.zudu.urls import urlpatterns as zudu_paths
from organizations.web.openapi.views import DocsView, OpenApiDocument, SchemaView

SHARED_DESCRIPTION = """
`provisioning_status` and `error_message` are ours: they tell what became of the number on the
platforms that carry it. Fields and parameters that are not known are refused. Beyond the rate limit
the answer is 429 with `Retry-After`.

The same numbers are to be had at [/v1](/v1/docs), with all that this dialect has no words for.
""".strip()

BUTTER_DESCRIPTION = f"""
Patchbay as Butter's clients know it: change the base URL and the key, and they go on.

## Authentication

Every request carries `X-API-Key: pb_live_<id>_<secret>` and `X-Organization-Id: org_…`, the
organization of the key. Without the latter the answer is 400, with another one 403.

## Answers

One thing is `{{"success": true, "data": {{…}}}}`, with a `message` where something was done; a list
has `data` and `pagination`. An error is `{{"detail": "…"}}`; where a value has the wrong type it is
422, and `detail` is a list of `loc`, `msg` and `type`. What belongs to another organization is 404.

{SHARED_DESCRIPTION}
""".strip()

ZUDU_DESCRIPTION = f"""
Patchbay as Zudu's clients know it: change the base URL and the key pair, and they go on.

## Authentication

Every request carries `X-API-KEY: pb_live_<id>` and `X-API-SECRET: <secret>`, the two halves of one
key. The organization is the key's.

## Answers

Every answer is `{{"message": "…", "status": "success", "error": null, "data": {{…}}}}`. In an error
`status` is `error`, `error` a word for programs and `data` null; the HTTP status says the same.
What belongs to another organization is 404.

{SHARED_DESCRIPTION}
""".strip()


def api_key_header(name: str, description: str) -> dict[str, str]:
    return {"type": "apiKey", "in": "header", "name": name, "description": description}


def schema_settings(
    title: str, description: str, schemes: dict[str, Any], tags: dict[str, str]
) -> dict[str, Any]:
    """Returns the settings of a document. A request needs all of `schemes`."""
    return {
        "TITLE": title,
        "DESCRIPTION": description,
        "SECURITY": [{name: [] for name in schemes}],
        "APPEND_COMPONENTS": {"securitySchemes": schemes},
        "TAGS": [{"name": name, "description": text} for name, text in tags.items()],
        "SCHEMA_PATH_PREFIX": "/api",
        "PREPROCESSING_HOOKS": [],
    }


BUTTER_DOCUMENT = OpenApiDocument(
    "openapi-butter.yaml",
    [path("api/", include(butter_paths))],
    schema_settings(
        "Patchbay in Butter's dialect",
        BUTTER_DESCRIPTION,
        {"apiKey": api_key_header("X-API-Key", "The whole key, `pb_live_<id>_<secret>`.")},
        {
            "Phone numbers": "Import, read, change and delete phone numbers.",
            "Agents": "Which agent answers a number.",
            "Integrations": "The platform accounts of the organization.",
            "API keys": "Create and revoke the keys of programs.",
        },
    ),
)
ZUDU_DOCUMENT = OpenApiDocument(
    "openapi-zudu.yaml",
    [path("api/", include(zudu_paths))],
    schema_settings(
        "Patchbay in Zudu's dialect",
        ZUDU_DESCRIPTION,
        {
            "apiKey": api_key_header("X-API-KEY", "The key's public half, `pb_live_<id>`."),
            "apiSecret": api_key_header("X-API-SECRET", "The key's secret half."),
        },
        {"Phone numbers": "Create, import, read, change and delete phone numbers."},
    ),
)

urlpatterns = [
    path("schema/butter", SchemaView.as_view(document=BUTTER_DOCUMENT), name="schema-butter"),
    path("schema/zudu", SchemaView.as_view(document=ZUDU_DOCUMENT), name="schema-zudu"),
    path(
        "docs/butter",
        DocsView.as_view(url_name="schema-butter", title=BUTTER_DOCUMENT.changes["TITLE"]),
        name="docs-butter",
    ),
    path(
        "docs/zudu",
        DocsView.as_view(url_name="schema-zudu", title=ZUDU_DOCUMENT.changes["TITLE"]),
        name="docs-zudu",
    ),
]
