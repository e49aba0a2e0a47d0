"""Idempotency-Key: one execution, however often and however much at once a request is sent."""

import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import ClassVar

import pytest
from django.db import connection, transaction
from django.db.models.functions import Now
from django.http import HttpRequest
from django.urls import path

from organizations.access.roles import Permission
from organizations.models import Event, SavedReply
from organizations.operations import record_event
from organizations.web.api.problems import Problem
from organizations.web.api.responses import ApiResponse
from organizations.web.api.views import OrgView
from tests.support import factories

pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]

KEY = "a1b2c3d4-e5f6-7890-abcd-ef0123456789"
URL = "/v1/things"
entered, leave = threading.Event(), threading.Event()


class Things(OrgView):
    permissions: ClassVar = {
        "GET": Permission.PHONE_NUMBERS_READ,
        "POST": Permission.PHONE_NUMBERS_CREATE,
        "PATCH": Permission.PHONE_NUMBERS_UPDATE,
        "DELETE": Permission.PHONE_NUMBERS_DELETE,
    }

    def get(self, request: HttpRequest) -> ApiResponse:
        return ApiResponse({})

    def post(self, request: HttpRequest) -> ApiResponse:
        record_event(request.principal, "thing.made", request.organization, kind="thing", label="x")
        if request.data.get("slow"):
            entered.set()
            leave.wait(10)
        time.sleep(request.data.get("sleep", 0))
        data = {"number": Event.objects.count(), "name": "é", "timeout": lock_timeout()}
        headers = {"ETag": '"1"', "Location": "/v1/things/1"}
        return ApiResponse(data, status=request.data.get("status", 201), headers=headers)

    patch = post

    def delete(self, request: HttpRequest) -> ApiResponse:
        record_event(request.principal, "thing.made", request.organization, kind="thing", label="x")
        return ApiResponse(status=204)


def lock_timeout() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SHOW lock_timeout")
        return cursor.fetchone()[0]


class Later(OrgView):
    """Asks a platform after the commit; `then` says what comes of it."""

    permissions: ClassVar = {"POST": Permission.PHONE_NUMBERS_CREATE}

    def post(self, request: HttpRequest) -> ApiResponse:
        record_event(request.principal, "thing.made", request.organization, kind="thing", label="x")
        secret, then = ApiResponse({"key": "S3CRET"}, status=201), request.data["then"]
        outcomes = {
            "done": lambda: ApiResponse({"state": "done"}),
            "secret": lambda: replace(secret, kept=ApiResponse({"key": None}, status=201)),
            "void": lambda: ApiResponse({"state": "void"}, status=504, is_void=True),
            "longer": lambda: ApiResponse({"state": "timeout"}, status=504),
            "refused": lambda: refuse("The platform refuses."),
        }
        if then == "secret now":
            return replace(secret, kept=ApiResponse({"key": None}, status=201))
        return ApiResponse({"state": "asked"}, status=202, after_commit=outcomes[then])


def refuse(sentence: str) -> ApiResponse:
    raise Problem("platform-refused", sentence)


urlpatterns = [
    path("v1/things", Things.as_view()),
    path("v1/other", Things.as_view()),
    path("v1/later", Later.as_view()),
]


@pytest.fixture
def client(api):
    return api(factories.create_member("Alice"))


def made() -> int:
    return Event.objects.filter(action="thing.made").count()


class TestReplay:
    def test_the_second_answer_is_the_first_and_does_nothing(self, client):
        first, second = (client.post(URL, {"a": 1}, Idempotency_Key=KEY) for _ in range(2))
        assert (first.status_code, second.status_code) == (201, 201)
        assert first.content == second.content
        for name in ("Content-Type", "ETag", "Location"):
            assert first[name] == second[name]
        assert "Idempotent-Replayed" not in first
        assert second["Idempotent-Replayed"] == "true"
        assert made() == 1

    def test_a_replay_has_a_request_id_and_an_allowance_of_its_own(self, client):
        first, second = (client.post(URL, {}, Idempotency_Key=KEY) for _ in range(2))
        assert first["X-Request-Id"] != second["X-Request-Id"]
        assert int(second["RateLimit-Remaining"]) <= int(first["RateLimit-Remaining"])

    def test_it_holds_for_patch(self, client):
        first, second = (client.patch(URL, {"a": 1}, Idempotency_Key=KEY) for _ in range(2))
        assert first.content == second.content
        assert made() == 1

    def test_it_holds_for_delete(self, client):
        first, second = (client.delete(URL, Idempotency_Key=KEY) for _ in range(2))
        assert (first.status_code, second.status_code, second.content) == (204, 204, b"")
        assert second["Idempotent-Replayed"] == "true"

    def test_get_takes_no_notice(self, client):
        assert client.get(URL, Idempotency_Key="!").status_code == 200

    def test_without_a_key_everything_is_executed(self, client):
        client.post(URL, {}), client.post(URL, {})
        assert made() == 2
        assert not SavedReply.objects.exists()

    def test_a_colleague_shares_the_keys_a_stranger_does_not(self, api):
        alice, mallory = factories.create_member("Alice"), factories.create_member("Mallory")
        bob = factories.create_member("Bob", organization=alice.organization)
        answers = [api(who).post(URL, {}, Idempotency_Key=KEY) for who in (alice, bob, mallory)]
        assert ["Idempotent-Replayed" in answer for answer in answers] == [False, True, False]
        assert made() == 2

    def test_an_expired_key_is_new(self, client):
        client.post(URL, {"a": 1}, Idempotency_Key=KEY)
        SavedReply.objects.update(expires_at=Now() - timedelta(seconds=1))
        answer = client.post(URL, {"a": 2}, Idempotency_Key=KEY)
        assert answer.status_code == 201
        assert made() == 2
        assert client.post(URL, {"a": 2}, Idempotency_Key=KEY)["Idempotent-Replayed"] == "true"

    def test_it_is_kept_as_long_as_promised(self, client, settings):
        client.post(URL, {}, Idempotency_Key=KEY)
        saved = SavedReply.objects.get()
        assert saved.expires_at - saved.created_at == settings.IDEMPOTENCY_RETENTION

    def test_the_lock_timeout_is_what_it_was(self, client):
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL lock_timeout = '3s'")
        assert client.post(URL, {}, Idempotency_Key=KEY).json()["timeout"] == "3s"


class TestMismatch:
    def test_another_body_path_method_or_query_is_422(self, client):
        client.post(URL, {"a": 1}, Idempotency_Key=KEY)
        others = [
            client.post(URL, {"a": 2}, Idempotency_Key=KEY),
            client.post("/v1/other", {"a": 1}, Idempotency_Key=KEY),
            client.patch(URL, {"a": 1}, Idempotency_Key=KEY),
            client.post(URL + "?x=1", {"a": 1}, Idempotency_Key=KEY),
        ]
        assert [answer.status_code for answer in others] == [422] * 4
        assert others[0].json()["type"].endswith("/idempotency-mismatch")
        assert made() == 1

    @pytest.mark.parametrize("status", [400, 409, 404, 500, 301])
    def test_what_is_no_success_is_not_kept(self, client, status):
        assert client.post(URL, {"status": status}, Idempotency_Key=KEY).status_code == status
        assert not SavedReply.objects.exists()
        assert client.post(URL, {}, Idempotency_Key=KEY).status_code == 201

    @pytest.mark.parametrize(
        "key", ["short", "a" * 256, f'"{KEY}"', "with space", "a.b.c.d.e", f"{KEY}, {KEY}", ""]
    )
    def test_a_key_of_another_form_is_400_and_named(self, client, key):
        answer = client.post(URL, {}, Idempotency_Key=key)
        assert answer.status_code == 400
        assert answer.json()["type"].endswith("/invalid-idempotency-key")
        assert answer.json()["errors"][0]["path"] == "Idempotency-Key"
        assert made() == 0

    @pytest.mark.parametrize("key", ["a" * 8, "a" * 255])
    def test_the_limits_themselves_are_allowed(self, client, key):
        assert client.post(URL, {}, Idempotency_Key=key).status_code == 201


@pytest.mark.django_db(transaction=True)
class TestAtOnce:
    def test_twenty_identical_requests_are_one(self, client):
        start = threading.Barrier(20)

        def send(_number: int):
            start.wait()
            try:
                return client.post(URL, {"sleep": 0.1}, Idempotency_Key=KEY)
            finally:
                connection.close()

        with ThreadPoolExecutor(20) as pool:
            answers = list(pool.map(send, range(20)))
        assert Counter(answer.status_code for answer in answers) == {201: 20}
        assert Counter("Idempotent-Replayed" in a for a in answers) == {True: 19, False: 1}
        assert len({answer.content for answer in answers}) == 1
        assert made() == 1

    @pytest.mark.slow
    def test_one_that_takes_long_is_in_progress_for_the_others(self, client):
        entered.clear(), leave.clear()
        with ThreadPoolExecutor(1) as pool:
            first = pool.submit(closing, client.post, URL, {"slow": True}, Idempotency_Key=KEY)
            assert entered.wait(10)
            started = time.monotonic()
            second = client.post(URL, {"slow": True}, Idempotency_Key=KEY)
            waited = time.monotonic() - started
            leave.set()
            assert first.result().status_code == 201
        assert second.status_code == 409
        assert 1.9 < waited < 4  # the connection's own lock_timeout is longer
        assert second["Retry-After"] == "2"
        assert second.json()["type"].endswith("/idempotency-in-progress")
        assert made() == 1

    def test_when_the_first_fails_the_waiting_one_is_executed(self, client):
        entered.clear(), leave.clear()
        body = {"slow": True, "status": 409}
        with ThreadPoolExecutor(2) as pool:
            first = pool.submit(closing, client.post, URL, body, Idempotency_Key=KEY)
            assert entered.wait(10)
            entered.clear()
            second = pool.submit(closing, client.post, URL, body, Idempotency_Key=KEY)
            leave.set()
            assert first.result().status_code == second.result().status_code == 409
        assert entered.is_set()  # the second one came that far
        assert made() == 0

    def test_a_claim_without_an_answer_leaves_nothing(self, client):
        with transaction.atomic():
            client.post(URL, {}, Idempotency_Key=KEY)
            transaction.set_rollback(True)  # as when the process dies before its COMMIT
        assert not SavedReply.objects.exists()
        assert client.post(URL, {}, Idempotency_Key=KEY).status_code == 201


def closing(call, *args, **kwargs):
    try:
        return call(*args, **kwargs)
    finally:
        connection.close()


@pytest.mark.parametrize(("then", "first", "again", "executions"), [
    ("done", (200, {"state": "done"}), (200, {"state": "done"}), 1),
    ("void", (504, {"state": "void"}), (504, {"state": "void"}), 2),
    ("longer", (504, {"state": "timeout"}), (202, {"state": "asked"}), 1),
    ("secret", (201, {"key": "S3CRET"}), (201, {"key": None}), 1),
    ("secret now", (201, {"key": "S3CRET"}), (201, {"key": None}), 1),
    ("refused", (409, None), (409, None), 2),
])  # fmt: skip
def test_an_answer_that_waits_is_kept_once_it_is_there(client, then, first, again, executions):
    """A timeout keeps what was said before it, an error nothing; a secret is nowhere stored."""
    for status, body in (first, again):
        answer = client.post("/v1/later", {"then": then}, Idempotency_Key=KEY)
        assert answer.status_code == status
        assert body is None or answer.json() == body
    assert made() == executions
    assert not any(b"S3CRET" in bytes(saved.body) for saved in SavedReply.objects.all())
