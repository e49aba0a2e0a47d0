"""What is compressed, and what must not be."""

import gzip
import os
import time

import pytest
from django.contrib.staticfiles import finders
from django.core.management import call_command
from django.test import Client

from config.web.compression import ACCEPTS_GZIP
from tests.support import factories

GZIP = {"Accept-Encoding": "gzip"}


@pytest.mark.parametrize(
    ("header", "accepted"),
    [
        ("gzip", True),
        ("GZIP", True),
        ("deflate, gzip;q=0.5, br", True),
        ("gzip ; q=1", True),
        ("", False),
        ("gzip;q=0", False),
        ("gzip;q=0.000, br", False),
        ("br", False),
        ("x-gzip", False),
        ("*", False),
    ],
)
def test_gzip_must_be_asked_for(header, accepted):
    assert bool(ACCEPTS_GZIP.search(header)) is accepted


@pytest.mark.parametrize("path", ["/v1/schema", "/v1/schema?format=yaml", "/v1/schema/butter"])
def test_a_schema_is_compressed_and_asked_for_once(path):
    plain, packed = Client().get(path), Client().get(path, headers=GZIP)
    assert "Content-Encoding" not in plain.headers
    assert packed.headers["Content-Encoding"] == "gzip"
    assert int(packed.headers["Content-Length"]) == len(packed.content) < len(plain.content) / 4
    assert gzip.decompress(packed.content) == plain.content
    for answer in (plain, packed):
        assert "Accept-Encoding" in answer.headers["Vary"]
        known = {"If-None-Match": answer.headers["ETag"], **GZIP}
        again = Client().get(path, headers=known)
        assert (again.status_code, again.content) == (304, b"")
    assert Client().get(path, headers={"If-None-Match": '"other"'}).status_code == 200


def test_each_form_of_a_schema_is_another_and_made_once(monkeypatch):
    tags = {Client().get(path).headers["ETag"] for path in ("/v1/schema", "/v1/schema?format=yaml")}
    assert len(tags) == 2
    monkeypatch.setattr("organizations.web.openapi.views.cached_schema", None)
    assert Client().get("/v1/schema?format=yaml").status_code == 200


def test_lists_of_the_api_are_compressed(alice, api):
    first = factories.create_number(alice.by)
    for last in range(5):
        factories.create_number(alice.by, f"+1415555020{last}")
    packed = api(alice).get("/v1/phone-numbers", **GZIP)
    assert gzip.decompress(packed.content) == api(alice).get("/v1/phone-numbers").content
    one = api(alice).get(f"/v1/phone-numbers/{first.pk}", **GZIP)
    assert "Content-Encoding" not in one.headers  # its ETag is for If-Match


def test_answers_to_changes_and_pages_are_not_compressed(alice, api, browse):
    body = {"name": "x" * 60, "scopes": []}
    made = api(alice).post("/v1/api-keys", body, **GZIP)
    assert "Content-Encoding" not in made.headers
    page = browse(alice).get(f"/o/{alice.organization.public_id}/numbers/", headers=GZIP)
    assert (page.status_code, len(page.content) > 2000) == (200, True)
    assert "Content-Encoding" not in page.headers


def test_static_files_are_compressed_when_they_change(settings, tmp_path):
    source, root = tmp_path / "source", tmp_path / "root"
    source.mkdir()
    settings.STATICFILES_DIRS, settings.STATIC_ROOT = [source], root
    finders.get_finder.cache_clear()
    (source / "long.js").write_text("a" * 5000)
    collect()
    first = (root / "long.js.gz").stat().st_mtime_ns
    collect()
    assert (root / "long.js.gz").stat().st_mtime_ns == first
    (source / "long.js").write_text("b" * 5000)
    os.utime(source / "long.js", (time.time() + 5,) * 2)
    collect()
    assert gzip.decompress((root / "long.js.gz").read_bytes()) == b"b" * 5000
    finders.get_finder.cache_clear()


def collect() -> None:
    call_command("collectstatic", interactive=False, verbosity=0)
