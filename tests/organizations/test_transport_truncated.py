"""A request that was cut off is a 400 and changes nothing: every entrance, over real sockets."""

import contextlib
import hashlib
import json
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from urllib.parse import urlencode

import pytest
from django.apps import apps
from django.contrib.auth import get_user_model
from django.db import connection
from django.test import Client
from django.urls import reverse

from numbers.models import PhoneNumber
from tests.support import factories
from tests.support.dialects import DIALECTS
from tests.support.factories import Member
from tests.support.raw_http import (
    CutRequest,
    RawRequest,
    RawResponse,
    WebServer,
    build_multipart_body,
    parse_response,
    receive_all,
)

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]
TOKEN = "a" * 32  # a CSRF secret
ROWS = 40
CSV = b"number;label\r\n" + b"".join(b"+1415555%04d;Row\r\n" % n for n in range(ROWS))
BOUNDARY = "----PatchbayTestBoundary7MA4YWxkTrZu0gW"
# What a refused request may change: when its session ends, and when its key was last used.
VOLATILE = ("sessions.Session", "usersessions.UserSession", "organizations.ApiKey")


@pytest.fixture(scope="module")
def web(tmp_path_factory, django_db_setup, django_db_blocker) -> Iterator[WebServer]:
    with django_db_blocker.unblock():
        server = WebServer(tmp_path_factory.mktemp("web"))
    try:
        server.wait()
        yield server
    finally:
        server.end()


@dataclass
class World:
    """Alice, a number of hers, her browser, and that of an operator."""

    alice: Member
    number: PhoneNumber
    session: str
    staff_session: str

    def api(self, dialect: str, method_and_path: str, body: object) -> RawRequest:
        headers = {**DIALECTS[dialect].headers(self.alice), "Content-Type": "application/json"}
        return RawRequest(method_and_path, json.dumps(body).encode(), headers)

    def csv(self, **headers: str) -> RawRequest:
        headers = {"Content-Type": "text/csv", **DIALECTS["v1"].headers(self.alice), **headers}
        return RawRequest("POST /v1/imports?start=true", CSV, headers)

    def form(self, path: str, *, session: str = "", **fields: str) -> RawRequest:
        body = urlencode({"csrfmiddlewaretoken": TOKEN, **fields}).encode()
        return RawRequest(
            f"POST {path}", body, self.browser(session, "application/x-www-form-urlencoded")
        )

    def upload(self) -> RawRequest:
        fields = {"csrfmiddlewaretoken": TOKEN, "place": "record"}
        body = build_multipart_body(BOUNDARY, fields, ("May.csv", CSV))
        kind = f"multipart/form-data; boundary={BOUNDARY}"
        return RawRequest(f"POST {self.page('add_file')}", body, self.browser(self.session, kind))

    def browser(self, session: str, content_type: str) -> dict[str, str]:
        cookies = {"csrftoken": TOKEN} | ({"patchbay_session": session} if session else {})
        cookie = "; ".join(f"{name}={value}" for name, value in cookies.items())
        return {"Content-Type": content_type, "Cookie": cookie}

    def page(self, name: str, *path: object) -> str:
        return reverse(f"screens:{name}", args=[self.alice.organization.public_id, *path])

    def label(self) -> RawRequest:
        """As htmx sends it: the token in a header, so that the form need not be read for it."""
        sent = self.form(self.page("number_label", self.number.pk), session=self.session, label="X")
        body = sent.body.split(b"&", 1)[1]
        return RawRequest(sent.method_and_path, body, {**sent.headers, "X-CSRFToken": TOKEN})


def session_of(user) -> str:
    client = Client()
    client.force_login(user, "django.contrib.auth.backends.ModelBackend")
    return client.cookies["patchbay_session"].value


@pytest.fixture
def world(alice) -> World:
    olga = get_user_model().objects.create_superuser("olga@example.com", "correct horse battery")
    return World(alice, factories.create_number(alice.by), session_of(alice.user), session_of(olga))


SIP = {"provider": "sip", "supports_inbound": True, "supports_outbound": False}
NEW = "+14155550188"
# Each entrance: its request, and the status of the complete one.
REQUESTS: dict[str, tuple[Callable[[World], RawRequest], int]] = {
    "v1 create": (lambda w: w.api("v1", "POST /v1/phone-numbers", {"number": NEW}), 201),
    "v1 change": (
        lambda w: w.api("v1", f"PATCH /v1/phone-numbers/{w.number.pk}", {"label": "Desk"}),
        200,
    ),
    "v1 delete": (lambda w: w.api("v1", f"DELETE /v1/phone-numbers/{w.number.pk}", {}), 204),
    "v1 import of few": (
        lambda w: w.api(
            "v1",
            "POST /v1/phone-numbers/import",
            {"provider": "sip", "numbers": [{"number": NEW, "supports_outbound": False}]},
        ),
        201,
    ),
    "v1 import in JSON": (
        lambda w: w.api(
            "v1", "POST /v1/imports", {"rows": [{"number": NEW}] * ROWS, "start": True}
        ),
        202,
    ),
    "v1 import in CSV": (lambda w: w.csv(), 202),
    "butter create": (
        lambda w: w.api("butter", "POST /api/phone-numbers", {"phone_number": NEW, **SIP}),
        201,
    ),
    "zudu create": (
        lambda w: w.api("zudu", "POST /api/phone-numbers/create", {"phone_number": NEW}),
        200,
    ),
    "pasted list": (
        lambda w: w.form(
            w.page("add_list"), session=w.session, place="record", text="+14155550188\n+14155550189"
        ),
        302,
    ),
    "label by htmx": (lambda w: w.label(), 302),
    "file": (lambda w: w.upload(), 302),
    "sign-in": (
        lambda w: w.form(
            "/accounts/login/", login="alice@example.com", password="correct horse battery"
        ),
        302,
    ),
    "admin": (
        lambda w: w.form(
            reverse("admin:organizations_organization_add"),
            session=w.staff_session,
            name="Acme Two",
            owner=str(w.alice.user.pk),
        ),
        302,
    ),
}


def stored() -> dict[str, str]:
    """A fingerprint of each table."""
    found = {}
    with connection.cursor() as cursor:
        for model in apps.get_models():
            row = "''" if model._meta.label in VOLATILE else "t::text"
            cursor.execute(f'SELECT {row} FROM "{model._meta.db_table}" t ORDER BY 1')
            rows = "\n".join(text for (text,) in cursor.fetchall())
            found[model._meta.label] = hashlib.sha256(rows.encode()).hexdigest()
    return found


def changed(before: dict[str, str]) -> set[str]:
    after = stored()
    return {name for name in before if before[name] != after[name]}


def cuts_of(sent: RawRequest, encoding: str) -> list[CutRequest]:
    return sent.cut_by_length() if encoding == "length" else sent.cut_in_chunks()


def refused(answer: RawResponse, status: int, words: str) -> bool:
    return answer.status == status and words in answer.head + answer.rest


@pytest.mark.parametrize("name", REQUESTS)
@pytest.mark.parametrize("encoding", ["length", "chunks"])
def test_what_is_cut_off_is_refused_and_changes_nothing(web, world, name, encoding):
    make, expected = REQUESTS[name]
    sent = make(world)
    before = stored()
    for missing, data in cuts_of(sent, encoding):
        answer = web.send_and_end(data)
        assert answer.status == 400, (missing, answer)
        assert re.search("(body|connection) ended before", answer.rest), (missing, answer)
        web.reset(data)
    time.sleep(0.2)  # those that nobody waits for end meanwhile
    assert not changed(before)
    answer = web.send(sent.whole() if encoding == "length" else sent.whole_in_chunks())
    assert answer.status == expected, answer
    assert changed(before)


@pytest.mark.parametrize(
    ("dialect", "shape"),
    [
        ("v1", '"type":"http://127.0.0.1:8000/v1/problems/incomplete-body"'),
        ("butter", '{"detail":"The body ended before'),
        ("zudu", '"error":"incomplete-body"'),
    ],
)
def test_each_dialect_says_so_in_its_own_way(web, world, dialect, shape):
    path = "/v1/phone-numbers" if dialect == "v1" else "/api/phone-numbers"
    path += "/create" if dialect == "zudu" else ""
    sent = world.api(dialect, f"POST {path}", {"phone_number": NEW})
    assert refused(web.send_and_end(sent.cut_by_length()[1][1]), 400, shape)


@pytest.mark.parametrize("lost", [1, 3, 10, len(BOUNDARY) + 8, 300, len(CSV) + 200])
@pytest.mark.parametrize("encoding", ["length", "chunks"])
def test_a_form_without_its_closing_boundary_is_refused(web, world, lost, encoding):
    """Its length is right, so only the form itself tells that something is missing."""
    sent = world.upload()
    body = sent.body.removesuffix(b"\r\n")[:-lost]
    sent = replace(sent, body=body)
    before = stored()
    whole = sent.whole() if encoding == "length" else sent.whole_in_chunks()
    assert refused(web.send(whole), 400, "ended before the whole form")
    assert not changed(before)


def test_the_line_end_after_the_closing_boundary_may_be_missing(web, world):
    sent = world.upload()
    sent = replace(sent, body=sent.body.removesuffix(b"\r\n"))
    assert web.send(sent.whole()).status == 302


def test_a_body_may_take_its_time(web, world):
    sent = world.csv()
    data = sent.whole_in_chunks()
    with web.connect() as client:
        for part in (data[:300], data[300:700], data[700:]):
            client.sendall(part)
            time.sleep(0.1)
        assert parse_response(receive_all(client)).status == 202


def test_an_unread_body_is_not_the_next_request(web, world):
    """The key is refused before the body is read; what the body looks like does not matter."""
    inner = world.api("v1", f"DELETE /v1/phone-numbers/{world.number.pk}", {}).whole()
    outer = RawRequest("POST /v1/phone-numbers", inner, {"Content-Type": "application/json"})
    before = stored()
    for data in (outer.whole(), outer.whole_in_chunks()):
        kept_open = data.replace(b"Connection: close\r\n", b"", 1)
        answer = web.send(kept_open + RawRequest("GET /healthz").whole())
        assert refused(answer, 401, "unauthorized")
        assert re.findall(r"HTTP/1.1 (\d+)", answer.rest) in ([], ["200"])
    assert not changed(before)


@pytest.mark.parametrize("length", ["-1", "+5", "5x", "0x10", "5, 6", "99999999999999999999", ""])
def test_a_length_that_is_none_is_refused(web, world, length):
    sent = world.api("v1", "POST /v1/phone-numbers", {"number": NEW})
    before = stored()
    answer = web.send_and_end(sent.head(Content_Length=length) + sent.body)
    assert answer.status == 400
    assert not changed(before)


def test_what_follows_the_length_is_not_part_of_the_body(web, world):
    sent = world.api("v1", "POST /v1/phone-numbers", {"number": NEW})
    before = stored()
    answer = web.send_and_end(sent.head(Content_Length=len(sent.body) - 2) + sent.body)
    assert refused(answer, 400, "malformed-json")
    assert not changed(before)


def test_chunks_win_over_a_length_and_end_the_connection(web, world):
    """Where proxies disagree about the end of a request, a second one could be hidden behind it."""
    sent = world.api("v1", "POST /v1/phone-numbers", {"number": NEW})
    hidden = world.api("v1", f"DELETE /v1/phone-numbers/{world.number.pk}", {}).whole()
    head = sent.head(Content_Length=len(sent.body), Transfer_Encoding="chunked")
    answer = web.send(head + b"".join(sent.chunks()) + hidden)
    assert answer.status == 201
    assert "HTTP/1.1" not in answer.rest
    assert PhoneNumber.objects.get(pk=world.number.pk).wanted == "active"


@pytest.mark.parametrize("header", ["Transfer-Encoding: gzip, chunked", "Content-Encoding: gzip"])
@pytest.mark.parametrize("name", ["v1 create", "v1 import in CSV", "zudu create", "label by htmx"])
def test_compressed_bodies_are_not_read(web, world, header, name):
    sent = REQUESTS[name][0](world)
    key, _, value = header.partition(": ")
    before = stored()
    more = {key.replace("-", "_"): value}
    if key == "Content-Encoding":
        more["Content_Length"] = len(sent.body)
    data = sent.body if key == "Content-Encoding" else b"".join(sent.chunks())
    assert web.send(sent.head(**more, Connection="close") + data).status == 415
    assert not changed(before)


def test_who_expects_100_continue_is_asked_for_the_body_or_refused_without_it(web, world):
    sent = world.api("v1", "POST /v1/phone-numbers", {"number": NEW})
    keyless = replace(sent, headers={"Content-Type": "application/json"})
    for request, first in ((sent, b"HTTP/1.1 100 "), (keyless, b"HTTP/1.1 401 ")):
        with web.connect() as client:
            client.sendall(request.head(Content_Length=len(sent.body), Expect="100-continue"))
            assert client.recv(65536).startswith(first)


@pytest.mark.parametrize(
    ("path", "most"), [("/v1/phone-numbers", 1_000_000), ("/v1/imports", 10_000_000)]
)
@pytest.mark.parametrize("encoding", ["length", "chunks"])
def test_the_refusal_of_a_large_body_names_the_limit(web, world, path, most, encoding):
    body = {"title": "x" * most}
    sent = world.api("v1", f"POST {path}", body)
    with web.connect() as client:
        with contextlib.suppress(OSError):  # the answer may come before all is sent
            client.sendall(sent.whole() if encoding == "length" else sent.whole_in_chunks())
        with contextlib.suppress(OSError):
            answer = parse_response(client.recv(65536))
    assert refused(answer, 413, f"larger than {most:,} bytes")


def test_a_form_that_is_too_large_is_413_in_words(web, world):
    path = world.page("add_list")
    sent = world.form(path, session=world.session, place="record", text="x" * 1_000_000)
    assert refused(web.send_and_end(sent.head(Content_Length=len(sent.body))), 413, "too large")
