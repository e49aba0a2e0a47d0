"""Rows and errors as Twilio spells them."""

from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any
from uuid import uuid4

from tests.fakes.wire import FakeResponse

Row = dict[str, Any]

# In a row of IncomingPhoneNumbers, and the form field that sets it.
SETTABLE_FIELDS = {
    "friendly_name": "FriendlyName",
    "voice_url": "VoiceUrl",
    "voice_method": "VoiceMethod",
    "voice_fallback_url": "VoiceFallbackUrl",
    "voice_application_sid": "VoiceApplicationSid",
    "trunk_sid": "TrunkSid",
    "status_callback": "StatusCallback",
    "sms_url": "SmsUrl",
    "sms_application_sid": "SmsApplicationSid",
    "address_sid": "AddressSid",
    "bundle_sid": "BundleSid",
    "identity_sid": "IdentitySid",
}


TRUNK_NUMBER_FIELDS = """
    sid friendly_name account_sid phone_number api_version voice_caller_id_lookup voice_url
    voice_method voice_fallback_url voice_fallback_method status_callback status_callback_method
    voice_application_sid trunk_sid sms_url sms_method sms_fallback_url sms_fallback_method
    sms_application_sid address_requirements beta
""".strip()


class TwilioError(Exception):
    """An error, as it is answered."""

    def __init__(self, status: int, code: int, message: str):
        super().__init__(message)
        self.reply = error_reply(status, code, message)


def error_reply(status: int, code: int, message: str) -> FakeResponse:
    more = f"https://www.twilio.com/docs/errors/{code}"
    return FakeResponse(
        status, {"code": code, "message": message, "more_info": more, "status": status}
    )


def new_sid(prefix: str) -> str:
    return f"{prefix}{uuid4().hex}"


def now_rfc2822() -> str:
    return format_datetime(datetime.now(UTC))


def now_iso() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def account_row(sid: str, owner: str, token: str) -> Row:
    uri = f"/2010-04-01/Accounts/{sid}"
    return {
        "auth_token": token,
        "date_created": now_rfc2822(),
        "date_updated": now_rfc2822(),
        "friendly_name": "Acme" if sid == owner else "Acme's branch",
        "owner_account_sid": owner,
        "sid": sid,
        "status": "active",
        "subresource_uris": {"incoming_phone_numbers": f"{uri}/IncomingPhoneNumbers.json"},
        "type": "Full",
        "uri": f"{uri}.json",
    }


def application_row(account: str) -> Row:
    sid = new_sid("AP")
    return {
        "account_sid": account,
        "api_version": "2010-04-01",
        "date_created": now_rfc2822(),
        "date_updated": now_rfc2822(),
        "friendly_name": "Reception",
        "message_status_callback": "",
        "sid": sid,
        "sms_fallback_method": "POST",
        "sms_fallback_url": "",
        "sms_method": "POST",
        "sms_status_callback": "",
        "sms_url": "",
        "status_callback": "",
        "status_callback_method": "POST",
        "uri": f"/2010-04-01/Accounts/{account}/Applications/{sid}.json",
        "voice_caller_id_lookup": False,
        "voice_fallback_method": "POST",
        "voice_fallback_url": "",
        "voice_method": "POST",
        "voice_url": "https://example.com/reception",
        "public_application_connect_enabled": False,
    }


# Of a number that nobody has touched. Unset is "" here and null there, as in Twilio's own examples.
NUMBER_DEFAULTS = {
    "address_requirements": "none",
    "address_sid": None,
    "api_version": "2010-04-01",
    "beta": False,
    "bundle_sid": None,
    "capabilities": {"voice": True, "sms": True, "mms": False, "fax": False},
    "emergency_address_sid": None,
    "emergency_address_status": "unregistered",
    "emergency_status": "Inactive",
    "identity_sid": None,
    "origin": "twilio",
    "sms_application_sid": "",
    "sms_fallback_method": "POST",
    "sms_fallback_url": "",
    "sms_method": "POST",
    "sms_url": "",
    "status": "in-use",
    "status_callback": "",
    "status_callback_method": "POST",
    "trunk_sid": None,
    "type": "local",
    "voice_application_sid": "",
    "voice_caller_id_lookup": False,
    "voice_fallback_method": "POST",
    "voice_fallback_url": "",
    "voice_method": "POST",
    "voice_receive_mode": "voice",
    "voice_url": "",
}


def number_row(account: str, e164: str, **values: Any) -> Row:
    sid = new_sid("PN")
    return {
        **NUMBER_DEFAULTS,
        "account_sid": account,
        "capabilities": dict(NUMBER_DEFAULTS["capabilities"]),
        "date_created": now_rfc2822(),
        "date_updated": now_rfc2822(),
        "friendly_name": e164,
        "phone_number": e164,
        "sid": sid,
        "uri": f"/2010-04-01/Accounts/{account}/IncomingPhoneNumbers/{sid}.json",
        **values,
    }


def trunk_row(account: str, name: str, domain: str) -> Row:
    sid = new_sid("TK")
    url = f"https://trunking.twilio.com/v1/Trunks/{sid}"
    parts = {
        "origination_urls": "OriginationUrls",
        "credential_lists": "CredentialLists",
        "ip_access_control_lists": "IpAccessControlLists",
        "phone_numbers": "PhoneNumbers",
    }
    return {
        "sid": sid,
        "account_sid": account,
        "domain_name": domain,
        "disaster_recovery_method": None,
        "disaster_recovery_url": None,
        "friendly_name": name,
        "secure": False,
        "cnam_lookup_enabled": False,
        "symmetric_rtp_enabled": False,
        "recording": {"mode": "do-not-record", "trim": "do-not-trim"},
        "transfer_mode": "disable-all",
        "transfer_caller_id": "from-transferee",
        "auth_type": "",
        "auth_type_set": [],
        "date_created": now_iso(),
        "date_updated": now_iso(),
        "url": url,
        "links": {name: f"{url}/{part}" for name, part in parts.items()},
    }


def trunk_number_row(number: Row) -> Row:
    trunk, sid = number["trunk_sid"], number["sid"]
    owned = f"/2010-04-01/Accounts/{number['account_sid']}/IncomingPhoneNumbers/{sid}"
    return {
        **{name: number[name] for name in TRUNK_NUMBER_FIELDS.split()},
        "capabilities": {"voice": True, "sms": True, "mms": False},
        "date_created": now_iso(),
        "date_updated": now_iso(),
        "url": f"https://trunking.twilio.com/v1/Trunks/{trunk}/PhoneNumbers/{sid}",
        "links": {"phone_number": f"https://api.twilio.com{owned}"},
    }
