"""All settings: the variables of the environment that Patchbay knows, each with its kind, its
range and its default. README has a table of them.

A new one is a line here, and `env(…)` of its name where it is read; a wrong value is then refused
at every start (config/environment/validation.py). A default of None means that whoever reads it
decides.
"""

from dataclasses import dataclass
from typing import Any

from config.environment import kinds
from config.environment.kinds import Choice, Kind, Number, WholeNumber


@dataclass(frozen=True)
class Variable:
    """`is_secret`: never shown, and may be given as `<name>_FILE`, the path of a file that holds
    it. `reader` names who alone reads it, if that is not everybody: what others find in their
    environment under such a common name may be somebody else's."""

    name: str
    kind: Kind
    default: Any = None
    is_secret: bool = False
    reader: str = ""


def variables(*rows: tuple[str, Kind, Any], **more: Any) -> list[Variable]:
    return [Variable(name, kind, default, **more) for name, kind, default in rows]


DAYS = WholeNumber(1, 3650)
DAYS_OR_EVER = WholeNumber(0, 36_500)  # 0: for ever
SETTINGS = [
    *variables(
        ("HOST", kinds.plain, "127.0.0.1"),
        ("PORT", kinds.port, 8000),
        ("UPGRADE_POSTGRES", kinds.boolean, False),
        reader="make up",
    ),
    *variables(
        ("PATCHBAY_MODE", Choice(("production", "quickstart", "test")), "production"),
        ("PATCHBAY_DATA", kinds.path, None),
        ("STATIC_ROOT", kinds.path, None),
        ("LOG_LEVEL", kinds.log_level, "INFO"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", kinds.public_url, ""),
        ("LOG_FORMAT", Choice(("lines", "json")), "lines"),
        ("LOG_REQUESTS", kinds.boolean, None),
        # --- where we are
        ("PUBLIC_BASE_URL", kinds.public_url, "http://127.0.0.1:8000"),
        ("ALLOWED_HOSTS", kinds.hosts, ["127.0.0.1", "localhost", "[::1]"]),
        ("CSRF_TRUSTED_ORIGINS", kinds.origins, None),
        ("PATCHBAY_HTTPS", kinds.boolean, None),
        ("PATCHBAY_HTTPS_REDIRECT", kinds.boolean, True),
        ("PATCHBAY_HSTS_SECONDS", WholeNumber(0, 315_360_000), None),
        ("PATCHBAY_TRUSTED_PROXIES", kinds.proxies, []),
        ("PATCHBAY_ALLOWED_PRIVATE_CIDRS", kinds.networks, []),
        ("PATCHBAY_TWILIO_API_URL", kinds.safe_url, "https://api.twilio.com"),
        ("PATCHBAY_TWILIO_TRUNKING_URL", kinds.safe_url, "https://trunking.twilio.com"),
        # --- how people sign in
        ("PATCHBAY_REQUIRE_MFA", Choice(("off", "operators", "everybody")), "off"),
        ("PATCHBAY_OPEN_ORGANIZATIONS", kinds.boolean, False),
        ("PATCHBAY_OIDC_SERVER_URL", kinds.public_url, ""),
        ("PATCHBAY_OIDC_CLIENT_ID", kinds.plain, ""),
        ("PATCHBAY_OIDC_NAME", kinds.plain, "single sign-on"),
        ("PATCHBAY_EMAIL_FROM", kinds.sender, None),
        ("PATCHBAY_SESSION_IDLE_MINUTES", WholeNumber(1, 525_600), 24 * 60),
        ("PATCHBAY_SESSION_DAYS", DAYS, 14),
        # --- work
        ("DATABASE_CONN_MAX_AGE", WholeNumber(0, 86_400), 0),
        ("PATCHBAY_LEASE_SECONDS", WholeNumber(1, 3600), 25),
        ("PATCHBAY_JOB_LEASE_SECONDS", WholeNumber(1, 3600), 90),
        ("PATCHBAY_REDISPATCH_SECONDS", WholeNumber(1, 3600), 10),
        ("PATCHBAY_OLDEST_DUE_SECONDS", WholeNumber(1, 86_400), 120),
        ("PATCHBAY_BATCH_SLICE_SECONDS", WholeNumber(1, 300), 10),
        ("PATCHBAY_WORKER_PROCESSES", WholeNumber(1, 256), 8),
        ("PATCHBAY_WORKERS", WholeNumber(1, 1000), 1),
        ("PATCHBAY_WORKER_MEMORY_MB", WholeNumber(128, 1_048_576), 1024),
        ("PATCHBAY_RATE_LIMIT_PER_SECOND", Number(0, 1_000_000), 50.0),
        ("PATCHBAY_RATE_LIMIT_BURST", WholeNumber(0, 1_000_000), 100),
        # --- how long what is kept
        ("PATCHBAY_PLATFORM_CALLS_DAYS", DAYS, 30),
        ("PATCHBAY_BATCH_DAYS", DAYS, 30),
        ("PATCHBAY_BATCH_HISTORY_DAYS", DAYS_OR_EVER, 400),
        ("PATCHBAY_OPERATION_DAYS", DAYS_OR_EVER, 400),
        ("PATCHBAY_DELETED_DAYS", DAYS_OR_EVER, 400),
        ("PATCHBAY_INVITATION_DAYS", DAYS_OR_EVER, 90),
        ("PATCHBAY_REVOKED_KEY_DAYS", DAYS_OR_EVER, 400),
        ("PATCHBAY_EVENT_DAYS", DAYS_OR_EVER, 0),
        ("PATCHBAY_ARCHIVE_FOLDER", kinds.path, ""),
    ),
    *variables(
        ("SECRET_KEY", kinds.long_secret, ""),
        ("PATCHBAY_ENCRYPTION_KEYS", kinds.fernet_keys, []),
        ("DATABASE_URL", kinds.database_url, "postgresql:///patchbay"),
        ("REDIS_URL", kinds.broker_url, "redis://127.0.0.1:6379/0"),
        ("EMAIL_URL", kinds.email_url, {}),
        ("PATCHBAY_OIDC_CLIENT_SECRET", kinds.plain, ""),
        ("SENTRY_DSN", kinds.plain, ""),
        ("PATCHBAY_METRICS_TOKEN", kinds.token, ""),
        is_secret=True,
    ),
    *variables(
        ("DATABASE_OWNER_URL", kinds.database_url, ""),
        ("DATABASE_WORKER_URL", kinds.database_url, ""),
        is_secret=True,
        reader="make up",
    ),
    # What `manage.py grant_roles` gives to the roles that it makes; compose makes URLs of them.
    *variables(
        ("PATCHBAY_WEB_PASSWORD", kinds.plain, ""),
        ("PATCHBAY_WORKER_PASSWORD", kinds.plain, ""),
        is_secret=True,
    ),
    *variables(("PATCHBAY_OWNER_PASSWORD", kinds.plain, ""), is_secret=True, reader="compose"),
    *variables(("PATCHBAY_SUBNET", kinds.network, ""), reader="compose"),
]
VARIABLES = {each.name: each for each in SETTINGS}

# What begins so is known, and not a setting: secrets for `manage.py connect`, and what tests read.
OTHERS = (
    "PATCHBAY_CONNECT_",
    "PATCHBAY_TEST_",
    "PATCHBAY_NOISY_RUNS",
    "PATCHBAY_FUZZ_ROUNDS",
    "PATCHBAY_UNATTENDED_RUNS",
)
REPLACED = {"PATCHBAY_TRUST_PROXY": "PATCHBAY_TRUSTED_PROXIES"}
