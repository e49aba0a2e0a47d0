"""Sentry and OpenTelemetry are asked for by a setting each, and are nobody's burden otherwise."""

import os
import subprocess
import sys
from types import ModuleType

import pytest

from config import BASE_DIR, telemetry


@pytest.mark.parametrize("setting", telemetry.REQUIRED_PACKAGES)
def test_a_setting_without_its_packages_is_refused_in_a_sentence(monkeypatch, setting):
    monkeypatch.setattr(telemetry, "is_module_installed", lambda module: False)
    monkeypatch.setenv(setting, "https://elsewhere.example/1")
    (sentence,) = telemetry.missing_package_errors()
    assert sentence.startswith(f"{setting} is set, and its packages are not installed: pip install")
    monkeypatch.setattr(telemetry, "is_module_installed", lambda module: True)
    assert [*telemetry.missing_package_errors()] == []


def test_a_package_is_looked_for_and_not_imported():
    assert telemetry.is_module_installed("json.tool")
    assert not telemetry.is_module_installed("nobody.has.this")


def test_sentry_gets_no_bodies_and_no_values(monkeypatch):
    told: dict = {}
    sentry = ModuleType("sentry_sdk")
    sentry.init = lambda **options: told.update(options)
    sentry.set_tag = lambda name, value: told.update({name: value})
    monkeypatch.setitem(sys.modules, "sentry_sdk", sentry)
    monkeypatch.setenv("SENTRY_DSN", "https://key@elsewhere.example/1")
    telemetry.start_telemetry("worker")
    assert told["dsn"] == "https://key@elsewhere.example/1"
    assert told["program"] == "worker"
    private = ("send_default_pii", "include_local_variables")
    assert [told[name] for name in private] == [False, False]
    assert told["max_request_body_size"] == "never"


def test_nothing_is_imported_without_a_setting():
    script = "import config.wsgi, sys; print([m for m in sys.modules if %s])"
    script %= "'sentry' in m or 'telemetry' in m"
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", script],
        cwd=BASE_DIR, env=dict(os.environ), capture_output=True, text=True,
    )  # fmt: skip
    assert done.stdout.strip() == "['config.telemetry']"
