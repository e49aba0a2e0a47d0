"""The three dialects from outside: how each sends a key, and what its refusals look like."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.test import Client

from tests.support.factories import Member

ENVELOPE = {"message", "status", "error", "data"}


def split_key_pair(key_text: str) -> tuple[str, str]:
    """Both headers of a key pair, from the whole key."""
    public, _underscore, secret = key_text.rpartition("_")
    return public, secret


@dataclass(frozen=True)
class Dialect:
    """`headers` of a member's requests, of a request without a good key, and whether a body is a
    refusal as this dialect's clients know it."""

    name: str
    headers: Callable[[Member], dict[str, str]]
    keyless: dict[str, str]
    is_refusal: Callable[[int, Any], bool]

    def send(self, member: Member | None, method: str, path: str, body: Any = None) -> Any:
        headers = self.headers(member) if member else self.keyless
        data = "" if body is None else json.dumps(body)
        client = Client(raise_request_exception=False)
        return client.generic(method, path, data, "application/json", headers=headers)

    def refused(self, answer: Any) -> bool:
        return self.is_refusal(answer.status_code, answer.json())


DIALECTS = {
    "v1": Dialect(
        "v1",
        lambda member: {"Authorization": f"Bearer {member.key_text}"},
        {},
        lambda status, body: body["status"] == status and "/v1/problems/" in body["type"],
    ),
    "butter": Dialect(
        "butter",
        lambda member: {
            "X-API-Key": member.key_text,
            "X-Organization-Id": member.organization.public_id,
        },
        {},
        lambda status, body: set(body) == {"detail"} and bool(body["detail"]),
    ),
    "zudu": Dialect(
        "zudu",
        lambda member: dict(
            zip(("X-API-KEY", "X-API-SECRET"), split_key_pair(member.key_text), strict=True)
        ),
        {"X-API-SECRET": "no secret of ours"},  # which tells it from Butter's
        lambda status, body: (
            set(body) == ENVELOPE and (body["status"], body["data"]) == ("error", None)
        ),
    ),
}
