"""Where the web listens."""

import errno
import http.client
import os
import socket
from dataclasses import dataclass

from config.supervisor import Refused


@dataclass(frozen=True)
class Address:
    host: str
    port: int

    @property
    def url(self) -> str:
        """How a browser on this machine gets here."""
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)
        return f"http://{f'[{host}]' if ':' in host else host}:{self.port}"

    def require_free(self) -> None:
        """Refuse an address that another program holds or that this machine does not have."""
        try:
            family, kind, protocol, _, place = socket.getaddrinfo(
                self.host, self.port, type=socket.SOCK_STREAM
            )[0]
            with socket.socket(family, kind, protocol) as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind(place)
        except OSError as error:
            raise Refused(self._why_not(error)) from None

    def _why_not(self, error: OSError) -> str:
        if error.errno == errno.EADDRINUSE:
            return (
                f"port {self.port} on {self.host} is taken by another program. Stop that program, "
                f"or choose another port: make up PORT={self.port + 1}"
            )
        return f"it cannot listen on {self.host}, port {self.port}: {error.strerror}."

    def answers(self) -> bool:
        """Whether the web answers that it is well."""
        host = self.url.removeprefix("http://").rsplit(":", 1)[0]
        connection = http.client.HTTPConnection(host, self.port, timeout=5)
        try:
            connection.request("GET", "/healthz")
            return connection.getresponse().status == http.HTTPStatus.OK
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()


def chosen_address() -> Address:
    """HOST and PORT of the environment, 127.0.0.1 and 8000 without them."""
    port = os.environ.get("PORT") or "8000"
    if not port.isascii() or not port.isdigit() or not 0 < int(port) < 65536:
        raise Refused(f"PORT must be a number between 1 and 65535, not {port!r}.")
    return Address(os.environ.get("HOST") or "127.0.0.1", int(port))
