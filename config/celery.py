"""The Celery application, found here by `celery -A config worker`."""

import gc
import os
import resource
import sys
import warnings
from contextlib import suppress

from celery import Celery
from celery.exceptions import CPendingDeprecationWarning
from celery.signals import (
    celeryd_init,
    setup_logging,
    worker_before_create_process,
    worker_process_init,
)
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from config import telemetry
from config.environment.validation import ensure_encryption_keys_match, ensure_valid_settings
from config.postgresql.connection import enable_answer_timeout

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
# Running all of Django's checks would load the screens and the admin, for the life of the worker.
os.environ.setdefault("CELERY_SKIP_CHECKS", "true")
app = Celery("patchbay")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
# The settings already choose the future behaviour that these warnings announce.
warnings.filterwarnings("ignore", category=CPendingDeprecationWarning)


@celeryd_init.connect
def validate_worker_startup(**kwargs) -> None:
    """Ends the program if it must not start. Celery only logs what a receiver raises, so errors are
    turned into an exit."""
    from config.schema_guard import wait_for_current_schema

    ensure_valid_settings()
    enable_answer_timeout()
    try:
        wait_for_current_schema()
    except ImproperlyConfigured as error:
        sys.exit(str(error))
    ensure_encryption_keys_match()


@worker_before_create_process.connect
def freeze_garbage_collector(**kwargs) -> None:
    """Keeps the parent's memory shared with its children. Pages are shared until someone writes to
    them, and the garbage collector writes to what it inspects."""
    gc.collect()
    gc.freeze()


@setup_logging.connect
def keep_django_logging(**kwargs) -> None:
    """Does nothing. With a receiver here, Celery leaves Django's logging as it is."""


@worker_process_init.connect
def start_worker_telemetry(**kwargs) -> None:
    telemetry.start_telemetry("worker")


@worker_process_init.connect
def limit_worker_memory(**kwargs) -> None:
    """Limits a child's memory: exceeding it raises MemoryError, which ends one attempt and not the
    machine."""
    most = settings.WORKER_MEMORY
    with suppress(ValueError, OSError):  # already lower, or not supported by this system
        resource.setrlimit(resource.RLIMIT_DATA, (most, most))
