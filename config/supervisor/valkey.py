"""The embedded Valkey: its folder and its program."""

import re
import signal
import socket
from pathlib import Path
from urllib.parse import quote

from config.supervisor.home import Home
from config.supervisor.processes import Program
from config.supervisor.software import valkey_program

# Overcommit matters to a server that fills the memory; ours holds a few ids.
NOISE = re.compile("Memory overcommit|scheduling shutdown|ready to exit")


class Valkey:
    """One server in the engines' home, reached by a socket, that keeps what it was told."""

    name = "valkey"

    def __init__(self, home: Home, sockets: Path):
        self.home = home
        self.folder = home.path / "valkey"
        self.socket = sockets / "valkey.sock"

    def create(self) -> None:
        """Make its folder."""
        self.home.folder(self.folder.name)

    def program(self) -> Program:
        command = [valkey_program(self.home), "--port", "0", "--unixsocket", self.socket]
        command += ["--unixsocketperm", "700", "--dir", self.folder]
        command += ["--appendonly", "yes", "--appendfsync", "everysec", "--save", ""]
        command += ["--maxmemory-policy", "noeviction", "--loglevel", "warning"]
        manner = {"orphaned": signal.SIGTERM, "noise": NOISE}
        return Program(self.name, command, {"LC_ALL": "C"}, popen=self.home.popen(), **manner)

    def answers(self) -> bool:
        """Whether the server answers and has read its file."""
        try:
            with socket.socket(socket.AF_UNIX) as connection:
                connection.settimeout(2)
                connection.connect(str(self.socket))
                connection.sendall(b"PING\r\n")
                return connection.recv(64).startswith(b"+PONG")
        except OSError:
            return False

    def furnish(self) -> None:
        """Nothing to add."""

    def environment(self) -> dict[str, str]:
        """The socket as Celery writes it."""
        return {"REDIS_URL": f"redis+socket://{quote(str(self.socket))}?virtual_host=0"}
