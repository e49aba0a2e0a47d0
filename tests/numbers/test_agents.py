"""/v1/agents, and where their numbers' calls go."""

import pytest

from integrations.models import SandboxObject
from numbers.inventory import agents, operations
from numbers.inventory.acquisition import import_number
from numbers.inventory.agents import AgentAssignmentConflict
from numbers.models import Agent, PhoneNumber
from tests.support import factories

pytestmark = pytest.mark.django_db
URL = "/v1/agents"
VOICE = "https://example.com/voice"


@pytest.fixture
def agent(alice) -> Agent:
    return agents.create_agent(alice.by, name="Support", agent_id="support", voice_url=VOICE)


def supplied(member, e164: str = "+14155550110", **fields) -> PhoneNumber:
    number = import_number(member.by, number=e164, provider="twilio", **fields)
    factories.run_number_operations(number)
    return number


def webhook(number: PhoneNumber) -> str | None:
    factories.run_due_operations()
    return SandboxObject.objects.get(kind="number", name=number.e164).data["webhook"]


def problem(answer) -> str:
    return answer.json()["type"].rpartition("/")[2]


class TestKeeping:
    def test_adding(self, alice, api):
        body = {"agent_id": "sup.port:1", "name": "Support", "voice_url": VOICE}
        answer = api(alice).post(URL, body)
        assert (answer.status_code, answer["ETag"]) == (201, '"1"')
        assert answer["Location"] == f"{URL}/sup.port:1"
        shown = answer.json()
        assert shown.items() >= {**body, "account_id": str(alice.organization.id)}.items()
        assert api(alice).get(f"{URL}/sup.port:1").json() == shown
        assert alice.organization.events.get(action="agent.created").after["name"] == "Support"

    def test_an_id_is_made(self, alice, api):
        made = api(alice).post(URL, {"name": "Support"}).json()
        assert made["agent_id"].startswith("agent_")
        assert made["voice_url"] is None

    def test_an_id_is_there_once_in_an_organization(self, alice, mallory, agent, api):
        answer = api(alice).post(URL, {"agent_id": "support", "name": "Other"})
        assert (answer.status_code, problem(answer)) == (409, "agent-exists")
        assert api(mallory).post(URL, {"agent_id": "support", "name": "Mine"}).status_code == 201

    @pytest.mark.parametrize(
        ("body", "path"),
        [
            ({}, "name"),
            ({"name": ""}, "name"),
            ({"name": "x" * 101}, "name"),
            ({"name": "x", "agent_id": "a/b"}, "agent_id"),
            ({"name": "x", "agent_id": ".."}, "agent_id"),
            ({"name": "x", "agent_id": 5}, "agent_id"),
            ({"name": "x", "voice_url": "example.com"}, "voice_url"),
            ({"name": "x", "voice_url": "https://u:p@example.com"}, "voice_url"),
            ({"name": "x", "colour": "red"}, "colour"),
        ],
    )
    def test_it_names_the_field_that_is_wrong(self, alice, api, body, path):
        answer = api(alice).post(URL, body)
        assert answer.status_code == 400
        assert [error["path"] for error in answer.json()["errors"]] == [path]

    def test_the_list_comes_in_pages(self, alice, mallory, api):
        for name in "ABC":
            agents.create_agent(alice.by, name=name)
        page = api(alice).get(f"{URL}?limit=2").json()
        assert [one["name"] for one in page["data"]] == ["C", "B"]
        page = api(alice).get(f"{URL}?cursor={page['next_cursor']}").json()
        assert ([one["name"] for one in page["data"]], page["next_cursor"]) == (["A"], None)
        assert api(mallory).get(URL).json()["data"] == []

    def test_changing(self, alice, agent, api):
        seen = api(alice).get(f"{URL}/support")["ETag"]
        answer = api(alice).patch(f"{URL}/support", {"name": "Sales"}, If_Match=seen)
        assert (answer.status_code, answer["ETag"]) == (200, '"2"')
        assert (answer.json()["name"], answer.json()["voice_url"]) == ("Sales", VOICE)
        answer = api(alice).patch(f"{URL}/support", {"voice_url": None}, If_Match=seen)
        assert answer.status_code == 412
        assert api(alice).patch(f"{URL}/support", {"agent_id": "x"}).status_code == 400

    @pytest.mark.parametrize("agent_id", ["nobody", "%00", "a%20b", "x" * 101])
    def test_what_is_not_there_is_not_found(self, alice, api, agent_id):
        for method in ("GET", "PATCH", "DELETE"):
            assert api(alice).send(method, f"{URL}/{agent_id}", {}).status_code == 404

    def test_a_stranger_and_a_reader(self, agent, carol, mallory, api):
        assert api(mallory).get(f"{URL}/support").status_code == 404
        assert api(mallory).delete(f"{URL}/support").status_code == 404
        assert api(carol).get(f"{URL}/support").status_code == 200
        assert api(carol).delete(f"{URL}/support").status_code == 403

    @pytest.mark.parametrize("field", ["inbound_agent_id", "outbound_agent_id"])
    def test_deleting_waits_for_its_numbers(self, alice, agent, api, field):
        number = factories.create_number(alice.by)
        operations.change_number(alice.by, number.pk, **{field: "support"})
        answer = api(alice).delete(f"{URL}/support")
        assert (answer.status_code, problem(answer)) == (409, "agent-in-use")
        assert [error["message"] for error in answer.json()["errors"]] == [number.e164]
        operations.change_number(alice.by, number.pk, **{field: None})
        assert api(alice).delete(f"{URL}/support").status_code == 204
        assert api(alice).get(f"{URL}/support").status_code == 404


class TestAnswering:
    def test_a_supplied_numbers_calls_go_to_its_agent(self, alice, agent):
        number = supplied(alice)
        assert webhook(number) is None
        agents.assign_agent(alice.by, agent, number.pk)
        assert webhook(number) == VOICE
        agents.unassign_agent(alice.by, agent, number.pk)
        assert webhook(number) is None

    def test_they_follow_the_agent(self, alice, agent):
        number = supplied(alice, inbound_agent_id="support")
        own = supplied(alice, "+14155550111", inbound_agent_id="support", inbound_webhook_url=VOICE)
        agents.change_agent(alice.by, agent.pk, name="Sales")
        assert not factories.find_open_operation("placement", number.placements.get().pk)
        agents.change_agent(alice.by, agent.pk, voice_url="https://example.com/new")
        assert not factories.find_open_operation("placement", own.placements.get().pk)
        assert webhook(number) == "https://example.com/new"

    def test_the_numbers_own_webhook_comes_first(self, alice, agent):
        number = supplied(alice, inbound_agent_id="support", inbound_webhook_url="https://x.com/")
        assert webhook(number) == "https://x.com/"
        operations.change_number(alice.by, number.pk, supports_inbound=False)
        assert webhook(number) is None

    def test_an_agent_takes_up_the_numbers_that_have_named_it(self, alice, mallory):
        number = supplied(alice, inbound_agent_id="later")
        agents.create_agent(mallory.by, name="Theirs", agent_id="later", voice_url="https://e.com/")
        assert webhook(number) is None
        agents.create_agent(alice.by, name="Later", agent_id="later", voice_url=VOICE)
        assert webhook(number) == VOICE

    def test_a_number_that_is_being_removed_stays_so(self, alice, agent):
        number = supplied(alice, inbound_agent_id="support")
        operations.delete_number(alice.by, number.pk)
        agents.change_agent(alice.by, agent.pk, voice_url="https://example.com/new")
        deleted = operations.lock_number(alice.by, number.pk)  # since it was listed
        agents.reroute_number(alice.by, *deleted)
        assert (
            factories.find_open_operation("placement", number.placements.get().pk).wish == "remove"
        )

    def test_a_failed_number_follows_when_it_is_tried_again(self, alice, agent):
        number = supplied(alice, "+15005550001", inbound_agent_id="support")
        agents.change_agent(alice.by, agent.pk, voice_url="https://example.com/new")
        assert not factories.find_open_operation("placement", number.placements.get().pk)

    def test_a_number_has_one_agent(self, alice, agent):
        number = supplied(alice)
        other = agents.create_agent(alice.by, name="Other")
        with pytest.raises(AgentAssignmentConflict):
            agents.unassign_agent(alice.by, agent, number.pk)
        agents.assign_agent(alice.by, agent, number.pk)
        for one in (agent, other):
            with pytest.raises(AgentAssignmentConflict):
                agents.assign_agent(alice.by, one, number.pk)
        with pytest.raises(AgentAssignmentConflict):
            agents.unassign_agent(alice.by, other, number.pk)
