"""Which rows of carriers, and of the integrations they live on, other organizations see."""

from carriers.models import Carrier, SipGateway
from integrations.models import Integration, Operation, SandboxObject
from organizations.tenancy.row_level_security import CURRENT, Policy, let_find, register
from organizations.tenancy.tenant_scope import WEB, WORKER

CARRIER, INTEGRATION = Carrier._meta.db_table, Integration._meta.db_table
OPERATION, SANDBOX = Operation._meta.db_table, SandboxObject._meta.db_table
BOTH = (WEB, WORKER)
OWN = f"organization_id = {CURRENT}"
# The inner table has policies of its own: these are the ones that the asker sees.
LIVES_ON = f"EXISTS (SELECT FROM {CARRIER} c WHERE c.integration_id = {INTEGRATION}.id)"
ASKED_OF = f"""EXISTS (SELECT FROM {OPERATION} o
    WHERE o.integration_id = {INTEGRATION}.id AND o.organization_id = {CURRENT})"""
OF_CARRIER = f"EXISTS (SELECT FROM {CARRIER} c WHERE c.id = {OPERATION}.subject_id)"
PLAYED = f"EXISTS (SELECT FROM {INTEGRATION} i WHERE i.id = {SANDBOX}.integration_id)"


def share_carriers(name: str, using: str) -> None:
    """Rows that are seen, and locked so that they stay, but not changed; `using` says which."""
    register(
        Policy(CARRIER, name, BOTH, using, "SELECT"),
        Policy(CARRIER, f"{name}_locked", BOTH, using, "UPDATE", check=OWN),
    )


def register_policies() -> None:
    of_carrier = f"subject_kind = 'carrier' AND {OF_CARRIER}"
    share_carriers("lent_by_installation", "is_installation_default")
    register(
        # Whoever has a number on a carrier has it on the carrier's platform, whose health the
        # worker notes.
        Policy(INTEGRATION, "of_carrier", BOTH, LIVES_ON, "SELECT"),
        Policy(INTEGRATION, "of_carrier_noted", (WORKER,), LIVES_ON, "UPDATE"),
        # So does its story, when the carrier is another one by now.
        Policy(INTEGRATION, "of_operation", BOTH, ASKED_OF, "SELECT"),
        Policy(INTEGRATION, "of_operation_noted", (WORKER,), ASKED_OF, "UPDATE"),
        # A number waits for the operation on its carrier.
        Policy(OPERATION, "of_carrier", BOTH, of_carrier, "SELECT"),
        Policy(
            OPERATION,
            "of_carrier_locked",
            BOTH,
            of_carrier,
            "UPDATE",
            check=OWN,
        ),
        # The sandbox's own world is its integration's.
        Policy(SANDBOX, "of_integration", (WORKER,), PLAYED),
    )
    # Gateways that a platform cannot tell apart, whoever's they are (carriers/gateway_overlap.py).
    let_find(SipGateway, "id", "organization", "carrier", "ipv4", "netmask", "inbound")
    let_find(Carrier, "id", "name", "status", "integration")
    let_find(Integration, "id", "organization", "public_id", "kind", "settings")
