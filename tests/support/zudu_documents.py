"""The requests of Zudu's own documents, word for word."""

CREATE_REQUEST = """
{
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
  "phone_number_type": "zudu-twilio"
}
"""
