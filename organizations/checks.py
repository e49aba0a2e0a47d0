"""System checks: an installation without real secrets, or with a policy that is none, does not
start."""

from cryptography.fernet import Fernet
from django.conf import settings
from django.core.checks import Critical, Tags, register
from django.core.exceptions import ImproperlyConfigured

MFA_POLICIES = ("off", "operators", "everybody")
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


def refuse_bad_settings() -> None:
    """For processes that manage.py does not start, and so does not check: web and worker."""
    found = [*secrets_are_real(None), *second_factor_is_known(None)]
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
