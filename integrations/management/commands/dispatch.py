"""manage.py dispatch: runs the dispatcher process. Several may run; one of them dispatches."""

import signal
from threading import Event

from django.core.management.base import BaseCommand

from config import telemetry
from config.celery import app
from config.environment.validation import ensure_encryption_keys_match, ensure_valid_settings
from config.postgresql.connection import enable_answer_timeout
from config.schema_guard import wait_for_current_schema
from integrations.ledger.dispatcher import run_dispatcher


class Command(BaseCommand):
    help = "Publish due operations to the workers until stopped."
    requires_system_checks = ()  # they would load the screens and the admin for good

    def handle(self, **options) -> None:
        stop = Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        ensure_valid_settings()
        app.set_default()
        enable_answer_timeout()
        telemetry.start_telemetry("dispatcher")
        if wait_for_current_schema(stop.wait):
            ensure_encryption_keys_match()
            run_dispatcher(stop)
