"""manage.py dispatch: the dispatcher process; start one or more, one works."""

import signal
from threading import Event

from django.core.management.base import BaseCommand

from config import telemetry
from config.celery import app
from config.environment.validation import refuse_faults, refuse_wrong_keys
from config.postgresql.connection import bound_answers
from config.schema_guard import wait_until_current
from integrations.ledger.dispatcher import dispatch_forever


class Command(BaseCommand):
    help = "Publish due operations to the workers until stopped."
    requires_system_checks = ()  # they would load the screens and the admin, for all of its life

    def handle(self, **options) -> None:
        stop = Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        refuse_faults()
        app.set_default()
        bound_answers()
        telemetry.begin("dispatcher")
        if wait_until_current(stop.wait):
            refuse_wrong_keys()
            dispatch_forever(stop)
