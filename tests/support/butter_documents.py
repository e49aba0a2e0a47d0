"""The requests of Butter's own documents, word for word."""

TWILIO_REQUEST = """
{
  "phone_number": "+15551234567",
  "provider": "twilio",
  "supports_inbound": true,
  "supports_outbound": true,
  "integration_id": "intg_a1b2c3d4e5f6"
}
"""


SIP_REQUEST = """
{
  "phone_number": "+15559876543",
  "provider": "sip",
  "supports_inbound": true,
  "supports_outbound": true,
  "sip_trunk_name": "my-trunk",
  "sip_server_address": "sip.example.com",
  "sip_username": "user",
  "sip_password": "pass",
  "media_encryption": "require"
}
"""
