"""Examples for the schema: requests of the vendors' documents, and the responses to them."""

from typing import Any

REQUEST = {
    "number": "+18005551234",
    "voip_carrier_sid": "660e8400-e29b-41d4-a716-446655440001",
    "label": "Main Line",
}
PENDING: dict[str, Any] = {
    "id": "3c90c3cc-0d44-4b50-8888-8dd25736052a",
    "phone_number_id": "phon_a1b2c3d4e5f6",
    "account_id": "0d9f5a1e-58a4-4b7f-9a51-3c1f6f1c2b7d",
    "number": "+18005551234",
    "source": "topcalls",
    "status": "pending",
    "desired_status": "active",
    "phone_number_sid": "7b1c9a52-6a3e-4a3c-8f0e-2f6f0a9d1e11",
    "voip_carrier_sid": "660e8400-e29b-41d4-a716-446655440001",
    "carrier_name": "Sandbox carrier",
    "label": "Main Line",
    "application_sid": None,
    "error_message": None,
    "supports_inbound": True,
    "supports_outbound": True,
    "inbound_agent_id": None,
    "outbound_agent_id": None,
    "inbound_agent_version": 1,
    "outbound_agent_version": 1,
    "inbound_webhook_url": None,
    "outbound_trunk_id": None,
    "number_provider": None,
    "created_by_user_id": "b2f1c1de-9d0c-4b8e-8f0a-6d2d3c4b5a69",
    "created_at": "2023-11-07T05:31:56Z",
    "updated_at": "2023-11-07T05:31:56Z",
}
ACTIVE = {**PENDING, "status": "active"}
OPERATION_LIST = {
    "data": [
        {
            "id": "9a7e6c0a-51a6-4c57-9c59-0b1b1f5c7d21",
            "wish": "ensure",
            "subject_kind": "placement",
            "subject_id": "4be0643f-1d98-573b-97cd-ca98a65347dd",
            "subject": "+18005551234",
            "status": "open",
            "outcome": "unavailable",
            "reason": "jambonz asks for fewer requests (429).",
            "waits_for": None,
            "attempts": 1,
            "next_attempt_at": "2023-11-07T05:32:30Z",
            "integration_id": "intg_a1b2c3d4e5f6",
            "asked_by": "quickstart (pb_live_0123456789abcdef)",
            "created_at": "2023-11-07T05:31:56Z",
            "settled_at": None,
            "calls": [
                {
                    "at": "2023-11-07T05:31:57Z",
                    "attempt": 1,
                    "method": "POST",
                    "url": "https://jambonz.example.com/api/v1/PhoneNumbers",
                    "status": 429,
                    "duration_ms": 12,
                    "error": None,
                    "request_body": '{"number": "+18005551234"}',
                    "response_body": "Too many requests",
                }
            ],
        }
    ]
}

IMPORT = {
    "provider": "twilio",
    "integration_id": "intg_a1b2c3d4e5f6",
    "numbers": [
        {"number": "+14155550110", "label": "Support", "inbound_agent_id": "agent_support"},
        {"number": "+14155550111"},
    ],
}
IMPORT_SIP = {
    "provider": "sip",
    "numbers": [
        {
            "number": "+15559876543",
            "supports_outbound": True,
            "sip": {
                "trunk_name": "My Trunk",
                "server_address": "sip.example.com:5060",
                "username": "acme",
                "password": "…",
                "room_name": "support-*",
            },
        }
    ],
}
SUPPLIED_NUMBER: dict[str, Any] = {
    **PENDING,
    "number": "+14155550110",
    "source": "twilio",
    "voip_carrier_sid": None,
    "carrier_name": None,
    "number_provider": "twilio",
}
IMPORTED = {**SUPPLIED_NUMBER, "label": "Support", "inbound_agent_id": "agent_support"}
PURCHASE = {"number": "+12125550100", "label": "New York"}
PURCHASED = {**SUPPLIED_NUMBER, **PURCHASE}
PLACEMENTS = {
    "data": [
        {
            "role": "voice",
            "integration_id": "intg_a1b2c3d4e5f6",
            "kind": "livekit",
            "state": "settled",
            "refs": {"inbound_trunk_id": "ST_4Xo2mZgQsfyQ", "dispatch_rule_id": "SDR_8vSpKfqQnAAr"},
            "settings": {"server_address": "sip.example.com:5060", "username": "acme"},
            "secrets_set": ["password"],
            "released": False,
        }
    ]
}
AGENT = {
    "agent_id": "agent_support",
    "account_id": "0d9f5a1e-58a4-4b7f-9a51-3c1f6f1c2b7d",
    "name": "Support",
    "voice_url": None,
    "created_at": "2023-11-07T05:31:56Z",
    "updated_at": "2023-11-07T05:31:56Z",
}
POOL: dict[str, Any] = {
    "id": "c1f2a9d4-7c0e-4a55-8b1f-0d6e3b2a9c77",
    "name": "Toll-free",
    "voip_carrier_sid": "660e8400-e29b-41d4-a716-446655440001",
    "carrier_name": "Sandbox carrier",
    "prefixes": ["+1800", "+1888"],
    "number_count": 1,
    "created_at": "2023-11-07T05:31:56Z",
}
