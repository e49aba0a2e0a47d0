"""The second language is whole: every sentence of the screens is in it, and compiled."""

import os
import re
import shutil
import subprocess
import sys
from gettext import GNUTranslations
from pathlib import Path

import pytest

from config import BASE_DIR
from tests.support.project import APPS

pytestmark = pytest.mark.slow
LANGUAGE = Path("locale/de/LC_MESSAGES")
PLACES = re.compile(r"%(?:\(\w+\))?[sd]")


def missing(reason: str) -> None:
    if os.environ.get("REQUIRE_PEERS"):
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="module")
def renewed(tmp_path_factory) -> Path:
    """A copy of the sources whose catalogue was just brought up to date."""
    if not shutil.which("xgettext"):
        missing("GNU gettext is not installed (Debian: apt install gettext)")
    copy = tmp_path_factory.mktemp("sources")
    for name in ("config", *APPS, "templates", "locale"):
        shutil.copytree(BASE_DIR / name, copy / name)
    shutil.copy(BASE_DIR / "manage.py", copy)
    shutil.copy(BASE_DIR / "Makefile", copy)
    make = ["make", "--no-print-directory", "-o", "dev", "messages"]
    done = subprocess.run(
        [*make, "DEV=dev", f"PYTHON={sys.executable}"], cwd=copy, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return copy


def entries(path: Path) -> dict[str, str]:
    """Each sentence and what it became, by GNU gettext's own reading."""
    text = subprocess.run(
        ["msgcat", "--no-wrap", path], check=True, capture_output=True, text=True
    ).stdout
    found = {}
    for block in text.split("\n\n")[1:]:
        said = re.search(r'^msgid (".*"(?:\n".*")*)', block, re.M)
        became = re.findall(r'^msgstr(?:\[\d\])? (".*"(?:\n".*")*)', block, re.M)
        if said:
            found[plain(said[1])] = "" if "#, fuzzy" in block else min(map(plain, became), key=len)
    return found


def plain(quoted: str) -> str:
    return "".join(line[1:-1] for line in quoted.splitlines())


def test_every_sentence_is_translated(renewed):
    left = [
        said for said, became in entries(renewed / LANGUAGE / "django.po").items() if not became
    ]
    assert not left, f"{len(left)} are missing; run `make messages`"


def test_the_catalogue_is_up_to_date_and_compiled(renewed):
    committed = entries(BASE_DIR / LANGUAGE / "django.po")
    assert set(entries(renewed / LANGUAGE / "django.po")) == set(committed)
    assert compiled(renewed) == compiled(BASE_DIR), "run `make messages`"


def compiled(base: Path) -> dict:
    """What Python finds in the compiled catalogue, but for its heading with the dates."""
    with (base / LANGUAGE / "django.mo").open("rb") as file:
        catalogue = GNUTranslations(file)._catalog
    return {said: became for said, became in catalogue.items() if said}


def test_no_sentence_loses_a_place(renewed):
    for said, became in entries(renewed / LANGUAGE / "django.po").items():
        if not said.startswith("%(count)"):  # a singular may leave the number out
            assert set(PLACES.findall(said)) >= set(PLACES.findall(became)), said
