"""What Django reads a body from: all of it, or an error."""

import io

import pytest

from organizations.web.request_bodies import (
    MAX_TRAILING_WHITESPACE,
    CompleteBody,
    IncompleteBody,
    declared_content_length,
    has_unknown_length,
    require_complete_bodies,
)

FORM = b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n--x--'


class Stream(io.BytesIO):
    """What the bridge hands over: it would raise if it were cut off."""

    raises_when_cut = True


def open_body(data: bytes, *, boundary: bytes = b"") -> CompleteBody:
    return CompleteBody(Stream(data), None, boundary)


@pytest.mark.parametrize("size", [1, 3, 5, 100, -1, None])
@pytest.mark.parametrize("length", [10, None])
def test_a_complete_body_is_read_in_any_steps(size, length):
    body = CompleteBody(Stream(b"0123456789"), length)
    assert b"".join(iter(lambda: body.read(size), b"")) == b"0123456789"


@pytest.mark.parametrize("size", [1, 4, 9, 10, 100, -1])
def test_a_body_shorter_than_announced_raises_with_its_last_read(size):
    body = CompleteBody(io.BytesIO(b"012345678"), 10)
    got = []
    with pytest.raises(IncompleteBody):
        got.extend(iter(lambda: body.read(size), b""))
    assert sum(map(len, got)) < 10


def test_it_raises_again_and_again():
    body = CompleteBody(io.BytesIO(b"0"), 10)
    for _time in range(3):
        with pytest.raises(IncompleteBody):
            body.read(5)


def test_no_more_is_read_than_was_announced():
    """What follows belongs to the next request."""
    stream = io.BytesIO(b"0123456789")
    assert CompleteBody(stream, 4).read() == b"0123"
    assert stream.read() == b"456789"


def test_lines_are_read_as_from_any_file():
    body = CompleteBody(io.BytesIO(b"one\ntwo"), 7)
    assert list(body) == [b"one\n", b"two"]


def test_of_a_stream_that_may_end_early_an_unannounced_body_is_not_read():
    """granian's WSGI interface, for one, does not tell."""
    with pytest.raises(IncompleteBody):
        CompleteBody(io.BytesIO(b"0123456789"), None).read(3)


@pytest.mark.parametrize("size", [1, 7, 1000, -1])
@pytest.mark.parametrize("end", [b"", b"\r\n", b"\n", b"\r\n" * 10, b" \t"])
def test_a_form_ends_with_its_boundary(size, end):
    data = FORM + end
    for body in (CompleteBody(Stream(data), len(data), b"x"), open_body(data, boundary=b"x")):
        assert b"".join(iter(lambda body=body: body.read(size), b"")) == data


@pytest.mark.parametrize("size", [1, 7, 1000, -1])
@pytest.mark.parametrize(
    "data",
    [
        *(FORM[:end] for end in range(1, len(FORM), 5)),
        FORM[:-1],
        FORM[:-2],
        FORM + b"more",
        FORM + b" " * 2 * MAX_TRAILING_WHITESPACE,
        FORM.replace(b"--x--", b"--y--"),
        FORM.replace(b"\r\n--x--", b" --x--"),
    ],
)
def test_a_form_that_ends_otherwise_raises(size, data):
    for body in (CompleteBody(Stream(data), len(data), b"x"), open_body(data, boundary=b"x")):
        with pytest.raises(IncompleteBody):
            list(iter(lambda body=body: body.read(size), b""))


def test_a_form_without_a_part_is_its_closing_boundary():
    assert CompleteBody(Stream(b"--x--\r\n"), 7, b"x").read() == b"--x--\r\n"


@pytest.mark.parametrize(
    ("text", "length"),
    [("12", 12), ("0", 0), ("", None), ("-1", None), ("+1", None), ("1x", None), ("١", None)],
)
def test_a_length_is_a_number_of_bytes(text, length):
    assert declared_content_length({"CONTENT_LENGTH": text}) == length


@pytest.mark.parametrize(
    ("environ", "may_be_there"),
    [
        ({}, False),
        ({"CONTENT_LENGTH": "3"}, False),
        ({"HTTP_TRANSFER_ENCODING": "chunked"}, True),
        ({"SERVER_PROTOCOL": "HTTP/1.1"}, False),
        ({"SERVER_PROTOCOL": "HTTP/2"}, True),
        ({"SERVER_PROTOCOL": "HTTP/2", "CONTENT_LENGTH": "0"}, False),
    ],
)
def test_where_a_body_may_be_without_a_length(environ, may_be_there):
    assert has_unknown_length(environ) is may_be_there


@pytest.mark.parametrize(
    "content_type", ["multipart/form-data; boundary=x", 'Multipart/Form-Data; boundary="x"']
)
def test_the_application_finds_it_in_the_environ(content_type):
    def read(environ, _start_response):
        return [environ["wsgi.input"].read()]

    application = require_complete_bodies(read)

    def sent(data: bytes):
        environ = {"CONTENT_TYPE": content_type, "CONTENT_LENGTH": str(len(data))}
        return application({**environ, "wsgi.input": io.BytesIO(data)}, None)

    assert sent(FORM) == [FORM]
    with pytest.raises(IncompleteBody):
        sent(FORM[:-1])
