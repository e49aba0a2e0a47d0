"""Examples in the OpenAPI document."""

from typing import Any

ORGANIZATION: dict[str, Any] = {
    "id": "0d9f5a1e-58a4-4b7f-9a51-3c1f6f1c2b7d",
    "organization_id": "org_a1b2c3d4e5f6",
    "name": "Acme",
    "numbers_limited": False,
    "created_at": "2026-11-07T05:31:56Z",
}
QUOTAS: list[dict[str, Any]] = [
    {"name": "import_rows", "limit": 2_000_000, "used": 5000},
    {"name": "integrations", "limit": 100, "used": 3},
    {"name": "invitations_per_day", "limit": 50, "used": 0},
    {"name": "numbers", "limit": 1_000_000, "used": 1204},
    {"name": "open_imports", "limit": 200, "used": 1},
    {"name": "queries_per_hour", "limit": 300, "used": 12},
]
MEMBER: dict[str, Any] = {
    "user_id": "b2f1c1de-9d0c-4b8e-8f0a-6d2d3c4b5a69",
    "email": "bob@example.com",
    "name": "Bob",
    "role": "agent_manager",
    "created_at": "2026-11-07T05:31:56Z",
}
INVITATION: dict[str, Any] = {
    "id": "8d3f2a10-5c1e-4c83-9a1d-2f6b7c8d9e01",
    "email": "bob@example.com",
    "role": "agent_manager",
    "status": "open",
    "invited_by_email": "alice@example.com",
    "created_at": "2026-11-07T05:31:56Z",
    "expires_at": "2026-11-14T05:31:56Z",
    "accepted_at": None,
    "revoked_at": None,
}
KEY_REQUEST: dict[str, Any] = {
    "name": "billing",
    "role": "user",
    "scopes": ["phone_numbers:read"],
    "expires_at": "2027-11-07T00:00:00Z",
    "allowed_cidrs": ["198.51.100.0/24"],
}
KEY: dict[str, Any] = {
    "id": "5a2cbb0e-7d6e-4f0e-9b41-0c6f3d1f2a17",
    "api_key_id": "pb_live_0123456789abcdef",
    "name": "billing",
    "role": "user",
    "scopes": ["phone_numbers:read"],
    "allowed_cidrs": ["198.51.100.0/24"],
    "status": "active",
    "owner_user_id": "b2f1c1de-9d0c-4b8e-8f0a-6d2d3c4b5a69",
    "owner_email": "bob@example.com",
    "created_at": "2026-11-07T05:31:56Z",
    "expires_at": "2027-11-07T00:00:00Z",
    "last_used_at": "2026-11-08T09:12:00Z",
    "last_used_from": "198.51.100.7",
    "revoked_at": None,
    "replaced_by": None,
}
SECRET = "x" * 36
UNUSED = {"last_used_at": None, "last_used_from": None}
NEW_KEY = {**KEY, **UNUSED, "api_key": f"pb_live_0123456789abcdef_{SECRET}", "api_secret": SECRET}
EVENT: dict[str, Any] = {
    "id": 4711,
    "at": "2026-11-07T05:31:56Z",
    "action": "member.changed",
    "actor_kind": "key",
    "actor_id": "5a2cbb0e-7d6e-4f0e-9b41-0c6f3d1f2a17",
    "actor_label": "billing (pb_live_0123456789abcdef)",
    "subject_kind": "member",
    "subject_id": "b2f1c1de-9d0c-4b8e-8f0a-6d2d3c4b5a69",
    "subject_label": "bob@example.com",
    "before": {"role": "user"},
    "after": {"role": "agent_manager"},
    "request_id": "5f0c2d7e-3b1a-4c86-9f3d-0a7d1c2b9e44",
    "client_address": "192.0.2.44",
    "outcome": "accepted",
}
