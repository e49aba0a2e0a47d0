"""The audit log is sealed when it is written, and a change afterwards is found."""

import json
import time
from concurrent.futures import ThreadPoolExecutor
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction

from organizations.access.principals import system_principal
from organizations.audit.chain import Anchor, verify_chain
from organizations.models import Event, Membership, Organization, Seal, User
from organizations.operations import create_organization, record_event

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def organization(transactional_db) -> Organization:
    """With five lines in its log, one of which has all that a line can have."""
    made = create_organization(name="Sealed")
    for name in ("Zoë „quoted“ 電話", "a\nb\\", "", "last"):
        write(made, name, before={"name": None, "n": 1.50, "list": [1, "é"]})
    return made


def write(organization: Organization, name: str, **fields) -> None:
    by = system_principal(organization)
    record_event(
        by, "organization.changed", organization, kind="organization", label=name, **fields
    )


def somebody_waits() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
        return cursor.fetchone()[0] > 0


def until(condition) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def events(organization: Organization) -> list[int]:
    return list(organization.events.order_by("id").values_list("id", flat=True))


def sql(statement: str, *values) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)


class TestSealing:
    def test_each_line_has_its_place(self, organization):
        places = Seal.objects.filter(organization=organization).order_by("position")
        found = list(places.values_list("position", "event_id"))
        assert found == list(enumerate(events(organization), 1))
        assert not verify_chain(organization).broken
        assert verify_chain(organization).sealed == 5

    def test_what_is_rolled_back_leaves_nothing(self, organization):
        with transaction.atomic():
            write(organization, "never")
            transaction.set_rollback(True)
        write(organization, "then")
        assert verify_chain(organization).sealed == 6
        assert not verify_chain(organization).broken

    def test_the_order_is_that_of_the_commits(self, organization):
        def first() -> None:
            with transaction.atomic():
                write(organization, "written first")
                pool.submit(second).result()
            connection.close()

        def second() -> None:
            write(organization, "committed first")
            connection.close()

        with ThreadPoolExecutor(2) as pool:
            pool.submit(first).result()
        last = list(Seal.objects.filter(organization=organization).order_by("position"))[-2:]
        labels = [Event.objects.get(pk=seal.event_id).subject_label for seal in last]
        assert labels == ["committed first", "written first"]
        assert not verify_chain(organization).broken

    def test_of_many_at_once_none_is_lost(self, organization):
        def several(number: int) -> None:
            for each in range(5):
                write(organization, f"{number} {each}")
            connection.close()

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(several, range(8)))
        assert verify_chain(organization).sealed == 45
        assert not verify_chain(organization).broken

    def test_the_chain_is_not_locked_while_a_foreign_key_waits(self, organization):
        """Which is checked at the commit, too, and waits for whoever deletes the row."""
        user = User.objects.create_user("zoe@example.com")
        membership = {"organization": organization, "user": user, "role": "user"}

        def add() -> None:
            try:
                with transaction.atomic():
                    write(organization, "written first")
                    Membership.objects.create(**membership)
            finally:
                connection.close()

        with ThreadPoolExecutor(1) as pool, transaction.atomic():
            User.objects.filter(pk=user.pk).delete()
            adding = pool.submit(add)
            until(somebody_waits)
            write(organization, "written while it waits")
            sql("SET CONSTRAINTS ALL IMMEDIATE")  # as at the commit
        with pytest.raises(IntegrityError):
            adding.result()
        assert not verify_chain(organization).broken

    def test_organizations_have_chains_of_their_own(self, organization):
        other = create_organization(name="Other")
        assert (verify_chain(other).sealed, verify_chain(organization).sealed) == (1, 5)


FORGERIES = {
    "label": "UPDATE organizations_event SET subject_label = 'x' WHERE id = %s",
    "moment": "UPDATE organizations_event SET at = at + interval '1 microsecond' WHERE id = %s",
    "actor": "UPDATE organizations_event SET actor_id = 'y' WHERE id = %s",
    "facts": """UPDATE organizations_event SET before = '{"n": 2}' WHERE id = %s""",
    "address": "UPDATE organizations_event SET client_address = '192.0.2.1' WHERE id = %s",
    "outcome": "UPDATE organizations_event SET outcome = 'refused' WHERE id = %s",
    "request": "UPDATE organizations_event SET request_id = gen_random_uuid() WHERE id = %s",
    "shifted text": """UPDATE organizations_event SET actor_label = actor_label || action,
        action = '' WHERE id = %s""",
}


class TestFinding:
    @pytest.mark.parametrize("forgery", FORGERIES.values(), ids=FORGERIES)
    def test_a_changed_line(self, organization, forgery):
        third = events(organization)[2]
        sql(forgery, third)
        found = verify_chain(organization)
        assert found.broken == f"event {third} is not as it was sealed"
        assert found.sealed == 3

    def test_a_line_that_was_taken_away(self, organization):
        third = events(organization)[2]
        sql("DELETE FROM organizations_event WHERE id = %s", third)
        assert verify_chain(organization).broken == f"event {third} is missing"

    def test_one_that_was_taken_away_with_its_seal(self, organization):
        third = events(organization)[2]
        sql("DELETE FROM organizations_event WHERE id = %s", third)
        sql("DELETE FROM organizations_seal WHERE event_id = %s", third)
        assert verify_chain(organization).broken == "the seal with position 3 is missing"

    def test_one_that_was_put_in(self, organization):
        sql("ALTER TABLE organizations_event DISABLE TRIGGER USER")
        try:
            write(organization, "put in")
        finally:
            sql("ALTER TABLE organizations_event ENABLE TRIGGER USER")
        last = events(organization)[-1]
        assert verify_chain(organization).broken == f"event {last} has no seal"

    def test_two_that_changed_places(self, organization):
        second, third = events(organization)[1:3]
        sql("UPDATE organizations_seal SET event_id = 0 WHERE event_id = %s", second)
        sql("UPDATE organizations_seal SET event_id = %s WHERE event_id = %s", second, third)
        sql("UPDATE organizations_seal SET event_id = %s WHERE event_id = 0", third)
        assert verify_chain(organization).broken == f"event {third} is not as it was sealed"

    def test_one_that_moved_to_another_organization(self, organization):
        other = create_organization(name="Other")
        third = events(organization)[2]
        sql("UPDATE organizations_event SET organization_id = %s WHERE id = %s", other.pk, third)
        assert verify_chain(organization).broken == f"event {third} is missing"
        assert verify_chain(other).broken == f"event {third} has no seal"


class TestAnchors:
    def test_a_log_that_goes_on_passes(self, organization):
        anchor = verify_chain(organization).last
        write(organization, "later")
        assert not verify_chain(organization, [anchor]).broken

    def test_a_log_that_was_cut_off(self, organization):
        anchor = verify_chain(organization).last
        last = events(organization)[-1]
        sql("DELETE FROM organizations_event WHERE id = %s", last)
        sql("DELETE FROM organizations_seal WHERE event_id = %s", last)
        assert not verify_chain(organization).broken
        wanted = "the log ends before position 5, which an anchor names"
        assert verify_chain(organization, [anchor]).broken == wanted

    def test_a_log_that_was_written_anew(self, organization):
        anchor = verify_chain(organization).last
        third = events(organization)[2]
        sql("UPDATE organizations_event SET subject_label = 'forged' WHERE id = %s", third)
        sql("DELETE FROM organizations_seal WHERE organization_id = %s", organization.pk)
        sql(
            "INSERT INTO organizations_seal (event_id, organization_id) SELECT id, organization_id"
            " FROM organizations_event WHERE organization_id = %s ORDER BY id",
            organization.pk,
        )
        assert not verify_chain(organization).broken
        last = events(organization)[-1]
        wanted = f"event {last} is not the one that the anchor names"
        assert verify_chain(organization, [anchor]).broken == wanted


def called(*arguments: str) -> tuple[int, str]:
    out = StringIO()
    try:
        call_command("verify_audit", *arguments, stdout=out)
    except CommandError as error:
        return error.returncode, out.getvalue() + str(error)
    return 0, out.getvalue()


class TestCommand:
    def test_all_is_well(self, organization):
        code, said = called()
        assert (code, said.strip()) == (
            0,
            f"{organization.public_id} (Sealed): 5 events, chain intact",
        )

    def test_the_first_broken_line_is_named(self, organization):
        third = events(organization)[2]
        sql(FORGERIES["label"], third)
        code, said = called()
        assert code == 1
        assert f"BROKEN at position 3: event {third} is not as it was sealed" in said

    def test_an_anchor_is_kept_and_compared(self, organization, tmp_path):
        file = tmp_path / "anchors.json"
        assert called("--write-anchor", str(file))[0] == 0
        (anchor,) = json.loads(file.read_text())
        assert Anchor(**anchor) == verify_chain(organization).last
        assert called("--anchor", str(file))[0] == 0
        sql("DELETE FROM organizations_event WHERE id = %s", events(organization)[-1])
        sql("DELETE FROM organizations_seal WHERE position = 5")
        assert called("--anchor", str(file))[0] == 1

    def test_an_organization_that_is_gone(self, organization, tmp_path):
        file = tmp_path / "anchors.json"
        file.write_text(json.dumps([{"organization": "org_0", "position": 1, "digest": ""}]))
        code, said = called("--anchor", str(file))
        assert code == 1
        assert "gone: org_0" in said

    @pytest.mark.parametrize("text", ["no json", '[{"place": 1}]', "{}1"])
    def test_a_file_that_is_none(self, organization, tmp_path, text):
        file = tmp_path / "anchors.json"
        file.write_text(text)
        assert "is no file of anchors" in called("--anchor", str(file))[1]

    def test_for_programs(self, organization):
        code, said = called("--json", "--organization", organization.public_id)
        (found,) = json.loads(said)
        assert (code, found["sealed"], found["broken"]) == (0, 5, "")
        assert called("--organization", "org_none")[1] == "There is no organization org_none."
