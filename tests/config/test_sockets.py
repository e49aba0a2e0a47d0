"""The server's sockets, found among the open files."""

import os
import socket

import pytest

from config.web import sockets


def test_a_connection_is_found_by_its_ends_and_cut():
    others = socket.socketpair()  # as those to PostgreSQL, which have no addresses
    with socket.create_server(("127.0.0.1", 0)) as server:
        clients = [socket.create_connection(server.getsockname(), 5) for _each in range(2)]
        accepted = [server.accept()[0] for _each in range(2)]
        host, port = accepted[1].getpeername()
        sockets.abort_connection({"server": server.getsockname(), "client": (host, str(port))})
        assert clients[1].recv(1) == b""
        accepted[0].sendall(b"x")
        assert clients[0].recv(1) == b"x"
        for each in (*clients, *accepted, *others):
            each.close()


@pytest.mark.parametrize("client", [("", 0), ("/run/client", 0)])
def test_a_connection_without_an_address_is_left_alone(client):
    sockets.abort_connection({"server": ("/run/patchbay.sock", 0), "client": client})


def test_the_kernel_keeps_little_for_a_client_that_does_not_read_and_not_for_long():
    with socket.create_server(("127.0.0.1", 0)) as server:
        sockets.limit_connection_buffers()
        with socket.create_connection(server.getsockname(), 5), server.accept()[0] as accepted:
            kept = accepted.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF)
            seconds = accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT)
    assert (kept, seconds) == (2 * sockets.SEND_BUFFER, sockets.UNREAD_TIMEOUT)


def test_to_look_for_sockets_leaves_no_file_open():
    before = set(os.listdir("/proc/self/fd"))
    sockets.limit_connection_buffers()
    assert len(os.listdir("/proc/self/fd")) == len(before)
