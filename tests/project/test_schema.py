"""The committed schemas are the served ones, they are valid, and tell what they have to."""

from collections.abc import Iterator
from functools import cache

import orjson
import pytest
import yaml
from drf_spectacular.renderers import OpenApiJsonRenderer
from openapi_spec_validator import validate

from config import BASE_DIR
from numbers.management.commands.draw_schemas import DOCUMENTS
from organizations.web.openapi.views import cached_schema

FILES = [document.file for document in DOCUMENTS]
PATHS = {"openapi.yaml": "/v1/", "openapi-butter.yaml": "/api/", "openapi-zudu.yaml": "/api/"}
SEEDS = {
    "openapi.yaml": [
        {
            "number": "+18005551234",
            "voip_carrier_sid": "660e8400-e29b-41d4-a716-446655440001",
            "label": "Main Line",
        }
    ],
    "openapi-butter.yaml": [
        {
            "phone_number": "+15551234567",
            "provider": "twilio",
            "supports_inbound": True,
            "supports_outbound": True,
            "integration_id": "intg_a1b2c3d4e5f6",
        },
        {
            "phone_number": "+15559876543",
            "provider": "sip",
            "supports_inbound": True,
            "supports_outbound": True,
            "sip_trunk_name": "my-trunk",
            "sip_server_address": "sip.example.com",
            "sip_username": "user",
            "sip_password": "pass",
            "media_encryption": "require",
        },
    ],
    "openapi-zudu.yaml": [
        {
            "phone_number": "+14157774444",
            "area_code": 415,
            "nickname": "Customer Service Line",
            "inbound_agent_id": "agent_abc123",
            "outbound_agent_id": "agent_xyz789",
            "inbound_agent_version": 1,
            "outbound_agent_version": 1,
            "inbound_webhook_url": "https://example.com/webhook",
            "number_provider": "twilio",
            "outbound_trunk_id": "ST_4Xo2mZgQsfyQ",
            "phone_number_type": "zudu-twilio",
        }
    ],
}
READERS = ["/v1/docs", "/v1/docs/butter", "/v1/docs/zudu"]


@cache
def schema(file: str) -> dict:
    return yaml.load((BASE_DIR / "docs" / file).read_text(), yaml.CSafeLoader)


def operations(file: str) -> Iterator[tuple[str, str, dict]]:
    for path, methods in schema(file)["paths"].items():
        for method, described in methods.items():
            yield path, method, described


@pytest.mark.parametrize("document", DOCUMENTS, ids=FILES)
def test_the_committed_schema_is_the_served_one(document):
    served = OpenApiJsonRenderer().render(cached_schema(document), renderer_context={})
    assert orjson.loads(served) == schema(document.file), "draw it anew: make schema"


@pytest.mark.parametrize("file", FILES)
def test_each_is_valid_openapi(file):
    assert schema(file)["openapi"] == "3.1.0"
    validate(schema(file))


@pytest.mark.parametrize("file", FILES)
def test_each_has_the_paths_of_its_own_dialect_only(file):
    assert schema(file)["paths"]
    assert all(path.startswith(PATHS[file]) for path in schema(file)["paths"])


@pytest.mark.parametrize("file", FILES)
def test_each_holds_the_seeds_own_requests(file):
    examples = [
        example["value"]
        for _path, _method, described in operations(file)
        for content in described.get("requestBody", {}).get("content", {}).values()
        for example in content.get("examples", {}).values()
    ]
    assert [request for request in SEEDS[file] if request not in examples] == []


@pytest.mark.parametrize("file", FILES)
def test_every_operation_tells_its_errors_and_its_permission(file):
    for path, method, described in operations(file):
        assert {"401", "403", "429", "500", "503"} <= set(described["responses"]), (method, path)
        assert "Needs the permission" in described["description"], (method, path)


@pytest.mark.parametrize("file", FILES)
def test_each_says_how_a_key_is_sent(file):
    schemes = schema(file)["components"]["securitySchemes"]
    for path, method, described in operations(file):
        ways = described["security"]
        assert ways, (method, path)
        assert {name for way in ways for name in way} == set(schemes), (method, path)


@pytest.mark.parametrize("file", FILES)
def test_each_tag_is_told_about(file):
    used = {tag for _path, _method, described in operations(file) for tag in described["tags"]}
    assert used == {tag["name"] for tag in schema(file)["tags"]}


@pytest.mark.django_db
@pytest.mark.parametrize(
    "path",
    ["/v1/schema", "/v1/schema/butter", "/v1/schema/zudu", *READERS]
    + ["/v1/problems", "/v1/problems/number-taken"],
)
def test_it_can_be_read_without_a_key(client, path):
    assert client.get(path).status_code == 200


@pytest.mark.parametrize("path", READERS)
def test_a_reader_loads_its_schema_and_nothing_from_elsewhere(client, path):
    page = client.get(path).content.decode()
    sources = [part.split('"')[0] for part in page.split('src="')[1:] + page.split('href="')[1:]]
    assert sources
    assert all(source.startswith(("/", "data:")) for source in sources)
    script = client.get(f"{path}?script").text.replace("\\u002D", "-")
    assert f'"{path.replace("docs", "schema")}"' in script
