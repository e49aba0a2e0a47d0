"""The sockets of this process, which granian hands out to nobody.

They are found among the open files. Without /proc, which Linux has, there is none.
"""

import contextlib
import os
import socket
import stat
from collections.abc import Iterator
from typing import Any

SocketEndpoints = tuple[tuple[str, int], tuple[str, int]]  # ours and the client's

SEND_BUFFER = 131_072  # bytes; the kernel doubles it
UNREAD_TIMEOUT = 60_000  # milliseconds after which the kernel ends a connection that takes nothing


def limit_connection_buffers() -> None:
    """Bound what a client that does not read can make the kernel keep, and for how long.

    What a listening socket is set to, the connections that it accepts from then on inherit.
    """
    for each in iterate_process_sockets():
        with contextlib.suppress(OSError):
            if each.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
                each.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)
                each.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNREAD_TIMEOUT)


def abort_connection(scope: dict[str, Any]) -> None:
    """End the connection of this request now, so that its client sees an answer that is not whole.

    A client on a Unix socket has no address; its connection is left alone.
    """
    ends = request_endpoints(scope)
    for each in iterate_process_sockets() if ends else ():
        with contextlib.suppress(OSError):  # one without two ends
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
    """Copies of them: the number of a file may become another's at any time."""
    with contextlib.suppress(OSError):  # no /proc, or no number is left
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
