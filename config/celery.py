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
from config.environment.validation import refuse_faults, refuse_wrong_keys
from config.postgresql.connection import bound_answers

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
# All of Django's checks would load the screens and the admin, for the rest of the worker's life.
os.environ.setdefault("CELERY_SKIP_CHECKS", "true")
app = Celery("patchbay")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
# What it will do otherwise one day, our settings say already.
warnings.filterwarnings("ignore", category=CPendingDeprecationWarning)


@celeryd_init.connect
def begin(**kwargs) -> None:
    """Celery logs what a receiver raises and goes on, so a refusal ends the program."""
    from config.schema_guard import wait_until_current

    refuse_faults()
    bound_answers()
    try:
        wait_until_current()
    except ImproperlyConfigured as error:
        sys.exit(str(error))
    refuse_wrong_keys()


@worker_before_create_process.connect
def keep_shared(**kwargs) -> None:
    """What the parent has is shared with its children for as long as nobody writes to it; a garbage
    collector that looks at it does."""
    gc.collect()
    gc.freeze()


@setup_logging.connect
def log_as_others_do(**kwargs) -> None:
    """Django has set up the log; with a receiver here Celery leaves it alone."""


@worker_process_init.connect
def tell_elsewhere(**kwargs) -> None:
    telemetry.begin("worker")


@worker_process_init.connect
def bound_memory(**kwargs) -> None:
    """A child that wants more gets a MemoryError: it ends one attempt, and not the machine."""
    most = settings.WORKER_MEMORY
    with suppress(ValueError, OSError):  # lower already, or unknown to this system
        resource.setrlimit(resource.RLIMIT_DATA, (most, most))
