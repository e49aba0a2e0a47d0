"""The examples in the OpenAPI document."""

from typing import Any

INTEGRATION_KIND: dict[str, Any] = {
    "kind": "jambonz",
    "title": "jambonz",
    "roles": ["carrier"],
    "sells_numbers": False,
    "fields": [
        {
            "name": "base_url",
            "label": "API address",
            "help": "",
            "required": True,
            "secret": False,
            "format": "url",
            "identity": True,
        },
        {
            "name": "token",
            "label": "API key",
            "help": "",
            "required": True,
            "secret": True,
            "format": "text",
            "identity": False,
        },
    ],
}
INTEGRATION_REQUEST: dict[str, Any] = {
    "kind": "jambonz",
    "name": "Support",
    "account": {
        "base_url": "https://jambonz.example.com/api/v1",
        "token": "a-service-provider-key",
        "account_sid": "9351f46a-678c-43f5-b8a6-d4eb58d131af",
    },
    "default_for": ["carrier"],
}
CREDENTIAL_ROTATION: dict[str, Any] = {"account": {"token": "a-new-service-provider-key"}}
INTEGRATION: dict[str, Any] = {
    "id": "intg_a1b2c3d4e5f6",
    "kind": "jambonz",
    "title": "jambonz",
    "name": "Support",
    "state": "connected",
    "state_reason": None,
    "facts": {"summary": "service provider key of Acme, account Support"},
    "settings": {
        "base_url": "https://jambonz.example.com/api/v1",
        "account_sid": "9351f46a-678c-43f5-b8a6-d4eb58d131af",
    },
    "secrets": ["token"],
    "default_for": ["carrier"],
    "max_in_flight": 4,
    "failures": 0,
    "resting_until": None,
    "checked_at": "2023-11-07T05:31:57Z",
    "created_at": "2023-11-07T05:31:56Z",
    "updated_at": "2023-11-07T05:31:57Z",
}
OPEN_CHECK: dict[str, Any] = {
    "id": "9a7e6c0a-51a6-4c57-9c59-0b1b1f5c7d21",
    "wish": "check",
    "subject_kind": "integration",
    "subject_id": "1c9bdf2e-5a43-4bb0-8d2e-6a0f7d3f9b10",
    "subject": "Support (jambonz)",
    "status": "open",
    "outcome": "unavailable",
    "reason": "jambonz.example.com did not answer in time.",
    "waits_for": None,
    "attempts": 1,
    "next_attempt_at": "2023-11-07T05:32:08Z",
    "integration_id": "intg_a1b2c3d4e5f6",
    "asked_by": "quickstart (pb_live_0123456789abcdef)",
    "created_at": "2023-11-07T05:31:56Z",
    "settled_at": None,
}
DONE_CHECK: dict[str, Any] = {
    **OPEN_CHECK,
    "status": "done",
    "outcome": "done",
    "reason": None,
    "next_attempt_at": None,
    "settled_at": "2023-11-07T05:31:57Z",
}
OPEN_QUERY: dict[str, Any] = {**OPEN_CHECK, "wish": "search", "subject_kind": "search"}
ACCOUNT_NUMBERS: dict[str, Any] = {
    "data": [
        {
            "number": "+14155550100",
            "label": "Main Line",
            "capabilities": ["sms", "voice"],
            "refs": {"phone_number_sid": "PN2a0747eba6abf96b7e3c3ff0b4530f6e"},
            "ours": False,
            "number_id": None,
        }
    ],
    "more": False,
}
AVAILABLE_NUMBERS: dict[str, Any] = {
    "data": [
        {
            "number": "+14155550101",
            "type": "local",
            "country": "US",
            "region": "CA",
            "locality": "San Francisco",
            "capabilities": ["sms", "voice"],
            "address_requirement": "none",
            "beta": False,
        }
    ]
}
OPERATION_DETAIL: dict[str, Any] = {
    **DONE_CHECK,
    "wish": "search",
    "subject_kind": "search",
    "result": AVAILABLE_NUMBERS,
    "calls": [],
}
DEFAULT_INTEGRATION: dict[str, Any] = {
    "role": "carrier",
    "integration_id": "intg_a1b2c3d4e5f6",
    "kind": "jambonz",
    "name": "Support",
}
DEFAULT_INTEGRATIONS: dict[str, Any] = {
    "data": [
        DEFAULT_INTEGRATION,
        {"role": "sip", "integration_id": None, "kind": None, "name": None},
        {"role": "twilio", "integration_id": None, "kind": None, "name": None},
    ]
}
