"""Whose words a batch speaks: the database and the APIs English, pages the reader's."""

import pytest
from django.utils.translation import override

from numbers.bulk import jobs
from numbers.models import Batch, BatchRow
from numbers.views.bulk.messages import translate_stored_text, translate_title
from organizations.web.views.base import screen_url
from tests.support import factories
from tests.support.bulk_jobs import create_number_per_status, propose_bulk_change

pytestmark = pytest.mark.django_db
GERMAN = {"accept-language": "de"}
LATIN = "Rufnummer;Bezeichnung\n+14155550101;Büro\n".encode("cp1252")


@pytest.fixture
def by_a_german(alice) -> Batch:
    create_number_per_status(alice)
    with override("de"):
        return propose_bulk_change(alice, "activate")


def page(browse, member, batch, **more) -> str:
    return (
        browse(member).get(screen_url(member.organization, "batch", batch_id=batch.pk), **more).text
    )


class TestWhoProposedInGerman:
    def test_left_english_in_the_database(self, by_a_german):
        assert by_a_german.title == "Activate numbers"
        messages = set(by_a_german.rows.values_list("message", flat=True))
        assert "The number is deleted." in messages

    def test_undid_and_stopped_in_english(self, alice, by_a_german):
        jobs.start_bulk_job(alice.by, by_a_german.pk)
        factories.run_due_bulk_jobs()
        with override("de"):
            undone = jobs.create_undo_job(alice.by, by_a_german.pk)
            stopped = jobs.stop_bulk_job(alice.by, undone.pk)
        assert stopped.title == "Undo: Activate numbers"
        assert stopped.reason.endswith("stopped it.")

    def test_sees_german(self, alice, browse, by_a_german):
        with override("de"):
            title, message = (
                translate_stored_text("Activate numbers"),
                translate_stored_text("The number is deleted."),
            )
        shown = page(browse, alice, by_a_german, headers=GERMAN)
        assert title != "Activate numbers"
        assert (title in shown, message in shown) == (True, True)
        assert "The number is deleted." not in shown


def test_rows_of_an_import_are_english_for_programs(api, browse, alice):
    where = screen_url(alice.organization, "add_list")
    carrier = alice.organization.carriers.get().voip_carrier_sid
    text = "nonsense\n+14155550101\n+14155550101\n"
    data = {"place": f"carrier:{carrier}", "text": text}
    browse(alice).post(where, data, headers=GERMAN)
    batch = Batch.objects.get()
    factories.run_due_bulk_jobs()
    job = api(alice).get(f"/v1/imports/{batch.pk}").json()
    rows = api(alice).get(f"/v1/imports/{batch.pk}/rows").json()["data"]
    assert job["title"] == "Pasted list"
    assert rows[0]["message"].startswith("Number: ")
    assert rows[2]["message"] == "The number of line 2."
    shown = page(browse, alice, batch, headers=GERMAN)
    with override("de"):
        assert translate_stored_text(rows[2]["message"]) in shown
        assert translate_stored_text(rows[0]["message"]) in shown
    assert rows[0]["message"] not in shown


class TestSentences:
    @pytest.mark.parametrize(
        "text",
        [
            "Alice stopped it.",
            "It is here already, and active.",
            "Number: The number is missing.",
            "Carrier: There is no carrier “Acme”.",
            "Carrier: Carrier Acme could not be set up: Why. Repair it or name another.",
            "+14155550101 is being removed from its platform; add it again when that is done.",
            "A quotation mark opens in line 7 and does not close: close it, or remove it.",
            "Ignored columns: Site, Owner.",
            "Only an active or inactive number can be switched; this one is pending.",
            "Sandbox cannot be used for sip.",
        ],
    )
    def test_with_words_in_them(self, text):
        with override("de"):
            assert translate_stored_text(text) != text
        assert translate_stored_text(text) == text

    def test_each_line_by_itself(self):
        lines = ["Number: The number is missing.", "Label: At most 100 characters are allowed."]
        with override("de"):
            both = [translate_stored_text(line) for line in lines]
            assert translate_stored_text("\n".join(lines)).split("\n") == both
        assert set(both).isdisjoint(lines)

    @pytest.mark.parametrize("text", ["", "A sentence of a platform's: 100 %(x)s"])
    def test_of_others_stay(self, text):
        with override("de"):
            assert translate_stored_text(text) == text

    def test_titles_of_ours_within_each_other(self):
        with override("de"):
            inner = translate_title(Batch(title="Label numbers “Sales”"))
            assert "“" in inner or "„" in inner
            assert inner in translate_title(Batch(title="Undo: Label numbers “Sales”"))

    def test_the_name_of_a_file_is_nobodys_to_translate(self):
        with override("de"):
            assert translate_title(Batch(title="Label")) == "Label"


class TestAnOldEncoding:
    def checked(self, alice, file: bytes, **options) -> Batch:
        batch = jobs.create_import_job(alice.by, title="x.csv", options=options, file=file)
        factories.run_due_bulk_jobs()
        batch.refresh_from_db()
        return batch

    def test_is_said_before_the_start(self, api, browse, alice):
        batch = self.checked(alice, LATIN, destination="record")
        assert (batch.state, "not in UTF-8" in batch.reason) == ("ready", True)
        assert "not in UTF-8" in page(browse, alice, batch)
        assert "not in UTF-8" in api(alice).get(f"/v1/imports/{batch.pk}").json()["reason"]

    def test_is_forgotten_when_it_is_done(self, alice):
        batch = self.checked(alice, LATIN, destination="record", start=True)
        assert (batch.state, batch.reason) == ("done", "")

    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
    def test_others_are_not(self, alice, encoding):
        text = LATIN.decode("cp1252")
        assert self.checked(alice, text.encode(encoding), destination="record").reason == ""


def test_every_fate_of_a_row_can_be_drawn(alice, browse):
    """A message of nobody's is drawn as it is."""
    batch = Batch.objects.create(organization=alice.organization, kind="import", action="import")
    row = {"organization": alice.organization, "batch": batch}
    BatchRow.objects.create(**row, line=1, text="x", fate="error", message="Nobody's: <own> words")
    assert "Nobody&#x27;s: &lt;own&gt; words" in page(browse, alice, batch)
