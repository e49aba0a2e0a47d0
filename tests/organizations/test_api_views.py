"""OrgView: from a request to an answer, and what is rolled back."""

from datetime import UTC, datetime, timedelta, timezone
from typing import ClassVar
from uuid import UUID

import pytest
from django.core.exceptions import ObjectDoesNotExist, PermissionDenied
from django.db import OperationalError, connection, transaction
from django.http import HttpRequest
from django.urls import path
from django.utils.translation import gettext_lazy

from organizations.access.roles import Permission
from organizations.models import Event
from organizations.operations import record_event
from organizations.web.api.responses import ApiResponse, encode_json
from organizations.web.api.views import OrgView
from tests.support import factories

pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]

RAISED: dict[str, Exception] = {
    "bug": ZeroDivisionError("the secret plan"),
    "missing": ObjectDoesNotExist(),
    "denied": PermissionDenied("Not you."),
    "database": OperationalError("server closed the connection"),
}


class Things(OrgView):
    permissions: ClassVar = {
        "GET": Permission.PHONE_NUMBERS_READ,
        "POST": Permission.PHONE_NUMBERS_CREATE,
        "DELETE": Permission.PHONE_NUMBERS_DELETE,
    }

    def get(self, request: HttpRequest) -> ApiResponse:
        return ApiResponse({"q": request.GET.get("q")}, headers={"ETag": '"7"'})

    def post(self, request: HttpRequest) -> ApiResponse:
        write(request)
        if name := request.data.get("raise"):
            raise RAISED[name]
        return ApiResponse(request.data, status=request.data.get("status", 201))

    def delete(self, request: HttpRequest) -> ApiResponse:
        write(request)
        return ApiResponse(status=204)


class Waiting(OrgView):
    permissions: ClassVar = {"POST": Permission.PHONE_NUMBERS_CREATE}

    def post(self, request: HttpRequest) -> ApiResponse:
        write(request)
        return ApiResponse({"status": "open"}, status=202, after_commit=self.wait)

    def wait(self) -> ApiResponse:
        return ApiResponse({"in_transaction": transaction.get_connection().in_atomic_block})


def write(request: HttpRequest) -> None:
    organization = request.organization
    record_event(request.principal, "thing.made", organization, kind="thing", label="thing")


urlpatterns = [path("v1/things", Things.as_view()), path("v1/waiting", Waiting.as_view())]
URL = "/v1/things"


@pytest.fixture
def client(api):
    return api(factories.create_member("Alice"))


def made() -> int:
    return Event.objects.filter(action="thing.made").count()


class TestAnswers:
    def test_get_answers_the_bare_object(self, client):
        answer = client.get(URL + "?q=x")
        assert (answer.status_code, answer.json()) == (200, {"q": "x"})
        assert answer["Content-Type"] == "application/json"
        assert answer["ETag"] == '"7"'

    def test_head_answers_the_headers_of_get(self, client):
        answer = client.client.head(URL, headers=client.headers)
        assert (answer.status_code, answer.content) == (200, b"")
        assert answer["ETag"] == '"7"'

    def test_post_has_the_parsed_body(self, client):
        answer = client.post(URL, {"name": "x"})
        assert (answer.status_code, answer.json()) == (201, {"name": "x"})
        assert made() == 1

    def test_204_has_no_body(self, client):
        answer = client.delete(URL)
        assert (answer.status_code, answer.content) == (204, b"")

    def test_no_cookie_is_needed_nor_set(self, client):
        client.client.handler.enforce_csrf_checks = True
        answer = client.post(URL, {})
        assert answer.status_code == 201
        assert not answer.cookies


class TestJson:
    def test_times_end_in_z_and_ids_are_text(self):
        row_id, at = UUID(int=7), datetime(2026, 11, 20, 13, tzinfo=timezone(timedelta(hours=1)))
        assert encode_json({"id": row_id}) == b'{"id":"%s"}' % str(row_id).encode()
        assert encode_json(at) == b'"2026-11-20T13:00:00+01:00"'
        assert encode_json(at.astimezone(UTC)) == b'"2026-11-20T12:00:00Z"'

    def test_lazy_translations_are_text_and_other_things_a_bug(self):
        assert encode_json([gettext_lazy("Conflict")]) == b'["Conflict"]'
        with pytest.raises(TypeError):
            encode_json(object())


class TestAdmission:
    def test_nobody_is_401(self, api):
        assert api().get(URL).status_code == 401

    @pytest.mark.parametrize("method", ["PUT", "PATCH", "OPTIONS", "TRACE", "BREW"])
    def test_a_method_that_is_not_listed_is_405_before_any_query(
        self, client, method, django_assert_num_queries
    ):
        with django_assert_num_queries(0):
            answer = client.send(method, URL, None)
        assert answer.status_code == 405
        assert answer["Allow"] == "GET, POST, DELETE"

    def test_a_key_without_the_permission_is_403_and_told_which(self, api):
        carol = factories.create_member("Carol", role="user")
        assert api(carol).get(URL).status_code == 200
        answer = api(carol).post(URL, {})
        assert answer.status_code == 403
        assert "phone_numbers:create" in answer.json()["detail"]
        assert made() == 0

    def test_a_view_lists_exactly_its_handlers(self):
        with pytest.raises(TypeError, match="different methods"):
            type("Leaky", (OrgView,), {"get": lambda self, request: ApiResponse()})
        with pytest.raises(TypeError, match="different methods"):
            type("Empty", (OrgView,), {"permissions": {"GET": Permission.EVENTS_READ}})

    def test_a_read_takes_one_query_beside_its_own(self, client, django_assert_num_queries):
        client.get(URL)
        with django_assert_num_queries(1):
            client.get(URL)


class TestTransaction:
    @pytest.mark.parametrize("status", [400, 404, 409, 302, 500])
    def test_an_answer_that_is_no_success_undoes_everything(self, client, status):
        assert client.post(URL, {"status": status}).status_code == status
        assert made() == 0

    @pytest.mark.parametrize(
        ("name", "status"), [("bug", 500), ("missing", 404), ("denied", 403), ("database", 503)]
    )
    def test_an_exception_undoes_everything(self, client, name, status):
        answer = client.post(URL, {"raise": name})
        assert answer.status_code == status
        assert answer["Content-Type"] == "application/problem+json"
        assert made() == 0

    def test_a_bug_is_logged_with_the_request_and_not_told(self, client, caplog):
        answer = client.post(URL, {"raise": "bug"})
        assert "secret plan" not in answer.text
        assert answer.json()["instance"] == answer["X-Request-Id"]
        assert answer["X-Request-Id"] in caplog.text
        assert "ZeroDivisionError" in caplog.text

    def test_the_audit_log_has_the_id_of_the_request(self, client):
        answer = client.post(URL, {})
        assert str(Event.objects.get(action="thing.made").request_id) == answer["X-Request-Id"]


@pytest.mark.django_db(transaction=True)
class TestAfterCommit:
    def test_it_runs_outside_the_transaction(self, client):
        answer = client.post("/v1/waiting", {})
        assert (answer.status_code, answer.json()) == (200, {"in_transaction": False})
        assert made() == 1

    def test_a_replay_repeats_what_came_of_it(self, client):
        client.post("/v1/waiting", {}, Idempotency_Key="12345678")
        answer = client.post("/v1/waiting", {}, Idempotency_Key="12345678")
        assert (answer.status_code, answer.json()) == (200, {"in_transaction": False})
        assert made() == 1


class TestRateLimit:
    @pytest.fixture(autouse=True)
    def _two_at_once(self, settings):
        settings.RATE_LIMIT_PER_SECOND, settings.RATE_LIMIT_BURST = 0.001, 2

    def test_every_answer_tells_what_is_left(self, client):
        answers = [client.get(URL), client.post(URL, {"raise": "missing"})]
        assert [answer["RateLimit-Limit"] for answer in answers] == ["2", "2"]
        assert [answer["RateLimit-Remaining"] for answer in answers] == ["1", "0"]
        assert answers[0]["RateLimit-Reset"] == "1000"

    def test_one_too_many_is_429_and_does_nothing(self, client):
        client.get(URL), client.get(URL)
        answer = client.post(URL, {})
        assert answer.status_code == 429
        assert int(answer["Retry-After"]) > 0
        assert answer["RateLimit-Remaining"] == "0"
        assert made() == 0

    def test_each_key_has_its_own_allowance(self, client, api):
        client.get(URL), client.get(URL)
        assert api(factories.create_member("Mallory")).get(URL).status_code == 200

    def test_zero_switches_it_off(self, client, settings):
        settings.RATE_LIMIT_PER_SECOND = 0
        answers = [client.get(URL) for _ in range(5)]
        assert {answer.status_code for answer in answers} == {200}
        assert "RateLimit-Limit" not in answers[0]


class Coat(Things):
    """What a dialect changes."""

    permissions = Things.permissions
    render = staticmethod(
        lambda reply: Things.render(ApiResponse({"data": reply.data}, reply.status))
    )
    problem_response = staticmethod(
        lambda problem, request: Things.render(
            ApiResponse({"oops": problem.detail}, problem.status)
        )
    )


urlpatterns += [path("v1/coat", Coat.as_view())]


class TestDialects:
    def test_a_dialect_has_its_own_envelope_and_errors(self, client):
        assert client.get("/v1/coat").json() == {"data": {"q": None}}
        assert client.post("/v1/coat", {"raise": "denied"}).json() == {"oops": "Not you."}


def test_the_tests_run_on_postgresql():
    assert connection.vendor == "postgresql"
