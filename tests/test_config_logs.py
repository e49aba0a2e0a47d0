"""What reaches the log."""

import io
import logging

import pytest
from django.test import Client


@pytest.fixture
def log():
    """What is written by the handler of the settings."""
    handlers, written = logging.getLogger().handlers, io.StringIO()
    (handler,) = [each for each in handlers if type(each) is logging.StreamHandler]
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
