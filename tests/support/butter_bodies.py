"""Bodies of requests in Butter's dialect."""

SIP_BODY = {"provider": "sip", "supports_inbound": True, "supports_outbound": True}


TRUNK_FIELDS = {
    "sip_server_address": "sip.example.com",
    "sip_username": "user",
    "sip_password": "a-password",
    "inbound_pin": "1234",
}
