"""Django's settings, all from the environment. README has the table of them."""

import socket
from datetime import timedelta

from config import BASE_DIR, VERSION
from config.admin_site.theme import UNFOLD  # noqa: F401  the theme of the admin
from config.environment.reader import (
    data_folder,
    env,
    load_quickstart_environment,
    parse_database_settings,
)
from config.environment.validation import find_missing_variables, find_setting_errors
from config.logs import build_logging_settings
from config.monitoring import METRICS_TOKEN  # noqa: F401  of the web
from config.sign_in import *  # noqa: F403  allauth's settings
from organizations.web.openapi.settings import spectacular_settings

load_quickstart_environment()
SETTING_FAULTS = find_setting_errors()  # each program refuses to start with one
MISSING_SETTINGS = find_missing_variables()

MODE = env("PATCHBAY_MODE")  # production | quickstart (`make up`) | test
DEBUG = False

SECRET_KEY = env("SECRET_KEY")
PATCHBAY_ENCRYPTION_KEYS = env("PATCHBAY_ENCRYPTION_KEYS")  # newest first
DATA_FOLDER = data_folder()

# --- location ------------------------------------------------------------------------------------
PUBLIC_BASE_URL = env("PUBLIC_BASE_URL")
ALLOWED_HOSTS = env("ALLOWED_HOSTS")
CSRF_TRUSTED_ORIGINS = env("CSRF_TRUSTED_ORIGINS", [PUBLIC_BASE_URL])
HTTPS = env("PATCHBAY_HTTPS", PUBLIC_BASE_URL.startswith("https://"))
# Addresses and networks whose forwarded headers are trusted, or `unix`
# (organizations.web.client_address).
TRUSTED_PROXIES = env("PATCHBAY_TRUSTED_PROXIES")
SECURE_SSL_REDIRECT = HTTPS and env("PATCHBAY_HTTPS_REDIRECT")
SECURE_REDIRECT_EXEMPT = [r"^(healthz|readyz)$"]
SECURE_HSTS_SECONDS = env("PATCHBAY_HSTS_SECONDS", 31_536_000 if HTTPS else 0)
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = HTTPS
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SESSION_COOKIE_NAME = "patchbay_session"
SESSION_ENGINE = "organizations.accounts.sign_in.session_store"
SESSION_IDLE = timedelta(minutes=env("PATCHBAY_SESSION_IDLE_MINUTES"))
SESSION_COOKIE_AGE = env("PATCHBAY_SESSION_DAYS") * 24 * 3600  # even if the session is in use
# How often the use of a session is stored; rarely in tests, which count the queries of a page.
SESSION_NOTED = timedelta(hours=1 if MODE == "test" else 0, minutes=1)
X_FRAME_OPTIONS = "DENY"
CSRF_FAILURE_VIEW = "organizations.web.views.csrf_failure.csrf_failure"

# --- apps ----------------------------------------------------------------------------------------
INSTALLED_APPS = [
    "unfold",
    "unfold.contrib.filters",
    "config.admin_site.app.PatchbayAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django.contrib.humanize",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "phonenumber_field",
    "django_htmx",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "allauth.socialaccount",
    "organizations",
    "integrations",
    "carriers",
    "numbers",
]
if SOCIALACCOUNT_PROVIDERS or MODE == "test":  # noqa: F405  its code takes 4 MB of each process
    INSTALLED_APPS += ["allauth.socialaccount.providers.openid_connect"]
MIDDLEWARE = [
    "organizations.web.middleware.ForwardedOrigin",
    "organizations.web.middleware.RequestId",
    "config.web.access_log.AccessLogMiddleware",
    "organizations.web.middleware.EmptyTenantScope",
    "organizations.web.middleware.DatabaseUnavailable",
    "config.metrics.middleware.MetricsMiddleware",
    "config.web.compression.CompressionMiddleware",
    "config.web.content_policy.ContentSecurityPolicyMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "config.web.schema_gate.SchemaGateMiddleware",
    "organizations.web.middleware.NoStore",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "organizations.web.middleware.LocaleAndTimezone",
    "django.middleware.common.CommonMiddleware",
    "organizations.web.middleware.RequireCompleteForms",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "organizations.accounts.sign_in.sessions.RecordSessionUse",
    "allauth.account.middleware.AccountMiddleware",
    "organizations.accounts.sign_in.second_factor.RequireSecondFactor",
    "organizations.accounts.sign_in.reauthentication.RequireReauthentication",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
APPEND_SLASH = True
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "organizations.web.views.context.portal_context",
                "config.admin_site.navigation.portal_navigation_context",
            ],
            "builtins": ["integrations.views.template_tags", "numbers.views.template_tags"],
        },
    }
]
AUTH_USER_MODEL = "organizations.User"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
if MODE == "test":  # speed only, as test users need no protection
    PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- PostgreSQL ---------------------------------------------------------------------------------
DATABASES = {"default": parse_database_settings(env("DATABASE_URL"))}
# The web keeps its connections open (config/wsgi.py).
DATABASES["default"]["CONN_MAX_AGE"] = env("DATABASE_CONN_MAX_AGE")
DATABASES["default"]["CONN_HEALTH_CHECKS"] = True

# --- Celery, with the settings that the guarantees need (docs/decisions) -------------------------
REDIS_URL = env("REDIS_URL")
OPERATION_TIME_LIMIT = timedelta(seconds=60)  # the worker's hard limit on one attempt
OPERATION_LEASE = timedelta(seconds=env("PATCHBAY_LEASE_SECONDS"))  # renewed before each call
OLDEST_DUE = timedelta(seconds=env("PATCHBAY_OLDEST_DUE_SECONDS"))  # /readyz is not ready beyond
JOB_LEASE = timedelta(seconds=env("PATCHBAY_JOB_LEASE_SECONDS"))  # of jobs, exports and counts
OPERATION_REDISPATCH = timedelta(seconds=env("PATCHBAY_REDISPATCH_SECONDS"))
# Jobs run in slices, to give way to others. Checking a file is one piece.
BATCH_SLICE = timedelta(seconds=env("PATCHBAY_BATCH_SLICE_SECONDS"))
BATCH_TIME_LIMIT = timedelta(minutes=10)
CELERY_BROKER_URL = REDIS_URL
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_IGNORE_RESULT = True
# With access to the broker, anyone could stop or reconfigure workers; Patchbay does not use it.
CELERY_WORKER_ENABLE_REMOTE_CONTROL = False
# Concurrent operations and slices, which the dispatcher distributes (decision 18).
CELERY_WORKER_CONCURRENCY = env("PATCHBAY_WORKER_PROCESSES")  # in each worker
WORKER_SLOTS = CELERY_WORKER_CONCURRENCY * env("PATCHBAY_WORKERS")
# Memory limit of a worker's child, in bytes. One that ever used a third ends after its task.
WORKER_MEMORY = env("PATCHBAY_WORKER_MEMORY_MB") * 1024 * 1024
CELERY_WORKER_MAX_MEMORY_PER_CHILD = WORKER_MEMORY // 3 // 1024  # in KiB
CELERY_TASK_TIME_LIMIT = OPERATION_TIME_LIMIT.total_seconds()
CELERY_TASK_DEFAULT_QUEUE = "patchbay"
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
# Losing the broker is no reason to cancel a call to a platform.
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = False
CELERY_WORKER_HIJACK_ROOT_LOGGER = CELERY_WORKER_REDIRECT_STDOUTS = False
# As for PostgreSQL (config/postgresql/parameters.py), a lost peer is noticed within 15 seconds.
TCP_OPTIONS = {"KEEPIDLE": 5, "KEEPINTVL": 3, "KEEPCNT": 3, "USER_TIMEOUT": 15_000}
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 300,
    "unacked_restore_interval": 10,
    "unacked_restore_throttle": 1,
    "socket_connect_timeout": 1,
    "socket_timeout": 3,
    "socket_keepalive": True,
    "socket_keepalive_options": {
        getattr(socket, f"TCP_{name}"): value
        for name, value in TCP_OPTIONS.items()
        if hasattr(socket, f"TCP_{name}")
    },
    "max_retries": 1,
    "interval_start": 0,
    "interval_step": 0.1,
    "interval_max": 0.1,
}

# --- API -----------------------------------------------------------------------------------------
DATA_UPLOAD_MAX_MEMORY_SIZE = 1_000_000  # bytes; a larger body is a 413 problem
FILE_UPLOAD_HANDLERS = [
    "config.web.upload_limits.LongFormHandler",
    "config.web.upload_limits.LimitedUploadHandler",
    "django.core.files.uploadhandler.MemoryFileUploadHandler",
    "django.core.files.uploadhandler.TemporaryFileUploadHandler",
]
# For each key and web process; 0 means unlimited.
RATE_LIMIT_PER_SECOND = env("PATCHBAY_RATE_LIMIT_PER_SECOND")
RATE_LIMIT_BURST = env("PATCHBAY_RATE_LIMIT_BURST")
IDEMPOTENCY_RETENTION = timedelta(hours=24)
ALLOWED_PRIVATE_CIDRS = env("PATCHBAY_ALLOWED_PRIVATE_CIDRS")
# The URLs of Twilio. Operators can set a stand-in: https, or http on loopback.
TWILIO_API_URL = env("PATCHBAY_TWILIO_API_URL")
TWILIO_TRUNKING_URL = env("PATCHBAY_TWILIO_TRUNKING_URL")
REST_FRAMEWORK = {
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_AUTHENTICATION_CLASSES": [],
    "DEFAULT_PERMISSION_CLASSES": [],
    "UNAUTHENTICATED_USER": None,
    "COERCE_DECIMAL_TO_STRING": False,
}
SPECTACULAR_SETTINGS = spectacular_settings(PUBLIC_BASE_URL, VERSION)

# --- retention (integrations/retention/cleanup.py); 0 days means for ever ------------------------
PLATFORM_CALLS_RETENTION = timedelta(days=env("PATCHBAY_PLATFORM_CALLS_DAYS"))
BATCH_RETENTION = timedelta(days=env("PATCHBAY_BATCH_DAYS"))  # of their rows
BATCH_HISTORY_RETENTION = timedelta(days=env("PATCHBAY_BATCH_HISTORY_DAYS"))
OPERATION_RETENTION = timedelta(days=env("PATCHBAY_OPERATION_DAYS"))
DELETED_RETENTION = timedelta(days=env("PATCHBAY_DELETED_DAYS"))
INVITATION_RETENTION = timedelta(days=env("PATCHBAY_INVITATION_DAYS"))
REVOKED_KEY_RETENTION = timedelta(days=env("PATCHBAY_REVOKED_KEY_DAYS"))
EVENT_RETENTION = timedelta(days=env("PATCHBAY_EVENT_DAYS"))  # after archiving, never without it
ARCHIVE_FOLDER = env("PATCHBAY_ARCHIVE_FOLDER")

# --- other ---------------------------------------------------------------------------------------
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("de", "Deutsch")]
LOCALE_PATHS = [BASE_DIR / "locale"]
FORMAT_MODULE_PATH = "config.formats"
LANGUAGE_COOKIE_NAME = "patchbay_language"
LANGUAGE_COOKIE_SAMESITE = "Lax"
TIME_ZONE = "UTC"
USE_I18N = USE_TZ = True
STATIC_URL = "/static/"
STATIC_ROOT = env("STATIC_ROOT", str(DATA_FOLDER / "static"))
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "config.web.static_files.CompressChangedStorage"},
}
LOG_FORMAT = env("LOG_FORMAT")
LOG_REQUESTS = env("LOG_REQUESTS", LOG_FORMAT == "json")
LOGGING = build_logging_settings(level=env("LOG_LEVEL"), is_json=LOG_FORMAT == "json")
