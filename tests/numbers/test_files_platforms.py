"""The exports of platforms, with the headings that their documentation tells, and what they mean.

The files are in tests/data/imports/platforms, one for each export.
"""

from pathlib import Path

import pytest

from numbers.bulk.files.tables import read_file_layout, read_file_lines

FOLDER = Path(__file__).parent.parent / "data" / "imports" / "platforms"

# What each file's columns mean, and the cells of its first row.
NUMBER = "12125550101"
EXPORTS = {
    "astpp.csv": {"DID": "442071838712", "Country": "United Kingdom"},
    "astpp_cost_per_minute.csv": {"DID": NUMBER, "Country": "United States"},
    "bandwidth.csv": {"Telephone Number": "2125550101"},
    "coreview.csv": {"Phone Number": f"+{NUMBER}", "Country": "US"},
    "didww.csv": {"Number": NUMBER, "Country": "United States", "Description": "Front desk"},
    "freepbx_bulk.csv": {"extension": NUMBER, "description": "Front desk"},
    "freepbx_did.csv": {"DID": NUMBER, "description": "Front desk"},
    "fspbx.csv": {"country_code": "1", "phone_number": "2125550101", "description": "Front desk"},
    "fusionpbx.csv": {
        "destination_prefix": "1",
        "destination_number": "2125550101",
        "destination_description": "Front desk",
    },
    "metaswitch.csv": {"(First) Phone number": "2125550113", "Range size": "10"},
    "netbox_phonebox.csv": {
        "number": f"+{NUMBER}",
        "description": "Front desk",
        "provider": "Telnyx",
    },
    "netsapiens.csv": {"Phone Number": NUMBER, "Notes": "Front desk"},
    "plivo_api.csv": {"number": NUMBER, "alias": "Front desk"},
    "plivo_console.csv": {"Number": NUMBER, "Alias": "Front desk", "Country": "United States"},
    "teams.csv": {"TelephoneNumber": f"+{NUMBER}", "IsoCountryCode": "US"},
    "telnyx_v1.csv": {"phone_number": f"+{NUMBER}"},
    "telnyx_v2.csv": {"Phone Number": f"+{NUMBER}", "Customer Reference": "Front desk"},
    "twilio_api.csv": {"phone_number": f"+{NUMBER}", "friendly_name": "Front desk"},
    "twilio_console.csv": {"Phone Number": f"+{NUMBER}", "Friendly Name": "Front desk"},
    "vonage.csv": {"msisdn": NUMBER, "country": "US"},
    "voss.csv": {"E164 Number": f"+{NUMBER}", "Country": "USA", "Description": "Front desk"},
    "yeastar_did.csv": {"DID Number": NUMBER},
    "yeastar_extension.csv": {"DID Number": NUMBER},
    "yeastar_trunk.csv": {"DID/DDI": NUMBER, "DID/DDI Name": "Front desk"},
}


@pytest.mark.parametrize("file", EXPORTS)
def test_an_export_is_understood_as_it_is(file):
    data = (FOLDER / file).read_bytes()
    meant = {c.meaning: c.heading for c in read_file_layout(data).columns if c.meaning}
    first = next(read_file_lines(data))
    assert {meant[meaning]: cell for meaning, cell in first.cells.items()} == EXPORTS[file]
    assert (first.surplus, first.faults) == ("", {})


@pytest.mark.parametrize("file", EXPORTS)
def test_the_proposed_meanings_given_as_a_mapping_ask_nothing_more(file):
    data = (FOLDER / file).read_bytes()
    mapping = {column.heading: column.meaning for column in read_file_layout(data).columns}
    assert not read_file_layout(data, mapping=mapping).needs_confirmation
    assert list(read_file_lines(data, mapping=mapping)) == list(read_file_lines(data))


def test_every_file_is_tried():
    assert {each.name for each in FOLDER.iterdir()} == set(EXPORTS)


@pytest.mark.parametrize(
    ("file", "ignored"),
    [
        ("twilio_api.csv", "sid, account_sid, voice_url"),
        ("telnyx_v1.csv", "status, tags"),
        ("teams.csv", "OperatorId, NumberType"),
        ("yeastar_did.csv", "Match to User"),
    ],
)
def test_what_else_an_export_says_is_named_and_asked_about(file, ignored):
    layout = read_file_layout((FOLDER / file).read_bytes())
    assert layout.needs_confirmation
    (notice,) = [text for text in layout.notices if "Ignored columns: " in text]
    assert all(name in notice for name in ignored.split(", "))
