"""Every entrance of a number: whatever is accepted there is stored in canonical E.164, once."""

import ast
from pathlib import Path

import phonenumbers
import pytest
from django.urls import reverse

from config import BASE_DIR
from numbers.numbering.e164 import InvalidPhoneNumber, ensure_canonical_e164, format_e164
from tests.support.number_entrances import API_ENTRANCES, STAFF_ENTRANCES, list_stored_numbers

pytestmark = pytest.mark.django_db

# Two spellings of one line each; the first one is canonical.
SAME = {
    "+442071838750": "+4402071838750",
    "+4930901820": "+49030901820",
    "+6141234567": "+61041234567",
    "+17755555555": "+117755555555",
    "+5491123456789": "+54111523456789",
    "+48221234567": "+480221234567",
}


def is_canonical(text: str) -> bool:
    return text == format_e164(phonenumbers.parse(text)) == ensure_canonical_e164(text)


@pytest.mark.parametrize("send", API_ENTRANCES, ids=lambda send: send.__name__)
@pytest.mark.parametrize(("canonical", "other"), SAME.items())
def test_programs_hear_the_canonical_spelling(alice, worker, send, canonical, other):
    said = send(alice, None, other)
    assert canonical in said
    assert list_stored_numbers() == []


@pytest.mark.parametrize("send", STAFF_ENTRANCES, ids=lambda send: send.__name__)
@pytest.mark.parametrize(("canonical", "other"), SAME.items())
def test_people_may_write_it_otherwise(alice, browse, send, canonical, other):
    client = browse(alice)
    send(alice, client, other)
    assert list_stored_numbers() in ([canonical], [])  # what is refused is not stored
    if not other.startswith("+11"):  # one digit too many
        assert list_stored_numbers() == [canonical]
    send(alice, client, canonical)
    assert list_stored_numbers() == [canonical]


def test_an_operator_may_too(alice, staff):
    fields = {"number": "+44 (0)20 7183 8799", "organization": alice.organization.pk}
    staff.post(
        f"{reverse('admin:numbers_phonenumber_add')}?organization={alice.organization.pk}", fields
    )
    assert list_stored_numbers() == ["+442071838799"]


def test_no_row_is_written_under_a_second_spelling(alice):
    with pytest.raises(InvalidPhoneNumber, match="\\+442071838750"):
        alice.organization.phone_numbers.create(e164="+4402071838750", source="import")


def test_numbers_are_made_in_the_operations_only():
    """The list of entrances above ends in these: whoever adds a way in, adds it above."""
    made = {}
    for path in sorted((BASE_DIR / "numbers").rglob("*.py")):
        if "migrations" in path.parts:
            continue
        calls = [n for n in ast.walk(ast.parse(path.read_text())) if isinstance(n, ast.Call)]
        names = [ast.unparse(call.func) for call in calls]
        if "models" in Path(path).read_text() and "PhoneNumber" in names:
            made[path.name] = names.count("PhoneNumber")
    assert made == {"acquisition.py": 3, "operations.py": 1}
