"""What is refused before jambonz is asked at all."""

from dataclasses import replace

import pytest

from integrations.providers.base import GatewaySpec, InboundAuth, ObservedState, Refused
from integrations.providers.jambonz import Jambonz
from tests.support.jambonz_provider import (
    BIDIRECTIONAL_GATEWAY,
    REGISTRATION,
    build_carrier_spec,
    build_number_spec,
)

BAD_GATEWAYS = {
    "a host name for inbound calls": GatewaySpec("sip.example.com"),
    "leading zeros": GatewaySpec("198.51.100.007"),
    "an octet too large": GatewaySpec("10.1.0.256", inbound=False),
    "a port in the address": GatewaySpec("198.51.100.7:5060"),
    "a port in the host": GatewaySpec("sip.example.com:5060", inbound=False),
    "a network in the address": GatewaySpec("198.51.100.0/24"),
    "IPv6": GatewaySpec("2001:db8::1", inbound=False),
    "a URI": GatewaySpec("sip:sip.example.com", inbound=False),
    "a space": GatewaySpec("sip.example .com", inbound=False),
    "nothing": GatewaySpec("", inbound=False),
    "a wide outbound network": GatewaySpec("198.51.100.0", netmask=24, inbound=False),
    "netmask 0": GatewaySpec("198.51.100.7", netmask=0),
    "netmask 33": GatewaySpec("198.51.100.7", netmask=33),
    "port 0": GatewaySpec("198.51.100.7", port=0),
    "port 70000": GatewaySpec("198.51.100.7", port=70000),
    "pigeons": GatewaySpec("198.51.100.7", protocol="rfc1149"),
}


def refused_before_any_call(spec):
    with pytest.raises(Refused) as refused:
        Jambonz({}, None).plan(spec, ObservedState())
    return str(refused.value)


@pytest.mark.parametrize("gateway", BAD_GATEWAYS.values(), ids=BAD_GATEWAYS.keys())
def test_bad_gateways(gateway):
    assert gateway.address in refused_before_any_call(
        build_carrier_spec(gateways=(BIDIRECTIONAL_GATEWAY, gateway))
    )


def test_a_host_name_for_inbound_calls_is_explained():
    sentence = refused_before_any_call(
        build_carrier_spec(gateways=(GatewaySpec("sip.example.com"),))
    )
    assert "must be an IPv4 address" in sentence


@pytest.mark.parametrize("change", [
    {"username": ""}, {"username": "two words"}, {"username": "x" * 65}, {"password": ""},
    {"password": "x" * 65}, {"realm": "nodot"}, {"realm": "sip:acme.example"},
    {"realm": "acme.example:5060"}, {"realm": "1.2.3.999"}, {"realm": "a@b.c"}, {"realm": "-..-"},
    {"realm": "acme .example"}, {"realm": "a." * 32 + "example"}, {"from_user": "x" * 129},
    {"from_domain": "nodot"}, {"from_domain": "x" * 250 + ".example"},
])  # fmt: skip
def test_bad_registrations(change):
    """The scoped paths check none of it, and then it never registers."""
    spec = build_carrier_spec(trunk_type="reg", registration=replace(REGISTRATION, **change))
    assert "r3gister-me" not in refused_before_any_call(spec)


@pytest.mark.parametrize(
    "auth", [InboundAuth("", "p"), InboundAuth("u", ""), InboundAuth("u" * 65, "p")]
)
def test_bad_inbound_credentials(auth):
    refused_before_any_call(build_carrier_spec(trunk_type="auth", inbound_auth=auth))


@pytest.mark.parametrize("change", [
    {"trunk_type": "pigeon"},
    {"trunk_type": "reg"},
    {"trunk_type": "auth"},
    {"registration": REGISTRATION},
    {"inbound_auth": InboundAuth("u", "p")},
    {"trunk_type": "reg", "registration": REGISTRATION, "inbound_auth": InboundAuth("u", "p")},
])  # fmt: skip
def test_trunks_that_do_not_fit_together(change):
    refused_before_any_call(build_carrier_spec(**change))


@pytest.mark.parametrize(
    "e164",
    [
        "15550100001",
        "+",
        "+0155",
        "+1",
        "+1555 010",
        "+1555*",
        "+1５５５",
        "++1555",
        "+1" + "5" * 15,
        "",
    ],
)
def test_bad_numbers(e164):
    """jambonz takes any text and reads * as a pattern."""
    spec = build_number_spec({"voip_carrier_sid": "x"}, e164=e164)
    assert "E.164" in refused_before_any_call(spec)
