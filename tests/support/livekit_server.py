"""A real LiveKit for the tests: one that somebody runs, or a livekit-server of our own on loopback
with a Valkey of its own. The SIP API needs no SIP server; only calls would."""

import atexit
import json
import os
import secrets
import shutil
import socket
import subprocess
import tempfile
import time
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import httpx
import pytest

from config.supervisor.home import EngineHome
from config.supervisor.processes import Program, kill_process_group, spawn_program
from config.supervisor.software import valkey_program_path

INSTALL_PATH = Path.home() / ".cache" / "patchbay" / "livekit-server"  # by .ci/run


@dataclass(frozen=True)
class LiveKitServer:
    url: str
    api_key: str
    api_secret: str


@cache
def real_livekit() -> LiveKitServer:
    """Started once, ends with this process. Without one the tests skip, or fail where peers are
    required."""
    if url := os.environ.get("PATCHBAY_TEST_LIVEKIT_URL"):
        names = ("PATCHBAY_TEST_LIVEKIT_KEY", "PATCHBAY_TEST_LIVEKIT_SECRET")
        return LiveKitServer(url, *(os.environ[name] for name in names))
    program = shutil.which("livekit-server") or shutil.which(INSTALL_PATH)
    if not program:
        reason = f"no livekit-server on PATH or at {INSTALL_PATH}, no PATCHBAY_TEST_LIVEKIT_URL"
        (pytest.fail if os.environ.get("REQUIRE_PEERS") else pytest.skip)(reason)
    return start_livekit(program, Path(tempfile.mkdtemp(prefix="patchbay-livekit-")))


def start_livekit(program: str, folder: Path) -> LiveKitServer:
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    start_valkey(folder)
    port, server = free_port(), LiveKitServer("", "APItests", secrets.token_urlsafe(32))
    config = folder / "livekit.yaml"
    config.touch(mode=0o600)
    config.write_text(json.dumps(livekit_settings(folder, port, server)))  # JSON is YAML
    livekit = launch_process("livekit", [program, "--config", str(config)], folder)
    url = f"http://127.0.0.1:{port}"
    wait_until_ready(lambda: is_answering(url), livekit, folder / "livekit.log")
    return LiveKitServer(url, server.api_key, server.api_secret)


def livekit_settings(folder: Path, port: int, server: LiveKitServer) -> dict:
    """Without the lines of rtc it would listen on every interface, whatever bind_addresses says."""
    rtc = {"tcp_port": 0, "udp_port": free_port(), "use_external_ip": False}
    rtc |= {"node_ip": "127.0.0.1", "interfaces": {"includes": ["lo"]}}
    return {
        "port": port,
        "bind_addresses": ["127.0.0.1"],
        "redis": {"address": str(folder / "valkey.sock")},
        "keys": {server.api_key: server.api_secret},
        "rtc": {**rtc, "ips": {"includes": ["127.0.0.1/32"]}},
    }


def start_valkey(folder: Path) -> None:
    command = [str(valkey_program_path(EngineHome(folder, None, -1))), "--port", "0", "--save", ""]
    command += ["--unixsocket", str(folder / "valkey.sock"), "--dir", str(folder)]
    valkey = launch_process("valkey", command, folder)
    wait_until_ready((folder / "valkey.sock").exists, valkey, folder / "valkey.log")


def launch_process(name: str, command: list[str], folder: Path) -> subprocess.Popen:
    with (folder / f"{name}.log").open("wb") as log:
        process = spawn_program(Program(name, command, {"LC_ALL": "C", "HOME": str(folder)}), log)
    atexit.register(kill_process_group, process)
    return process


def wait_until_ready(true, process: subprocess.Popen, log: Path) -> None:
    deadline = time.monotonic() + 30
    while not true():
        if process.poll() is not None or time.monotonic() > deadline:
            pytest.fail(log.read_text())
        time.sleep(0.02)


def is_answering(url: str) -> bool:
    try:
        return httpx.get(url).status_code == 200
    except httpx.TransportError:
        return False


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return taken.getsockname()[1]
