"""The OpenAPI document of what the base classes promise, and the page that shows it."""

import re
from typing import ClassVar
from uuid import UUID

import pytest
import yaml
from django.http import HttpRequest
from django.test import Client
from django.urls import include, path
from drf_spectacular.generators import SchemaGenerator
from openapi_spec_validator import validate

from organizations.access.roles import Permission
from organizations.web.api.fields import Char, StrictSerializer
from organizations.web.api.pagination import PAGE_PARAMETERS
from organizations.web.api.query_parameters import choice_parser, parse_timestamp
from organizations.web.api.responses import ApiResponse
from organizations.web.api.views import OrgView
from organizations.web.openapi.operations import document_operation
from organizations.web.openapi.views import cached_schema as drawing

pytestmark = pytest.mark.urls(__name__)


class ThingShape(StrictSerializer):
    name = Char(max_length=10)


class Thing(OrgView):
    """Notes for those who read the code."""

    permissions: ClassVar = {
        "GET": Permission.PHONE_NUMBERS_READ,
        "POST": Permission.PHONE_NUMBERS_CREATE,
        "PATCH": Permission.PHONE_NUMBERS_UPDATE,
    }

    @document_operation(
        summary="Read a thing",
        description="As it is.",
        responses={200: ThingShape},
        query={**PAGE_PARAMETERS, "since": parse_timestamp, "kind": choice_parser(["a", "b"])},
        errors=["not-found"],
        etag=True,
    )
    def get(self, request: HttpRequest, thing_id: UUID) -> ApiResponse:
        return ApiResponse()

    @document_operation(
        summary="Add", request=ThingShape, responses={201: ThingShape}, errors=["number-taken"]
    )
    def post(self, request: HttpRequest, thing_id: UUID) -> ApiResponse:
        return ApiResponse()

    @document_operation(
        summary="Change",
        request=ThingShape,
        responses={200: ThingShape},
        errors=["precondition-failed"],
    )
    def patch(self, request: HttpRequest, thing_id: UUID) -> ApiResponse:
        return ApiResponse()


urlpatterns = [
    path("v1/", include("organizations.api.urls")),
    path("v1/things/<uuid:thing_id>", Thing.as_view()),
    path("elsewhere/<uuid:thing_id>", Thing.as_view()),
]


@pytest.fixture
def drawn() -> dict:
    drawing.cache_clear()
    yield SchemaGenerator().get_schema(request=None, public=True)
    drawing.cache_clear()


@pytest.fixture
def thing(drawn) -> dict:
    return drawn["paths"]["/v1/things/{thing_id}"]


def parameters(described: dict) -> dict[str, dict]:
    return {one["name"]: one for one in described["parameters"]}


class TestDocument:
    def test_it_is_valid_openapi_3_1(self, drawn):
        assert drawn["openapi"] == "3.1.0"
        validate(drawn)

    def test_only_the_canonical_api_is_in_it(self, drawn):
        assert "/v1/things/{thing_id}" in drawn["paths"]
        assert all(path.startswith("/v1/") for path in drawn["paths"])

    def test_it_names_every_way_to_send_a_key(self, drawn):
        schemes = drawn["components"]["securitySchemes"]
        assert {one.get("name", one.get("scheme")) for one in schemes.values()} == {
            "bearer",
            "X-API-Key",
            "X-API-SECRET",
        }
        security = drawn["paths"]["/v1/things/{thing_id}"]["get"]["security"]
        assert {name for way in security for name in way} == set(schemes)

    def test_the_address_is_the_installations(self, drawn, settings):
        assert drawn["servers"] == [{"url": settings.PUBLIC_BASE_URL}]


class TestOperation:
    def test_the_permission_is_named_and_notes_stay_inside(self, thing):
        assert thing["get"]["description"] == (
            "As it is.\n\nNeeds the permission `phone_numbers:read`."
        )

    def test_problems_are_described_with_examples(self, thing):
        answers = thing["get"]["responses"]
        assert set(answers) == {"200", "400", "401", "403", "404", "429", "500", "503"}
        content = answers["404"]["content"]["application/problem+json"]
        assert content["schema"] == {"$ref": "#/components/schemas/Problem"}
        (example,) = content["examples"].values()
        assert example["value"]["type"].endswith("/v1/problems/not-found")

    def test_problems_of_one_status_stand_together(self, thing):
        conflicts = thing["post"]["responses"]["409"]["content"]["application/problem+json"]
        assert {one["summary"] for one in conflicts["examples"].values()} == {
            "conflict",
            "idempotency-in-progress",
            "number-taken",
        }

    def test_a_problem_has_errors_with_path_message_and_code(self, drawn):
        schemas = drawn["components"]["schemas"]
        assert set(schemas["Problem"]["properties"]) == {
            "type",
            "title",
            "status",
            "detail",
            "instance",
            "errors",
        }
        assert set(schemas["ProblemError"]["properties"]) == {"path", "message", "code"}

    def test_query_parameters_are_drawn_from_their_readers(self, thing):
        found = parameters(thing["get"])
        assert found["limit"]["schema"] == {
            "type": "integer",
            "minimum": 1,
            "maximum": 200,
            "default": 50,
        }
        assert found["since"]["schema"]["format"] == "date-time"
        assert found["kind"]["schema"]["enum"] == ["a", "b"]

    def test_changes_take_an_idempotency_key_and_may_be_replayed(self, thing):
        assert "Idempotency-Key" not in parameters(thing["get"])
        assert parameters(thing["post"])["Idempotency-Key"]["schema"]["minLength"] == 8
        assert "Idempotent-Replayed" in thing["post"]["responses"]["201"]["headers"]

    def test_if_match_comes_with_its_problem(self, thing):
        assert "If-Match" in parameters(thing["patch"])
        assert "If-Match" not in parameters(thing["post"])

    def test_headers_of_answers(self, thing):
        limits = {"RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset"}
        assert set(thing["get"]["responses"]["200"]["headers"]) == limits | {"ETag"}
        assert set(thing["get"]["responses"]["429"]["headers"]) == limits | {"Retry-After"}
        assert "Location" in thing["post"]["responses"]["201"]["headers"]

    def test_a_request_holds_nothing_else(self, drawn):
        schemas = drawn["components"]["schemas"]
        assert schemas["ThingShapeRequest"]["additionalProperties"] is False
        assert "additionalProperties" not in schemas["ThingShape"]
        assert "description" not in schemas["ThingShape"]


@pytest.mark.usefixtures("drawn")
class TestViews:
    def test_json_is_the_default(self):
        answer = Client().get("/v1/schema")
        assert answer["Content-Type"].startswith("application/json")
        assert answer.json()["openapi"] == "3.1.0"

    @pytest.mark.parametrize(
        ("url", "accept"), [("/v1/schema?format=yaml", "*/*"), ("/v1/schema", "application/yaml")]
    )
    def test_yaml_is_to_be_had(self, url, accept):
        answer = Client().get(url, headers={"Accept": accept})
        assert yaml.safe_load(answer.content)["info"]["title"] == "Patchbay"

    def test_any_other_form_is_406(self):
        answer = Client().get("/v1/schema", headers={"Accept": "image/png"})
        assert answer.status_code == 406
        assert answer["Content-Type"] == "application/problem+json"

    def test_the_docs_load_nothing_from_elsewhere(self):
        page = Client().get("/v1/docs", headers={"Accept": "text/html"})
        sources = re.findall(r'(?:src|href)="([^"]*)"', page.text)
        assert len(sources) >= 4
        assert all(source.startswith("/") for source in sources)
        assert "https:" not in page.text

    def test_the_docs_run_no_inline_script(self):
        page = Client().get("/v1/docs", headers={"Accept": "text/html"})
        assert not re.search(r"<script>|onload=", page.text)
        assert "script-src 'self';" in page["Content-Security-Policy"]

    def test_the_docs_start_with_our_schema(self):
        script = Client().get("/v1/docs?script")
        assert script["Content-Type"].startswith("application/javascript")
        assert '"/v1/schema"' in script.text.replace("\\u002D", "-")
        assert '"validatorUrl": null' in script.text
