"""Reports of running dispatchers and workers. Each process reports every few seconds that it runs,
and what keeps it from working. The times are those of the database's clock."""

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
ALIVE_TIMEOUT = timedelta(seconds=30)  # without a report, the process counts as gone
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
    """Reports one running process. Its methods raise django.db.Error if the database is
    unreachable."""

    def __init__(self, kind: str):
        self.kind = kind
        # Process ids repeat; in containers, at each start.
        self.instance = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"

    def report(self, state: str, reason: str = "", facts: Mapping[str, Any] | None = None) -> None:
        """Stores the state of the process. `reason` says in a sentence why it cannot work, or is ""
        if it can."""
        values = {"instance": self.instance, "kind": self.kind, "version": settings.VERSION}
        values |= {"state": state, "reason": reason, "facts": Jsonb(dict(facts or {}))}
        with connection.cursor() as cursor:
            cursor.execute(REPORT_PROCESS_SQL, values)

    def leave(self) -> None:
        """Deletes the row of this process at an orderly end, and the rows of processes that have
        not reported for PROCESS_RETENTION."""
        gone = Process.objects.filter(seen_at__lt=Now() - PROCESS_RETENTION)
        (gone | Process.objects.filter(pk=self.instance)).delete()


def alive_processes(kind: str) -> QuerySet[Process]:
    """Returns the processes that have reported within ALIVE_TIMEOUT."""
    return Process.objects.filter(kind=kind, seen_at__gte=Now() - ALIVE_TIMEOUT)
