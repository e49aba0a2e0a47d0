"""The text of an API key."""

import pytest

from organizations.access import api_key_format


def test_a_minted_key_is_read_back_whole_and_in_halves():
    minted = api_key_format.generate_api_key()
    assert api_key_format.parse_api_key(minted.full) == minted
    assert api_key_format.parse_api_key_pair(minted.public, minted.secret) == minted


def test_no_two_keys_are_alike():
    assert len({api_key_format.generate_api_key().full for _ in range(100)}) == 100


def test_it_looks_as_documented():
    minted = api_key_format.generate_api_key()
    assert minted.full.startswith(f"pb_live_{minted.key_id}_")
    assert (len(minted.key_id), len(minted.secret)) == (16, 36)


@pytest.mark.parametrize("position", [8, 20, 25, 40, 60])
def test_a_typo_is_told_without_a_query(position):
    full = api_key_format.generate_api_key().full
    other = "a" if full[position] != "a" else "b"
    assert api_key_format.parse_api_key(full[:position] + other + full[position + 1 :]) is None


@pytest.mark.parametrize(
    "text", ["", "pb_live_", "pb_live_x_y", "tc_live_0123", "pb_live_" + "é" * 53]
)
def test_what_is_no_key_is_none(text):
    assert api_key_format.parse_api_key(text) is None
    assert api_key_format.parse_api_key_pair(text, "secret") is None


def test_halves_of_two_keys_do_not_fit():
    one, other = api_key_format.generate_api_key(), api_key_format.generate_api_key()
    assert api_key_format.parse_api_key_pair(one.public, other.secret) is None


def test_the_secret_is_in_no_repr_and_only_its_digest_is_kept():
    minted = api_key_format.generate_api_key()
    assert minted.secret not in repr(minted)
    assert len(minted.digest) == 32
    assert minted.matches(minted.digest)
    assert not minted.matches(api_key_format.generate_api_key().digest)
