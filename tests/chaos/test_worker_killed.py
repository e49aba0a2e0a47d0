"""kill -9 of the whole worker, before and after the platform did what it was asked: one object, no
more."""

import pytest

from numbers.models import PhoneNumber
from tests.chaos.processes import wait_until
from tests.fakes.jambonz import FakeJambonz
from tests.support import factories

pytestmark = [pytest.mark.chaos, pytest.mark.slow, pytest.mark.django_db(transaction=True)]


def was_insert_requested(jambonz: FakeJambonz, table: str) -> bool:
    return any(heard.method == "POST" and heard.path.endswith(table) for heard in jambonz.requests)


@pytest.mark.parametrize("done_all_the_same", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("table", ["/VoipCarriers", "/PhoneNumbers"])
def test_killing_the_worker_makes_nothing_twice(
    alice, jambonz, processes, table, done_all_the_same
):
    jambonz.hang("POST", table, then_do_after=0 if done_all_the_same else None)
    carrier = factories.create_carrier(alice.by, name="SIP", settled=False)
    number = factories.create_number(
        alice.by, settled=False, voip_carrier_sid=carrier.voip_carrier_sid
    )
    processes.start_dispatcher()
    worker = processes.start_worker()
    wait_until(lambda: was_insert_requested(jambonz, table))
    processes.kill(worker)
    jambonz.settle()
    processes.start_worker()
    wait_until(lambda: PhoneNumber.objects.get(pk=number.pk).status == "active")
    assert [
        len(jambonz.tables[name]) for name in ("voip_carriers", "sip_gateways", "phone_numbers")
    ] == [1, 1, 1]
