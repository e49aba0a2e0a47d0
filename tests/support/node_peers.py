"""Peers that run on Node: Prism, which knows Twilio's OpenAPI files, somebody else's Twilio, and an
OpenID Connect provider.

    with emulated_twilio() as (api_url, account_sid, auth_token, violations):
        settings.TWILIO_API_URL = api_url
        …
        assert violations == []     # of Twilio's rules for requests, by whatever we asked

What they run on is installed from the lock in tests/peers when it is not there.
"""

import fcntl
import hashlib
import json
import os
import re
import shutil
import socket
import subprocess
import tarfile
import tempfile
import time
from base64 import b64decode
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import httpx
import pytest

from integrations.providers.twilio.routing import FORM_FIELDS
from tests.fakes.wire import FakeResponse, FakeServer, ReceivedRequest

PEERS_FOLDER = Path(__file__).parent.parent / "peers"
MODULES = PEERS_FOLDER / "node_modules"
# Twilio publishes its OpenAPI files inside this package; none of what it depends on is needed.
SPECS, SPECS_PACKAGE = MODULES / ".twilio-api", "@twilio/cli-core@8.3.2"
SPECS_SHA512 = (
    "qRTAZS15i/nseKHu2zZIb1BD78WFRVOWM65iC9JqjZdNpz5KQaiEI1klsLcWDi1pwXH9JG6pbFXJrIiYRJw/dw=="
)
SPEC_FILE_PATTERN = re.compile(
    r"package/src/services/twilio-api/twilio_(api_v2010|trunking_v1)\.json"
)
START_SECONDS = 60
HOP_BY_HOP = {"connection", "content-length", "host", "keep-alive", "transfer-encoding", "date"}

ACCOUNT_SID, AUTH_TOKEN = f"AC{'0' * 31}1", "an-auth-token-of-nobody"
NUMBER, ORIGINAL_VOICE_URL = "+15551234567", "https://example.com/before-patchbay"


def skip_or_fail(reason: str) -> None:
    if os.environ.get("REQUIRE_PEERS"):
        pytest.fail(reason)
    pytest.skip(reason)


@cache
def install_node_peers() -> str:
    """What keeps the peers from running, or nothing. Several test processes install once."""
    if not (shutil.which("node") and shutil.which("npm")):
        return "node and npm are not there (Debian: apt install nodejs npm)"
    with (Path(tempfile.gettempdir()) / f"patchbay-peers-{os.getuid()}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        return "" if are_node_peers_installed() else install_npm_packages()


def are_node_peers_installed() -> bool:
    """npm writes down what it has installed; the OpenAPI files come after that."""
    done, wanted = SPECS / "whole", PEERS_FOLDER / "package-lock.json"
    return done.exists() and done.stat().st_mtime >= wanted.stat().st_mtime


def install_npm_packages() -> str:
    try:
        run_npm("ci", "--no-audit", "--no-fund")
        fetch_specs()
    except (subprocess.CalledProcessError, OSError) as error:
        return f"npm did not install the peers: {getattr(error, 'stderr', None) or error}"[-800:]
    return ""


def run_npm(*words: str) -> None:
    command = ["npm", *words, "--ignore-scripts"]
    subprocess.run(command, cwd=PEERS_FOLDER, capture_output=True, text=True, check=True)


def fetch_specs() -> None:
    SPECS.mkdir(exist_ok=True)
    run_npm("pack", SPECS_PACKAGE, "--pack-destination", str(SPECS))
    (packed,) = SPECS.glob("*.tgz")
    if hashlib.sha512(packed.read_bytes()).digest() != b64decode(SPECS_SHA512):
        raise OSError(f"{SPECS_PACKAGE} is not what it was")
    with tarfile.open(packed) as archive:
        for member in filter(lambda each: SPEC_FILE_PATTERN.fullmatch(each.name), archive):
            (SPECS / Path(member.name).name).write_bytes(archive.extractfile(member).read())
    (SPECS / "whole").touch()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        return found.getsockname()[1]


@contextmanager
def run_node_server(port: int, *command: str) -> Iterator[str]:
    """A server on that port of this machine, until it is not needed any more."""
    if trouble := install_node_peers():
        skip_or_fail(trouble)
    with tempfile.TemporaryFile("w+") as log:
        running = subprocess.Popen(["node", *command], cwd=PEERS_FOLDER, stdout=log, stderr=log)
        try:
            wait_for_port(port, running, log)
            yield f"http://127.0.0.1:{port}"
        finally:
            running.terminate()
            running.wait(10)


def wait_for_port(port: int, running: subprocess.Popen, log: Any) -> None:
    ends_at = time.monotonic() + START_SECONDS
    while time.monotonic() < ends_at and running.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    log.seek(0)
    pytest.fail(f"{running.args} did not start: {log.read()[-2000:]}")


class PrismInspector(FakeServer):
    """Between us and a Prism proxy: passes everything on, and keeps what Prism complains of."""

    def __init__(self, prism_url: str):
        super().__init__()
        self.prism = httpx.Client(base_url=prism_url, trust_env=False, timeout=30)
        self.about_requests: list[str] = []
        self.about_responses: list[str] = []

    def handle(self, heard: ReceivedRequest) -> FakeResponse:
        answer = self.prism.request(
            heard.method,
            heard.path,
            params=heard.query,
            content=heard.raw,
            headers={n: v for n, v in heard.headers.items() if n not in HOP_BY_HOP},
        )
        for violation in parse_violations(answer.headers.get("sl-violations", "")):
            self.note(heard, violation, answer.status_code)
        headers = {n: v for n, v in answer.headers.items() if n not in HOP_BY_HOP}
        return FakeResponse(answer.status_code, answer.text, headers)

    def note(self, heard: ReceivedRequest, violation: dict[str, Any], status: int) -> None:
        where, *place = violation["location"]
        sentence = f"{heard.method} {heard.path}: {'.'.join(place)}: {violation['message']}"
        if where == "request" and not is_cleared_field(heard, place):
            self.about_requests.append(sentence)
        # The files describe no errors at all, so that every one of them would be a violation.
        if where == "response" and status < 400:
            self.about_responses.append(sentence)

    def __exit__(self, *exception: object) -> None:
        super().__exit__(*exception)
        self.prism.close()


def parse_violations(header: str) -> Iterator[dict[str, Any]]:
    """Too many of them are cut off, somewhere; requests come first."""
    text, decoder = header[header.find("[") + 1 :], json.JSONDecoder()
    while text.startswith("{"):
        try:
            violation, end = decoder.raw_decode(text)
        except ValueError:
            return
        yield violation
        text = text[end:].removeprefix(",")


def is_cleared_field(heard: ReceivedRequest, place: list[str]) -> bool:
    """A field sent empty, to clear it: done by everybody, and forbidden by the schema."""
    form = dict(parse_qsl(heard.raw.decode(), keep_blank_values=True))
    field = place[1] if place[0] == "body" and len(place) > 1 else ""
    return field in FORM_FIELDS.values() and form.get(field) == ""


@contextmanager
def inspect_with_prism(
    upstream_url: str, spec: str = "twilio_api_v2010"
) -> Iterator[PrismInspector]:
    """`upstream_url` as seen through a Prism proxy that holds Twilio's own contract against it."""
    port = free_port()
    command = [str(MODULES / "@stoplight" / "prism-cli" / "dist" / "index.js"), "proxy"]
    command += [str(SPECS / f"{spec}.json"), upstream_url, "-h", "127.0.0.1", "-p", str(port)]
    with run_node_server(port, *command) as prism_url, PrismInspector(prism_url) as inspector:
        yield inspector


@contextmanager
def emulated_twilio(**number: Any) -> Iterator[tuple[str, str, str, list[str]]]:
    """Its address, an account SID, its auth token, and what Twilio's contract has against our
    requests. It owns NUMBER, whose calls go to ORIGINAL_VOICE_URL; `number` says otherwise."""
    owned = {"phone_number": NUMBER, "friendly_name": "Front desk", "voice_url": ORIGINAL_VOICE_URL}
    account = {"sid": ACCOUNT_SID, "auth_token": AUTH_TOKEN, "friendly_name": "Acme"}
    seed = {"twilio": {"account": account, "phone_numbers": [{**owned, **number}]}}
    port = free_port()
    with ExitStack() as stack:
        url = stack.enter_context(
            run_node_server(port, "emulate_twilio.mjs", str(port), json.dumps(seed))
        )
        inspector = stack.enter_context(inspect_with_prism(url))
        yield inspector.url, ACCOUNT_SID, AUTH_TOKEN, inspector.about_requests


@contextmanager
def openid_provider(callback: str, accounts: Path) -> Iterator[str]:
    """Its issuer. `accounts` is a file: JSON from who signs in there to what is said of them."""
    port = free_port()
    with run_node_server(port, "openid_provider.mjs", str(port), callback, str(accounts)) as url:
        yield url
