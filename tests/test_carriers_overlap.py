"""The warning that a platform will not tell two carriers apart."""

import pytest

from carriers.models import Carrier
from carriers.operations import delete_carrier
from carriers.overlap import Overlap, overlaps
from integrations.models import Integration
from tests import factories
from tests.factories import GATEWAY


@pytest.fixture
def trunk(alice) -> Carrier:
    return alice.organization.carriers.get()


def found(carrier, *, kept=None, **changes):
    return overlaps(carrier.integration, [{**GATEWAY, **changes}], carrier=kept)


def test_the_same_address_is_told_with_its_carrier(trunk):
    assert found(trunk) == [Overlap("198.51.100.7", trunk.id, "Acme Trunk", "198.51.100.7")]


def test_a_network_that_covers_it_is_told(trunk):
    (overlap,) = found(trunk, ipv4="198.51.100.0", netmask=24)
    assert (overlap.address, overlap.other_address) == ("198.51.100.0", "198.51.100.7")


def test_the_port_does_not_tell_them_apart(trunk):
    assert found(trunk, port=5080)


@pytest.mark.parametrize(
    "changes",
    [{"ipv4": "198.51.100.8"}, {"inbound": False}, {"ipv4": "sip.example.com"}, {"ipv4": ""}],
)
def test_others_are_no_overlap(trunk, changes):
    assert found(trunk, **changes) == []


def test_a_carrier_does_not_overlap_itself(trunk):
    assert found(trunk, kept=trunk) == []


def test_a_deleted_carrier_is_out_of_the_way(alice, trunk):
    delete_carrier(alice.by, trunk)
    assert found(trunk) == []


def test_another_sandbox_is_another_platform(trunk, mallory):
    assert [o.carrier for o in found(mallory.organization.carriers.get())] == ["Evil Trunk"]


def test_a_strangers_carrier_on_the_same_server_is_not_named(trunk, mallory):
    on_jambonz = {"kind": "jambonz", "settings": {"base_url": "https://jambonz.example/v1"}}
    Integration.objects.update(**on_jambonz)
    trunk.integration.refresh_from_db()
    assert found(trunk, kept=trunk) == [Overlap("198.51.100.7")]


def test_another_server_is_another_platform(alice, trunk, mallory):
    for member, name in ((alice, "one"), (mallory, "two")):
        member.organization.integrations.update(
            kind="jambonz", settings={"base_url": f"https://{name}.example/v1"}
        )
    trunk.integration.refresh_from_db()
    assert found(trunk, kept=trunk) == []


def test_it_costs_one_query(alice, trunk, django_assert_num_queries):
    factories.carrier(alice.by, name="Second", settled=False)
    integration = trunk.integration
    with django_assert_num_queries(1):
        assert len(overlaps(integration, [GATEWAY])) == 2
