"""Patchbay's settings with nothing around a view, and a connection that is kept."""

from config.settings import *  # noqa: F403
from config.settings import DATABASES

ROOT_URLCONF = "tests.bench.bare"
DATABASES["default"] |= {"CONN_MAX_AGE": None, "CONN_HEALTH_CHECKS": False}
DATABASES["default"]["ENGINE"] = "django.db.backends.postgresql"
