"""The Celery application; `celery -A config worker` finds it here."""

import os

from celery import Celery
from celery.signals import celeryd_init

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
app = Celery("patchbay")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@celeryd_init.connect
def check_secrets(**kwargs) -> None:
    from organizations.checks import refuse_bad_settings

    refuse_bad_settings()
