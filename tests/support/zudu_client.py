"""Zudu's dialect from outside."""

from tests.support.dialects import DIALECTS, ENVELOPE

CREATE_URL = "/api/phone-numbers/create"


def is_zudu_refusal(answer, status: int, code: str) -> bool:
    body = answer.json()
    assert (answer.status_code, body["error"], body["status"]) == (status, code, "error"), body
    assert set(body) == ENVELOPE
    assert body["data"] is None
    assert body["message"]
    return True


send_zudu_request = DIALECTS["zudu"].send


def create_zudu_number(member, number: str = "+14155550100", **fields):
    return send_zudu_request(member, "POST", CREATE_URL, {"phone_number": number, **fields})
