"""Default parameters of every PostgreSQL connection, which the URL can override.

A lost peer (power failure, broken link, dropped packets) closes nothing. These parameters make both
ends notice within 15 seconds: TCP_USER_TIMEOUT limits how long sent data may stay unacknowledged,
and keepalives probe an idle connection. The session itself sets the server's half (`options`), so
it works on any server. Neither applies to a Unix socket.
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
    # Cancels a statement whose client is gone, which releases its locks.
    "client_connection_check_interval": "5s",
}


def add_connection_defaults(given: dict[str, Any]) -> dict[str, Any]:
    """Returns the parameters of a URL, completed by the defaults. If both name a server setting,
    the URL's applies, because it comes last."""
    ours = " ".join(f"-c {name}={value}" for name, value in SERVER_SETTINGS.items())
    options = f"{ours} {given.get('options', '')}".strip()
    return {**CLIENT_PARAMETERS, **given, "options": options}
