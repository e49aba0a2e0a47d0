"""Examples for the schema. The vendor's own example uses a host name for an inbound gateway, which
the vendor's text refuses."""

from typing import Any

STATIC_IP_REQUEST: dict[str, Any] = {
    "carrier_name": "My VoIP Provider",
    "trunk_type": "static_ip",
    "sip_gateway": {"ipv4": "198.51.100.7", "port": 5060, "inbound": True, "outbound": True},
}
REGISTRATION_REQUEST: dict[str, Any] = {
    "carrier_name": "Registering Provider",
    "trunk_type": "reg",
    "sip_gateway": {"ipv4": "sip.myprovider.com", "port": 5060, "inbound": False, "outbound": True},
    "registration": {"username": "acme", "password": "a-password", "realm": "sip.myprovider.com"},
}
DIGEST_AUTH_REQUEST: dict[str, Any] = {
    "carrier_name": "Challenged Provider",
    "trunk_type": "auth",
    "sip_gateways": [
        {"ipv4": "198.51.100.7", "outbound": False},
        {"ipv4": "sip.myprovider.com", "inbound": False, "protocol": "tls", "port": 5061},
    ],
    "inbound_auth": {"username": "acme", "password": "a-password"},
}
GATEWAY_SID = "7c1f2b7e-7f2c-4f6c-9a35-1f6a3a5be101"
CARRIER_RESPONSE: dict[str, Any] = {
    "id": "3c90c3cc-0d44-4b50-8888-8dd25736052a",
    "account_id": "0d9f5a1e-58a4-4b7f-9a51-3c1f6f1c2b7d",
    "voip_carrier_sid": "660e8400-e29b-41d4-a716-446655440001",
    "sip_gateway_sid": GATEWAY_SID,
    "carrier_name": "My VoIP Provider",
    "trunk_type": "static_ip",
    "status": "pending",
    "error_message": None,
    "is_default": False,
    "integration_id": "intg_a1b2c3d4e5f6",
    "sip_gateways": [
        {
            "sip_gateway_sid": GATEWAY_SID,
            "ipv4": "198.51.100.7",
            "port": 5060,
            "netmask": 32,
            "inbound": True,
            "outbound": True,
            "protocol": "udp",
        }
    ],
    "registration": None,
    "inbound_auth": None,
    "created_at": "2023-11-07T05:31:56Z",
    "updated_at": "2023-11-07T05:31:56Z",
}
