"""Connecting Alice's organization to a LiveKit, fake or real, and a number to import there."""

from typing import Any

from integrations.ledger import worker
from integrations.ledger.operation_requests import connect_integration, set_default_integration
from integrations.models import Integration
from numbers.inventory.acquisition import import_number
from numbers.models import PhoneNumber
from organizations.access.principals import Principal

NUMBER = "+15559876543"
SIP_SETTINGS = {
    "trunk_name": "my-trunk",
    "server_address": "sip.example.com",
    "username": "user",
    "password": "pass",
    "media_encryption": "require",
}


def connect_livekit(by: Principal, url: str, api_key: str, api_secret: str) -> Integration:
    """A checked connection, the default for SIP."""
    account = {"base_url": url, "api_key": api_key, "api_secret": api_secret}
    integration, operation = connect_integration(
        by, kind="livekit", name="livekit", account=account
    )
    worker.run_attempt(operation.pk)
    integration.refresh_from_db()
    assert integration.state == "connected", integration.state_reason
    set_default_integration(by, integration, role="sip")
    return integration


def import_sip_number(by: Principal, number: str = NUMBER, **fields: Any) -> PhoneNumber:
    fields = {
        "supports_inbound": True,
        "supports_outbound": True,
        "sip_settings": SIP_SETTINGS,
        **fields,
    }
    return import_number(by, number=number, provider="sip", **fields)
