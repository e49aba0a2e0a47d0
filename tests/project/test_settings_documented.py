"""What can be set is told to operators, and what they put in `.env` reaches the containers."""

import re
import runpy

import pytest
import yaml

from config import BASE_DIR
from config.environment.variables import VARIABLES

READ = re.compile(r'\benv\(\s*"([A-Z_]+)"')
# Decided by the image, or by `make up` and compose themselves.
NOT_FOR_CONTAINERS = {"STATIC_ROOT", "PATCHBAY_DATA"}
MADE_BY_COMPOSE = {"DATABASE_URL", "REDIS_URL"}
NOT_FOR_THE_WEB = NOT_FOR_CONTAINERS | {"REDIS_URL"}


def settings_read(files: str = "*.py") -> set[str]:
    """By the settings and the programs; `make up` reads some for itself."""
    paths = (BASE_DIR / "config").rglob(files)
    texts = [path.read_text() for path in paths if path.parent.name != "supervisor"]
    return {name for text in texts for name in READ.findall(text)}


def settings_of(service: str) -> set[str]:
    """What compose hands to it."""
    compose = yaml.safe_load((BASE_DIR / "compose.yaml").read_text())
    return compose["services"][service]["environment"].keys()


def test_every_setting_stands_in_the_readme():
    table = (BASE_DIR / "README.md").read_text().partition("## Settings")[2].partition("\n## ")[0]
    assert set(VARIABLES) <= set(re.findall(r"`([A-Z_]+)`", table))


def test_every_setting_is_read():
    others = {name for name, each in VARIABLES.items() if each.reader or "PASSWORD" in name}
    assert settings_read() == set(VARIABLES) - others


@pytest.mark.parametrize("service", ["web", "worker"])
def test_secrets_may_reach_the_containers_as_files(service):
    given = settings_of(service)
    secrets = {name for name in given if name in VARIABLES and VARIABLES[name].is_secret}
    assert {f"{name}_FILE" for name in secrets - MADE_BY_COMPOSE} <= given


def test_every_setting_reaches_the_web():
    """But for the broker's address, which only the others use."""
    assert settings_read() - NOT_FOR_THE_WEB <= settings_of("web")
    assert "REDIS_URL" not in settings_of("web")


@pytest.mark.parametrize("service", ["dispatcher", "worker"])
def test_who_neither_signs_in_nor_mails_is_not_told_the_secrets_of_it(service):
    others = settings_read("settings.py")
    of_sign_in = settings_read("sign_in.py") - others
    assert {"PATCHBAY_OIDC_CLIENT_SECRET", "EMAIL_URL"} <= of_sign_in
    assert others - NOT_FOR_CONTAINERS <= settings_of(service)
    assert not of_sign_in & (settings_of(service) | settings_of("migrate"))


@pytest.mark.parametrize("file", ["settings.py", "sign_in.py"])
def test_an_empty_setting_is_as_one_that_is_not_there(monkeypatch, tmp_path, file):
    """Compose makes an empty one of a line `PATCHBAY_HTTPS=`."""
    names = settings_read() - {"PUBLIC_BASE_URL"}
    monkeypatch.setenv("PUBLIC_BASE_URL", "https://phones.example")
    monkeypatch.setenv("PATCHBAY_DATA", str(tmp_path))
    for name in names:
        monkeypatch.delenv(name, raising=False)
    absent = made_by(file)
    for name in names:
        monkeypatch.setenv(name, "")
    assert made_by(file) == absent
    assert absent.get("SESSION_COOKIE_SECURE", True)


def made_by(file: str) -> dict:
    made = runpy.run_path(str(BASE_DIR / "config" / file))
    return {name: value for name, value in made.items() if name.isupper()}
