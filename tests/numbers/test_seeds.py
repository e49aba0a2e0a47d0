"""The documents that the product must honour: their requests word for word, their answers field by
field.

000 adds a number, 001 reads it, 002 adds a carrier; the words are the vendor's.
"""

import re
from datetime import datetime
from uuid import UUID

import pytest

from carriers.models import Carrier
from numbers.models import PhoneNumber
from tests.support import factories

pytestmark = pytest.mark.django_db

ADD_NUMBER = """
{
  "number": "+18005551234",
  "voip_carrier_sid": "660e8400-e29b-41d4-a716-446655440001",
  "label": "Main Line"
}
"""
ADD_CARRIER = """
{
  "carrier_name": "My VoIP Provider",
  "trunk_type": "static_ip",
  "sip_gateway": {
    "ipv4": "sip.myprovider.com",
    "port": 5060,
    "inbound": true,
    "outbound": true
  }
}
"""


def is_uuid(value) -> bool:
    return str(UUID(value)) == value


def is_time(value) -> bool:
    return value.endswith("Z") and datetime.fromisoformat(value).tzinfo is not None


def is_text(value) -> bool:
    return isinstance(value, str)


def or_null(check):
    return lambda value: value is None or check(value)


def one_of(*values):
    return lambda value: value in values


ADDED = {
    "id": is_uuid,
    "number": lambda value: value == "+18005551234",
    "voip_carrier_sid": lambda value: value == "660e8400-e29b-41d4-a716-446655440001",
    "carrier_name": is_text,
    "source": one_of("topcalls", "byoc"),
    "phone_number_sid": is_uuid,
    "status": one_of("active", "pending"),
    "label": lambda value: value == "Main Line",
    "account_id": is_uuid,
    "created_at": is_time,
}
DETAILS = {
    "id": is_uuid,
    "account_id": is_uuid,
    "number": lambda value: re.fullmatch(r"\+[1-9]\d{1,14}", value),
    "source": one_of("topcalls", "byoc", "manual", "import", "twilio"),
    "status": one_of("active", "inactive", "pending", "failed", "deleted"),
    "phone_number_sid": or_null(is_uuid),
    "voip_carrier_sid": or_null(is_uuid),
    "carrier_name": or_null(is_text),
    "label": or_null(is_text),
    "error_message": or_null(is_text),
    "created_by_user_id": or_null(is_uuid),
    "created_at": is_time,
    "updated_at": is_time,
}
CARRIER = {
    "id": is_uuid,
    "account_id": is_uuid,
    "voip_carrier_sid": is_uuid,
    "sip_gateway_sid": is_uuid,
    "carrier_name": lambda value: value == "My VoIP Provider",
    "trunk_type": lambda value: value == "static_ip",
    "created_at": is_time,
}


def holds(body: dict, fields: dict) -> bool:
    wrong = [name for name, check in fields.items() if name not in body or not check(body[name])]
    assert not wrong, f"{wrong} in {body}"
    return True


@pytest.fixture
def seed_carrier(alice) -> Carrier:
    """The carrier of the first example, as `make up` makes it."""
    sid = UUID("660e8400-e29b-41d4-a716-446655440001")
    return factories.create_carrier(alice.by, name="Demo", voip_carrier_sid=sid)


def post(api, path: str, body: str, **headers):
    return api.client.generic(
        "POST", path, body, "application/json", headers={**api.headers, **headers}
    )


def test_000_add_phone_number(alice, seed_carrier, api):
    key = "a1b2c3d4-e5f6-7890-abcd-ef0123456789"
    first = post(api(alice), "/v1/phone-numbers", ADD_NUMBER, **{"Idempotency-Key": key})
    again = post(api(alice), "/v1/phone-numbers", ADD_NUMBER, **{"Idempotency-Key": key})
    assert first.status_code == 201
    assert holds(first.json(), ADDED)
    assert again.content == first.content
    assert PhoneNumber.objects.count() == 1


def test_001_get_phone_number_details(alice, seed_carrier, api):
    added = post(api(alice), "/v1/phone-numbers", ADD_NUMBER).json()
    factories.run_number_operations(PhoneNumber.objects.get())
    answer = api(alice).get(f"/v1/phone-numbers/{added['id']}")
    assert answer.status_code == 200
    assert holds(answer.json(), DETAILS)
    assert answer.json()["status"] == "active"
    assert answer.json()["phone_number_sid"] == added["phone_number_sid"]


def test_002_add_custom_carrier_is_refused_as_its_own_text_says(alice, api):
    """ "Inbound gateways must use IPv4 address; hostnames are rejected": the example breaks the
    rule."""
    answer = post(api(alice), "/v1/phone-numbers/carriers", ADD_CARRIER)
    assert answer.status_code == 400
    assert [error["path"] for error in answer.json()["errors"]] == ["sip_gateway.ipv4"]
    assert "IPv4" in answer.json()["detail"]


def test_002_add_custom_carrier_with_an_address(alice, api):
    body = ADD_CARRIER.replace("sip.myprovider.com", "198.51.100.7")
    answer = post(api(alice), "/v1/phone-numbers/carriers", body)
    assert answer.status_code == 201
    assert holds(answer.json(), CARRIER)


def test_002_trunk_type_is_static_ip_by_default(alice, api):
    body = {"carrier_name": "My VoIP Provider", "sip_gateway": {"ipv4": "198.51.100.7"}}
    assert api(alice).post("/v1/phone-numbers/carriers", body).json()["trunk_type"] == "static_ip"


@pytest.mark.parametrize("key", ["short", "x" * 256, "with blank 1", '"quoted-key"', "ümlaut-key"])
def test_000_an_idempotency_key_that_cannot_be_is_refused(alice, seed_carrier, api, key):
    answer = post(api(alice), "/v1/phone-numbers", ADD_NUMBER, **{"Idempotency-Key": key})
    assert answer.status_code == 400
    assert not PhoneNumber.objects.exists()
