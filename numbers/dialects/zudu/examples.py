"""Examples for the schema: the request and response of the vendor's document, and the vendor's
other samples."""

from typing import Any

CREATE = {
    "phone_number": "+14157774444",
    "area_code": 415,
    "nickname": "Customer Service Line",
    "inbound_agent_id": "agent_abc123",
    "outbound_agent_id": "agent_xyz789",
    "inbound_agent_version": 1,
    "outbound_agent_version": 1,
    "inbound_webhook_url": "https://example.com/webhook",
    "number_provider": "twilio",
    "outbound_trunk_id": "ST_4Xo2mZgQsfyQ",
    "phone_number_type": "zudu-twilio",
}
NUMBER: dict[str, Any] = {
    **CREATE,
    "organization_id": "org_a1b2c3d4e5f6",
    "phone_number_pretty": "+1 (415) 777-4444",
    "inbound_trunk_id": None,
    "dispatch_rule_id": None,
    "created_at": "2024-01-15T10:30:00Z",
    "updated_at": "2024-01-15T10:30:00Z",
    "last_modification_timestamp": 1705314600000,
    "provisioning_status": "pending",
    "error_message": None,
}
ACTIVE = {
    **NUMBER,
    "inbound_trunk_id": "ST_8mWq3nKpRt2a",
    "dispatch_rule_id": "SDR_h4Jk9sLm2nPq",
    "provisioning_status": "active",
}


def success_example(message: str, data: Any) -> dict[str, Any]:
    return {"message": message, "status": "success", "error": None, "data": data}


CREATED = success_example("Phone number created successfully", NUMBER)
RETRIEVED = success_example("Phone number retrieved successfully", ACTIVE)
CHANGE = {"nickname": "Sales Line", "outbound_agent_id": None}
CHANGED = success_example("Phone number updated successfully", {**ACTIVE, **CHANGE})
DELETED = success_example(
    "Phone number deleted successfully",
    {
        "phone_number": "+14157774444",
        "organization_id": "org_a1b2c3d4e5f6",
        "cleanup_results": {"dispatch_rule": True, "inbound_trunk": True, "outbound_trunk": False},
        "error_message": None,
    },
)
LIST = {
    "page": 0,
    "limit": 50,
    "sort_by": "updated_at",
    "sort_order": "descending",
    "filter_criteria": {"area_code": 415},
}
PAGE = success_example(
    "Phone numbers retrieved successfully",
    {
        "organization_id": "org_a1b2c3d4e5f6",
        "phone_numbers": [ACTIVE],
        "returned_count": 1,
        "pagination": {
            "page": 0,
            "limit": 50,
            "total_pages": 1,
            "total_count": 1,
            "has_next": False,
            "has_previous": False,
        },
        "sort_order": "descending",
        "sort_by": "updated_at",
        "applied_filters": {"area_code": 415},
    },
)
AVAILABLE = success_example(
    "Available phone numbers retrieved successfully",
    {
        "organization_id": "org_a1b2c3d4e5f6",
        "available_count": 1,
        "phone_numbers": [
            {
                "phone_number": "+14155551234",
                "nickname": "Main Office Line",
                "area_code": 415,
                "phone_number_type": "custom",
                "number_provider": "twilio",
                "inbound_agent_id": None,
                "outbound_agent_id": None,
                "created_at": "2024-01-15T10:30:00Z",
                "provisioning_status": "active",
                "error_message": None,
            }
        ],
    },
)
IMPORT = {
    "phone_number": "+14155551234",
    "provider": "twilio",
    "account_sid": "AC0123456789abcdef0123456789abcdef",
    "auth_token": "your_auth_token_here",
    "nickname": "Main Office Line",
    "inbound_agent_id": "agent_123",
    "outbound_agent_id": "agent_456",
}
IMPORTED = success_example(
    "Phone number validated and imported successfully",
    {
        "phone_number": {
            **ACTIVE,
            "phone_number": "+14155551234",
            "phone_number_pretty": "+1 (415) 555-1234",
            "phone_number_type": "custom",
            "nickname": "Main Office Line",
            "inbound_agent_id": "agent_123",
            "outbound_agent_id": "agent_456",
            "inbound_webhook_url": None,
        },
        "validation_result": {
            "phone_number": "+14155551234",
            "friendly_name": "Main Office Line",
            "capabilities": {"voice": True, "sms": True},
            "status": "active",
            "message": "Phone number validated successfully",
        },
        "import_details": {
            "imported_at": 1705314600000,
            "organization_id": "org_a1b2c3d4e5f6",
            "provider": "twilio",
        },
    },
)
TRUNK = {
    "name": "Support trunk",
    "number": "+14155551234",
    "outboundPstn": "sip.example.com",
    "authUserName": "user",
    "authPassword": "pass",
}
TRUNK_CREATED = success_example("Phone number created successfully", "ST_8mWq3nKpRt2a")
