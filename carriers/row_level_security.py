"""Row-level security of carriers and their integrations: which rows other organizations see."""

from carriers.models import Carrier, SipGateway
from integrations.models import Integration, Operation, SandboxObject
from organizations.tenancy.row_level_security import (
    CURRENT_ORGANIZATION_SQL,
    RowPolicy,
    allow_finder_columns,
    register_row_policies,
)
from organizations.tenancy.tenant_scope import WEB, WORKER

CARRIER_TABLE, INTEGRATION_TABLE = Carrier._meta.db_table, Integration._meta.db_table
OPERATION_TABLE, SANDBOX_TABLE = Operation._meta.db_table, SandboxObject._meta.db_table
WEB_AND_WORKER = (WEB, WORKER)
OWN_ROWS = f"organization_id = {CURRENT_ORGANIZATION_SQL}"
# The inner table has policies of its own, so only carriers visible to the current organization
# match.
HAS_VISIBLE_CARRIER = (
    f"EXISTS (SELECT FROM {CARRIER_TABLE} c WHERE c.integration_id = {INTEGRATION_TABLE}.id)"
)
HAS_OWN_OPERATION = f"""EXISTS (SELECT FROM {OPERATION_TABLE} o
    WHERE o.integration_id = {INTEGRATION_TABLE}.id
      AND o.organization_id = {CURRENT_ORGANIZATION_SQL})"""
IS_CARRIER_OPERATION = (
    f"EXISTS (SELECT FROM {CARRIER_TABLE} c WHERE c.id = {OPERATION_TABLE}.subject_id)"
)
IS_SANDBOX_INTEGRATION = (
    f"EXISTS (SELECT FROM {INTEGRATION_TABLE} i WHERE i.id = {SANDBOX_TABLE}.integration_id)"
)


def register_shared_carriers(name: str, using: str) -> None:
    """Registers policies that let others read the rows that `using` selects, and lock them against
    deletion, but not change them."""
    register_row_policies(
        RowPolicy(CARRIER_TABLE, name, WEB_AND_WORKER, using, "SELECT"),
        RowPolicy(CARRIER_TABLE, f"{name}_locked", WEB_AND_WORKER, using, "UPDATE", check=OWN_ROWS),
    )


def register_carrier_policies() -> None:
    of_carrier = f"subject_kind = 'carrier' AND {IS_CARRIER_OPERATION}"
    register_shared_carriers("lent_by_installation", "is_installation_default")
    register_row_policies(
        # An organization with a number on a carrier uses the carrier's integration, whose health
        # the worker records.
        RowPolicy(INTEGRATION_TABLE, "of_carrier", WEB_AND_WORKER, HAS_VISIBLE_CARRIER, "SELECT"),
        RowPolicy(INTEGRATION_TABLE, "of_carrier_noted", (WORKER,), HAS_VISIBLE_CARRIER, "UPDATE"),
        # The history of a number also shows the integration of an earlier carrier.
        RowPolicy(INTEGRATION_TABLE, "of_operation", WEB_AND_WORKER, HAS_OWN_OPERATION, "SELECT"),
        RowPolicy(INTEGRATION_TABLE, "of_operation_noted", (WORKER,), HAS_OWN_OPERATION, "UPDATE"),
        # A number waits for the operation of its carrier.
        RowPolicy(OPERATION_TABLE, "of_carrier", WEB_AND_WORKER, of_carrier, "SELECT"),
        RowPolicy(
            OPERATION_TABLE,
            "of_carrier_locked",
            WEB_AND_WORKER,
            of_carrier,
            "UPDATE",
            check=OWN_ROWS,
        ),
        # The state of a sandbox belongs to its integration.
        RowPolicy(SANDBOX_TABLE, "of_integration", (WORKER,), IS_SANDBOX_INTEGRATION),
    )
    # For overlapping gateways in all organizations (carriers/gateway_overlap.py).
    allow_finder_columns(SipGateway, "id", "organization", "carrier", "ipv4", "netmask", "inbound")
    allow_finder_columns(Carrier, "id", "name", "status", "integration")
    allow_finder_columns(Integration, "id", "organization", "public_id", "kind", "settings")
