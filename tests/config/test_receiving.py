"""Request bodies on their way in: how long they may take, how large they may be, where they are."""

import asyncio
import io
import tempfile

import pytest
from django.core.exceptions import RequestDataTooBig

from config.web import body_receiver
from config.web.body_receiver import (
    MAX_IN_MEMORY,
    RESERVATION_STEP,
    BodyLimits,
    DiskQuota,
    ReceivedBody,
    receive_body,
)
from config.web.upload_limits import MAX_DISCARDED_BYTES, body_limits
from organizations.web.request_bodies import IncompleteBody, SlowBody, TooManyLargeBodies

PLENTY = (50_000_000, 50_000_000)
WITH_KEY = {"HTTP_X_API_KEY": "pb"}


def chunks_of(size: int, count: int = 10) -> list[bytes]:
    return [b"x" * (size // count)] * count


def received(chunks, *, pause=0.0, limits=PLENTY, announced=0, room=None, ended=True):
    """The body, when its chunks have come; without an end the client has gone."""
    body = ReceivedBody(room or DiskQuota())
    coming = list(chunks)

    async def receive() -> dict:
        await asyncio.sleep(pause)
        if not coming:
            return {"type": "http.disconnect"}
        data = coming.pop(0)
        return {"type": "http.request", "body": data, "more_body": bool(coming) or not ended}

    asyncio.run(receive_body(receive, body, announced, BodyLimits(*limits)))
    body.not_asked_for = coming
    return body


@pytest.mark.parametrize(
    ("size", "in_memory"),
    [(0, True), (MAX_IN_MEMORY - MAX_IN_MEMORY % 10, True), (3_000_000, False)],
)
def test_a_body_is_read_as_it_was_sent(size, in_memory):
    body = received(chunks_of(size))
    assert isinstance(body.file, io.BytesIO) is in_memory
    assert b"".join(iter(lambda: body.read(70_001), b"")) == b"x" * size
    body.empty()
    assert body.file.closed


def refusal_of(body: ReceivedBody) -> type[Exception]:
    """What a thread that reads it learns; and nothing is kept of it."""
    assert body.file.closed
    with pytest.raises(body.refusal):
        body.read(1)
    return body.refusal


def test_a_body_that_is_cut_off_is_refused():
    assert refusal_of(received([b"x"] * 3, ended=False)) is IncompleteBody


def test_a_slow_body_is_refused(monkeypatch):
    """Every chunk brings time for the next one, if it is large enough."""
    monkeypatch.setattr(body_receiver, "GRACE_SECONDS", 0.1)
    monkeypatch.setattr(body_receiver, "MIN_BYTE_RATE", 1000)
    assert received([b"x" * 100] * 10, pause=0.05).refusal is None
    assert refusal_of(received([b"x"] * 10, pause=0.05)) is SlowBody


def test_a_body_that_takes_too_long_is_refused_however_large(monkeypatch):
    monkeypatch.setattr(body_receiver, "MAX_SECONDS", 0.1)
    assert refusal_of(received([b"x" * 10_000] * 100, pause=0.02)) is SlowBody


def test_what_is_beyond_the_limit_is_not_kept_and_received_only_where_it_is_to_be():
    for received_at_most, left in ((100, 8), (600, 3), (10_000, 0)):
        body = received([b"x" * 100] * 10, limits=(100, received_at_most))
        assert refusal_of(body) is RequestDataTooBig
        assert len(body.not_asked_for) == left


def test_a_body_that_is_announced_as_too_large_is_not_asked_for():
    body = received([b"x" * 101], announced=101, limits=(100, 100))
    assert (refusal_of(body), len(body.not_asked_for)) == (RequestDataTooBig, 1)


def test_large_bodies_have_only_so_much_room_and_give_it_back():
    room = DiskQuota(most=10 * RESERVATION_STEP, most_of_one=3 * RESERVATION_STEP)
    first, second = (received(chunks_of(1_500_000), room=room) for _each in range(2))
    assert (first.refusal, refusal_of(second)) == (None, TooManyLargeBodies)
    first.empty()
    first.empty()
    assert not room.taken
    third = received(chunks_of(1_500_000), room=room)
    assert third.refusal is None
    third.empty()


def test_small_bodies_need_no_room():
    assert received([b"x"], room=DiskQuota(most=0)).refusal is None


def test_the_room_is_shared_among_clients():
    room = DiskQuota(most=5 * RESERVATION_STEP, most_of_one=3 * RESERVATION_STEP)
    for client in ("192.0.2.1", "192.0.2.2"):
        room.take(client)
        room.take(client)
    room.take("192.0.2.3")
    with pytest.raises(TooManyLargeBodies):
        room.take("192.0.2.4")
    room.give_back("192.0.2.1", 2 * RESERVATION_STEP)
    room.take("192.0.2.4")


def test_a_full_disk_is_no_room(monkeypatch, caplog):
    def full(*_arguments) -> None:
        raise OSError("No space left on device")

    monkeypatch.setattr(tempfile, "TemporaryFile", full)
    assert refusal_of(received(chunks_of(1_000_000))) is TooManyLargeBodies
    assert "No space left" in caplog.text


@pytest.mark.parametrize(
    ("path", "announced", "headers", "limits"),
    [
        ("/v1/phone-numbers", 5, WITH_KEY, (2_000_000, 2_000_000)),
        ("/v1/phone-numbers", 5_000_000, WITH_KEY, (2_000_000, 2_000_000)),
        ("/v1/imports", 5_000_000, WITH_KEY, (20_000_000, 20_000_000)),
        ("/v1/imports", 0, WITH_KEY, (20_000_000, 20_000_000)),
        ("/v1/imports", 5, {}, None),
        ("/api/phone-numbers/create", 0, {}, None),
        ("/accounts/login/", 5, {}, (2_000_000, 2_000_000)),
        ("/accounts/login/", 5_000_000, {}, (2_000_000, MAX_DISCARDED_BYTES)),
        ("/o/org_1/add/file/", 5_000_000, {}, (30_000_000, MAX_DISCARDED_BYTES)),
        ("/nowhere/\xff", 0, {}, (2_000_000, MAX_DISCARDED_BYTES)),
    ],
)
def test_views_that_take_more_than_others_are_sent_more(path, announced, headers, limits):
    environ = {"PATH_INFO": path, "REMOTE_ADDR": "192.0.2.1", **headers}
    environ |= {"CONTENT_LENGTH": str(announced)} if announced else {}
    assert body_limits(environ) == (limits and (*limits, "192.0.2.1"))


def test_large_bodies_are_counted_by_the_client_not_by_its_proxy(settings):
    settings.TRUSTED_PROXIES = ["10.0.0.1"]
    environ = {"PATH_INFO": "/", "REMOTE_ADDR": "10.0.0.1", "HTTP_X_FORWARDED_FOR": "192.0.2.1"}
    assert body_limits(environ).client == "192.0.2.1"
