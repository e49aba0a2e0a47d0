"""Stores the default integration for a role. No other code sets it."""

from integrations.models import DefaultIntegration, Integration
from organizations.access.principals import Principal
from organizations.operations import record_event


def save_default_integration(by: Principal, integration: Integration, role: str) -> None:
    """Makes the integration the default for the role, in the caller's transaction. The platform
    supports the role."""
    DefaultIntegration.objects.update_or_create(
        organization=by.organization, role=role, defaults={"integration": integration}
    )
    record_event(
        by,
        "integration.made_default",
        integration,
        kind="integration",
        label=str(integration),
        after={"role": role},
    )
