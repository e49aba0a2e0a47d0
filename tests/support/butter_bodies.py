"""Bodies of requests in Butter's dialect."""

SIP = {"provider": "sip", "supports_inbound": True, "supports_outbound": True}


TRUNKS = {
    "sip_server_address": "sip.example.com",
    "sip_username": "user",
    "sip_password": "a-password",
    "inbound_pin": "1234",
}
