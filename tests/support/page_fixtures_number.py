"""What the pages of numbers and agents show in tests/support/pages.py."""

from typing import Any

from integrations.ledger import worker
from integrations.ledger.platform_queries import request_inspection
from numbers.inventory.acquisition import import_number
from numbers.inventory.agents import create_agent
from numbers.inventory.operations import change_number, delete_number
from tests.support import factories


def create_number_fixtures(world: Any) -> None:
    """Agents, one of whom answers; numbers of each kind, one of them deleted, one looked at."""
    alice, organization = world.alice, world.alice.organization
    agent = create_agent(alice.by, name="Support", voice_url="https://agents.example.com/voice")
    create_agent(alice.by, name="Night shift")
    main = change_number(alice.by, world.numbers[0].pk, inbound_agent_id=agent.agent_id)
    by_trunk = import_number(
        alice.by,
        number="+14155550177",
        provider="sip",
        supports_outbound=True,
        label="By SIP trunk",
        sip_settings={"server_address": "sip.example.com", "username": "u", "password": "s3cret"},
    )
    supplied = import_number(alice.by, number="+14155550178", provider="twilio")
    gone = factories.create_number(alice.by, "+14155550179")
    for number in (by_trunk, supplied):
        factories.run_number_operations(number)
    delete_number(alice.by, gone.pk)
    placement = main.placements.get()
    look = {"subject_kind": "placement", "subject_id": placement.pk, "label": main.e164}
    organization.sandbox_objects.filter(marker=placement.marker).delete()
    asked = request_inspection(
        alice.by, integration=placement.integration, refs=placement.refs, **look
    )
    worker.run_attempt(asked.pk)
    world.rows |= {"agent": agent, "by_trunk": by_trunk, "supplied": supplied, "gone": gone}
