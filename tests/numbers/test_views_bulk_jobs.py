"""The pages of imports and bulk changes: look, start, stop, undo."""

import csv
import io
import re

import pytest
from django.utils import translation

from numbers.bulk import jobs
from numbers.bulk.files.tables import read_file_lines
from numbers.inventory.agents import create_agent
from numbers.models import Batch, BatchRow, PhoneNumber
from numbers.views.bulk import bulk_labels
from organizations.web.views.base import screen_url
from tests.support import factories
from tests.support.exports import download_export

pytestmark = pytest.mark.django_db

Status = PhoneNumber.Status
ONE, TWO = "+14155550101", "+14155550102"


@pytest.fixture
def numbers(alice) -> list[PhoneNumber]:
    fields = {"source": "manual", "status": "inactive", "wanted": "inactive"}
    return [
        alice.organization.phone_numbers.create(e164=text, label=label, **fields)
        for text, label in ((ONE, "Sales"), (TWO, None))
    ]


@pytest.fixture
def batch(alice, numbers) -> Batch:
    """Not started."""
    rows = alice.organization.phone_numbers.all()
    return jobs.create_change_job(
        alice.by, action="label", options={"label": "Front desk"}, numbers=rows
    )


def test_a_report_speaks_the_readers_language(alice, browse, batch):
    """Though a worker writes it."""
    german = {"headers": {"Accept-Language": "de"}}
    report = download_export(browse(alice), at(alice, "batch_report", batch), **german)
    header, row, *_more = csv.reader(io.StringIO(report.decode("utf-8-sig")))
    assert header[4] == "Ergebnis"
    with translation.override("de"):
        assert row[4] == str(BatchRow.Fate.TODO.label)


def at(member, name="batch", batch=None) -> str:
    path = {"batch_id": batch.pk} if batch else {}
    return screen_url(member.organization, name, **path)


def started(member, batch) -> Batch:
    jobs.start_bulk_job(member.by, batch.pk)
    factories.run_due_bulk_jobs()
    batch.refresh_from_db()
    return batch


class TestProposing:
    def test_the_marked_numbers(self, alice, browse, numbers):
        data = {"action": "label", "label": "Front desk", "number": [numbers[0].pk]}
        answer = browse(alice).post(at(alice, "batches_propose"), data, follow=True)
        batch = Batch.objects.get()
        assert answer.request["PATH_INFO"] == at(alice, batch=batch)
        assert list(batch.rows.values_list("text", flat=True)) == [ONE]
        assert "1 number gets the label “Front desk”." in answer.text
        assert PhoneNumber.objects.get(e164=ONE).label == "Sales"

    def test_all_that_the_filter_finds(self, alice, browse, numbers):
        data = {"action": "label", "label": "x", "all": "1", "query": "?label=unset"}
        browse(alice).post(at(alice, "batches_propose"), data)
        assert list(Batch.objects.get().rows.values_list("text", flat=True)) == [TWO]

    @pytest.mark.parametrize("marked", [[], ["nonsense"]])
    def test_nothing_marked(self, alice, browse, numbers, marked):
        data = {"action": "retry", "number": marked, "next": at(alice, "agents") + "?q=1"}
        answer = browse(alice).post(at(alice, "batches_propose"), data, follow=True)
        assert answer.request["QUERY_STRING"] == "q=1"
        assert "No number is selected." in answer.text

    def test_a_strangers_number_is_none(self, alice, mallory, browse, numbers):
        data = {"action": "retry", "number": [numbers[0].pk]}
        browse(mallory).post(at(mallory, "batches_propose"), data)
        assert not Batch.objects.exists()


class TestLooking:
    def test_every_row_says_what_changes(self, alice, browse, batch):
        page = browse(alice).get(at(alice, batch=batch)).text
        assert "+1 (415) 555-0101" in page
        assert page.index("Sales") < page.index("<strong>Front desk</strong>")
        assert "no label" in page

    def test_rows_of_one_fate(self, alice, browse, batch):
        batch.rows.filter(text=TWO).update(fate="error", message="No.")
        page = browse(alice).get(at(alice, batch=batch) + "?fate=error").text
        assert "555-0102" in page
        assert "555-0101" not in page

    def test_nonsense_in_the_address_shows_all(self, alice, browse, batch):
        page = browse(alice).get(at(alice, batch=batch) + "?fate=x&from=-1&back=y")
        assert page.status_code == 200

    def test_pages_of_rows(self, alice, browse, batch, monkeypatch):
        monkeypatch.setattr("numbers.views.bulk.jobs.ROWS_PER_PAGE", 1)
        here = at(alice, batch=batch)
        first = browse(alice).get(here).text
        assert "?from=1" in first
        assert 'rel="prev"' not in first
        second = browse(alice).get(here + "?from=1").text
        assert "555-0102" in second
        assert "555-0101" not in second
        assert "from=2&amp;back=1" in second
        back = browse(alice).get(here + "?from=2&back=1").text
        assert "555-0101" in back

    def test_the_newest_batch_comes_first(self, alice, browse, batch, monkeypatch):
        monkeypatch.setattr("numbers.views.bulk.jobs.PER_PAGE", 1)
        jobs.create_change_job(
            alice.by, action="retry", options={}, numbers=alice.organization.phone_numbers.all()
        )
        page = browse(alice).get(at(alice, "batches")).text
        assert "Try numbers again" in page
        assert "Front desk" not in page
        assert "Front desk" in browse(alice).get(at(alice, "batches") + "?page=2").text

    def test_an_empty_list_teaches(self, alice, browse):
        assert "Nothing was done" in browse(alice).get(at(alice, "batches")).text

    def test_a_deletion_names_what_is_lost(self, alice, browse):
        number = factories.create_number(alice.by, ONE)
        number.placements.update(role="supply")
        PhoneNumber.objects.update(inbound_agent_id="agent_front")
        batch = jobs.create_change_job(
            alice.by, action="delete", options={}, numbers=PhoneNumber.objects.all()
        )
        page = browse(alice).get(at(alice, batch=batch)).text
        assert "1 number is removed from Sandbox." in page
        assert "An agent loses 1 number." in page
        assert "Give 1 number back" in page

    def test_a_viewer_sees_no_button(self, alice, carol, browse, batch):
        page = browse(carol).get(at(carol, batch=batch)).text
        assert "Front desk" in page
        assert batch.title in page
        assert f"{batch.pk}/start/" not in page
        for name in ("start", "stop", "undo", "again"):
            answer = browse(carol).post(at(carol, f"batch_{name}", batch))
            assert answer.status_code == 403
        assert Batch.objects.get().state == "ready"

    def test_a_switch_is_told_in_the_readers_words(self, alice, browse):
        working = factories.create_number(alice.by, ONE)
        failed = factories.create_number(alice.by, "+15005550001")
        batch = jobs.create_change_job(
            alice.by, action="deactivate", options={}, numbers=alice.organization.phone_numbers
        )
        with translation.override("de"):
            told = {row.text: bulk_labels.row_change(batch, row) for row in batch.rows.all()}
            assert told[working.e164] == (Status.ACTIVE.label, Status.INACTIVE.label)
            assert str(Status.ACTIVE.label) != "active"
        assert told[failed.e164] == ("", ""), "it is not active, though that was wished"

    def test_an_agent_is_called_by_its_name(self, alice, browse, numbers):
        create_agent(alice.by, name="Front desk", agent_id="agent_1")
        data = {"action": "assign", "agent_id": "agent_1", "number": [numbers[0].pk]}
        page = browse(alice).post(at(alice, "batches_propose"), data, follow=True).text
        assert "Assign numbers to agent Front desk" in page
        assert "The calls of 1 number are for agent Front desk from then on." in page
        assert "<strong>Front desk</strong>" in page
        assert "agent_1" not in page

    def test_what_became_of_numbers_that_were_added(self, alice, browse):
        factories.create_number(alice.by, "+15005550001")
        batch = jobs.create_change_job(
            alice.by, action="retry", options={}, numbers=PhoneNumber.objects.all()
        )
        assert "of these numbers" not in browse(alice).get(at(alice, batch=batch)).text
        started(alice, batch)
        page = browse(alice).get(at(alice, batch=batch)).text
        assert "1 of these numbers is still being set up." in page
        factories.run_due_operations()
        page = browse(alice).get(at(alice, batch=batch)).text
        assert "1 of these numbers could not be set up on its platform." in page


class TestProgress:
    def ask(self, client, url, was):
        return client.get(f"{url}?was={was}", headers={"HX-Request": "true"})

    def test_a_moving_batch_answers_with_its_progress(self, alice, browse, batch):
        jobs.start_bulk_job(alice.by, batch.pk)
        answer = self.ask(browse(alice), at(alice, batch=batch), "running")
        assert "<progress" in answer.text
        assert "<html" not in answer.text
        assert 'hx-trigger="every 1s"' in answer.text

    def test_a_settled_one_asks_for_the_whole_page(self, alice, browse, batch):
        started(alice, batch)
        answer = self.ask(browse(alice), at(alice, batch=batch), "running")
        assert answer["HX-Refresh"] == "true"


class TestActing:
    def test_start(self, alice, browse, batch):
        browse(alice).post(at(alice, "batch_start", batch))
        factories.run_due_bulk_jobs()
        assert set(PhoneNumber.objects.values_list("label", flat=True)) == {"Front desk"}

    def test_discard(self, alice, browse, batch):
        page = browse(alice).post(at(alice, "batch_stop", batch), follow=True).text
        assert "alice@example.com stopped it." in page
        assert f"{batch.pk}/start/" not in page

    def test_start_after_discarding_says_why_not(self, alice, browse, batch):
        jobs.stop_bulk_job(alice.by, batch.pk)
        page = browse(alice).post(at(alice, "batch_start", batch), follow=True).text
        assert "It cannot be started: it is stopped." in page

    def test_undo_leads_to_its_preview(self, alice, browse, batch):
        started(alice, batch)
        answer = browse(alice).post(at(alice, "batch_undo", batch), follow=True)
        assert "2 numbers get back what they had before." in answer.text
        assert "what it undoes" in answer.text
        assert "its undoing" in browse(alice).get(at(alice, batch=batch)).text

    def test_the_failed_again(self, alice, browse, batch):
        started(alice, batch)
        batch.rows.filter(text=ONE).update(fate="failed")
        Batch.objects.filter(pk=batch.pk).update(failed=1, done=1)
        PhoneNumber.objects.filter(e164=ONE).update(label=None)
        page = browse(alice).post(at(alice, "batch_again", batch), follow=True).text
        assert "1 number gets the label" in page

    def test_giving_back(self, alice, browse):
        number = factories.create_number(alice.by, ONE)
        number.placements.update(role="supply")
        batch = jobs.create_change_job(
            alice.by, action="delete", options={}, numbers=PhoneNumber.objects.all()
        )
        browse(alice).post(at(alice, "batch_start", batch), {"release": "1"})
        factories.run_due_bulk_jobs()
        assert number.placements.get().release

    def test_old_rows_are_gone(self, alice, browse, batch):
        started(alice, batch)
        batch.rows.all().delete()
        page = browse(alice).get(at(alice, batch=batch)).text
        assert "these are gone" in page
        assert f"{batch.pk}/undo/" not in page


@pytest.mark.parametrize("started", [True, False])
def test_what_was_stopped_will_not_be_done(alice, browse, batch, started):
    if started:
        jobs.start_bulk_job(alice.by, batch.pk)
    jobs.stop_bulk_job(alice.by, batch.pk)
    page = browse(alice).get(at(alice, batch=batch)).text
    assert ("was not begun" in page, "will be done" in page) == (True, False)
    assert ("Do what is left" in page) == started


def test_from_an_import_that_is_over_a_way_leads_on(alice, carol, browse):
    batch = jobs.create_import_job(alice.by, title="x", options={}, file=b"x\n")
    way = f'class="btn" href="{at(alice, "add")}"'
    assert way not in browse(alice).get(at(alice, batch=batch)).text
    factories.run_due_bulk_jobs()
    assert way in browse(alice).get(at(alice, batch=batch)).text
    assert way not in browse(carol).get(at(alice, batch=batch)).text


def test_what_is_too_long_for_a_number_is_wrapped(alice, browse):
    file = b"+14155550101\n" + b"x" * 60 + b"\n"
    batch = jobs.create_import_job(alice.by, title="x", options={}, file=file)
    factories.run_due_bulk_jobs()
    page = browse(alice).get(at(alice, batch=batch)).text
    cells = re.findall(r'<th scope="row" class="([^"]+)"', page)
    assert cells == ["e164", "wrap-anywhere"]


class TestTheReport:
    def rows(self, client, url, **form: str) -> list[list[str]]:
        return list(csv.reader(io.StringIO(download_export(client, url, form).decode("utf-8-sig"))))

    def test_all_rows(self, alice, browse, batch):
        batch.rows.filter(text=TWO).update(fate="error", message="=1+1")
        found = self.rows(browse(alice), at(alice, "batch_report", batch))
        assert found[0] == ["line", "number", "before", "after", "fate", "message"]
        assert found[1][2:5] == ["Sales", "Front desk", "will be done"]
        assert found[2][5] == "'=1+1", "no spreadsheet shall run it"

    def test_of_an_import_can_be_mended_and_handed_in_again(self, alice, browse):
        text = "number;label;carrier\n12;=Büro;Nobody\n+14155550101;;\n"
        options = {"carrier": str(alice.organization.carriers.get().voip_carrier_sid)}
        batch = jobs.create_import_job(alice.by, title="x", options=options, file=text.encode())
        factories.run_due_bulk_jobs()
        german = {"headers": {"Accept-Language": "de"}}
        where = at(alice, "batch_report", batch)
        report = download_export(browse(alice), where, {"fate": "error"}, **german)
        assert report.startswith(b"\xef\xbb\xbf"), "or Excel takes it for an old encoding"
        ((_line, cells),) = [(line.line, line.cells) for line in read_file_lines(report)]
        given = {"number": "12", "label": "=Büro", "carrier": "Nobody"}
        assert {name: text for name, text in cells.items() if text} == given

    def test_of_one_fate(self, alice, browse, batch):
        batch.rows.filter(text=TWO).update(fate="error", message="No.")
        found = self.rows(browse(alice), at(alice, "batch_report", batch), fate="error")
        assert [row[0] for row in found[1:]] == ["2"]
