"""The warning that a platform will not tell two carriers apart."""

import pytest

from carriers.gateway_overlap import GatewayOverlap, find_gateway_overlaps
from carriers.models import Carrier
from carriers.operations import delete_carrier
from integrations.models import Integration
from tests.support import factories
from tests.support.factories import GATEWAY


@pytest.fixture
def trunk(alice) -> Carrier:
    return alice.organization.carriers.get()


def found(carrier, *, kept=None, **changes):
    return find_gateway_overlaps(carrier.integration, [{**GATEWAY, **changes}], carrier=kept)


def test_the_same_address_is_told_with_its_carrier(trunk):
    assert found(trunk) == [GatewayOverlap("198.51.100.7", trunk.id, "Acme Trunk", "198.51.100.7")]


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


def on_one_server(trunk, **of_account: str) -> None:
    settings = {"base_url": "https://jambonz.example/v1", **of_account}
    Integration.objects.update(kind="jambonz", settings=settings)
    trunk.integration.refresh_from_db()


def test_a_strangers_carrier_in_the_same_account_is_not_named(trunk, mallory):
    on_one_server(trunk, account_sid="9351f46a-678c-43f5-b8a6-d4eb58d131af")
    assert found(trunk, kept=trunk) == [GatewayOverlap("198.51.100.7")]


def test_customers_of_one_server_learn_nothing_of_each_other(trunk, mallory):
    on_one_server(trunk)
    assert found(trunk, kept=trunk) == []
    theirs = mallory.organization.integrations.all()
    theirs.update(settings={**trunk.integration.settings, "account_sid": "another"})
    on_one = {**trunk.integration.settings, "account_sid": "one"}
    trunk.integration.settings = on_one
    assert found(trunk, kept=trunk) == []


@pytest.mark.parametrize(("netmask", "told"), [(32, 1), (24, 1), (23, 0), (8, 0), (1, 0)])
def test_no_wide_network_finds_a_strangers_gateway_by_halving(trunk, mallory, netmask, told):
    on_one_server(trunk, account_sid="9351f46a-678c-43f5-b8a6-d4eb58d131af")
    assert len(found(trunk, kept=trunk, netmask=netmask)) == told


def test_an_organization_hears_of_its_own_by_any_network_and_integration(alice, trunk):
    twin = Integration.objects.create(
        organization=alice.organization, kind="jambonz", name="Twin", max_in_flight=1
    )
    on_one_server(trunk)
    twin.refresh_from_db()
    (overlap,) = find_gateway_overlaps(twin, [{**GATEWAY, "netmask": 8}])
    assert overlap.carrier == "Acme Trunk"


def test_another_server_is_another_platform(alice, trunk, mallory):
    for member, name in ((alice, "one"), (mallory, "two")):
        member.organization.integrations.update(
            kind="jambonz", settings={"base_url": f"https://{name}.example/v1"}
        )
    trunk.integration.refresh_from_db()
    assert found(trunk, kept=trunk) == []


def test_it_costs_one_query(alice, trunk, django_assert_num_queries):
    factories.create_carrier(alice.by, name="Second", settled=False)
    integration = trunk.integration
    with django_assert_num_queries(1):
        assert len(find_gateway_overlaps(integration, [GATEWAY])) == 2
