"""All settings: the environment variables that Patchbay knows, each with its kind, range and
default. README has a table of them.

A new setting is a line here, and `env(…)` with its name where it is read. An invalid value is then
refused at every start (config/environment/validation.py). With a default of None the reading code
decides.
"""

from dataclasses import dataclass
from typing import Any

from config.environment import kinds
from config.environment.kinds import Choice, IntegerInRange, NumberInRange, ValueParser


@dataclass(frozen=True)
class EnvironmentVariable:
    """A variable. `is_secret` means that the value is never shown and may be given as
    `<name>_FILE`, the path of a file. `reader` names the only program that reads it, if not all do:
    under such a common name, other programs may find someone else's variable."""

    name: str
    kind: ValueParser
    default: Any = None
    is_secret: bool = False
    reader: str = ""


def declare_variables(
    *rows: tuple[str, ValueParser, Any], **more: Any
) -> list[EnvironmentVariable]:
    return [EnvironmentVariable(name, kind, default, **more) for name, kind, default in rows]


DAYS = IntegerInRange(1, 3650)
DAYS_OR_FOREVER = IntegerInRange(0, 36_500)  # 0 means for ever
SETTINGS = [
    *declare_variables(
        ("HOST", kinds.parse_text_line, "127.0.0.1"),
        ("PORT", kinds.parse_port, 8000),
        ("UPGRADE_POSTGRES", kinds.parse_switch, False),
        reader="make up",
    ),
    *declare_variables(
        ("PATCHBAY_MODE", Choice(("production", "quickstart", "test")), "production"),
        ("PATCHBAY_DATA", kinds.parse_folder_path, None),
        ("STATIC_ROOT", kinds.parse_folder_path, None),
        ("LOG_LEVEL", kinds.parse_log_level, "INFO"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", kinds.parse_public_url, ""),
        ("LOG_FORMAT", Choice(("lines", "json")), "lines"),
        ("LOG_REQUESTS", kinds.parse_switch, None),
        # --- location
        ("PUBLIC_BASE_URL", kinds.parse_public_url, "http://127.0.0.1:8000"),
        ("ALLOWED_HOSTS", kinds.parse_hosts, ["127.0.0.1", "localhost", "[::1]"]),
        ("CSRF_TRUSTED_ORIGINS", kinds.parse_origins, None),
        ("PATCHBAY_HTTPS", kinds.parse_switch, None),
        ("PATCHBAY_HTTPS_REDIRECT", kinds.parse_switch, True),
        ("PATCHBAY_HSTS_SECONDS", IntegerInRange(0, 315_360_000), None),
        ("PATCHBAY_TRUSTED_PROXIES", kinds.parse_proxies, []),
        ("PATCHBAY_ALLOWED_PRIVATE_CIDRS", kinds.parse_networks, []),
        ("PATCHBAY_TWILIO_API_URL", kinds.parse_secure_url, "https://api.twilio.com"),
        ("PATCHBAY_TWILIO_TRUNKING_URL", kinds.parse_secure_url, "https://trunking.twilio.com"),
        # --- sign-in
        ("PATCHBAY_REQUIRE_MFA", Choice(("off", "operators", "everybody")), "off"),
        ("PATCHBAY_OPEN_ORGANIZATIONS", kinds.parse_switch, False),
        ("PATCHBAY_OIDC_SERVER_URL", kinds.parse_public_url, ""),
        ("PATCHBAY_OIDC_CLIENT_ID", kinds.parse_text_line, ""),
        ("PATCHBAY_OIDC_NAME", kinds.parse_text_line, "single sign-on"),
        ("PATCHBAY_EMAIL_FROM", kinds.parse_email_sender, None),
        ("PATCHBAY_SESSION_IDLE_MINUTES", IntegerInRange(1, 525_600), 24 * 60),
        ("PATCHBAY_SESSION_DAYS", DAYS, 14),
        # --- operations and jobs
        ("DATABASE_CONN_MAX_AGE", IntegerInRange(0, 86_400), 0),
        ("PATCHBAY_LEASE_SECONDS", IntegerInRange(1, 3600), 25),
        ("PATCHBAY_JOB_LEASE_SECONDS", IntegerInRange(1, 3600), 90),
        ("PATCHBAY_REDISPATCH_SECONDS", IntegerInRange(1, 3600), 10),
        ("PATCHBAY_OLDEST_DUE_SECONDS", IntegerInRange(1, 86_400), 120),
        ("PATCHBAY_BATCH_SLICE_SECONDS", IntegerInRange(1, 300), 10),
        ("PATCHBAY_WORKER_PROCESSES", IntegerInRange(1, 256), 8),
        ("PATCHBAY_WORKERS", IntegerInRange(1, 1000), 1),
        ("PATCHBAY_WORKER_MEMORY_MB", IntegerInRange(128, 1_048_576), 1024),
        ("PATCHBAY_RATE_LIMIT_PER_SECOND", NumberInRange(0, 1_000_000), 50.0),
        ("PATCHBAY_RATE_LIMIT_BURST", IntegerInRange(0, 1_000_000), 100),
        # --- retention
        ("PATCHBAY_PLATFORM_CALLS_DAYS", DAYS, 30),
        ("PATCHBAY_BATCH_DAYS", DAYS, 30),
        ("PATCHBAY_BATCH_HISTORY_DAYS", DAYS_OR_FOREVER, 400),
        ("PATCHBAY_OPERATION_DAYS", DAYS_OR_FOREVER, 400),
        ("PATCHBAY_DELETED_DAYS", DAYS_OR_FOREVER, 400),
        ("PATCHBAY_INVITATION_DAYS", DAYS_OR_FOREVER, 90),
        ("PATCHBAY_REVOKED_KEY_DAYS", DAYS_OR_FOREVER, 400),
        ("PATCHBAY_EVENT_DAYS", DAYS_OR_FOREVER, 0),
        ("PATCHBAY_ARCHIVE_FOLDER", kinds.parse_folder_path, ""),
    ),
    *declare_variables(
        ("SECRET_KEY", kinds.parse_long_secret, ""),
        ("PATCHBAY_ENCRYPTION_KEYS", kinds.parse_fernet_keys, []),
        ("DATABASE_URL", kinds.parse_database_url, "postgresql:///patchbay"),
        ("REDIS_URL", kinds.parse_broker_url, "redis://127.0.0.1:6379/0"),
        ("EMAIL_URL", kinds.parse_email_url, {}),
        ("PATCHBAY_OIDC_CLIENT_SECRET", kinds.parse_text_line, ""),
        ("SENTRY_DSN", kinds.parse_text_line, ""),
        ("PATCHBAY_METRICS_TOKEN", kinds.parse_bearer_token, ""),
        is_secret=True,
    ),
    *declare_variables(
        ("DATABASE_OWNER_URL", kinds.parse_database_url, ""),
        ("DATABASE_WORKER_URL", kinds.parse_database_url, ""),
        is_secret=True,
        reader="make up",
    ),
    # Passwords that `manage.py grant_roles` gives to the roles; compose builds URLs with them.
    *declare_variables(
        ("PATCHBAY_WEB_PASSWORD", kinds.parse_text_line, ""),
        ("PATCHBAY_WORKER_PASSWORD", kinds.parse_text_line, ""),
        is_secret=True,
    ),
    *declare_variables(
        ("PATCHBAY_OWNER_PASSWORD", kinds.parse_text_line, ""), is_secret=True, reader="compose"
    ),
    *declare_variables(("PATCHBAY_SUBNET", kinds.parse_network, ""), reader="compose"),
]
VARIABLES = {each.name: each for each in SETTINGS}

# Known prefixes of variables that are not settings: secrets of `manage.py connect`, and tests.
OTHER_KNOWN_PREFIXES = (
    "PATCHBAY_CONNECT_",
    "PATCHBAY_TEST_",
    "PATCHBAY_NOISY_RUNS",
    "PATCHBAY_FUZZ_ROUNDS",
    "PATCHBAY_UNATTENDED_RUNS",
)
REPLACED_VARIABLES = {"PATCHBAY_TRUST_PROXY": "PATCHBAY_TRUSTED_PROXIES"}
