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
MIXTURE = [Status.ACTIVE] * 15 + [Status.INACTIVE] * 2 + [Status.FAILED] + [Status.DELETED] * 2


def settle_in() -> Member:
    member = factories.person("Alice")
    factories.sandbox(member.by)
    factories.carrier(member.by, is_default=True)
    return member


def populate(member: Member, rows: int) -> list[str]:
    """Numbers that have had their story; the answer is their ids."""
    carrier = member.organization.carriers.get()
    statuses = cycle(MIXTURE)
    numbers = [number(member, carrier, n, next(statuses)) for n in range(rows)]
    placements = [placement(each) for each in numbers]
    PhoneNumber.objects.bulk_create(numbers, batch_size=2000)
    Placement.objects.bulk_create(placements, batch_size=2000)
    pairs = list(zip(numbers, placements, strict=True))
    Operation.objects.bulk_create([operation(*pair) for pair in pairs], batch_size=2000)
    Event.objects.bulk_create([event(member, each) for each in numbers], batch_size=2000)
    made = [sandbox_object(*pair) for pair in pairs if pair[1].state == State.SETTLED]
    SandboxObject.objects.bulk_create(made, batch_size=2000)
    return [str(each.id) for each in numbers]


def number(member: Member, carrier: Carrier, n: int, status: str) -> PhoneNumber:
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


def placement(number: PhoneNumber) -> Placement:
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


def operation(number: PhoneNumber, placement: Placement) -> Operation:
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


def event(member: Member, number: PhoneNumber) -> Event:
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


def sandbox_object(number: PhoneNumber, placement: Placement) -> SandboxObject:
    return SandboxObject(
        organization=number.organization,
        integration_id=placement.integration_id,
        kind="number",
        marker=placement.marker,
        name=number.e164,
        data={"carrier": number.carrier.marker, "application": None, "routed": True},
    )
