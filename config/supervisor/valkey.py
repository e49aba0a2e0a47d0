"""The embedded Valkey: its folder and program."""

import re
import signal
import socket
from pathlib import Path
from urllib.parse import quote

from config.supervisor.files import write_private_file
from config.supervisor.home import EngineHome
from config.supervisor.processes import Program
from config.supervisor.software import valkey_program_path

# Overcommit matters to a server that fills the memory, but this one stores only a few ids.
IGNORED_LOG_LINES = re.compile("Memory overcommit|scheduling shutdown|ready to exit")


class Valkey:
    """One server in the engines' home, with a socket, a password, and persistent data."""

    name = "valkey"

    def __init__(self, home: EngineHome, sockets: Path, password: str):
        self.home = home
        self.password = password
        self.configuration = home.path / "valkey.conf"
        self.folder = home.path / "valkey"
        self.socket = sockets / "valkey.sock"

    def create(self) -> None:
        """Creates its folder and the file with the password, which a command line would expose."""
        self.home.folder(self.folder.name)
        write_private_file(self.configuration, f"requirepass {self.password}\n")

    def program(self) -> Program:
        command = [valkey_program_path(self.home), self.configuration, "--port", "0"]
        command += ["--unixsocket", self.socket]
        command += ["--unixsocketperm", "700", "--dir", self.folder]
        command += ["--appendonly", "yes", "--appendfsync", "everysec", "--save", ""]
        command += ["--maxmemory-policy", "noeviction", "--loglevel", "warning"]
        manner = {"orphaned": signal.SIGTERM, "noise": IGNORED_LOG_LINES}
        return Program(self.name, command, {"LC_ALL": "C"}, popen=self.home.popen(), **manner)

    def answers(self) -> bool:
        """Returns whether the server responds and accepts the password."""
        try:
            with socket.socket(socket.AF_UNIX) as connection:
                connection.settimeout(2)
                connection.connect(str(self.socket))
                connection.sendall(f"AUTH {self.password}\r\nPING\r\n".encode())
                with connection.makefile("rb") as answers:
                    return [answers.readline(), answers.readline()] == [b"+OK\r\n", b"+PONG\r\n"]
        except OSError:
            return False

    def furnish(self) -> None:
        """Does nothing, because the server needs no setup."""

    def environment(self) -> dict[str, str]:
        """Returns the URL of the socket as Celery expects it."""
        place = f":{self.password}@{quote(str(self.socket))}"
        return {"REDIS_URL": f"redis+socket://{place}?virtual_host=0"}
