"""The dispatchers and workers that run: each says every few seconds that it does, and what keeps it
from its work. The row is by the database's clock.
"""

import os
import secrets
import socket
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import connection
from django.db.models import QuerySet
from django.db.models.functions import Now
from psycopg.types.json import Jsonb

from integrations.models import Process

HEARTBEAT_SECONDS = 5.0  # seconds between two reports
ALIVE_TIMEOUT = timedelta(seconds=30)  # without a report it counts as gone
PROCESS_RETENTION = timedelta(days=1)

REPORT_PROCESS_SQL = """
INSERT INTO integrations_process
    (instance, kind, version, state, reason, facts, started_at, seen_at)
VALUES (%(instance)s, %(kind)s, %(version)s, %(state)s, %(reason)s, %(facts)s,
    statement_timestamp(), statement_timestamp())
ON CONFLICT (instance) DO UPDATE SET state = excluded.state, reason = excluded.reason,
    facts = excluded.facts, seen_at = excluded.seen_at
"""


class ProcessReporter:
    """One running program. Raises django.db.Error where the database is out of reach."""

    def __init__(self, kind: str):
        self.kind = kind
        # A process id comes back, in containers at each start.
        self.instance = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"

    def report(self, state: str, reason: str = "", facts: Mapping[str, Any] | None = None) -> None:
        """`reason` tells in a sentence why it cannot do its work; "" where it can."""
        values = {"instance": self.instance, "kind": self.kind, "version": settings.VERSION}
        values |= {"state": state, "reason": reason, "facts": Jsonb(dict(facts or {}))}
        with connection.cursor() as cursor:
            cursor.execute(REPORT_PROCESS_SQL, values)

    def leave(self) -> None:
        """An orderly end; and rows of programs that had none are dropped with it."""
        gone = Process.objects.filter(seen_at__lt=Now() - PROCESS_RETENTION)
        (gone | Process.objects.filter(pk=self.instance)).delete()


def alive_processes(kind: str) -> QuerySet[Process]:
    """Those that have reported lately."""
    return Process.objects.filter(kind=kind, seen_at__gte=Now() - ALIVE_TIMEOUT)
