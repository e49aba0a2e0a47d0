"""Who is measured: an organization with a key, a sandbox and a carrier, and its many numbers."""

import uuid
from itertools import cycle

from django.utils import timezone

from carriers.models import Carrier
from integrations.models import Operation, SandboxObject
from numbers.models import PhoneNumber, Placement
from organizations.models import Event
from tests.support import factories
from tests.support.factories import Member

Status, State = PhoneNumber.Status, Placement.State
# Of twenty numbers; what a year of use leaves behind.
STATUS_MIX = [Status.ACTIVE] * 15 + [Status.INACTIVE] * 2 + [Status.FAILED] + [Status.DELETED] * 2


def create_measured_member() -> Member:
    member = factories.create_member("Alice")
    factories.create_sandbox(member.by)
    factories.create_carrier(member.by, is_default=True)
    return member


def populate(member: Member, rows: int) -> list[str]:
    """Numbers that have had their story; the answer is their ids."""
    carrier = member.organization.carriers.get()
    statuses = cycle(STATUS_MIX)
    numbers = [build_number(member, carrier, n, next(statuses)) for n in range(rows)]
    placements = [build_placement(each) for each in numbers]
    PhoneNumber.objects.bulk_create(numbers, batch_size=2000)
    Placement.objects.bulk_create(placements, batch_size=2000)
    pairs = list(zip(numbers, placements, strict=True))
    Operation.objects.bulk_create([build_operation(*pair) for pair in pairs], batch_size=2000)
    Event.objects.bulk_create([build_event(member, each) for each in numbers], batch_size=2000)
    made = [build_sandbox_object(*pair) for pair in pairs if pair[1].state == State.SETTLED]
    SandboxObject.objects.bulk_create(made, batch_size=2000)
    return [str(each.id) for each in numbers]


def build_number(member: Member, carrier: Carrier, n: int, status: str) -> PhoneNumber:
    return PhoneNumber(
        organization=member.organization,
        e164=f"+{15_551_000_000 + n}",
        carrier=carrier,
        label=f"Line {n}" if n % 3 else None,
        source=PhoneNumber.Source.BYOC,
        status=status,
        wanted=status if status != Status.FAILED else Status.ACTIVE,
        error_message="The platform refused it." if status == Status.FAILED else None,
        created_by=member.user,
        version=3,
        released_at=timezone.now() if status == Status.DELETED else None,
    )


def build_placement(number: PhoneNumber) -> Placement:
    states = {Status.FAILED: State.FAILED, Status.DELETED: State.REMOVED}
    state = states.get(number.status, State.SETTLED)
    refs = {"sid": str(uuid.uuid4())} if state == State.SETTLED else {}
    return Placement(
        organization=number.organization,
        phone_number=number,
        integration_id=number.carrier.integration_id,
        role=Placement.Role.VOICE,
        state=state,
        refs=refs,
    )


def build_operation(number: PhoneNumber, placement: Placement) -> Operation:
    refused = placement.state == State.FAILED
    return Operation(
        organization=number.organization,
        integration_id=placement.integration_id,
        subject_kind="placement",
        subject_id=placement.id,
        subject_label=number.e164,
        wish=Operation.Wish.ENSURE,
        status=Operation.Status.REFUSED if refused else Operation.Status.DONE,
        outcome=Operation.Outcome.REFUSED if refused else Operation.Outcome.DONE,
        attempts=1,
        fence=1,
        refs=placement.refs,
        asked_by="Alice",
        settled_at=timezone.now(),
    )


def build_event(member: Member, number: PhoneNumber) -> Event:
    return Event(
        organization=member.organization,
        actor_kind="key",
        actor_id=str(member.key.id),
        actor_label=str(member.key),
        action="phone_number.created",
        subject_kind="phone_number",
        subject_id=number.id,
        subject_label=number.e164,
        after={"number": number.e164, "status": "pending"},
    )


def build_sandbox_object(number: PhoneNumber, placement: Placement) -> SandboxObject:
    return SandboxObject(
        organization=number.organization,
        integration_id=placement.integration_id,
        kind="number",
        marker=placement.marker,
        name=number.e164,
        data={"carrier": number.carrier.marker, "application": None, "routed": True},
    )
