"""What reaches the log."""

import io
import json
import logging
import sys

import pytest
from django.db import OperationalError
from django.test import Client

from config import logs


@pytest.fixture
def log():
    """What is written by the handler of the settings."""
    handlers, written = logging.getLogger().handlers, io.StringIO()
    (handler,) = [each for each in handlers if type(each) is logging.StreamHandler]
    for each in handler.filters:  # what other tests said is no burst
        getattr(each, "told", {}).clear()
    before = handler.setStream(written)
    yield written
    handler.setStream(before)


@pytest.mark.parametrize("host", ["evil.example", "x" * 5000, "a b", "127.0.0.1:x"])
def test_a_bad_host_header_is_one_line(log, host):
    assert Client().get("/healthz", headers={"host": host}).status_code == 400
    (line,) = log.getvalue().splitlines()
    assert "Invalid HTTP_HOST header" in line
    assert len(line) < 500


def test_errors_of_ours_keep_their_traceback(log):
    try:
        raise ValueError("ours")
    except ValueError:
        logging.getLogger("organizations").exception("It failed")
    assert "Traceback" in log.getvalue()


class Unspeakable:
    def __str__(self) -> str:
        raise ValueError("not me")

    __repr__ = __str__


def record(text="it failed", *args, level=logging.ERROR, **extra) -> logging.LogRecord:
    made = logging.LogRecord("some.name", level, "file.py", 1, text, args, None)
    made.__dict__.update(extra)
    return made


class TestFormats:
    @pytest.mark.parametrize(
        "formatter", [logs.JsonFormatter(), logs.LineFormatter("%(levelname)s %(message)s")]
    )
    @pytest.mark.parametrize(
        "odd",
        [record("%s and %s", 1), record("%d", "x"), record("%s", Unspeakable()), record(None)],
    )
    def test_survive_anything(self, formatter, odd):
        assert isinstance(formatter.format(odd), str)

    def test_json_is_one_object_on_one_line(self):
        odd = record("two\nlines %s", b"\xff", route="/v1", organization=Unspeakable(), status=200)
        line = logs.JsonFormatter().format(odd)
        assert "\n" not in line
        told = json.loads(line)
        assert told["message"].startswith("two\nlines")
        assert (told["level"], told["route"], told["status"]) == ("ERROR", "/v1", 200)

    def test_json_has_the_traceback(self):
        made = record()
        try:
            raise ValueError("ours")
        except ValueError:
            made.exc_info = sys.exc_info()
        assert "ValueError: ours" in json.loads(logs.JsonFormatter().format(made))["exception"]


class TestBursts:
    def test_the_same_error_is_told_once_and_then_counted(self, monkeypatch):
        now = [100.0]
        monkeypatch.setattr(logs.time, "monotonic", lambda: now[0])
        burst = logs.CollapseRepeats()
        said = [burst.filter(record("no database for %s", n)) for n in range(5)]
        assert said == [True, False, False, False, False]
        assert burst.filter(record("something else"))
        now[0] += 61
        last = record("no database for %s", 6)
        assert burst.filter(last)
        assert last.getMessage() == "no database for 6 … 4 more times in 61 s"

    def test_what_is_no_error_is_always_told(self):
        burst = logs.CollapseRepeats()
        assert all(burst.filter(record(level=logging.INFO)) for _ in range(3))

    @pytest.mark.parametrize("odd", [record("%d", "x"), record("%s", Unspeakable())])
    def test_it_never_raises(self, odd):
        assert logs.CollapseRepeats().filter(odd)

    def test_its_memory_is_bounded(self):
        burst = logs.CollapseRepeats()
        for number in range(2000):
            letters = "".join(chr(103 + int(digit)) for digit in str(number))
            burst.filter(record(letters))
        assert len(burst.told) <= logs.MAX_TRACKED_ERRORS


UUID = "0af76519-16cd-43dd-8448-eb211c80319c"


class TestRequestIds:
    @pytest.mark.parametrize(
        ("headers", "expected"),
        [
            ({"X-Request-Id": UUID}, UUID),
            ({"X-Request-Id": UUID.replace("-", "")}, UUID),
            ({"traceparent": f"00-{UUID.replace('-', '')}-b7ad6b7169203331-01"}, UUID),
            ({"X-Request-Id": UUID, "traceparent": f"00-{'1' * 32}-{'2' * 16}-01"}, UUID),
        ],
    )
    def test_a_given_id_is_taken(self, db, headers, expected):
        assert Client().get("/healthz", headers=headers)["X-Request-Id"] == expected

    def test_another_text_has_always_the_same_id(self, db):
        one, again, other = (
            Client().get("/healthz", headers={"X-Request-Id": text})["X-Request-Id"]
            for text in ("deploy-7/a", "deploy-7/a", "deploy-8")
        )
        assert one == again != other

    @pytest.mark.parametrize(
        "headers",
        [
            {"X-Request-Id": "x" * 129},
            {"X-Request-Id": "a\nb"},
            {"X-Request-Id": "<script>"},
            {"traceparent": f"00-{'0' * 32}-{'0' * 16}-01"},
        ],
    )
    def test_what_is_none_is_not_taken(self, db, headers):
        ids = {Client().get("/healthz", headers=headers)["X-Request-Id"] for _ in range(2)}
        assert len(ids) == 2

    def test_a_failing_request_is_one_line_with_its_id(self, log, api, alice, monkeypatch):
        text = "no connection to\n\tthe server\nIs it running?"
        monkeypatch.setattr(
            "organizations.web.api.views.OrgView.answer",
            lambda *_: (_ for _ in ()).throw(OperationalError(text)),
        )
        answer = api(alice).get("/v1/phone-numbers", **{"X-Request-Id": UUID})
        assert answer.status_code == 503
        (line,) = log.getvalue().splitlines()
        assert "no connection to" in line
        assert line.endswith(f"[{UUID}]")


class TestRequests:
    def test_each_has_a_line_without_query_and_path(self, log, alice, settings):
        settings.LOG_REQUESTS = True
        headers = {"Authorization": f"Bearer {alice.key_text}"}
        Client().get("/v1/phone-numbers/made-up?label=secret", headers=headers)
        (line,) = [each for each in log.getvalue().splitlines() if "patchbay.requests" in each]
        assert "GET" in line
        assert " 404 " in line
        assert not [word for word in ("made-up", "secret", alice.key_text) if word in line]

    def test_it_names_the_organization(self, log, alice, settings):
        settings.LOG_REQUESTS = True
        headers = {"Authorization": f"Bearer {alice.key_text}"}
        Client().get("/v1/phone-numbers", headers=headers)
        assert "GET /v1/phone-numbers 200" in log.getvalue()
        assert alice.organization.public_id in log.getvalue()
