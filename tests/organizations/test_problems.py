"""Problems: the table, what exceptions become, the pages, and what Django answers by itself."""

import re
from uuid import UUID

import pytest
from django.core import exceptions as django
from django.db import IntegrityError, InterfaceError, OperationalError, connection, transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from django.urls import include, path
from rest_framework import exceptions as drf
from rest_framework import serializers

from organizations.web.api.exception_mapping import exception_to_problem
from organizations.web.api.problem_types import PROBLEM_TYPE_LIST, PROBLEM_TYPES
from organizations.web.api.problems import (
    Problem,
    field_error,
    invalid_request_problem,
    problem_response,
)

pytestmark = pytest.mark.urls(__name__)


def broken(request: HttpRequest) -> HttpResponse:
    raise {"db": OperationalError("gone"), "bug": ZeroDivisionError("the secret plan")}[
        request.GET["why"]
    ]


def missing(request: HttpRequest) -> HttpResponse:
    raise Http404("the secret plan")


urlpatterns = [
    path("v1/", include("organizations.api.urls")),
    path("v1/broken", broken),
    path("page/broken", broken),
    path("page/missing", missing),
]
handler400 = "organizations.web.api.error_handlers.handler400"
handler403 = "organizations.web.api.error_handlers.handler403"
handler404 = "organizations.web.api.error_handlers.handler404"
handler500 = "organizations.web.api.error_handlers.handler500"

HTML = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


@pytest.fixture
def client() -> Client:
    return Client(raise_request_exception=False)


class TestTable:
    def test_slugs_are_unique_and_fit_for_an_address(self):
        assert len(PROBLEM_TYPES) == len(PROBLEM_TYPE_LIST)
        assert all(re.fullmatch(r"[a-z]+(-[a-z]+)*", kind.slug) for kind in PROBLEM_TYPE_LIST)

    @pytest.mark.parametrize("kind", PROBLEM_TYPE_LIST, ids=lambda kind: kind.slug)
    def test_each_explains_itself_in_sentences(self, kind):
        assert 400 <= kind.status < 600
        for text in (kind.explanation, kind.advice):
            assert str(text).endswith(".")


class TestBody:
    def test_it_is_what_rfc_9457_and_topcalls_say(self, settings):
        request = RequestFactory().get("/v1/x")
        request.id = UUID("5f0c2d7e-3b1a-4c86-9f3d-0a7d1c2b9e44")
        settings.PUBLIC_BASE_URL = "https://phones.example"
        problem = Problem(
            "number-taken",
            "+1 is taken.",
            errors=[field_error("number", "Taken.", "taken")],
            headers={"Retry-After": "1"},
        )
        answer = problem_response(problem, request)
        assert answer["Content-Type"] == "application/problem+json"
        assert answer["Retry-After"] == "1"
        assert answer.status_code == 409
        assert __import__("json").loads(answer.content) == {
            "type": "https://phones.example/v1/problems/number-taken",
            "title": "Number taken",
            "status": 409,
            "detail": "+1 is taken.",
            "instance": str(request.id),
            "errors": [{"path": "number", "message": "Taken.", "code": "taken"}],
        }

    def test_the_detail_is_the_explanation_where_nothing_else_is_said(self):
        assert Problem("internal").detail == PROBLEM_TYPES["internal"].explanation

    def test_one_error_is_told_in_the_detail_several_are_named(self):
        one, other = field_error("a", "Bad {x}."), field_error("b", "Worse.")
        assert invalid_request_problem(one).detail == "a: Bad {x}."
        assert invalid_request_problem(field_error("", "Bad.")).detail == "Bad."
        assert invalid_request_problem(one, other).detail == "2 errors: a, b."

    def test_an_unknown_slug_is_a_bug(self):
        with pytest.raises(KeyError):
            Problem("no-such-thing")


class Gateway(serializers.Serializer):
    port = serializers.IntegerField()


class Carrier(serializers.Serializer):
    name = serializers.CharField(max_length=3)
    sip_gateways = Gateway(many=True)
    tags = serializers.ListField(child=serializers.CharField(max_length=2))

    def validate(self, attrs: dict) -> dict:
        raise serializers.ValidationError("Never.", code="never")


def errors_of(error: Exception) -> set[tuple[str, str]]:
    problem = exception_to_problem(error)
    assert problem.kind.slug == "invalid-request"
    return {(one["path"], one["code"]) for one in problem.errors}


class TestValidationErrors:
    def errors(self, **data) -> set[tuple[str, str]]:
        whole = {"name": "x", "sip_gateways": [{"port": 1}], "tags": []}
        serializer = Carrier(data=whole | data)
        with pytest.raises(drf.ValidationError) as caught:
            serializer.is_valid(raise_exception=True)
        return errors_of(caught.value)

    def test_a_field(self):
        assert self.errors(name="long") == {("name", "max_length")}

    def test_a_field_of_an_entry_of_a_list(self):
        gateways = [{"port": 1}, {"port": "x"}, {}]
        assert self.errors(sip_gateways=gateways) == {
            ("sip_gateways.1.port", "invalid"),
            ("sip_gateways.2.port", "required"),
        }

    def test_an_entry_of_a_plain_list(self):
        assert self.errors(tags=["ok", "long"]) == {("tags.1", "max_length")}

    def test_a_list_as_such(self):
        assert self.errors(sip_gateways="x") == {("sip_gateways", "not_a_list")}

    def test_the_whole(self):
        assert self.errors() == {("", "never")}

    def test_djangos_by_field(self):
        error = django.ValidationError(
            {"name": ["Bad.", "Worse."], "__all__": django.ValidationError("No.", code="no")}
        )
        assert errors_of(error) == {("name", "invalid"), ("", "no")}
        assert len(exception_to_problem(error).errors) == 3

    def test_djangos_without_a_field_and_with_parameters(self):
        error = django.ValidationError("At most %(n)d.", code="max", params={"n": 3})
        assert errors_of(error) == {("", "max")}
        assert exception_to_problem(error).errors[0]["message"] == "At most 3."


class TestExceptions:
    @pytest.mark.parametrize(
        ("error", "slug"),
        [
            (Http404("secret"), "not-found"),
            (django.ObjectDoesNotExist("secret"), "not-found"),
            (django.PermissionDenied(), "forbidden"),
            (django.RequestDataTooBig(), "payload-too-large"),
            (django.SuspiciousOperation("secret"), "invalid-request"),
            (drf.ParseError(), "malformed-json"),
            (drf.NotFound(), "not-found"),
            (drf.PermissionDenied(), "forbidden"),
            (drf.NotAuthenticated(), "unauthorized"),
            (drf.MethodNotAllowed("PUT"), "method-not-allowed"),
            (drf.NotAcceptable(), "not-acceptable"),
            (drf.UnsupportedMediaType("x"), "unsupported-media-type"),
            (OperationalError("secret"), "database-unavailable"),
            (InterfaceError("secret"), "database-unavailable"),
            (drf.APIException("secret"), "internal"),
            (IntegrityError("secret"), "internal"),
            (KeyError("secret"), "internal"),
        ],
    )
    def test_each_becomes_its_problem_and_tells_no_internals(self, error, slug):
        problem = exception_to_problem(error)
        assert problem.kind.slug == slug
        assert "secret" not in problem.detail

    def test_a_database_that_is_away_says_when_to_come_back(self):
        assert exception_to_problem(OperationalError()).headers == {"Retry-After": "5"}

    @pytest.mark.django_db
    @pytest.mark.parametrize(
        ("statement", "slug"),
        [
            ("SET LOCAL statement_timeout = 1; SELECT pg_sleep(1)", "database-unavailable"),
            ("DO $$ BEGIN RAISE lock_not_available; END $$", "conflict"),
            ("DO $$ BEGIN RAISE deadlock_detected; END $$", "conflict"),
            ("DO $$ BEGIN RAISE serialization_failure; END $$", "conflict"),
            ("DO $$ BEGIN RAISE unique_violation; END $$", "conflict"),
            ("DO $$ BEGIN RAISE foreign_key_violation; END $$", "conflict"),
            ("DO $$ BEGIN RAISE check_violation; END $$", "internal"),
            ("SELECT 1/0", "internal"),
        ],
    )
    def test_what_postgresql_says(self, statement, slug):
        with pytest.raises(Exception) as caught, transaction.atomic():  # noqa: B017, PT011
            connection.cursor().execute(statement)
        problem = exception_to_problem(caught.value)
        assert problem.kind.slug == slug
        assert ("Retry-After" in problem.headers) == (slug != "internal")


class TestPages:
    def test_the_list_names_every_problem(self, client):
        page = client.get("/v1/problems", headers=HTML)
        assert page["Content-Type"].startswith("text/html")
        for kind in PROBLEM_TYPE_LIST:
            assert f'href="/v1/problems/{kind.slug}"' in page.text

    @pytest.mark.parametrize("slug", PROBLEM_TYPES)
    def test_each_has_a_page(self, client, slug):
        page = client.get(f"/v1/problems/{slug}", headers=HTML)
        assert page.status_code == 200
        assert str(PROBLEM_TYPES[slug].title) in page.text

    @pytest.mark.parametrize("slug", ["", "/not-found"])
    def test_a_page_works_alone(self, client, slug):
        page = client.get(f"/v1/problems{slug}", headers=HTML)
        assert "default-src 'none'" in page["Content-Security-Policy"]
        assert not re.search(r"<(script|link|img)|@import|url\(", page.text)
        assert "prefers-color-scheme: dark" in page.text

    def test_names_are_set_as_code(self, client):
        page = client.get("/v1/problems/precondition-failed", headers=HTML)
        assert "`" not in page.text
        page = client.get("/v1/problems/rate-limited", headers=HTML)
        assert "<code>Retry-After</code>" in page.text

    def test_programs_get_json(self, client):
        one = client.get("/v1/problems/not-found", headers={"Accept": "application/json"})
        assert one.json()["status"] == 404
        assert one.json()["type"].endswith("/v1/problems/not-found")
        whole = client.get("/v1/problems", headers={"Accept": "application/problem+json"})
        assert len(whole.json()["data"]) == len(PROBLEM_TYPE_LIST)

    def test_an_unknown_one_is_not_found(self, client):
        answer = client.get("/v1/problems/nonsense")
        assert (answer.status_code, answer.json()["title"]) == (404, "Not found")


class TestWhereNoViewAnswers:
    @pytest.mark.parametrize("url", ["/v1/nonsense", "/v1", "/v1/problems/", "/api/x", "/api"])
    def test_below_the_api_not_found_is_a_problem(self, client, url):
        answer = client.get(url)
        assert answer.status_code == 404
        assert answer["Content-Type"] == "application/problem+json"
        assert answer.json()["instance"] == answer["X-Request-Id"]

    @pytest.mark.parametrize("url", ["/nonsense", "/v1x", "/page/missing"])
    def test_elsewhere_it_is_a_page(self, client, url):
        answer = client.get(url)
        assert answer.status_code == 404
        assert answer["Content-Type"].startswith("text/html")
        assert answer["X-Request-Id"] in answer.text
        assert "secret" not in answer.text

    def test_a_bug_is_500_in_the_form_of_the_place(self, client):
        for url, kind in (
            ("/v1/broken", "application/problem+json"),
            ("/page/broken", "text/html"),
        ):
            answer = client.get(url + "?why=bug")
            assert answer.status_code == 500
            assert answer["Content-Type"].startswith(kind)
            assert "secret" not in answer.text

    def test_a_database_that_is_away_is_503_in_the_form_of_the_place(self, client):
        for url, kind in (
            ("/v1/broken", "application/problem+json"),
            ("/page/broken", "text/html"),
        ):
            answer = client.get(url + "?why=db")
            assert answer.status_code == 503
            assert answer["Content-Type"].startswith(kind)
            assert answer["Retry-After"] == "5"

    def test_it_is_one_line_in_the_log_and_no_traceback(self, client, caplog):
        client.get("/page/broken?why=db")
        assert "gone" in caplog.text
        assert "Traceback" not in caplog.text

    def test_so_it_is_when_a_middleware_finds_out(self, client, monkeypatch):
        from django.contrib.sessions.middleware import SessionMiddleware

        def gone(*args):
            raise OperationalError("gone")

        monkeypatch.setattr(SessionMiddleware, "process_response", gone)
        assert client.get("/v1/problems").status_code == 503

    def test_a_host_that_is_not_ours_is_400(self, client):
        answer = client.get("/v1/problems/", headers={"Host": "evil.example"})
        assert answer.status_code == 400
        assert answer.json()["type"].endswith("/invalid-request")


class TestRequestId:
    def test_each_answer_has_its_own(self, client):
        ids = {client.get("/v1/problems")["X-Request-Id"] for _ in range(3)}
        assert len(ids) == 3
        assert all(UUID(one).version == 4 for one in ids)

    def test_the_clients_own_is_not_taken(self, client):
        answer = client.get("/v1/problems", headers={"X-Request-Id": "mine"})
        assert answer["X-Request-Id"] != "mine"

    def test_it_ends_with_the_request(self, client):
        from organizations.web.request_id import current_request_id

        client.get("/page/broken?why=bug")
        assert current_request_id() is None
