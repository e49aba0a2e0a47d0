"""The small cast: Alice runs Acme, Bob manages its agents, Carol only looks; Mallory runs Evil
Corp."""

from dataclasses import dataclass
from uuid import UUID

from django.db.models.functions import Now
from django.utils import timezone

from carriers.models import Carrier, SipGateway
from carriers.operations import add_carrier
from integrations.ledger import worker
from integrations.ledger.operation_requests import connect_integration, set_default_integration
from integrations.models import DefaultIntegration, Integration, Operation
from integrations.providers.base import CarrierSpec, GatewaySpec
from integrations.providers.sandbox import SIP_ADDRESSES, SIP_DOMAIN, Sandbox
from numbers.bulk import runner as batch_work
from numbers.bulk import schedule
from numbers.inventory.operations import add_number
from numbers.models import PhoneNumber
from organizations.access.principals import Principal, system_principal
from organizations.access.roles import Role
from organizations.models import ApiKey, Organization, User
from organizations.operations import add_member, create_api_key, create_organization

GATEWAY = {
    "ipv4": "198.51.100.7",
    "port": 5060,
    "netmask": 32,
    "inbound": True,
    "outbound": True,
    "protocol": "udp",
}


@dataclass(frozen=True)
class Member:
    """A person in an organization, and an API key of theirs in clear."""

    user: User
    organization: Organization
    key: ApiKey
    key_text: str

    @property
    def by(self) -> Principal:
        return system_principal(self.organization, self.user.email)


def create_member(
    name: str, *, organization: Organization | None = None, role: str = Role.ADMIN
) -> Member:
    """`organization` None: a new one, of which they are the admin."""
    user = User.objects.create_user(
        f"{name.lower()}@example.com", "correct horse battery", name=name
    )
    if organization is None:
        organization = create_organization(name=f"{name}'s", owner=user)
    else:
        add_member(system_principal(organization), user=user, role=role)
    key, text = create_api_key(
        system_principal(organization), owner=user, name=f"{name}'s key", role=role
    )
    return Member(user, organization, key, text.full)


def create_sandbox(by: Principal, *, name: str = "Sandbox", default: bool = True) -> Integration:
    """A connected sandbox, the default for everything."""
    integration, operation = connect_integration(by, kind="sandbox", name=name, account={})
    worker.run_attempt(operation.pk)
    integration.refresh_from_db()
    for role in ("carrier", "sip", "twilio") if default else ():
        set_default_integration(by, integration, role=role)
    return integration


def create_ready_member(name: str, *, trunk: str) -> Member:
    """A person, a connected sandbox and an active default carrier on it, as rows that are simply
    there: most tests ask for them, and the way to them has tests of its own."""
    member = create_member(name)
    owner = {"organization": member.organization}
    integration = Integration(
        kind="sandbox",
        name="Sandbox",
        state=Integration.State.CONNECTED,
        facts={"summary": "Sandbox", "sip_domain": SIP_DOMAIN, "sip_addresses": SIP_ADDRESSES},
        checked_at=timezone.now(),
        max_in_flight=Sandbox.max_in_flight,
        **owner,
    )
    integration.keep_secrets({})
    integration.save()
    DefaultIntegration.objects.bulk_create(
        DefaultIntegration(role=role, integration=integration, **owner) for role in Sandbox.roles
    )
    made = Carrier(name=trunk, integration=integration, is_default=True, status="active", **owner)
    gateway = SipGateway(carrier=made, position=0, **GATEWAY, **owner)
    provider = Sandbox({"integration_id": str(integration.id)}, None)
    made.refs = provider.create(CarrierSpec(made.marker, trunk, "static_ip", (GATEWAY_SPEC,)))
    made.save()
    gateway.save()
    return member


GATEWAY_SPEC = GatewaySpec(GATEWAY["ipv4"])


def create_carrier(
    by: Principal, *, name: str = "Acme Trunk", settled: bool = True, **fields
) -> Carrier:
    """A carrier on the default integration; set up, unless `settled` is False."""
    fields = {"trunk_type": "static_ip", "gateways": [GATEWAY], **fields}
    made = add_carrier(by, name=name, **fields)
    if settled:
        run_open_operation("carrier", made.id)
        made.refresh_from_db()
    return made


def create_number(
    by: Principal, e164: str = "+18005551234", *, settled: bool = True, **fields
) -> PhoneNumber:
    made = add_number(by, number=e164, **fields)
    if settled:
        run_number_operations(made)
    return made


def run_open_operation(subject_kind: str, subject_id: UUID) -> Operation | None:
    """What dispatcher and worker would do for the subject's open operation, once."""
    operation = find_open_operation(subject_kind, subject_id)
    if operation:
        worker.run_attempt(operation.pk)
        operation.refresh_from_db()
    return operation


def run_number_operations(phone_number: PhoneNumber) -> Operation | None:
    """Its placements, supply before voice; what came of the last one."""
    operation = None
    for placement in phone_number.placements.order_by("role"):
        operation = run_open_operation("placement", placement.id)
    phone_number.refresh_from_db()
    return operation


def run_due_operations() -> None:
    """The batches; then every open operation that is due, and what becomes due by it; each is
    attempted once."""
    run_due_bulk_jobs()
    tried: set[UUID] = set()
    while due := Operation.objects.filter(
        status="open", waits_for=None, next_attempt_at__lte=Now()
    ).exclude(pk__in=tried):
        for operation in due:
            tried.add(operation.pk)
            worker.run_attempt(operation.pk)


def run_due_bulk_jobs() -> None:
    """What dispatcher and worker would do for the batches, slice by slice."""
    while due := schedule.BULK_JOB_QUEUE.due():
        for batch_id in due:
            batch_work.run_bulk_job(batch_id)


def find_open_operation(subject_kind: str, subject_id: UUID) -> Operation | None:
    return Operation.objects.filter(
        subject_kind=subject_kind, subject_id=subject_id, status="open"
    ).first()
