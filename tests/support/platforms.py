"""Connecting Alice's organization to a fake platform."""

from integrations.ledger import worker
from integrations.ledger.operation_requests import connect_integration, set_default_integration
from integrations.models import Integration
from organizations.access.principals import Principal
from tests.fakes.jambonz import FakeJambonz

LOOPBACK = ["127.0.0.0/8"]  # what ALLOWED_PRIVATE_CIDRS must admit for a fake to be reached


def connect_jambonz(by: Principal, jambonz: FakeJambonz) -> Integration:
    """A checked connection by a service provider's key, the default for carriers."""
    account = {
        "base_url": jambonz.base_url,
        "token": jambonz.sp_key,
        "account_sid": jambonz.account_sid,
        "application_sid": jambonz.application_sid,
    }
    integration, operation = connect_integration(
        by, kind="jambonz", name="jambonz", account=account
    )
    worker.run_attempt(operation.pk)
    integration.refresh_from_db()
    assert integration.state == "connected", integration.state_reason
    set_default_integration(by, integration, role="carrier")
    return integration
