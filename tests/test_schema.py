"""The committed schema is the served one, it is valid, and the answers are as it says."""

from pathlib import Path

import pytest
import yaml
from django.core.management import call_command
from openapi_spec_validator import validate

from config import BASE_DIR

COMMITTED = BASE_DIR / "docs" / "openapi.yaml"


@pytest.fixture(scope="module")
def schema() -> dict:
    return yaml.safe_load(COMMITTED.read_text())


def test_the_committed_schema_is_the_served_one(tmp_path: Path):
    drawn = tmp_path / "openapi.yaml"
    call_command("spectacular", "--file", str(drawn))
    assert drawn.read_text() == COMMITTED.read_text(), "draw it anew: make schema"


def test_it_is_valid_openapi(schema):
    assert schema["openapi"] == "3.1.0"
    validate(schema)


def test_it_holds_the_seeds_own_example(schema):
    post = schema["paths"]["/v1/phone-numbers"]["post"]
    examples = post["requestBody"]["content"]["application/json"]["examples"]
    assert {
        "number": "+18005551234",
        "voip_carrier_sid": "660e8400-e29b-41d4-a716-446655440001",
        "label": "Main Line",
    } in [example["value"] for example in examples.values()]


def test_every_operation_tells_its_errors_and_its_permission(schema):
    for path, methods in schema["paths"].items():
        for method, described in methods.items():
            assert {"401", "403", "429", "500", "503"} <= set(described["responses"]), (
                method,
                path,
            )
            assert "Needs the permission" in described["description"], (method, path)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "path", ["/v1/schema", "/v1/docs", "/v1/problems", "/v1/problems/number-taken"]
)
def test_it_can_be_read_without_a_key(client, path):
    assert client.get(path).status_code == 200


def test_the_reader_loads_nothing_from_elsewhere(client):
    page = client.get("/v1/docs").content.decode()
    sources = [part.split('"')[0] for part in page.split('src="')[1:] + page.split('href="')[1:]]
    assert sources
    assert all(source.startswith(("/", "data:")) for source in sources)
