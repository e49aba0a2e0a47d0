"""The web's database connections, each of which belongs to a thread and is closed with it."""

import threading

import psycopg
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created

_thread_state = threading.local()


class ConnectionCloser:
    """Closes a connection when the thread that opened it ends.

    granian ends idle threads and starts new ones. Django's objects of a dead thread refer to
    themselves, so its connection would stay open until the garbage collector runs, hours later.
    """

    def __init__(self, connection: psycopg.Connection):
        self.connection = connection

    def __del__(self) -> None:
        self.connection.close()


def tie_connection_to_thread(*, connection: BaseDatabaseWrapper, **kwargs) -> None:
    _thread_state.connection = ConnectionCloser(connection.connection)


def tie_connections_to_threads() -> None:
    """Ties every connection that is opened from now on to its thread."""
    connection_created.connect(tie_connection_to_thread)
