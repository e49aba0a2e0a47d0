"""What is done from the list of numbers: views saved, files exported, rows followed, marks set."""

import csv
import io

import pytest
from python_calamine import CalamineWorkbook

from numbers.exporting import harmless
from numbers.models import PhoneNumber, SavedView
from numbers.saved_views import MOST
from organizations.models import Event
from organizations.screens.base import screen_url
from tests import factories
from tests.test_numbers_screens_list import get, rows

pytestmark = pytest.mark.django_db


def save(client, member, **fields):
    fields = {"name": "Broken", "query": "status=failed&page=x&csrf=1", **fields}
    return client.post(screen_url(member.organization, "numbers_view_save"), fields)


class TestSavedViews:
    def test_one_is_kept_for_oneself(self, alice, bob, browse):
        answer = save(browse(bob), alice)
        assert answer.status_code == 302
        assert answer["Location"].endswith("/numbers/?status=failed")
        view = SavedView.objects.get()
        assert (view.user, view.query) == (bob.user, "status=failed")
        assert "Broken" in get(browse(bob), alice).text
        assert "Broken" not in get(browse(alice), alice).text
        url = screen_url(alice.organization, "numbers_view", view_id=view.pk)
        assert browse(alice).get(url).status_code == browse(alice).post(url).status_code == 404
        browse(bob).post(url)
        assert not SavedView.objects.exists()

    def test_one_for_everybody_is_in_the_audit_log(self, alice, carol, browse):
        save(browse(alice), alice, shared="on")
        view = SavedView.objects.get(user=None)
        assert "Broken" in get(browse(carol), alice).text
        url = screen_url(alice.organization, "numbers_view", view_id=view.pk)
        assert "Delete the view" not in browse(carol).get(url).text
        browse(carol).post(url)
        assert SavedView.objects.exists()
        browse(alice).post(url)
        actions = Event.objects.filter(subject_id=view.pk).values_list("action", flat=True)
        assert set(actions) == {"saved_view.saved", "saved_view.deleted"}

    def test_a_reader_keeps_none_for_everybody(self, alice, carol, browse):
        assert save(browse(carol), alice, shared="on").status_code == 422
        assert save(browse(carol), alice).status_code == 302

    def test_a_name_is_taken_once(self, alice, bob, browse):
        save(browse(alice), alice)
        answer = save(browse(alice), alice)
        assert answer.status_code == 422
        assert "There is a view of this name already." in answer.text
        assert save(browse(bob), alice).status_code == 302
        assert save(browse(alice), alice, name=" ").status_code == 422

    def test_there_are_not_too_many(self, alice, browse):
        made = (f"View {n}" for n in range(MOST))
        SavedView.objects.bulk_create(
            SavedView(organization=alice.organization, user=alice.user, name=name) for name in made
        )
        assert "delete one first" in save(browse(alice), alice).text

    def test_strangers_see_none(self, alice, mallory, browse):
        save(browse(alice), alice, shared="on")
        assert "Broken" not in get(browse(mallory), mallory).text


class TestExport:
    def test_csv_holds_what_the_list_shows(self, alice, browse, monkeypatch):
        monkeypatch.setattr("numbers.exporting.AT_ONCE", 2)
        rows(alice, *(f"+1415555010{n}" for n in range(5)), label="=1+1")
        rows(alice, "+442071838750")
        factories.number(alice.by, "+14155550199", label="Straße")
        answer = get(browse(alice), alice, "numbers_export", format="csv", q="4155550", page="x")
        text = b"".join(answer.streaming_content).decode("utf-8-sig")
        lines = list(csv.DictReader(io.StringIO(text)))
        assert sorted(line["number"] for line in lines) == [
            *(f"+1415555010{n}" for n in range(5)),
            "+14155550199",
        ]
        labels = {line["number"]: line["label"] for line in lines}
        assert (labels["+14155550100"], labels["+14155550199"]) == ("'=1+1", "Straße")
        made = next(line for line in lines if line["label"] == "Straße")
        assert (made["carrier"], made["integration"]) == ("Acme Trunk", "Sandbox")

    @pytest.mark.parametrize("text", ["=1", "+1+cmd|' /C calc'!A0", "-1", "@x", "\t=1", "\r=1"])
    def test_no_cell_is_a_formula(self, text):
        assert harmless(text) == f"'{text}"
        assert harmless("+14155550101") == "+14155550101"

    def test_excel_holds_texts(self, alice, browse):
        rows(alice, "+14155550101", label="=1+1")
        answer = get(browse(alice), alice, "numbers_export", format="xlsx")
        book = CalamineWorkbook.from_filelike(io.BytesIO(b"".join(answer.streaming_content)))
        heading, row = book.get_sheet_by_index(0).to_python()
        assert (heading[0], row[0], row[1]) == ("number", "+14155550101", "=1+1")

    def test_more_than_excel_takes_is_said(self, alice, browse, monkeypatch):
        monkeypatch.setattr("numbers.screens.export.MOST_IN_EXCEL", 1)
        rows(alice, "+14155550101", "+14155550102")
        answer = get(browse(alice), alice, "numbers_export", format="xlsx", q="5550")
        assert answer.status_code == 422
        assert "?format=csv&amp;q=5550" in answer.text or "?q=5550&amp;format=csv" in answer.text

    def test_a_filter_that_cannot_be_read_exports_nothing(self, alice, browse):
        rows(alice, "+14155550101")
        answer = get(browse(alice), alice, "numbers_export", after="soon")
        assert answer.status_code == 302


class TestRows:
    def test_one_under_way_is_followed_until_it_is_done(self, alice, browse):
        number = factories.number(alice.by, "+14155550101", settled=False)
        page = get(browse(alice), alice).text
        assert "1 number on this page is under way." in page
        assert "Its turn comes within seconds." in page
        ask = {"number": [number.pk, "x"]}
        answer = get(browse(alice), alice, "numbers_statuses", **ask)
        assert (answer.status_code, "hx-get" in answer.text) == (200, True)
        factories.work_number(number)
        answer = get(browse(alice), alice, "numbers_statuses", **ask)
        assert (answer.status_code, "hx-get" in answer.text) == (286, False)
        assert f'id="status-{number.pk}"' in answer.text
        assert "active" in answer.text

    def test_a_strangers_row_is_not_told(self, alice, mallory, browse):
        number = factories.number(alice.by, "+14155550101", settled=False)
        answer = get(browse(mallory), mallory, "numbers_statuses", number=number.pk)
        assert str(number.pk) not in answer.text

    def test_a_failed_one_says_why(self, alice, browse):
        factories.number(alice.by, "+15005550001")
        assert "The sandbox refuses" in get(browse(alice), alice).text

    def test_the_page_asks_no_more_for_many(self, alice, browse, django_assert_max_num_queries):
        rows(alice, *(f"+1415555{n:04}" for n in range(60)))
        client = browse(alice)
        with django_assert_max_num_queries(14):
            get(client, alice)

    def test_columns_are_the_readers(self, alice, browse):
        rows(alice, "+442071838750", label="Desk", source="import")
        page = get(browse(alice), alice, columns=["source", "country"]).text
        assert 'data-label="Country"' in page
        assert 'data-label="Label"' not in page

    def test_who_only_reads_marks_nothing(self, alice, carol, bob, browse):
        number = rows(alice, "+14155550101")[0]
        assert str(number.pk) in get(browse(carol), alice).text
        assert 'name="number"' not in get(browse(carol), alice).text
        assert 'name="number"' in get(browse(bob), alice).text

    def test_all_that_match_are_proposed_with_the_filters(self, alice, browse):
        factories.number(alice.by, "+14155550101", label="Desk")
        factories.number(alice.by, "+442071838750")
        page = get(browse(alice), alice, country="44", page="x")
        assert '<input type="hidden" name="query" value="country=44">' in page.text
        wish = {"action": "label", "label": "London", "all": "1", "query": "country=44"}
        browse(alice).post(screen_url(alice.organization, "batches_propose"), wish)
        batch = alice.organization.batches.get()
        assert [row.text for row in batch.rows.all()] == ["+442071838750"]
        assert not PhoneNumber.objects.filter(label="London").exists()
