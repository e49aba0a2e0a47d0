"""Stored numbers that are not canonical: found, told apart, and corrected where it is safe."""

import json
from importlib import import_module
from io import StringIO

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction
from django.db.migrations.loader import MigrationLoader
from django.utils import timezone

from numbers.bulk.imports.check import find_number_holders
from numbers.inventory import stored_spellings as module
from numbers.inventory.acquisition import add_provider_number
from numbers.inventory.operations import delete_number
from numbers.inventory.reservation import NumberTaken
from numbers.inventory.stored_spellings import correct_stored_number, find_noncanonical_numbers
from numbers.models import PhoneNumber
from numbers.numbering.e164 import find_canonical_e164
from tests.support import factories

MIGRATION = import_module("numbers.migrations.0010_canonical_numbers")
LINES = import_module("numbers.migrations.0012_one_holder_per_line")
WRONG, RIGHT = "+4402071838750", "+442071838750"
NUMBERS = {  # as an earlier version took them
    "+4402071838750": "+442071838750",
    "+44002071838750": "+442071838750",
    "+49030901820": "+4930901820",
    "+61041234567": "+6141234567",
    "+117755555555": "+17755555555",
    "+378903549": "+3780549903549",
}


@pytest.mark.parametrize(("text", "number"), NUMBERS.items())
def test_the_canonical_spelling_is_one(text, number):
    assert find_canonical_e164(text) == number
    assert find_canonical_e164(number) == number


@pytest.mark.parametrize("text", ["+390612345678", "+80052323111", "+5491123456789", "+15550100"])
def test_what_is_canonical_stays(text):
    assert find_canonical_e164(text) in (text, None)


@pytest.mark.parametrize("text", ["+99912345", "+4412"])
def test_what_no_country_has_has_none(text):
    assert find_canonical_e164(text) is None


def recorded(member, e164: str) -> PhoneNumber:
    return respelled(add_provider_number(member.by, number="+15550100999", provider=None), e164)


def on_platform(member, e164: str) -> PhoneNumber:
    return respelled(factories.create_number(member.by, "+15550100999"), e164)


def respelled(number: PhoneNumber, e164: str) -> PhoneNumber:
    PhoneNumber.objects.filter(pk=number.pk).update(e164=e164)
    number.refresh_from_db()
    return number


def called(*arguments: str) -> tuple[int, str]:
    """The exit code, and what was written."""
    out = StringIO()
    try:
        call_command("check_numbers", *arguments, stdout=out)
    except CommandError as error:
        return error.returncode, out.getvalue()
    return 0, out.getvalue()


@pytest.mark.django_db
class TestCommand:
    def test_it_is_content(self, alice):
        factories.create_number(alice.by, RIGHT)
        assert called() == (0, "All phone numbers are canonical.\n")

    def test_one_that_is_only_recorded_can_be_corrected(self, alice):
        number = recorded(alice, WRONG)
        code, said = called()
        place = f"{alice.organization.public_id} ({alice.organization.name}) {WRONG}"
        assert code == 1
        assert said == f"{place}: correct it to {RIGHT} with --fix, it is on no platform\n"
        number.refresh_from_db()
        assert number.e164 == WRONG  # nothing without --fix

        assert called("--fix") == (
            0,
            f"{place}: corrected to {RIGHT}\nAll phone numbers are canonical.\n",
        )
        version = number.version
        number.refresh_from_db()
        assert (number.e164, number.version) == (RIGHT, version + 1)
        event = alice.organization.events.latest("id")
        assert (event.action, event.actor_kind) == ("phone_number.changed", "system")
        assert (event.before["number"], event.after["number"]) == (WRONG, RIGHT)
        assert event.actor_label == "manage.py check_numbers"
        assert called() == (0, "All phone numbers are canonical.\n")

    def test_one_on_a_platform_is_never_changed(self, alice):
        number = on_platform(alice, WRONG)
        code, said = called("--fix")
        assert code == 1
        with pytest.raises(NumberTaken):
            factories.create_number(alice.by, RIGHT)
        assert f"{WRONG}: delete it, then add {RIGHT}: it is on Sandbox (sandbox)" in said
        number.refresh_from_db()
        assert number.e164 == WRONG

    @pytest.mark.parametrize("make", [recorded, on_platform])
    def test_one_of_two_is_to_be_deleted(self, alice, make):
        factories.create_number(alice.by, RIGHT)
        number = make(alice, WRONG)
        code, said = called("--fix")
        assert code == 1
        assert f"{WRONG}: delete it, {RIGHT} is already held by the same organization" in said
        number.refresh_from_db()
        assert number.e164 == WRONG

    def test_another_organization_may_hold_it(self, alice, mallory):
        factories.create_number(mallory.by, RIGHT)
        recorded(alice, WRONG)
        held = mallory.organization.public_id
        assert f"delete it, {RIGHT} is already held by {held}" in called()[1]

    def test_of_two_wrong_ones_one_is_corrected(self, alice):
        for text in (WRONG, "+44002071838750"):
            recorded(alice, text)
        code, said = called("--fix")
        assert code == 1
        assert (said.count("corrected to"), said.count("delete it")) == (1, 1)
        assert PhoneNumber.objects.filter(e164=RIGHT).count() == 1

    def test_one_that_no_country_has(self, alice):
        recorded(alice, "+99912345")
        assert "+99912345: delete it, no country has such a number" in called("--fix")[1]

    def test_one_that_is_being_removed_is_waited_for(self, alice):
        number = on_platform(alice, WRONG)
        delete_number(alice.by, number.pk)
        code, said = called("--fix")
        assert code == 1
        assert "nothing to do, it is being removed" in said

    def test_a_tombstone_stays(self, alice):
        number = recorded(alice, WRONG)
        gone = {"status": "deleted", "wanted": "deleted", "released_at": timezone.now()}
        PhoneNumber.objects.filter(pk=number.pk).update(**gone)
        assert called("--fix")[0] == 0
        number.refresh_from_db()
        assert number.e164 == WRONG

    def test_for_programs(self, alice, mallory):
        recorded(alice, "+49030901820")
        number = on_platform(mallory, WRONG)
        code, said = called("--fix", "--json")
        corrected, left = json.loads(said)
        assert code == 1
        assert (corrected["action"], corrected["canonical"]) == ("corrected", "+4930901820")
        assert left == {
            "organization_id": mallory.organization.public_id,
            "organization": mallory.organization.name,
            "id": str(number.pk),
            "number": WRONG,
            "status": "active",
            "canonical": RIGHT,
            "held_by": None,
            "placements": [{"role": "voice", "kind": "sandbox", "integration": "Sandbox"}],
            "action": "replace",
            "advice": f"delete it, then add {RIGHT}: it is on Sandbox (sandbox)",
        }
        PhoneNumber.objects.all().delete()
        assert called("--json") == (0, "[]\n")

    def test_all_of_many_are_found(self, alice, monkeypatch):
        monkeypatch.setattr(module, "PAGE_SIZE", 2)
        for text in NUMBERS:
            recorded(alice, text)
        factories.create_number(alice.by, "+15550100998")
        assert {found.number.e164 for found in find_noncanonical_numbers()} == set(NUMBERS)

    def test_what_has_changed_meanwhile_is_left_alone(self, alice):
        number = recorded(alice, WRONG)
        (found,) = find_noncanonical_numbers()
        factories.create_number(alice.by, RIGHT)
        assert not correct_stored_number(found)
        respelled(number, "+49030901820")
        assert not correct_stored_number(found)
        PhoneNumber.objects.all().delete()
        assert not correct_stored_number(found)


def legacy(number: PhoneNumber) -> PhoneNumber:
    """As migration 0012 leaves it."""
    PhoneNumber.objects.filter(pk=number.pk).update(canonical_e164=find_canonical_e164(number.e164))
    return number


@pytest.mark.django_db
class TestItsLine:
    """A number in a second spelling keeps others from taking the canonical one."""

    def test_nobody_adds_the_canonical_spelling(self, alice, mallory):
        legacy(on_platform(alice, WRONG))
        with pytest.raises(NumberTaken) as refused:
            factories.create_number(mallory.by, RIGHT)
        assert str(refused.value) == f"{RIGHT} is already in this installation."
        with pytest.raises(NumberTaken) as refused:
            add_provider_number(alice.by, number=RIGHT, provider=None)
        text = f"{RIGHT} is already here, written {WRONG}: delete that one first."
        assert str(refused.value) == text

    def test_the_database_refuses_it(self, alice):
        legacy(on_platform(alice, WRONG))
        other = factories.create_number(alice.by, "+15550100998")
        with pytest.raises(IntegrityError, match="phone_number_one_holder"), transaction.atomic():
            PhoneNumber.objects.filter(pk=other.pk).update(e164=RIGHT)

    def test_an_import_says_that_it_is_held(self, alice, mallory):
        legacy(on_platform(alice, WRONG))
        assert set(find_number_holders([RIGHT, "+15550100998"])) == {RIGHT}

    def test_it_is_free_when_the_number_has_left(self, alice, mallory):
        number = legacy(on_platform(alice, WRONG))
        gone = {"status": "deleted", "wanted": "deleted", "released_at": timezone.now()}
        PhoneNumber.objects.filter(pk=number.pk).update(**gone)
        assert factories.create_number(mallory.by, RIGHT).e164 == RIGHT

    def test_the_migration_gives_it_to_the_first_of_two(self, alice):
        numbers = [on_platform(alice, WRONG)]
        numbers.append(
            respelled(factories.create_number(alice.by, "+15550100997"), "+44002071838750")
        )
        fine = factories.create_number(alice.by, "+15550100996")
        LINES.keep_lines(apps, None)
        kept = {number.pk: number.canonical_e164 for number in PhoneNumber.objects.all()}
        assert sorted(filter(None, kept.values())) == [RIGHT]
        assert kept[fine.pk] is None

    def test_a_corrected_number_is_its_own_line(self, alice):
        number = legacy(recorded(alice, WRONG))
        assert called("--fix")[0] == 0
        number.refresh_from_db()
        assert (number.e164, number.canonical_e164) == (RIGHT, None)


@pytest.mark.django_db
class TestMigration:
    @pytest.fixture(autouse=True)
    def state(self, db) -> None:
        """The models as they were then."""
        self.apps = MigrationLoader(connection).project_state(MIGRATION.Migration.dependencies).apps

    def run(self) -> None:
        MIGRATION.correct(self.apps, None)

    def test_it_corrects_what_is_only_recorded(self, alice, capsys):
        number = recorded(alice, WRONG)
        version = number.version
        self.run()
        number.refresh_from_db()
        assert (number.e164, number.version) == (RIGHT, version + 1)
        event = alice.organization.events.latest("id")
        assert (event.action, event.subject_id) == ("phone_number.changed", number.pk)
        assert (event.before, event.after) == ({"number": WRONG}, {"number": RIGHT})
        assert capsys.readouterr().out == ""

    def test_it_leaves_the_rest_and_says_so(self, alice, mallory, capsys):
        kept = [
            on_platform(alice, "+49030901820"),
            recorded(alice, "+99912345"),
            factories.create_number(mallory.by, RIGHT),
            recorded(alice, WRONG),
        ]
        before = [number.e164 for number in kept]
        self.run()
        assert [PhoneNumber.objects.get(pk=number.pk).e164 for number in kept] == before
        said = capsys.readouterr().out
        assert "left as they are: 3." in said
        assert "manage.py check_numbers" in said

    def test_of_two_spellings_of_one_number_one_stays(self, alice, capsys):
        for text in (WRONG, "+44002071838750"):
            recorded(alice, text)
        self.run()
        assert PhoneNumber.objects.filter(e164=RIGHT).count() == 1
        assert "left as they are: 1." in capsys.readouterr().out

    def test_twice_is_once(self, alice):
        recorded(alice, WRONG)
        self.run()
        events = alice.organization.events.count()
        self.run()
        assert alice.organization.events.count() == events

    @pytest.mark.parametrize("text", [*NUMBERS, "+99912345", "+390612345678", "+4412"])
    def test_it_and_the_command_agree(self, text):
        assert MIGRATION.canonical(text) == find_canonical_e164(text)
