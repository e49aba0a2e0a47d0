"""Which rows of numbers, and of the carriers they are on, other organizations see."""

from carriers.row_level_security import CARRIER, INTEGRATION, share_carriers
from numbers.models import PhoneNumber, Placement
from organizations.tenancy.row_level_security import CURRENT, Policy, let_find, register
from organizations.tenancy.tenant_scope import WEB, WORKER

PLACED_ON = f"""EXISTS (SELECT FROM {Placement._meta.db_table} p
    WHERE p.integration_id = {INTEGRATION}.id AND p.organization_id = {CURRENT})"""


def register_policies() -> None:
    # A number stays on the carrier that was the installation's when it was added, and a pool may
    # name another organization's.
    share_carriers("in_use", f"uses_carrier({CARRIER}.id)")
    register(Policy(INTEGRATION, "of_placement", (WEB, WORKER), PLACED_ON, "SELECT"))
    # Who has a number (numbers/inventory/reservation.py), and how many are on a carrier.
    let_find(PhoneNumber, "id", "organization", "e164", "canonical_e164", "carrier", "released_at")
