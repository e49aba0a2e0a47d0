"""Presets: each could be saved as it is, and says where it is from."""

import pytest

from carriers import validation
from carriers.presets import PRESETS, PRESETS_BY_KEY

FILLED_IN = "sip.example.com"


@pytest.mark.parametrize("preset", PRESETS, ids=lambda preset: preset.key)
class TestPreset:
    def test_it_is_possible_once_the_blanks_are_filled_in(self, preset):
        gateways = [{**g, "ipv4": g["ipv4"] or FILLED_IN} for g in preset.gateways()]
        assert [validation.gateway_errors(g) for g in gateways] == [{}] * len(gateways)
        assert not validation.gateway_list_errors(gateways, preset.trunk_type)

    def test_it_has_a_source_and_the_day_it_was_looked_up(self, preset):
        assert preset.url.startswith("https://")
        assert preset.looked_up.year >= 2026
        assert preset.steps

    def test_whoever_has_no_addresses_says_whom_to_ask(self, preset):
        assert preset.signalling or preset.note or preset.trunk_type == "reg"

    def test_every_address_says_its_region(self, preset):
        assert all(str(region) for region in preset.regions().values())


def test_keys_are_unique():
    assert len(PRESETS_BY_KEY) == len(PRESETS)
