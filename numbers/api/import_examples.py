"""Examples of /v1/imports."""

from typing import Any

SID = "660e8400-e29b-41d4-a716-446655440001"
REQUEST: dict[str, Any] = {
    "title": "Block from Acme, May",
    "options": {"carrier": SID, "country": "US", "label": "Sales"},
    "rows": [
        {"number": "+14155550100", "label": "Front desk"},
        {"number": "(415) 555-0101", "agent_id": "agent_support"},
    ],
    "start": False,
}
CHECKING: dict[str, Any] = {
    "id": "8d7f2a10-1c8e-4c34-9a6e-8b8f3b2f0a11",
    "title": "Block from Acme, May",
    "state": "checking",
    "reason": None,
    "notices": [],
    "options": {
        "destination": "carrier",
        "carrier": SID,
        "country": "US",
        "label": "Sales",
        "start": False,
    },
    "layout": None,
    "counts": {"total": 0, "done": 0, "failed": 0, "skipped": 0, "left": 0},
    "fates": {},
    "asked_by": "quickstart (pb_live_0123456789abcdef)",
    "created_at": "2023-11-07T05:31:56Z",
    "started_at": None,
    "settled_at": None,
}
READY = {
    **CHECKING,
    "state": "ready",
    "counts": {"total": 2, "done": 0, "failed": 0, "skipped": 0, "left": 2},
    "fates": {"todo": 2},
}
ROW = {
    "line": 7,
    "text": "020 7183 8750",
    "values": {},
    "fate": "error",
    "message": "Number: The country is missing: write the number with a plus and the country code, "
    "like +18005551234, or choose a country for numbers without them.",
    "phone_number_id": None,
}
