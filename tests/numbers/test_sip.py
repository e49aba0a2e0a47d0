"""What may be asked of a number's own SIP trunks, and what is said where it may not."""

import pytest

from numbers.inventory.sip_settings import validate_sip_setting_changes, validate_sip_settings

WHOLE = {"server_address": "sip.example.com:5060", "username": "acme", "password": "p4ss"}


def wrong(**settings) -> list[str]:
    return sorted(validate_sip_settings(settings, outbound=False))


@pytest.mark.parametrize(
    "address",
    [
        "sip.example.com",
        "sip.example.com:5061",
        "198.51.100.7",
        "198.51.100.7:1",
        "pbx",
        "a_b.c.d.",
    ],
)
def test_an_address_is_a_host_perhaps_with_a_port(address):
    assert not validate_sip_settings({**WHOLE, "server_address": address}, outbound=True)


@pytest.mark.parametrize(
    "address",
    [
        "sip:sip.example.com",
        "sip.example.com:0",
        "sip.example.com:65536",
        "sip.example.com:",
        "sip example.com",
        "user@sip.example.com",
        "sip..example.com",
        "-sip.example.com",
        "198.51.100.700",
        "1.2.3",
        "[2001:db8::1]",
        "sip.example.com\n",
        "s" * 64 + ".com",
    ],
)
def test_anything_else_is_no_address(address):
    assert wrong(server_address=address) == ["server_address"]


def test_outbound_calls_need_a_server_or_a_trunk_that_is_there():
    assert "server_address" in validate_sip_settings({}, outbound=True)
    assert not validate_sip_settings({}, outbound=True, outbound_trunk_id="ST_4Xo2mZgQsfyQ")
    assert not validate_sip_settings({}, outbound=False)


@pytest.mark.parametrize(("given", "missing"), [("username", "password"), ("password", "username")])
def test_half_a_pair_would_leave_the_trunk_open(given, missing):
    assert wrong(**{given: "x"}) == [missing]


@pytest.mark.parametrize("pin", ["123", "12345678901", "12a4", "１２３４"])
def test_a_pin_has_4_to_10_digits(pin):
    assert wrong(pin=pin) == ["pin"]
    assert not wrong(pin="0123456789")


@pytest.mark.parametrize("room", ["*", "a*b", "a**", "a\x00"])
def test_a_room_is_a_name_or_a_beginning(room):
    assert wrong(room_name=room) == ["room_name"]
    assert not wrong(room_name="support-*")


def test_encryption_is_one_of_three_words():
    assert wrong(media_encryption="yes") == ["media_encryption"]
    assert not wrong(media_encryption="require")


def test_what_is_empty_is_not_given():
    assert not wrong(server_address="", username=None, password="", pin="", media_encryption=None)


class TestChange:
    def change(self, **given) -> list[str]:
        return sorted(validate_sip_setting_changes(WHOLE, given, outbound=True))

    def test_what_is_left_out_stays(self):
        assert self.change(room_name="support") == []
        assert self.change(server_address="sip.example.com:5060") == []

    def test_what_is_taken_away_may_be_missed(self):
        assert self.change(server_address=None) == ["server_address"]
        assert self.change(username=None) == ["username"]
        assert self.change(username=None, password=None) == []

    def test_a_kept_password_follows_to_no_other_server(self):
        assert self.change(server_address="evil.example") == ["password"]
        assert self.change(server_address="sip2.example.com", password="p4ss") == []
