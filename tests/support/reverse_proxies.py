"""Real proxies in front of a web server, set up by the files in deploy/.

Each listens on loopback, once with TLS and once without.
"""

import os
import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from config import BASE_DIR
from config.supervisor.address import WebAddress
from tests.bench.installation import free_port

HOST = "127.0.0.1"
START_SECONDS = 20


@dataclass(frozen=True)
class ProxyPorts:
    plain: int
    tls: int


def read_deployment_file(name: str, **replaced: str) -> str:
    """A file of deploy/, in which each text is replaced; all of them must be there."""
    text = (BASE_DIR / "deploy" / name).read_text()
    for old, new in replaced.items():
        assert old in text, old
        text = text.replace(old, new)
    return text


def configure_nginx(folder: Path, ports: ProxyPorts, web: WebAddress) -> list[str]:
    kept = "".join(
        f"{kind}_temp_path {folder}/{kind};\n"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    site = read_deployment_file(
        "nginx.conf",
        **{
            "    listen [::]:80;\n": "",
            "    listen [::]:443 ssl http2;\n": "",
            "listen 80;": f"listen {HOST}:{ports.plain};",
            "listen 443 ": f"listen {HOST}:{ports.tls} ",
            "/etc/patchbay/tls": str(folder),
            "    server 127.0.0.1:8001;\n": "",
            "127.0.0.1:8000": f"{web.host}:{web.port}",
            "patchbay.example.com": HOST,
        },
    )
    (folder / "nginx.conf").write_text(f"""
        daemon off; pid {folder}/pid; error_log stderr; {"user root;" if not os.geteuid() else ""}
        events {{}}
        http {{ access_log off; {kept}
        {site}
        }}""")
    return ["nginx", "-e", "stderr", "-p", str(folder), "-c", str(folder / "nginx.conf")]


def configure_caddy(folder: Path, ports: ProxyPorts, web: WebAddress) -> list[str]:
    """The site twice, as it is written for https and names no certificate."""
    begin = "{$SITE:patchbay.example.com} {"
    upstreams = {"{$UPSTREAMS:127.0.0.1:8000 127.0.0.1:8001}": f"{web.host}:{web.port}"}
    plain = {begin: f"http://{HOST}:{ports.plain} {{\nbind {HOST}"}
    certificate = f"tls {folder}/cert.pem {folder}/key.pem"
    secure = {begin: f"https://{HOST}:{ports.tls} {{\nbind {HOST}\n{certificate}"}
    sites = [read_deployment_file("Caddyfile", **site, **upstreams) for site in (plain, secure)]
    options = "{\nadmin off\nauto_https off\n}\n"
    (folder / "Caddyfile").write_text(options + "\n".join(sites))
    return ["caddy", "run", "--adapter", "caddyfile", "--config", str(folder / "Caddyfile")]


def configure_haproxy(folder: Path, ports: ProxyPorts, web: WebAddress) -> list[str]:
    both = (folder / "cert.pem").read_text() + (folder / "key.pem").read_text()
    (folder / "both.pem").write_text(both)
    config = read_deployment_file(
        "haproxy.cfg",
        **{
            "bind :80": f"bind {HOST}:{ports.plain}",
            "bind :443": f"bind {HOST}:{ports.tls}",
            "/etc/patchbay/tls": str(folder),
            "    server web2 127.0.0.1:8001 check\n": "",
            "127.0.0.1:8000": f"{web.host}:{web.port}",
            "patchbay.example.com": HOST,
        },
    )
    (folder / "haproxy.cfg").write_text(config)
    return ["haproxy", "-db", "-f", str(folder / "haproxy.cfg")]


PROXIES: dict[str, Callable[[Path, ProxyPorts, WebAddress], list[str]]] = {
    "nginx": configure_nginx,
    "caddy": configure_caddy,
    "haproxy": configure_haproxy,
}


@contextmanager
def run_proxy(name: str, folder: Path, web: WebAddress) -> Iterator[ProxyPorts]:
    """The proxy of this name in front of `web`."""
    if not shutil.which(name):
        (pytest.fail if os.environ.get("REQUIRE_PEERS") else pytest.skip)(f"{name} is missing.")
    make_certificate(folder)
    ports = ProxyPorts(free_port(), free_port())
    env = {**os.environ, "HOME": str(folder), "XDG_DATA_HOME": str(folder)}
    with (folder / "log").open("wb") as log:
        command = PROXIES[name](folder, ports, web)
        process = subprocess.Popen(command, stdout=log, stderr=log, env=env)
    try:
        wait_for_ports(ports, process, folder / "log")
        yield ports
    finally:
        process.terminate()
        process.wait()


def wait_for_ports(ports: ProxyPorts, process: subprocess.Popen, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    for port in (ports.plain, ports.tls):
        while not is_listening(port):
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.05)


def is_listening(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((HOST, port)) == 0


def make_certificate(folder: Path) -> None:
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1"]
    command += ["-subj", f"/CN={HOST}", "-addext", f"subjectAltName=IP:{HOST}"]
    command += ["-keyout", str(folder / "key.pem"), "-out", str(folder / "cert.pem")]
    subprocess.run(command, check=True, capture_output=True)


def connect_from_source(port: int, source: str, *, tls: bool) -> socket.socket:
    """A connection from an address of loopback's many."""
    plain = socket.create_connection((HOST, port), 20, source_address=(source, 0))
    if not tls:
        return plain
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context.wrap_socket(plain, server_hostname=HOST)
