"""What an installation does not start with, and what its settings follow from."""

import runpy

import pytest
from django.core.exceptions import ImproperlyConfigured

from config import BASE_DIR
from organizations.checks import refuse_bad_settings, second_factor_is_known


@pytest.mark.parametrize("policy", ["off", "operators", "everybody"])
def test_a_known_policy_starts(settings, policy):
    settings.REQUIRE_MFA = policy
    assert second_factor_is_known(None) == []


@pytest.mark.parametrize("policy", ["all", "Everybody", ""])
def test_a_misspelled_policy_does_not(settings, policy):
    settings.REQUIRE_MFA = policy
    assert [one.id for one in second_factor_is_known(None)] == ["patchbay.C004"]
    with pytest.raises(ImproperlyConfigured, match="off, operators, everybody"):
        refuse_bad_settings()


@pytest.mark.parametrize(
    ("base", "is_allowed"),
    [("http://localhost:8000", True), ("https://phones.example", False)],
)
def test_passkeys_without_https_are_for_installations_without_it(monkeypatch, base, is_allowed):
    monkeypatch.setenv("PUBLIC_BASE_URL", base)
    found = runpy.run_path(str(BASE_DIR / "config" / "sign_in.py"))
    assert found["MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN"] == is_allowed
