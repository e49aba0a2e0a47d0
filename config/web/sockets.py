"""The sockets of this process, to which granian gives no access.

They are found among the open files in /proc. Systems without /proc, unlike Linux, have none here.
"""

import contextlib
import os
import socket
import stat
from collections.abc import Iterator
from typing import Any

SocketEndpoints = tuple[tuple[str, int], tuple[str, int]]  # local and client address

SEND_BUFFER = 131_072  # bytes; the kernel doubles it
UNREAD_TIMEOUT = 60_000  # milliseconds until the kernel ends a connection that is not read


def limit_connection_buffers() -> None:
    """Limits how much the kernel buffers for a client that does not read, and how long.

    Connections inherit the options that their listening socket has when it accepts them.
    """
    for each in iterate_process_sockets():
        with contextlib.suppress(OSError):
            if each.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
                each.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)
                each.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNREAD_TIMEOUT)


def abort_connection(scope: dict[str, Any]) -> None:
    """Closes the connection of this request now, so that its client notices an incomplete response.

    A client on a Unix socket has no address; its connection is not closed.
    """
    ends = request_endpoints(scope)
    for each in iterate_process_sockets() if ends else ():
        with contextlib.suppress(OSError):  # not a connected socket
            if each.family != socket.AF_UNIX and has_endpoints(ends, each):
                each.shutdown(socket.SHUT_RDWR)


def has_endpoints(ends: SocketEndpoints, each: socket.socket) -> bool:
    return (each.getsockname()[1], each.getpeername()[:2]) == (ends[0][1], ends[1])


def request_endpoints(scope: dict[str, Any]) -> SocketEndpoints | None:
    (server, server_port), (client, client_port) = scope["server"], scope["client"]
    if not (server and client) or server.startswith("/"):
        return None
    return (server, int(server_port)), (client, int(client_port))


def iterate_process_sockets() -> Iterator[socket.socket]:
    """Yields copies of the sockets, because another thread may reuse a file number anytime."""
    with contextlib.suppress(OSError):  # no /proc, or no free file number
        for name in os.listdir("/proc/self/fd"):
            with contextlib.suppress(OSError):
                yield from duplicate_socket(int(name))


def duplicate_socket(number: int) -> Iterator[socket.socket]:
    copy = os.dup(number)
    if stat.S_ISSOCK(os.fstat(copy).st_mode):
        with socket.socket(fileno=copy) as opened:
            yield opened
    else:
        os.close(copy)
