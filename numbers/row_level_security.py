"""Row-level security of numbers: which rows other organizations may see of numbers and of the
carriers and integrations in use by them."""

from carriers.row_level_security import CARRIER_TABLE, INTEGRATION_TABLE, register_shared_carriers
from numbers.models import PhoneNumber, Placement
from organizations.tenancy.row_level_security import (
    CURRENT_ORGANIZATION_SQL,
    RowPolicy,
    allow_finder_columns,
    register_row_policies,
)
from organizations.tenancy.tenant_scope import WEB, WORKER

USED_BY_PLACEMENT_SQL = f"""EXISTS (SELECT FROM {Placement._meta.db_table} p
    WHERE p.integration_id = {INTEGRATION_TABLE}.id
      AND p.organization_id = {CURRENT_ORGANIZATION_SQL})"""


def register_number_row_policies() -> None:
    # A number stays on the installation's carrier that it was added to, and a pool may name another
    # organization's carrier.
    register_shared_carriers("in_use", f"uses_carrier({CARRIER_TABLE}.id)")
    register_row_policies(
        RowPolicy(INTEGRATION_TABLE, "of_placement", (WEB, WORKER), USED_BY_PLACEMENT_SQL, "SELECT")
    )
    # Needed to find who holds a number (numbers/inventory/reservation.py) and to count the numbers
    # on a carrier.
    allow_finder_columns(
        PhoneNumber, "id", "organization", "e164", "canonical_e164", "carrier", "released_at"
    )
