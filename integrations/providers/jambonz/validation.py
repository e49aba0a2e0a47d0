"""Validates specs before they are sent, because jambonz accepts many values that it cannot use."""

import re
from ipaddress import AddressValueError, IPv4Address

from integrations.providers.base import (
    CarrierSpec,
    GatewaySpec,
    InboundAuth,
    NumberSpec,
    Refused,
    Registration,
)

MAX_NAME_LENGTH = 64
_E164 = re.compile(r"\+[1-9][0-9]{1,14}")  # not \d: full-width digits would be stored as they are
_HOST = re.compile(
    r"(?=.{1,128}$)[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*\.?", re.I
)
_SIP_PROTOCOLS = ("udp", "tcp", "tls", "tls/srtp")


def validate_carrier_spec(spec: CarrierSpec) -> None:
    """Raises Refused with what a person must change. The scoped paths of the API validate nothing
    themselves."""
    if spec.trunk_type not in ("static_ip", "auth", "reg"):
        raise Refused(f"jambonz knows no trunk type {spec.trunk_type}.")
    if (spec.registration is not None) != (spec.trunk_type == "reg"):
        raise Refused("A registration belongs to a trunk that registers, and to no other.")
    if (spec.inbound_auth is not None) != (spec.trunk_type == "auth"):
        raise Refused("Inbound credentials belong to an authenticated trunk, and to no other.")
    if spec.registration:
        _validate_registration(spec.registration)
    if spec.inbound_auth:
        _validate_inbound_auth(spec.inbound_auth)
    for gateway in spec.gateways:
        _validate_gateway(gateway)


def _validate_text_length(name: str, text: str | None, longest: int) -> None:
    if not text or len(text) > longest:
        raise Refused(f"The {name} must have 1 to {longest} characters.")


def _validate_registration(registration: Registration) -> None:
    _validate_text_length("registration user name", registration.username, 64)
    _validate_text_length("registration password", registration.password, 64)
    if re.search(r"\s", registration.username):
        raise Refused("The registration user name must not contain spaces.")
    if registration.from_user:
        _validate_text_length("registration's from user", registration.from_user, 128)
    for name, domain, longest in (
        ("registration realm", registration.realm, 64),
        ("registration's from domain", registration.from_domain, 255),
    ):
        if domain:
            _validate_text_length(name, domain, longest)
            _validate_domain(name, domain)


def _validate_domain(name: str, domain: str) -> None:
    """Raises Refused for an invalid domain. jambonz itself accepts foo.com:5060, a@b.c and
    1.2.3.999, and never registers with them."""
    digits_only = re.fullmatch(r"[0-9.]+", domain)
    if "." not in domain or not (_is_ipv4(domain) if digits_only else _HOST.fullmatch(domain)):
        raise Refused(f"The {name} must be a domain or an IPv4 address, without sip: and port.")


def _validate_inbound_auth(auth: InboundAuth) -> None:
    _validate_text_length("inbound user name", auth.username, 64)
    _validate_text_length("inbound password", auth.password, 64)


def _is_ipv4(text: str) -> bool:
    try:
        return bool(IPv4Address(text))
    except AddressValueError:
        return False


def _validate_gateway(gateway: GatewaySpec) -> None:
    what = f"The gateway {gateway.address}"
    if gateway.inbound and not _is_ipv4(gateway.address):
        raise Refused(
            f"{what} takes inbound calls and must be an IPv4 address: jambonz recognizes callers "
            "by it. A host name can be used for outbound calls only."
        )
    looks_like_ipv4 = re.fullmatch(r"[0-9.]+", gateway.address)
    if not (_is_ipv4(gateway.address) if looks_like_ipv4 else _HOST.fullmatch(gateway.address)):
        raise Refused(f"{what} is neither an IPv4 address nor a host name.")
    if not 1 <= gateway.netmask <= 32:
        raise Refused(f"{what}: the netmask must be 1 to 32.")
    if not gateway.inbound and gateway.netmask != 32:
        raise Refused(f"{what} takes no inbound calls: its netmask must be 32.")
    if gateway.port is not None and not 1 <= gateway.port <= 65535:
        raise Refused(f"{what}: the port must be 1 to 65535, or empty.")
    if gateway.protocol not in _SIP_PROTOCOLS:
        raise Refused(f"{what}: the protocol must be one of {', '.join(_SIP_PROTOCOLS)}.")


def validate_number_spec(spec: NumberSpec) -> None:
    if not _E164.fullmatch(spec.e164):
        raise Refused(f"{spec.e164} is no number in E.164: a plus and 2 to 15 digits.")
    if not spec.carrier_refs.get("voip_carrier_sid"):
        raise Refused(f"The carrier of {spec.e164} is not on jambonz yet.")
