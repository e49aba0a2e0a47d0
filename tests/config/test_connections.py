"""The web's database connections end with their threads."""

import gc
import threading
import time

import pytest
from django.db import connection
from django.db.backends.signals import connection_created

from config.web.database_connections import tie_connection_to_thread


@pytest.fixture
def _no_collector():
    gc.disable()
    yield
    gc.enable()


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("_no_collector")
def test_a_connection_ends_with_its_thread():
    pids = []

    def use() -> None:
        connection_created.connect(tie_connection_to_thread)
        connection.ensure_connection()
        connection_created.disconnect(tie_connection_to_thread)
        pids.append(connection.connection.info.backend_pid)

    thread = threading.Thread(target=use)
    thread.start()
    thread.join()
    deadline = time.monotonic() + 5
    while lives(pids[0]):
        assert time.monotonic() < deadline
        time.sleep(0.01)


def lives(pid: int) -> bool:
    """Whether PostgreSQL still serves this connection."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_stat_activity WHERE pid = %s", [pid])
        return cursor.fetchone() is not None
