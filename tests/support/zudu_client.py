"""Zudu's dialect from outside."""

from tests.support.dialects import DIALECTS, ENVELOPE

CREATE = "/api/phone-numbers/create"


def is_refusal(answer, status: int, code: str) -> bool:
    body = answer.json()
    assert (answer.status_code, body["error"], body["status"]) == (status, code, "error"), body
    assert set(body) == ENVELOPE
    assert body["data"] is None
    assert body["message"]
    return True


send = DIALECTS["zudu"].send


def create(member, number: str = "+14155550100", **fields):
    return send(member, "POST", CREATE, {"phone_number": number, **fields})
