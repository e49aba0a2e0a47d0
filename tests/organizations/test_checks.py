"""What `manage.py check` says of the settings, and what follows from them."""

import runpy

import pytest

from config import BASE_DIR
from organizations.web.system_checks import check_setting_faults


def test_each_fault_and_each_missing_secret_is_a_line(settings):
    settings.SETTING_FAULTS, settings.MISSING_SETTINGS = ["a is wrong", "b is wrong"], ["c"]
    found = [(each.id, each.msg) for each in check_setting_faults(None)]
    wrong = [("patchbay.C001", "a is wrong"), ("patchbay.C001", "b is wrong")]
    assert found == [*wrong, ("patchbay.C002", "c")]


def test_settings_that_are_right_have_none():
    assert check_setting_faults(None) == []


@pytest.mark.parametrize(
    ("base", "is_allowed"),
    [("http://localhost:8000", True), ("https://phones.example", False)],
)
def test_passkeys_without_https_are_for_installations_without_it(monkeypatch, base, is_allowed):
    monkeypatch.setenv("PUBLIC_BASE_URL", base)
    found = runpy.run_path(str(BASE_DIR / "config" / "sign_in.py"))
    assert found["MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN"] == is_allowed
