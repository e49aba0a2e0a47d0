"""What every connection to PostgreSQL asks for, unless the URL says otherwise.

A peer that has vanished (power lost, link cut, packets dropped) closes nothing. These parameters
make both ends notice within 15 seconds: TCP_USER_TIMEOUT bounds how long sent data may stay without
an acknowledgement, keepalives probe a connection that is idle. The server's half is set by the
session itself (`options`), so it holds on any server. Neither applies to a Unix socket.
"""

from typing import Any

CLIENT_PARAMETERS = {
    "connect_timeout": 5,  # seconds, for each host of the URL
    "keepalives": 1,
    "keepalives_idle": 5,  # seconds
    "keepalives_interval": 3,  # seconds
    "keepalives_count": 3,
    "tcp_user_timeout": 15_000,  # milliseconds
}
SERVER_SETTINGS = {
    "statement_timeout": "15s",
    "lock_timeout": "5s",
    "idle_in_transaction_session_timeout": "30s",
    "tcp_keepalives_idle": "5s",
    "tcp_keepalives_interval": "3s",
    "tcp_keepalives_count": "3",
    "tcp_user_timeout": "15s",
    # A statement whose client is gone is broken off, and frees its locks.
    "client_connection_check_interval": "5s",
}


def add_connection_defaults(given: dict[str, Any]) -> dict[str, Any]:
    """The parameters of a URL completed by ours. Of a server setting that both name, the URL's
    counts: it comes last."""
    ours = " ".join(f"-c {name}={value}" for name, value in SERVER_SETTINGS.items())
    options = f"{ours} {given.get('options', '')}".strip()
    return {**CLIENT_PARAMETERS, **given, "options": options}
