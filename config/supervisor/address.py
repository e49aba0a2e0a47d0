"""The address that the web listens on."""

import errno
import http.client
import os
import socket
from dataclasses import dataclass
from urllib.parse import urlsplit

from config.supervisor import SupervisorError

LOCAL_HOSTS = ("localhost", "127.0.0.1", "[::1]")


@dataclass(frozen=True)
class WebAddress:
    host: str
    port: int

    @property
    def name(self) -> str:
        """Returns the host as a browser on this machine needs it."""
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)
        return f"[{host}]" if ":" in host else host

    @property
    def url(self) -> str:
        return f"http://{self.name}:{self.port}"

    def environment(self) -> dict[str, str]:
        """Returns the settings that follow from the address, unless the environment sets them."""
        base = os.environ.get("PUBLIC_BASE_URL") or self.url
        hosts = dict.fromkeys([*LOCAL_HOSTS, self.name, urlsplit(base).hostname or self.name])
        allowed = os.environ.get("ALLOWED_HOSTS") or ",".join(hosts)
        return {"PUBLIC_BASE_URL": base, "ALLOWED_HOSTS": allowed}

    def require_free(self) -> None:
        """Raises SupervisorError if another program uses the address or this machine does not have
        it."""
        try:
            found = socket.getaddrinfo(self.host, self.port, type=socket.SOCK_STREAM)
            socket.create_server(found[0][4][:2], family=found[0][0]).close()
        except OSError as error:
            raise SupervisorError(self._why_not(error)) from None

    def _why_not(self, error: OSError) -> str:
        if error.errno == errno.EADDRINUSE:
            return (
                f"port {self.port} on {self.host} is taken by another program. Stop that program, "
                f"or choose another port: make up PORT={self.port + 1}"
            )
        return f"it cannot listen on {self.host}, port {self.port}: {error.strerror}."

    def answers(self) -> bool:
        """Returns whether the web responds without a server error."""
        connection = http.client.HTTPConnection(self.name, self.port, timeout=5)
        try:
            connection.request("GET", "/healthz", headers={"Host": "localhost"})
            return connection.getresponse().status < http.HTTPStatus.INTERNAL_SERVER_ERROR
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()


def configured_web_address() -> WebAddress:
    """Returns the address from HOST and PORT of the environment, by default 127.0.0.1 and 8000.
    Raises SupervisorError."""
    port = os.environ.get("PORT") or "8000"
    if not port.isascii() or not port.isdigit() or not 0 < int(port) < 65536:
        raise SupervisorError(f"PORT must be a number between 1 and 65535, not {port!r}.")
    return WebAddress(os.environ.get("HOST") or "127.0.0.1", int(port))
