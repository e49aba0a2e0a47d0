"""Sign-in settings (django-allauth): e-mail and password, TOTP, passkeys, recovery codes, and
optionally one OpenID Connect provider. The reasons are in docs/decisions/0013."""

from typing import Any
from urllib.parse import urlsplit

from config.environment.reader import env

LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "organizations.accounts.sign_in.backends.EmailBackend",
]
ACCOUNT_ADAPTER = "organizations.accounts.sign_in.adapter.AccountAdapter"
ACCOUNT_FORMS = {
    "login": "organizations.accounts.sign_in.forms.SignInForm",
    "change_password": "organizations.accounts.sign_in.forms.PasswordChangeForm",
    "reset_password": "organizations.accounts.sign_in.forms.PasswordResetRequestForm",
    "reset_password_from_key": "organizations.accounts.sign_in.forms.NewPasswordForm",
}
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_REAUTHENTICATION_TIMEOUT = 600  # seconds that a reauthentication is valid
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False  # prevents sending e-mail to strangers

# --- lock-out ------------------------------------------------------------------------------------
# Failures are counted across all web processes; sign_in/lockout.py defines the keys.
ACCOUNT_RATE_LIMITS = {
    "login": "60/m/ip",
    "login_failed": "5/5m/key",
    "login_failed_when_attacked": "1/5m/key",
    "login_failed_by_address": "30/5m/key",
    "login_failed_by_network": "300/5m/key",
    "login_failed_by_email": "100/h/key",
    "invitation": "20/m/ip",
    "refusals_logged": "20/h/key",
}
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "sign_in_cache",
        # A full cache drops a third of its entries, so whoever could fill it would lift every
        # lock-out.
        "OPTIONS": {"MAX_ENTRIES": 100_000},
    }
}

# --- second factor -------------------------------------------------------------------------------
MFA_ADAPTER = "organizations.accounts.sign_in.second_factor.EncryptedMfaAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_FORMS = {
    "authenticate": "organizations.accounts.sign_in.forms.SecondFactorCodeForm",
    "activate_totp": "organizations.accounts.sign_in.forms.AuthenticatorAppForm",
    "add_webauthn": "organizations.accounts.sign_in.forms.PasskeyForm",
}
MFA_TOTP_ISSUER = "Patchbay"
MFA_TOTP_TOLERANCE = 1  # half a minute, for inaccurate clocks
# Browsers themselves allow passkeys only on https and on localhost, which is for `make up`.
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = env("PUBLIC_BASE_URL").startswith("http://")
# Accounts made by an invitation may have a second factor before their e-mail address is verified.
# Verifying the address removes it (organizations/accounts/email_verification.py).
MFA_ALLOW_UNVERIFIED_EMAIL = True
REQUIRE_MFA = env("PATCHBAY_REQUIRE_MFA")  # off | operators | everybody
OPEN_ORGANIZATIONS = env("PATCHBAY_OPEN_ORGANIZATIONS")

# --- OpenID Connect provider ---------------------------------------------------------------------
SOCIALACCOUNT_ADAPTER = "organizations.accounts.sign_in.oidc.SingleProviderAdapter"
SOCIALACCOUNT_LOGIN_ON_GET = True  # a link, as form-action forbids forms to others


def build_openid_connect_settings(
    server_url: str, *, client_id: str, secret: str, name: str
) -> dict[str, Any]:
    app = {
        "provider_id": "sso",
        "name": name,
        "client_id": client_id,
        "secret": secret,
        "settings": {"server_url": server_url.rstrip("/")},
    }
    return {"openid_connect": {"OAUTH_PKCE_ENABLED": True, "APPS": [app]}}


SOCIALACCOUNT_PROVIDERS = {}
if env("PATCHBAY_OIDC_SERVER_URL"):
    SOCIALACCOUNT_PROVIDERS = build_openid_connect_settings(
        env("PATCHBAY_OIDC_SERVER_URL"),
        client_id=env("PATCHBAY_OIDC_CLIENT_ID"),
        secret=env("PATCHBAY_OIDC_CLIENT_SECRET"),
        name=env("PATCHBAY_OIDC_NAME"),
    )

# --- e-mail --------------------------------------------------------------------------------------
CAN_MAIL = bool(env("EMAIL_URL"))
EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"
globals().update(env("EMAIL_URL"))
EMAIL_TIMEOUT = 5
HOST_NAME = urlsplit(env("PUBLIC_BASE_URL", "")).hostname or "localhost"
DEFAULT_FROM_EMAIL = env("PATCHBAY_EMAIL_FROM", f"Patchbay <patchbay@{HOST_NAME}>")
ACCOUNT_EMAIL_NOTIFICATIONS = CAN_MAIL
# See sign_in/deferred_work.py. Other threads cannot see the transaction of a test.
WORK_AFTER_ANSWERS = env("PATCHBAY_MODE") != "test"
