"""The door over TLS: the guard connects to a number, everything else goes by the name."""

import socket
import ssl
import time
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from integrations.http import platform_client
from integrations.providers.base import OutcomeUnknown, Unavailable
from tests.support.socket_peers import (
    OK_RESPONSE,
    ScriptedPeer,
    close_clients,
    drip_reply,
    never_reply,
    open_client,
    reply_script,
)

NAME = "platform.example"


@pytest.fixture(autouse=True)
def _doors_are_closed():
    yield
    close_clients()


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """Self-signed, for one name; the file holds key and certificate."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, NAME)])
    made = (
        x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(NAME)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    plain, pkcs8 = serialization.NoEncryption(), serialization.PrivateFormat.PKCS8
    path = tmp_path_factory.mktemp("tls") / "both.pem"
    path.write_bytes(key.private_bytes(pem, pkcs8, plain) + made.public_bytes(pem))
    return path


@pytest.fixture
def tls(certificate, monkeypatch):
    """The peer's side. The name leads to loopback, whoever asks."""
    real = socket.getaddrinfo

    def answer(host, *args, **kwargs):
        return real("127.0.0.1" if host.endswith(".example") else host, *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", answer)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


@pytest.fixture
def trusted(certificate, monkeypatch):
    context = ssl.create_default_context(cafile=str(certificate))
    monkeypatch.setattr(platform_client, "_tls_context", lambda: context)


def url(peer, name=NAME):
    return f"https://{name}:{peer.url.rpartition(':')[2]}"


@pytest.mark.usefixtures("trusted")
def test_a_call_over_tls(tls):
    names = []
    tls.sni_callback = lambda connection, name, context: names.append(name)
    with ScriptedPeer(reply_script(OK_RESPONSE), tls=tls) as peer:
        assert open_client(url(peer)).request("GET", "/x").status == 200
    assert names == [NAME]
    assert f"Host: {NAME}:".encode() in peer.heard[0][0]


def test_a_certificate_that_nobody_vouches_for(tls):
    with (
        ScriptedPeer(reply_script(OK_RESPONSE), tls=tls) as peer,
        pytest.raises(Unavailable, match="certificate"),
    ):
        open_client(url(peer)).request("POST", "/x")
    assert peer.heard == []


@pytest.mark.usefixtures("trusted")
def test_a_certificate_for_another_name(tls):
    with (
        ScriptedPeer(reply_script(OK_RESPONSE), tls=tls) as peer,
        pytest.raises(Unavailable, match="certificate"),
    ):
        open_client(url(peer, "other.example")).request("POST", "/x")
    assert peer.heard == []


@pytest.mark.usefixtures("trusted")
@pytest.mark.parametrize("script", [never_reply, drip_reply])
@pytest.mark.parametrize(("method", "error"), [("GET", Unavailable), ("POST", OutcomeUnknown)])
def test_the_deadline_holds_over_tls(tls, script, method, error):
    with ScriptedPeer(script, tls=tls) as peer:
        started = time.monotonic()
        with pytest.raises(error):
            open_client(url(peer), deadline_seconds=0.4).request(method, "/x")
        assert time.monotonic() - started < 1.5
