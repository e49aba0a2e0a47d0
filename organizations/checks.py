"""System checks: an installation without real secrets, or with a policy that is none, does not
start."""

import os

from cryptography.fernet import Fernet
from django.conf import settings
from django.core.checks import Critical, Tags, register
from django.core.exceptions import ImproperlyConfigured

from organizations.proxies import network_of

MFA_POLICIES = ("off", "operators", "everybody")
PROXIES_HINT = (
    "List the addresses of your proxies in PATCHBAY_TRUSTED_PROXIES, for example "
    "127.0.0.1,10.1.2.0/24, and `unix` for one that connects by a Unix socket."
)
KEY_HINT = (
    "Make one with: python -c 'from cryptography.fernet import Fernet; "
    "print(Fernet.generate_key().decode())'"
    " and keep a copy; without it the stored credentials cannot be read."
)


@register(Tags.security)
def secrets_are_real(app_configs, **kwargs) -> list[Critical]:
    """SECRET_KEY long enough, every encryption key a Fernet key."""
    found = []
    if len(secret_key()) < 32:
        found.append(
            Critical(
                "SECRET_KEY is missing or shorter than 32 characters.",
                hint="Set SECRET_KEY to 50 random characters.",
                id="patchbay.C001",
            )
        )
    if not settings.PATCHBAY_ENCRYPTION_KEYS:
        found.append(
            Critical("PATCHBAY_ENCRYPTION_KEYS is missing.", hint=KEY_HINT, id="patchbay.C002")
        )
    elif not all(is_fernet_key(key) for key in settings.PATCHBAY_ENCRYPTION_KEYS):
        found.append(
            Critical(
                "PATCHBAY_ENCRYPTION_KEYS holds something else than Fernet keys.",
                hint=KEY_HINT,
                id="patchbay.C003",
            )
        )
    return found


@register(Tags.security)
def second_factor_is_known(app_configs, **kwargs) -> list[Critical]:
    """A word misspelled would ask nobody, or others than were meant."""
    if settings.REQUIRE_MFA in MFA_POLICIES:
        return []
    message = f"PATCHBAY_REQUIRE_MFA is {settings.REQUIRE_MFA!r}, which is nothing known."
    hint = f"Set it to one of: {', '.join(MFA_POLICIES)}."
    return [Critical(message, hint=hint, id="patchbay.C004")]


@register(Tags.security)
def proxies_are_listed(app_configs, **kwargs) -> list[Critical]:
    """What is no network, or that of everybody; and the switch that the list replaced."""
    found = [refused for each in settings.TRUSTED_PROXIES if (refused := refused_proxy(each))]
    if os.environ.get("PATCHBAY_TRUST_PROXY", "").strip():
        message = (
            "PATCHBAY_TRUST_PROXY is no longer a setting: PATCHBAY_TRUSTED_PROXIES replaces it."
        )
        hint = f"Remove it. {PROXIES_HINT}"
        found.append(Critical(message, hint=hint, id="patchbay.C005"))
    return found


def refused_proxy(text: str) -> Critical | None:
    try:
        network_of(text)
    except ValueError as error:
        message = f"PATCHBAY_TRUSTED_PROXIES holds something else than addresses: {error}"
        return Critical(message, hint=PROXIES_HINT, id="patchbay.C006")
    return None


def refuse_bad_settings() -> None:
    """For processes that manage.py does not start, and so does not check: web and worker."""
    checks = (secrets_are_real, second_factor_is_known, proxies_are_listed)
    found = [one for check in checks for one in check(None)]
    if found:
        raise ImproperlyConfigured(" ".join(f"{one.msg} {one.hint}" for one in found))


def secret_key() -> str:
    """Django refuses to hand out an empty one; here it is merely reported, with its remedy."""
    try:
        return settings.SECRET_KEY
    except ImproperlyConfigured:
        return ""


def is_fernet_key(key: str) -> bool:
    try:
        Fernet(key)
    except ValueError:
        return False
    return True
