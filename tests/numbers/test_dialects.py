"""One story, told in each dialect; and one number, of which all three say the same."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import pytest

from numbers.inventory.agents import create_agent
from tests.support import factories
from tests.support.dialects import DIALECTS, Dialect
from tests.support.factories import Member

pytestmark = pytest.mark.django_db
NUMBER, AGENT = "+14155550123", "agent_front"


@dataclass(frozen=True)
class Tongue:
    """How a dialect says it. A body is made for a member, as it may name an integration of theirs;
    `one` and `many` unwrap an answer; `facts` are what all dialects agree on."""

    dialect: Dialect
    create: tuple[str, Callable[[Member, str], dict[str, Any]]]  # path, body
    made: int
    collection: str
    one: Callable[[dict], dict]
    many: Callable[[dict], list[dict]]
    address: Callable[[dict], str]
    number: str
    change: tuple[str, dict[str, Any]]
    removed: int
    facts: Callable[[dict], dict[str, Any]]

    def send(self, member: Member | None, method: str, path: str, body: Any = None) -> Any:
        return self.dialect.send(member, method, path, body)

    def creates(self, member: Member, number: str = NUMBER) -> Any:
        path, body = self.create
        return self.send(member, "POST", path, body(member, number))

    def lists(self, member: Member) -> list[dict]:
        return self.many(self.send(member, "GET", self.collection).json())

    def reads(self, member: Member, address: str) -> dict:
        answer = self.send(member, "GET", address)
        assert answer.status_code == 200, answer.text
        return self.one(answer.json())

    def finds(self, member: Member) -> dict:
        """The member's only number, read by the address that the list gives it."""
        (row,) = self.lists(member)
        return self.reads(member, self.address(row))


def data(body: dict) -> dict:
    return body["data"]


def sandbox_of(member: Member) -> str:
    return member.organization.integrations.get().public_id


TONGUES = {
    "v1": Tongue(
        DIALECTS["v1"],
        create=("/v1/phone-numbers", lambda _member, number: {"number": number}),
        made=201,
        collection="/v1/phone-numbers",
        one=lambda body: body,
        many=data,
        address=lambda row: f"/v1/phone-numbers/{row['id']}",
        number="number",
        change=("PATCH", {"label": "Desk"}),
        removed=204,
        facts=lambda row: {
            "number": row["number"],
            "phon": row["phone_number_id"],
            "label": row["label"],
            "agent": row["inbound_agent_id"],
            "outbound agent": row["outbound_agent_id"],
            "directions": (row["supports_inbound"], row["supports_outbound"]),
            "status": row["status"],
            "reason": row["error_message"],
            "provider": row["number_provider"],
            "since": row["created_at"],
        },
    ),
    "butter": Tongue(
        DIALECTS["butter"],
        create=(
            "/api/phone-numbers",
            lambda member, number: {
                "phone_number": number,
                "provider": "twilio",
                "integration_id": sandbox_of(member),
                "supports_inbound": True,
            },
        ),
        made=201,
        collection="/api/phone-numbers",
        one=data,
        many=data,
        address=lambda row: f"/api/phone-numbers/{row['phone_number_id']}",
        number="phone_number",
        change=("PUT", {"supports_outbound": True}),
        removed=200,
        facts=lambda row: {
            "number": row["phone_number"],
            "phon": row["phone_number_id"],
            "agent": row["assigned_agent_id"],
            "directions": (row["supports_inbound"], row["supports_outbound"]),
            "status": row["provisioning_status"],
            "reason": row["error_message"],
            "since": row["created_at"],
        },
    ),
    "zudu": Tongue(
        DIALECTS["zudu"],
        create=("/api/phone-numbers/create", lambda _member, number: {"phone_number": number}),
        made=200,
        collection="/api/phone-numbers",
        one=data,
        many=lambda body: body["data"]["phone_numbers"],
        address=lambda row: f"/api/phone-numbers/{quote(row['phone_number'], safe='')}",
        number="phone_number",
        change=("PATCH", {"nickname": "Desk"}),
        removed=200,
        facts=lambda row: {
            "number": row["phone_number"],
            "label": row["nickname"],
            "agent": row["inbound_agent_id"],
            "outbound agent": row["outbound_agent_id"],
            "status": row["provisioning_status"],
            "reason": row["error_message"],
            "since": row["created_at"],
        },
    ),
}


@pytest.fixture(params=TONGUES)
def tongue(request, worker) -> Tongue:
    return TONGUES[request.param]


class TestTheStory:
    def test_a_number_is_added_read_listed_changed_and_deleted(self, tongue, alice):
        added = tongue.creates(alice)
        assert added.status_code == tongue.made
        made = tongue.one(added.json())
        assert made[tongue.number] == NUMBER
        factories.run_due_operations()
        address = tongue.address(made)
        assert tongue.facts(tongue.reads(alice, address))["status"] == "active"
        assert [row[tongue.number] for row in tongue.lists(alice)] == [NUMBER]
        method, wished = tongue.change
        changed = tongue.send(alice, method, address, wished)
        assert changed.status_code == 200
        assert wished.items() <= tongue.one(changed.json()).items()
        assert wished.items() <= tongue.reads(alice, address).items()
        assert tongue.send(alice, "DELETE", address).status_code == tongue.removed
        assert tongue.lists(alice) == []

    def test_a_stranger_finds_it_nowhere(self, tongue, alice, mallory):
        address = tongue.address(tongue.one(tongue.creates(alice).json()))
        method, wished = tongue.change
        assert tongue.lists(mallory) == []
        for asked in (("GET", None), (method, wished), ("DELETE", None)):
            answer = tongue.send(mallory, asked[0], address, asked[1])
            assert answer.status_code == 404
            assert tongue.dialect.refused(answer)
        assert len(tongue.lists(alice)) == 1

    def test_without_a_key_there_is_nothing(self, tongue, alice):
        for method, path in (("GET", tongue.collection), ("POST", tongue.create[0])):
            answer = tongue.send(None, method, path, {} if method == "POST" else None)
            assert answer.status_code == 401
            assert tongue.dialect.refused(answer)

    def test_bad_input_names_its_field(self, tongue, alice):
        for number in ("5551234", "+1415555", None, 14155550123):
            answer = tongue.creates(alice, number)
            assert answer.status_code in (400, 422)
            assert tongue.dialect.refused(answer)
            assert tongue.number in answer.text
        path, body = tongue.create
        answer = tongue.send(alice, "POST", path, {**body(alice, NUMBER), "colour": "red"})
        assert answer.status_code == 400
        assert "colour" in answer.text
        assert tongue.lists(alice) == []

    def test_a_number_has_one_holder_who_is_not_named(self, tongue, alice, mallory):
        tongue.creates(alice)
        for member in (alice, mallory):
            answer = tongue.creates(member)
            assert answer.status_code == 409
            assert tongue.dialect.refused(answer)
            assert alice.organization.public_id not in answer.text
        assert tongue.lists(mallory) == []

    def test_what_was_deleted_is_free_for_others(self, tongue, alice, mallory):
        address = tongue.address(tongue.one(tongue.creates(alice).json()))
        factories.run_due_operations()
        tongue.send(alice, "DELETE", address)
        factories.run_due_operations()
        assert tongue.creates(mallory).status_code == tongue.made


def said(member: Member) -> dict[str, dict[str, Any]]:
    """What each dialect says of the member's only number."""
    return {name: tongue.facts(tongue.finds(member)) for name, tongue in TONGUES.items()}


def agreed(member: Member) -> dict[str, Any]:
    """All facts that any dialect tells, which no other one contradicts."""
    facts: dict[str, Any] = {}
    for name, own in said(member).items():
        shared = own.keys() & facts.keys()
        assert {key: own[key] for key in shared} == {key: facts[key] for key in shared}, name
        facts |= own
    return facts


class TestOneNumberThreeTongues:
    @pytest.fixture(autouse=True)
    def front_desk(self, alice, worker):
        return create_agent(alice.by, name="Front desk", agent_id=AGENT)

    def test_all_say_the_same_whoever_wrote_it(self, tongue, alice):
        tongue.creates(alice)
        assert (agreed(alice)["number"], agreed(alice)["status"]) == (NUMBER, "pending")
        factories.run_due_operations()
        assert agreed(alice)["status"] == "active"
        assert agreed(alice)["agent"] is None

    def test_all_tell_why_it_failed(self, tongue, alice):
        tongue.creates(alice)
        reason = "The platform knows no such number."
        alice.organization.phone_numbers.update(status="failed", error_message=reason)
        facts = agreed(alice)
        assert (facts["status"], facts["reason"]) == ("failed", reason)

    @pytest.mark.parametrize("writer", TONGUES)
    def test_an_agent_given_in_one_answers_in_all(self, tongue, writer, alice):
        tongue.creates(alice)
        factories.run_due_operations()
        assigns(writer, alice, AGENT)
        assert agreed(alice)["agent"] == AGENT
        assert TONGUES["butter"].finds(alice)["status"] == "assigned"
        unassigns(writer, alice, AGENT)
        assert agreed(alice)["agent"] is None
        assert TONGUES["butter"].finds(alice)["status"] == "free"

    def test_a_label_is_a_nickname(self, tongue, alice):
        tongue.creates(alice)
        for name, words in (("v1", {"label": "Main"}), ("zudu", {"nickname": "Desk"})):
            change(name, alice, "PATCH", words)
            assert agreed(alice)["label"] == next(iter(words.values()))

    @pytest.mark.parametrize("writer", ["butter", "zudu"])
    def test_directions_change_in_two_tongues(self, writer, alice):
        TONGUES[writer].creates(alice)
        factories.run_due_operations()
        change("butter", alice, "PUT", {"supports_inbound": False, "supports_outbound": True})
        assert agreed(alice)["directions"] == (False, True)
        change("v1", alice, "PATCH", {"supports_inbound": True, "supports_outbound": False})
        assert agreed(alice)["directions"] == (True, False)

    def test_what_one_deletes_all_miss(self, tongue, alice):
        tongue.creates(alice)
        factories.run_due_operations()
        addresses = {n: t.address(t.finds(alice)) for n, t in TONGUES.items()}
        tongue.send(alice, "DELETE", addresses[tongue.dialect.name])
        assert [t.lists(alice) for t in TONGUES.values()] == [[], [], []]
        assert TONGUES["v1"].reads(alice, addresses["v1"])["status"] == "deleted"
        for name in ("butter", "zudu"):
            assert TONGUES[name].send(alice, "GET", addresses[name]).status_code == 404


def change(name: str, member: Member, method: str, wished: dict[str, Any]) -> None:
    tongue = TONGUES[name]
    answer = tongue.send(member, method, tongue.address(tongue.finds(member)), wished)
    assert answer.status_code == 200, answer.text


def assigns(writer: str, member: Member, agent: str) -> None:
    if writer != "butter":
        return change(writer, member, "PATCH", {"inbound_agent_id": agent})
    butter = TONGUES["butter"]
    body = {"phone_number_id": butter.finds(member)["phone_number_id"]}
    path = f"/api/agents/{agent}/assign-phone-number"
    assert butter.send(member, "POST", path, body).status_code == 200
    return None


def unassigns(writer: str, member: Member, agent: str) -> None:
    if writer != "butter":
        return change(writer, member, "PATCH", {"inbound_agent_id": None})
    butter = TONGUES["butter"]
    phon = butter.finds(member)["phone_number_id"]
    path = f"/api/agents/{agent}/unassign-phone-number/{phon}"
    assert butter.send(member, "POST", path).status_code == 200
    return None
