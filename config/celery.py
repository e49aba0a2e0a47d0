"""The Celery application; `celery -A config worker` finds it here."""

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
# All of Django's checks would load the screens and the admin, for the rest of the worker's life.
os.environ.setdefault("CELERY_SKIP_CHECKS", "true")
app = Celery("patchbay")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
# What it will do otherwise one day, our settings say already.
warnings.filterwarnings("ignore", category=CPendingDeprecationWarning)


@celeryd_init.connect
def validate_worker_startup(**kwargs) -> None:
    """Celery logs what a receiver raises and goes on, so a refusal ends the program."""
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
    """What the parent has is shared with its children for as long as nobody writes to it; a garbage
    collector that looks at it does."""
    gc.collect()
    gc.freeze()


@setup_logging.connect
def keep_django_logging(**kwargs) -> None:
    """Django has set up the log; with a receiver here Celery leaves it alone."""


@worker_process_init.connect
def start_worker_telemetry(**kwargs) -> None:
    telemetry.start_telemetry("worker")


@worker_process_init.connect
def limit_worker_memory(**kwargs) -> None:
    """A child that wants more gets a MemoryError: it ends one attempt, and not the machine."""
    most = settings.WORKER_MEMORY
    with suppress(ValueError, OSError):  # lower already, or unknown to this system
        resource.setrlimit(resource.RLIMIT_DATA, (most, most))
