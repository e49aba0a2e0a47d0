"""The web's database connections: a thread keeps its own, and takes it along when it ends."""

import threading

import psycopg
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created

_thread_state = threading.local()


class ConnectionCloser:
    """Closes a connection at the end of the thread that made it.

    granian ends idle threads and starts new ones. What Django keeps for a dead thread refers to
    itself, so its connection would stay open until the garbage collector comes by, hours later.
    """

    def __init__(self, connection: psycopg.Connection):
        self.connection = connection

    def __del__(self) -> None:
        self.connection.close()


def tie_connection_to_thread(*, connection: BaseDatabaseWrapper, **kwargs) -> None:
    _thread_state.connection = ConnectionCloser(connection.connection)


def tie_connections_to_threads() -> None:
    """From now on, of all new connections."""
    connection_created.connect(tie_connection_to_thread)
