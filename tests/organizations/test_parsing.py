"""Reading a body: what is JSON to us and what is not."""

import io

import pytest
from django.test import RequestFactory

from organizations.web.api.body_parsing import MAX_DEPTH, parse_json_body
from organizations.web.api.problems import Problem

JSON = "application/json"


def read(body: bytes | str, content_type: str = JSON, method: str = "POST", **headers: str):
    request = RequestFactory().generic(method, "/v1/x", body, content_type, headers=headers)
    return parse_json_body(request)


def refusal(*args, **kwargs) -> Problem:
    with pytest.raises(Problem) as caught:
        read(*args, **kwargs)
    return caught.value


def test_an_object_is_read():
    assert read('{"a": [1, "é", null, {"b": true}]}') == {"a": [1, "é", None, {"b": True}]}


@pytest.mark.parametrize(
    "content_type", [JSON, "Application/JSON; charset=UTF-8", f'{JSON};charset="utf-8"']
)
def test_the_content_type_is_json_in_utf_8(content_type):
    assert read("{}", content_type) == {}


@pytest.mark.parametrize(
    "content_type",
    [
        "",
        "text/plain",
        "application/x-www-form-urlencoded",
        f"{JSON}; charset=latin-1",
        "application/xml",
    ],
)
def test_any_other_content_type_is_415(content_type):
    assert refusal("{}", content_type).status == 415


def test_a_compressed_body_is_415():
    assert refusal("{}", **{"Content-Encoding": "gzip"}).status == 415


@pytest.mark.parametrize("method", ["DELETE", "POST", "PATCH"])
def test_no_body_is_an_empty_object_of_any_type(method):
    assert read("", "", method) == {}


@pytest.mark.parametrize(
    "body",
    [
        "{",
        "nothing",
        '{"a": NaN}',
        '{"a": Infinity}',
        '{"a": "\\ud800"}',
        '{"a": 1,}',
        "{'a': 1}",
        "{} {}",
        " ",
    ],
)
def test_what_is_not_json_is_400_with_its_place(body):
    problem = refusal(body)
    assert problem.kind.slug == "malformed-json"
    assert "column" in problem.detail


@pytest.mark.parametrize("body", [b'{"a": "\xff"}', b"\xef\xbb\xbf{}", '{"a": 1}'.encode("utf-16")])
def test_what_is_not_utf_8_is_400(body):
    assert refusal(body).kind.slug == "malformed-json"


@pytest.mark.parametrize("body", ["[]", "1", '"a"', "null", "true"])
def test_what_is_not_an_object_is_400(body):
    assert "object" in refusal(body).detail


@pytest.mark.parametrize("body", ['{"a": 1, "a": 2}', '{"x": [{"a": 1, "b": 1, "a": 1}]}'])
def test_a_name_that_stands_twice_is_400_and_named(body):
    assert "“a”" in refusal(body).detail


def nested(depth: int) -> str:
    return '{"a":' * depth + "1" + "}" * depth


def test_nesting_has_a_limit():
    assert read(nested(MAX_DEPTH))
    assert refusal(nested(MAX_DEPTH + 1)).kind.slug == "malformed-json"
    assert refusal("[" * 100_000).kind.slug == "malformed-json"
    assert refusal('{"a":' + "[" * 2000 + "]" * 2000 + "}").kind.slug == "malformed-json"


def test_long_numbers_do_no_harm():
    assert read('{"a": 1' + "0" * 200 + "}") == {"a": 1e200}
    assert refusal('{"a": 1' + "0" * 5000 + "}").kind.slug == "malformed-json"


def test_a_megabyte_is_the_limit(settings):
    room = settings.DATA_UPLOAD_MAX_MEMORY_SIZE - len('{"a": ""}')
    assert len(read('{"a": "%s"}' % ("x" * room))["a"]) == room
    assert refusal('{"a": "%s"}' % ("x" * (room + 1))).status == 413


def chunked(body: bytes):
    """As granian hands over a body without Content-Length."""
    request = RequestFactory().generic("POST", "/v1/x", b"", JSON)
    request.META |= {
        "HTTP_TRANSFER_ENCODING": "chunked",
        "CONTENT_LENGTH": "",
        "CONTENT_TYPE": JSON,
    }
    request.content_type = JSON
    request.environ["wsgi.input"] = io.BytesIO(body)
    return request


def test_a_chunked_body_is_read_and_stays_readable():
    request = chunked(b'{"a": 1}')
    assert parse_json_body(request) == {"a": 1}
    assert request.body == b'{"a": 1}'


def test_a_chunked_body_has_the_same_limit():
    with pytest.raises(Problem) as caught:
        parse_json_body(chunked(b"x" * 1_000_001))
    assert caught.value.status == 413


def test_the_refusal_of_a_large_body_does_not_read_it():
    request = RequestFactory().generic("POST", "/v1/x", b"{}", JSON)
    request.META["CONTENT_LENGTH"] = "5000000000"
    request._stream = None  # whoever reads, fails
    with pytest.raises(Problem) as caught:
        parse_json_body(request)
    assert caught.value.status == 413
