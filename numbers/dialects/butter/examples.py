"""Examples for the schema: those of the vendor's document, word for word, and similar ones."""

from typing import Any

TWILIO: dict[str, Any] = {
    "phone_number": "+15551234567",
    "provider": "twilio",
    "supports_inbound": True,
    "supports_outbound": True,
    "integration_id": "intg_a1b2c3d4e5f6",
}
SIP: dict[str, Any] = {
    "phone_number": "+15559876543",
    "provider": "sip",
    "supports_inbound": True,
    "supports_outbound": True,
    "sip_trunk_name": "my-trunk",
    "sip_server_address": "sip.example.com",
    "sip_username": "user",
    "sip_password": "pass",
    "media_encryption": "require",
}
NUMBER: dict[str, Any] = {
    "phone_number_id": "phon_a1b2c3d4e5f6",
    "phone_number": "+15551234567",
    "provider": "twilio",
    "status": "free",
    "supports_inbound": True,
    "supports_outbound": True,
    "integration_id": "intg_a1b2c3d4e5f6",
    "created_at": "2024-01-15T10:30:00Z",
    "updated_at": "2024-01-15T10:30:00Z",
}
IMPORTED = {
    "success": True,
    "message": "Phone number imported successfully with twilio",
    "data": NUMBER,
}
NUMBER_DETAIL = {
    **NUMBER,
    "assigned_agent_id": None,
    "provisioning_status": "active",
    "error_message": None,
}
NUMBER_LIST = {
    "success": True,
    "data": [
        {n: v for n, v in NUMBER_DETAIL.items() if n not in ("integration_id", "updated_at")},
    ],
    "pagination": {"next_cursor": None, "has_more": False, "page_size": 1, "total_count": 1},
}
AGENT: dict[str, Any] = {
    "agent_id": "agent_a1b2c3d4e5f6",
    "agent_name": "Reception",
    "assigned_phone_number_ids": ["phon_a1b2c3d4e5f6"],
    "updated_at": "2024-01-15T10:30:00Z",
}
INTEGRATION_REQUEST: dict[str, Any] = {
    "name": "My Twilio",
    "credentials": {
        "provider": "twilio",
        "account_sid": "AC" + "0" * 32,
        "auth_token": "your-auth-token",
    },
}
INTEGRATION: dict[str, Any] = {
    "integration_id": "intg_a1b2c3d4e5f6",
    "client_id": "org_a1b2c3d4e5f6",
    "name": "My Twilio",
    "provider": "twilio",
    "category": "telephony",
    "status": "active",
    "error_message": None,
    "created_at": "2024-01-15T10:30:00Z",
    "updated_at": "2024-01-15T10:30:00Z",
}
STILL_REFERENCED = (
    "Integration is still referenced by phone numbers: ['+1234567890']. "
    "Remove or reassign them first."
)
KEY_REQUEST: dict[str, Any] = {"name": "Production", "role": "agent_manager"}
KEY: dict[str, Any] = {
    "key_id": "apikey_a1b2c3d4e5f6",
    "name": "Production",
    "role": "agent_manager",
    "prefix": "pb_live_0123",
    "client_id": "org_a1b2c3d4e5f6",
    "user_id": "user_a1b2c3d4e5f64711a1b2c3d4e5f64711",
    "status": "active",
    "created_at": "2024-01-15T10:30:00Z",
    "last_used_at": None,
    "expires_at": None,
}
NEW_KEY = {"raw_key": "pb_live_0123456789abcdef_" + "x" * 36, "key": KEY}
