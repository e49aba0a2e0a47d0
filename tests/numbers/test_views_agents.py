"""Agents on the screens."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from numbers.inventory.agents import create_agent
from numbers.inventory.operations import change_number, delete_number
from numbers.models import Agent
from organizations.web.views.base import screen_url
from tests.support import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def agent(alice) -> Agent:
    return create_agent(alice.by, name="Support", voice_url="https://agents.example.com/voice")


def url(member, name: str, **path) -> str:
    return screen_url(member.organization, name, **path)


def assigned(alice, agent: Agent, e164: str):
    number = factories.create_number(alice.by, e164, settled=False)
    return change_number(alice.by, number.pk, inbound_agent_id=agent.agent_id)


def test_the_list_counts_living_numbers_in_one_query(alice, browse, agent):
    client = browse(alice)
    client.get(url(alice, "agents"))
    with CaptureQueriesContext(connection) as few:
        client.get(url(alice, "agents"))
    for turn in range(3):
        number = assigned(alice, agent, f"+1415555010{turn}")
        create_agent(alice.by, name=f"Other {turn}")
    delete_number(alice.by, number.pk)
    with CaptureQueriesContext(connection) as many:
        answer = client.get(url(alice, "agents"))
    assert {a.name: a.answers for a in answer.context["agents"]}["Support"] == 2
    assert f"?agent={agent.agent_id}" in answer.text
    assert len(many) == len(few)


def test_without_any_it_teaches(alice, carol, browse):
    page = browse(alice).get(url(alice, "agents")).text
    assert "No agents yet" in page
    assert url(alice, "agents_add") in page
    assert url(alice, "agents_add") not in browse(carol).get(url(alice, "agents")).text


def test_others_are_not_listed(alice, mallory, browse, agent):
    create_agent(mallory.by, name="Evil")
    assert "Evil" not in browse(alice).get(url(alice, "agents")).text
    foreign = url(mallory, "agent", agent_id=agent.pk)
    assert browse(mallory).get(foreign).status_code == 404
    assert browse(mallory).post(foreign, {"name": "x"}).status_code == 404


def test_add(alice, browse):
    client = browse(alice)
    typed = {"name": "Night", "agent_id": "agent_night", "voice_url": "https://example.com/v"}
    assert client.post(url(alice, "agents_add"), typed).status_code == 302
    assert Agent.objects.get().agent_id == "agent_night"
    answer = client.post(url(alice, "agents_add"), typed)
    assert answer.status_code == 422
    assert "There is an agent agent_night already" in answer.text


def test_an_id_is_made(alice, browse):
    browse(alice).post(url(alice, "agents_add"), {"name": "Night"})
    agent = Agent.objects.get()
    assert agent.agent_id.startswith("agent_")
    assert agent.voice_url is None


@pytest.mark.parametrize("typed", [{"name": ""}, {"name": "N", "voice_url": "ftp://x.example"}])
def test_errors_stand_beside_the_field(alice, browse, agent, typed):
    answer = browse(alice).post(url(alice, "agent", agent_id=agent.pk), typed)
    assert answer.status_code == 422
    agent.refresh_from_db()
    assert agent.name == "Support"


def test_change(alice, browse, agent):
    assigned(alice, agent, "+14155550101")
    client = browse(alice)
    page = client.get(url(alice, "agent", agent_id=agent.pk)).text
    assert "Answers 1 number" in page
    typed = {"name": "Help desk", "voice_url": "https://example.com/new"}
    client.post(url(alice, "agent", agent_id=agent.pk), typed)
    agent.refresh_from_db()
    assert (agent.name, agent.voice_url) == ("Help desk", "https://example.com/new")


def test_delete(alice, browse, agent):
    client = browse(alice)
    assert "No number uses it" in client.get(url(alice, "agent_delete", agent_id=agent.pk)).text
    client.post(url(alice, "agent_delete", agent_id=agent.pk))
    assert not Agent.objects.exists()


def test_one_in_use_stays_and_names_its_numbers(alice, browse, agent):
    number = assigned(alice, agent, "+14155550101")
    for answer in (
        browse(alice).get(url(alice, "agent_delete", agent_id=agent.pk)),
        browse(alice).post(url(alice, "agent_delete", agent_id=agent.pk)),
    ):
        assert "+1 (415) 555-0101" in answer.text
        assert url(alice, "number", number_id=number.pk) in answer.text
    assert answer.status_code == 422
    assert Agent.objects.exists()


def test_a_viewer_reads_only(alice, carol, browse, agent):
    client = browse(carol)
    page = client.get(url(alice, "agent", agent_id=agent.pk)).text
    assert "agents.example.com" in page
    assert 'name="voice_url"' not in page
    for name in ("agent", "agent_delete"):
        assert client.post(url(alice, name, agent_id=agent.pk)).status_code == 403
    assert client.post(url(alice, "agents_add"), {"name": "x"}).status_code == 403
