"""Numbers in every state, and what is done to many of them at once."""

from django.utils import timezone

from numbers.bulk import jobs
from numbers.models import Batch, PhoneNumber
from tests.support import factories
from tests.support.factories import Member

STATUS_BY_NUMBER = {"+14155550101": "active", "+14155550102": "inactive", "+14155550103": "failed"}
RECORDED, DELETED, PENDING = "+14155550104", "+14155550105", "+14155550106"


def create_number_per_status(alice: Member) -> dict[str, PhoneNumber]:
    """One in every state, as rows that are simply there."""
    made = [factories.create_number(alice.by, number) for number in [*STATUS_BY_NUMBER, DELETED]]
    made.append(factories.create_number(alice.by, PENDING, settled=False))
    for number in made[:3]:
        state = STATUS_BY_NUMBER[number.e164]
        wanted = "active" if state == "failed" else state
        PhoneNumber.objects.filter(pk=number.pk).update(status=state, wanted=wanted)
    PhoneNumber.objects.filter(pk=made[3].pk).update(
        status="deleted", wanted="deleted", released_at=timezone.now()
    )
    fields = {"source": "manual", "status": "inactive", "wanted": "inactive"}
    made.append(alice.organization.phone_numbers.create(e164=RECORDED, **fields))
    return {number.e164: number for number in made}


def propose_bulk_change(member, action, numbers=None, **options) -> Batch:
    rows = member.organization.phone_numbers.all()
    if numbers is not None:
        rows = rows.filter(e164__in=numbers)
    return jobs.create_change_job(member.by, action=action, options=options, numbers=rows)


def run_bulk_change(member, action, numbers=None, **options) -> Batch:
    batch = propose_bulk_change(member, action, numbers, **options)
    jobs.start_bulk_job(member.by, batch.pk)
    factories.run_due_bulk_jobs()
    batch.refresh_from_db()
    return batch


def results_by_number(batch: Batch) -> dict[str, str]:
    return dict(batch.rows.values_list("text", "fate"))


ACTIVE, INACTIVE, FAILED = STATUS_BY_NUMBER
