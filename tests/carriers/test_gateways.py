"""One gateway at a time, by the operations."""

from uuid import uuid4

import pytest
from django.core.exceptions import ValidationError

from carriers.gateways import MAX_GATEWAYS, add_gateway, change_gateway, remove_gateway
from carriers.models import SipGateway
from carriers.operations import CarrierActionNotAllowed, delete_carrier
from tests.support.factories import GATEWAY, create_carrier, find_open_operation

pytestmark = pytest.mark.django_db
NEW = {**GATEWAY, "ipv4": "203.0.113.20"}


@pytest.fixture
def trunk(alice):
    return alice.organization.carriers.get()


def test_the_others_keep_their_sids(alice, trunk):
    first = trunk.gateways.get()
    add_gateway(alice.by, trunk.pk, NEW)
    assert trunk.gateways.get(ipv4=first.ipv4).pk == first.pk
    assert find_open_operation("carrier", trunk.pk).wish == "ensure"


def test_the_log_tells_before_and_after(alice, trunk):
    add_gateway(alice.by, trunk.pk, NEW)
    event = alice.organization.events.filter(action="carrier.changed").latest("pk")
    assert event.before["gateways"] == ["198.51.100.7:5060"]
    assert event.after["gateways"] == ["198.51.100.7:5060", "203.0.113.20:5060"]


def test_no_change_asks_nothing_of_the_platform(alice, trunk):
    change_gateway(alice.by, trunk.pk, trunk.gateways.get().pk, GATEWAY)
    assert find_open_operation("carrier", trunk.pk) is None


def test_a_change_keeps_its_place(alice, trunk):
    first = trunk.gateways.get()
    add_gateway(alice.by, trunk.pk, NEW)
    change_gateway(alice.by, trunk.pk, first.pk, {**GATEWAY, "port": 5080})
    places = trunk.gateways.order_by("position").values_list("port", flat=True)
    assert list(places) == [5080, 5060]


def test_one_that_is_gone_is_not_made_again(alice, trunk):
    with pytest.raises(SipGateway.DoesNotExist):
        change_gateway(alice.by, trunk.pk, uuid4(), NEW)
    with pytest.raises(SipGateway.DoesNotExist):
        remove_gateway(alice.by, trunk.pk, uuid4())


@pytest.mark.parametrize(
    ("gateway", "complaint"),
    [
        (GATEWAY, "stand twice"),
        ({**NEW, "ipv4": "sip.example.com"}, "cannot be matched"),
        ({**NEW, "inbound": False, "outbound": False}, "inbound, outbound or both"),
    ],
)
def test_what_is_impossible_is_refused(alice, trunk, gateway, complaint):
    with pytest.raises(ValidationError, match=complaint):
        add_gateway(alice.by, trunk.pk, gateway)
    assert trunk.gateways.count() == 1


def test_there_are_bounds(alice, trunk):
    with pytest.raises(ValidationError, match="at least one"):
        remove_gateway(alice.by, trunk.pk, trunk.gateways.get().pk)
    many = [{**GATEWAY, "port": 6000 + n} for n in range(MAX_GATEWAYS)]
    full = create_carrier(alice.by, name="Full", gateways=many, settled=False)
    with pytest.raises(ValidationError, match="at most 50"):
        add_gateway(alice.by, full.pk, NEW)


def test_a_registering_carrier_keeps_an_outbound_one(alice):
    account = {"username": "acme", "password": "s3cret"}
    both = [{**GATEWAY, "inbound": False}, {**NEW, "outbound": False}]
    made = create_carrier(
        alice.by, name="Reg", trunk_type="reg", registration=account, gateways=both
    )
    with pytest.raises(ValidationError, match="needs an outbound gateway"):
        remove_gateway(alice.by, made.pk, made.gateways.get(outbound=True).pk)


def test_a_deleted_carrier_takes_none(alice, trunk):
    delete_carrier(alice.by, trunk)
    with pytest.raises(CarrierActionNotAllowed, match="deleted"):
        add_gateway(alice.by, trunk.pk, NEW)
