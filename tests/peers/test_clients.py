"""Clients that somebody else's generator makes from our schema documents: each adds a number, reads
it and deletes it, over a real connection."""

import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from config import BASE_DIR
from tests.support import factories
from tests.support.dialects import DIALECTS
from tests.support.factories import Member
from tests.support.jambonz_peer import import_peer_module

import_peer_module("openapi_python_client")
pytestmark = [pytest.mark.peers, pytest.mark.slow, pytest.mark.django_db(transaction=True)]
NUMBER = "+14155550123"


@dataclass(frozen=True)
class Trip:
    """The generator's names for what a dialect calls adding, reading and deleting a number, each
    with the status it answers; `row` finds the number in what it made of an answer."""

    file: str
    request: str
    body: Callable[[Member], dict[str, Any]]
    add: tuple[str, int]
    read: tuple[str, int]
    delete: tuple[str, int]
    row: Callable[[Any], Any]
    path: Callable[[Any], Any]  # what the row's own path takes
    number: str = "phone_number"
    sent_along: Callable[[Member], dict[str, str]] = lambda _member: {}


TRIPS = {
    "v1": Trip(
        "openapi.yaml",
        "NumberCreateRequest",
        lambda _member: {"number": NUMBER},
        ("phone_numbers_create", 201),
        ("phone_numbers_retrieve", 200),
        ("phone_numbers_destroy", 204),
        row=lambda parsed: parsed,
        path=lambda row: row.id,
        number="number",
    ),
    "butter": Trip(
        "openapi-butter.yaml",
        "ImportRequest",
        lambda member: {
            "phone_number": NUMBER,
            "provider": "twilio",
            "integration_id": member.organization.integrations.get().public_id,
        },
        ("phone_numbers_create", 201),
        ("phone_numbers_retrieve", 200),
        ("phone_numbers_destroy", 200),
        row=lambda parsed: parsed.data,
        path=lambda row: row.phone_number_id,
        sent_along=lambda member: {"x_organization_id": member.organization.public_id},
    ),
    "zudu": Trip(
        "openapi-zudu.yaml",
        "CreateRequest",
        lambda _member: {"phone_number": NUMBER},
        ("phone_numbers_create_create", 200),
        ("phone_numbers_retrieve", 200),
        ("phone_numbers_destroy", 200),
        row=lambda parsed: parsed.data,
        path=lambda row: row.phone_number,
    ),
}


# Its formatter is not ours; of bodies it knows JSON, forms and bytes.
CONFIG = """
post_hooks: []
content_type_overrides:
  text/csv: application/octet-stream
  application/vnd.openxmlformats-officedocument.spreadsheetml.sheet: application/octet-stream
  application/vnd.oasis.opendocument.spreadsheet: application/octet-stream
"""


def generated(file: str, name: str, folder: Path) -> ModuleType:
    """The client as a package; what the generator would have to guess at is an error."""
    config = folder / "config.yaml"
    config.write_text(CONFIG)
    command = [sys.executable, "-m", "openapi_python_client", "generate", "--meta", "none"]
    command += ["--path", str(BASE_DIR / "docs" / file), "--config", str(config)]
    command += ["--output-path", str(folder / name), "--fail-on-warning"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return import_module(name)


@pytest.mark.parametrize("name", TRIPS)
def test_a_generated_client_adds_reads_and_deletes_a_number(
    name, alice, worker, live_server, tmp_path, monkeypatch
):
    trip, package = TRIPS[name], f"generated_{name}"
    monkeypatch.syspath_prepend(tmp_path)
    made_by = generated(trip.file, package, tmp_path)
    request = getattr(import_module(f"{package}.models"), trip.request)

    def ask(operation: tuple[str, int], *path: Any, **more: Any) -> Any:
        called, status = operation
        (file,) = (tmp_path / package / "api").rglob(f"{called}.py")
        module = import_module(".".join((package, "api", file.parent.name, called)))
        answer = module.sync_detailed(*path, client=client, **more, **trip.sent_along(alice))
        assert answer.status_code == status, answer.content
        return answer.parsed

    with made_by.Client(live_server.url, headers=DIALECTS[name].headers(alice)) as client:
        made = trip.row(ask(trip.add, body=request.from_dict(trip.body(alice))))
        factories.run_due_operations()
        read = trip.row(ask(trip.read, trip.path(made)))
        assert getattr(made, trip.number) == getattr(read, trip.number) == NUMBER
        ask(trip.delete, trip.path(read))
    assert alice.organization.phone_numbers.get().status == "deleted"
