"""What is done from the list of numbers: views saved, files exported, rows followed, marks set."""

import csv
import io
from urllib.parse import urlencode

import pytest
from python_calamine import CalamineWorkbook

from integrations.models import Integration
from numbers.bulk.files.tables import read_file_lines
from numbers.inventory.agents import create_agent
from numbers.models import PhoneNumber, SavedView
from numbers.search.export import escape_spreadsheet_cell
from numbers.search.saved_views import MAX_SAVED_VIEWS
from numbers.views.listing import number_list
from organizations.models import Event
from organizations.web.views.base import screen_url
from tests.support import factories
from tests.support.exports import download_export
from tests.support.number_list import create_numbers, get_number_list

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
        assert "Broken" in get_number_list(browse(bob), alice).text
        assert "Broken" not in get_number_list(browse(alice), alice).text
        url = screen_url(alice.organization, "numbers_view", view_id=view.pk)
        assert browse(alice).get(url).status_code == browse(alice).post(url).status_code == 404
        browse(bob).post(url)
        assert not SavedView.objects.exists()

    def test_one_for_everybody_is_in_the_audit_log(self, alice, carol, browse):
        save(browse(alice), alice, shared="on")
        view = SavedView.objects.get(user=None)
        assert "Broken" in get_number_list(browse(carol), alice).text
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
        made = (f"View {n}" for n in range(MAX_SAVED_VIEWS))
        SavedView.objects.bulk_create(
            SavedView(organization=alice.organization, user=alice.user, name=name) for name in made
        )
        assert "delete one first" in save(browse(alice), alice).text

    def test_strangers_see_none(self, alice, mallory, browse):
        save(browse(alice), alice, shared="on")
        assert "Broken" not in get_number_list(browse(mallory), mallory).text


def export(browser, member, format: str, **query: str) -> bytes:
    url = screen_url(member.organization, "numbers_export")
    return download_export(browser, f"{url}?{urlencode(query)}", {"format": format})


class TestExport:
    def test_csv_holds_what_the_list_shows(self, alice, browse, monkeypatch):
        monkeypatch.setattr("numbers.search.export.EXPORT_PAGE_SIZE", 2)
        create_numbers(alice, *(f"+1415555010{n}" for n in range(5)), label="=1+1")
        create_numbers(alice, "+442071838750")
        factories.create_number(alice.by, "+14155550199", label="Straße")
        text = export(browse(alice), alice, "csv", q="4155550", page="x").decode("utf-8-sig")
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
        assert escape_spreadsheet_cell(text) == f"'{text}"
        assert escape_spreadsheet_cell("+14155550101") == "+14155550101"

    def test_excel_holds_texts(self, alice, browse):
        create_numbers(alice, "+14155550101", label="=1+1")
        data = export(browse(alice), alice, "xlsx")
        book = CalamineWorkbook.from_filelike(io.BytesIO(data))
        heading, row = book.get_sheet_by_index(0).to_python()
        assert (heading[0], row[0], row[1]) == ("number", "+14155550101", "=1+1")

    @pytest.mark.parametrize("kind", ["csv", "xlsx"])
    def test_an_export_can_be_read_back(self, alice, browse, kind):
        (number,) = create_numbers(alice, "+14155550101", label="=1+1", inbound_agent_id="agent_1")
        (line,) = read_file_lines(export(browse(alice), alice, kind))
        told = {name: text for name, text in line.cells.items() if text}
        known = {"id": str(number.pk), "number": "+14155550101", "wanted": "active"}
        assert told == {**known, "label": "=1+1", "agent_id": "agent_1"}

    def test_more_than_excel_takes_is_said(self, alice, browse, monkeypatch):
        monkeypatch.setattr("numbers.views.listing.export.MAX_EXCEL_ROWS", 1)
        create_numbers(alice, "+14155550101", "+14155550102")
        url = screen_url(alice.organization, "numbers_export") + "?q=5550"
        answer = browse(alice).post(url, {"format": "xlsx"})
        assert answer.status_code == 422
        assert f'action="{url}"' in answer.text
        assert not alice.organization.exports.exists()

    def test_a_filter_that_cannot_be_read_exports_nothing(self, alice, browse):
        create_numbers(alice, "+14155550101")
        url = screen_url(alice.organization, "numbers_export") + "?after=soon"
        answer = browse(alice).post(url)
        assert answer.status_code == 302
        assert not alice.organization.exports.exists()


class TestRows:
    def test_one_under_way_is_followed_until_it_is_done(self, alice, browse):
        number = factories.create_number(alice.by, "+14155550101", settled=False)
        page = get_number_list(browse(alice), alice).text
        assert "1 number on this page is under way." in page
        assert "Its turn comes within seconds." in page
        ask = {"number": [number.pk, "x"]}
        answer = get_number_list(browse(alice), alice, "numbers_statuses", **ask)
        assert (answer.status_code, "hx-get" in answer.text) == (200, True)
        factories.run_number_operations(number)
        answer = get_number_list(browse(alice), alice, "numbers_statuses", **ask)
        assert (answer.status_code, "hx-get" in answer.text) == (286, False)
        assert f'id="status-{number.pk}"' in answer.text
        assert "active" in answer.text

    def test_one_that_waits_for_its_platform_says_so(self, alice, browse):
        factories.create_number(alice.by, "+14155550101", settled=False)
        Integration.objects.update(state="paused", state_reason="The key was revoked.")
        page = get_number_list(browse(alice), alice).text
        assert "Waits for the integration Sandbox: The key was revoked." in page
        assert "within seconds" not in page

    def test_a_strangers_platform_is_not_named(self, alice, mallory, browse):
        shared = mallory.organization.carriers.get()
        mallory.organization.carriers.update(is_installation_default=True)
        sid = shared.voip_carrier_sid
        factories.create_number(alice.by, "+14155550101", settled=False, voip_carrier_sid=sid)
        Integration.objects.update(state="paused", state_reason="Mallory's key was revoked.")
        page = get_number_list(browse(alice), alice).text
        assert "Waits for the installation&#x27;s platform." in page
        assert "key was revoked" not in page

    def test_a_strangers_row_is_not_told(self, alice, mallory, browse):
        number = factories.create_number(alice.by, "+14155550101", settled=False)
        answer = get_number_list(browse(mallory), mallory, "numbers_statuses", number=number.pk)
        assert str(number.pk) not in answer.text

    def test_a_failed_one_says_why(self, alice, browse):
        factories.create_number(alice.by, "+15005550001")
        assert "The sandbox refuses" in get_number_list(browse(alice), alice).text

    def test_the_page_asks_no_more_for_many(self, alice, browse, django_assert_max_num_queries):
        create_numbers(alice, *(f"+1415555{n:04}" for n in range(60)))
        client = browse(alice)
        with django_assert_max_num_queries(14):
            get_number_list(client, alice)

    def test_columns_are_the_readers(self, alice, browse):
        create_numbers(alice, "+442071838750", label="Desk", source="import")
        page = get_number_list(browse(alice), alice, columns=["source", "country"]).text
        assert 'data-label="Country"' in page
        assert 'data-label="Label"' not in page

    def test_headings_speak_the_readers_language(self, alice, browse):
        create_numbers(alice, "+442071838750")
        url = screen_url(alice.organization, "numbers")
        answer = browse(alice).get(url, headers={"Accept-Language": "de"})
        assert ">Nummer</a>" in answer.text

    def test_what_goes_without_saying_is_no_part_of_a_view(self, alice, browse):
        """The form of the filters sends it all."""
        create_numbers(alice, "+442071838750", status="failed")
        usual = ["label", "status", "carrier", "agent", "added"]
        query = {"q": "", "status": "failed", "sort": "", "columns": usual}
        page = get_number_list(browse(alice), alice, **query)
        assert page.context["state"] == "status=failed"
        assert [name for name, _query, is_here in page.context["ready_made"] if is_here] == [
            "Failed"
        ]

    def test_to_clear_the_filters_leaves_columns_and_order(self, alice, browse):
        create_numbers(alice, "+442071838750")
        page = get_number_list(browse(alice), alice, q="44", columns=["source"], sort="number").text
        assert '/numbers/?columns=source&amp;sort=number">Clear</a>' in page

    def test_agents_are_chosen_by_name(self, alice, browse):
        create_numbers(alice, "+442071838750", inbound_agent_id="kept-elsewhere")
        create_agent(alice.by, name="Front desk", agent_id="front")
        page = get_number_list(browse(alice), alice, agent="kept-elsewhere").text
        assert page.count('<option value="front">Front desk</option>') == 2  # filter, bulk change
        assert '<option value="kept-elsewhere" selected>' in page
        assert '<option value="-">no agent</option>' in page

    def test_of_very_many_agents_any_can_be_typed(self, alice, browse, monkeypatch):
        monkeypatch.setattr(number_list, "MAX_CHOICES", 1)
        number = create_numbers(alice, "+442071838750")[0]
        for name in ("Adam", "Zoe"):
            create_agent(alice.by, name=name, agent_id=f"{name}-id")
        page = get_number_list(browse(alice), alice).text
        assert ('<datalist id="agents">' in page, '<select name="agent_id"' in page) == (
            True,
            False,
        )
        wish = {"action": "assign", "agent_id": "zoe", "number": [number.pk]}
        browse(alice).post(screen_url(alice.organization, "batches_propose"), wish)
        assert alice.organization.batches.get().title == "Assign numbers to agent Zoe"

    def test_who_only_reads_marks_nothing(self, alice, carol, bob, browse):
        number = create_numbers(alice, "+14155550101")[0]
        assert str(number.pk) in get_number_list(browse(carol), alice).text
        assert 'name="number"' not in get_number_list(browse(carol), alice).text
        assert 'name="number"' in get_number_list(browse(bob), alice).text

    def test_all_that_match_are_proposed_with_the_filters(self, alice, browse):
        factories.create_number(alice.by, "+14155550101", label="Desk")
        factories.create_number(alice.by, "+442071838750")
        page = get_number_list(browse(alice), alice, country="44", page="x")
        assert '<input type="hidden" name="query" value="country=44">' in page.text
        wish = {"action": "label", "label": "London", "all": "1", "query": "country=44"}
        browse(alice).post(screen_url(alice.organization, "batches_propose"), wish)
        batch = alice.organization.batches.get()
        assert [row.text for row in batch.rows.all()] == ["+442071838750"]
        assert not PhoneNumber.objects.filter(label="London").exists()
