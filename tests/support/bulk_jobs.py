"""Numbers in every state, and what is done to many of them at once."""

from django.utils import timezone

from numbers.bulk import jobs
from numbers.models import Batch, PhoneNumber
from tests.support import factories
from tests.support.factories import Member

STATES = {"+14155550101": "active", "+14155550102": "inactive", "+14155550103": "failed"}
RECORDED, DELETED, COMING = "+14155550104", "+14155550105", "+14155550106"


def one_of_each(alice: Member) -> dict[str, PhoneNumber]:
    """One in every state, as rows that are simply there."""
    made = [factories.number(alice.by, number) for number in [*STATES, DELETED]]
    made.append(factories.number(alice.by, COMING, settled=False))
    for number in made[:3]:
        state = STATES[number.e164]
        wanted = "active" if state == "failed" else state
        PhoneNumber.objects.filter(pk=number.pk).update(status=state, wanted=wanted)
    PhoneNumber.objects.filter(pk=made[3].pk).update(
        status="deleted", wanted="deleted", released_at=timezone.now()
    )
    fields = {"source": "manual", "status": "inactive", "wanted": "inactive"}
    made.append(alice.organization.phone_numbers.create(e164=RECORDED, **fields))
    return {number.e164: number for number in made}


def propose(member, action, numbers=None, **options) -> Batch:
    rows = member.organization.phone_numbers.all()
    if numbers is not None:
        rows = rows.filter(e164__in=numbers)
    return jobs.propose_change(member.by, action=action, options=options, numbers=rows)


def done(member, action, numbers=None, **options) -> Batch:
    batch = propose(member, action, numbers, **options)
    jobs.start(member.by, batch.pk)
    factories.work_batches()
    batch.refresh_from_db()
    return batch


def fates(batch: Batch) -> dict[str, str]:
    return dict(batch.rows.values_list("text", "fate"))


ACTIVE, INACTIVE, FAILED = STATES
