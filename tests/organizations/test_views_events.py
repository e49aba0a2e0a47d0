"""The audit log in the browser: filters, pages, field by field, export."""

import csv
import io
from datetime import UTC, datetime

import pytest
from django.urls import reverse
from django.utils import translation

from organizations.exports.rows import escape_formula
from organizations.models import Event
from organizations.views.events import PAGE_SIZE
from organizations.web.views.context import ZONE_COOKIE
from organizations.web.views.event_labels import FIELD_LABELS, event_field_changes, event_title
from tests.support import factories
from tests.support.exports import download_export

pytestmark = pytest.mark.django_db


@pytest.fixture
def written(alice):
    """`written(action="…")` is one line of Alice's log; the log is empty before."""
    alice.organization.events.all().delete()

    def one(**fields) -> Event:
        kept = {
            "actor_kind": "member",
            "actor_label": "alice@example.com",
            "action": "carrier.changed",
            "subject_id": alice.organization.pk,
            "subject_label": "Acme Trunk",
        }
        kept |= fields
        kept.setdefault("subject_kind", kept["action"].partition(".")[0])
        return Event.objects.create(organization=alice.organization, **kept)

    return one


def url(member, name: str = "events", **path) -> str:
    org_id = member.organization.public_id
    return reverse(f"screens:{name}", kwargs={"org_id": org_id, **path})


def labels(page: str) -> list[str]:
    return [label for label in ("Alpha", "Beta", "Gamma") if label in page.split("<ol")[-1]]


class TestFilters:
    @pytest.mark.parametrize(
        ("query", "kept"),
        [
            ("", ["Alpha", "Beta", "Gamma"]),
            ("who=BOB", ["Beta"]),
            ("actor_kind=key", ["Gamma"]),
            ("subject_kind=agent", ["Beta"]),
            ("deed=deleted", ["Gamma"]),
            ("deed=changed&subject_kind=carrier", ["Alpha"]),
            ("q=gam", ["Gamma"]),
            ("actor_kind=nonsense&since=nonsense", ["Alpha", "Beta", "Gamma"]),
        ],
    )
    def test_each_narrows_the_list(self, alice, browse, written, query, kept):
        written(subject_label="Alpha")
        written(subject_label="Beta", action="agent.changed", actor_label="bob@example.com")
        written(subject_label="Gamma", action="carrier.deleted", actor_kind="key")
        assert labels(browse(alice).get(f"{url(alice)}?{query}").text) == kept

    def test_days_are_the_readers(self, alice, browse, written):
        """The evening of the 3rd in London is the 4th in Tokyo."""
        written(subject_label="Alpha", at=datetime(2026, 5, 3, 20, tzinfo=UTC))
        browser = browse(alice)
        browser.cookies[ZONE_COOKIE] = "Asia/Tokyo"
        assert labels(browser.get(url(alice) + "?since=2026-05-04&until=2026-05-04").text) == [
            "Alpha"
        ]
        assert labels(browser.get(url(alice) + "?until=2026-05-03").text) == []

    def test_nothing_found_says_so(self, alice, browse, written):
        written()
        assert "Nothing matches" in browse(alice).get(url(alice) + "?q=zzz").text

    def test_a_number_is_found_as_people_write_it(self, alice, browse):
        factories.create_number(alice.by, "+14155550101")
        factories.create_number(alice.by, "+442071838750")
        page = browse(alice).get(url(alice), {"q": "+44 20 7183 8750"}).text
        assert ("+44 20 7183 8750</a>" in page, "555-0101" in page) == (True, False)

    def test_an_empty_log_says_what_it_is_for(self, alice, browse, written):
        assert "Nothing has happened yet" in browse(alice).get(url(alice)).text


class TestPages:
    def test_forward_and_back(self, alice, browse, written):
        ids = [written().pk for _n in range(PAGE_SIZE + 1)]
        first = browse(alice).get(url(alice) + "?subject_kind=carrier")
        pager = first.context["pager"]
        assert [row.pk for row in pager.rows] == ids[:0:-1]
        assert "subject_kind=carrier" in pager.older
        assert not pager.newer
        second = browse(alice).get(url(alice) + pager.older).context["pager"]
        assert [row.pk for row in second.rows] == ids[:1]
        assert not second.older
        back = browse(alice).get(url(alice) + second.newer).context["pager"]
        assert [row.pk for row in back.rows] == ids[:0:-1]

    @pytest.mark.parametrize("place", ["x", "-1", "²", "9" * 30])
    def test_nonsense_is_the_first_page(self, alice, browse, written, place):
        written()
        assert len(browse(alice).get(f"{url(alice)}?older_than={place}").context["pager"].rows) == 1


class TestEvent:
    def test_it_tells_field_by_field(self, alice, browse, written):
        event = written(
            before={"name": "Old", "registration": {"realm": "a.example"}, "is_default": False},
            after={"name": "New", "registration": {"realm": "b.example"}, "is_default": False},
        )
        page = browse(alice).get(url(alice, "event", event_id=event.pk)).text
        assert "<del>Old</del>" in page
        assert "<ins>b.example</ins>" in page
        assert "Registration › realm" in page
        assert "Default of the organization" not in page

    def test_it_leads_to_its_subject(self, alice, browse, written):
        carrier = alice.organization.carriers.get()
        event = written(subject_id=carrier.pk)
        page = browse(alice).get(url(alice, "event", event_id=event.pk)).text
        assert f'href="{url(alice, "carrier", carrier_id=carrier.pk)}"' in page

    def test_what_is_in_it_is_no_markup(self, alice, browse, written):
        event = written(after={"name": "<script>x</script>"}, subject_label="<b>x</b>")
        page = browse(alice).get(url(alice, "event", event_id=event.pk)).text
        assert "<script>x" not in page
        assert "<b>x" not in page

    def test_a_strangers_is_not_found(self, alice, mallory, browse, written):
        path = url(mallory, "event", event_id=written().pk)
        assert browse(mallory).get(path).status_code == 404

    def test_a_viewer_may_not(self, carol, browse):
        assert browse(carol).get(url(carol)).status_code == 403
        assert browse(carol).post(url(carol, "events_export")).status_code == 403


class TestExport:
    def rows(self, browser, member, query: str = "") -> list[list[str]]:
        text = download_export(browser, url(member, "events_export") + query).decode("utf-8-sig")
        return list(csv.reader(io.StringIO(text)))

    def test_it_is_what_is_filtered(self, alice, browse, written):
        written(subject_label="Alpha", before={"name": "A"}, after={"name": "B"})
        written(subject_label="Beta", action="agent.changed")
        header, row = self.rows(browse(alice), alice, "?subject_kind=carrier")
        assert len(header) == len(row)
        assert "Alpha" in row
        assert "Name: A → B" in row

    def test_no_cell_is_a_formula(self, alice, browse, written):
        written(subject_label='=HYPERLINK("http://evil.example")')
        _header, _export, row = self.rows(browse(alice), alice)
        assert '\'=HYPERLINK("http://evil.example")' in row

    def test_only_ones_own(self, alice, mallory, browse):
        assert "mallory" not in str(self.rows(browse(alice), alice))


@pytest.mark.parametrize("text", ["=1+1", "+14155550101", "-1", "@x", "\tx", "\rx"])
def test_a_cell_that_begins_like_a_formula_is_text(text):
    assert escape_formula(text) == f"'{text}"


@pytest.mark.parametrize(("cell", "text"), [("plain", "plain"), (None, ""), (7, "7"), ("", "")])
def test_other_cells_stay(cell, text):
    assert escape_formula(cell) == text


@pytest.mark.parametrize(
    ("before", "after", "changes"),
    [
        ({}, {"name": "B"}, [("Name", None, "B")]),
        ({"name": "A"}, {}, [("Name", "A", None)]),
        ({"name": "A"}, {"name": "A"}, []),
        ({"a_b": 1}, {"a_b": None}, [("A b", "1", "empty")]),
        ({"gateways": ["x", "y"]}, {"gateways": []}, [("Gateways", "x, y", "empty")]),
        (
            {"is_default": True},
            {"is_default": False},
            [("Default of the organization", "yes", "no")],
        ),
        ({"x": {"y": 1}}, {"x": None}, [("X › y", "1", None), ("X", None, "empty")]),
    ],
)
def test_changes(before, after, changes):
    assert event_field_changes(Event(before=before, after=after)) == changes


@pytest.mark.parametrize(
    ("action", "title"),
    [
        ("phone_number.created", "Phone number added"),
        ("carrier.removal_refused", "Carrier removal refused"),
        ("new_thing.done_oddly", "New thing done oddly"),
    ],
)
def test_titles(action, title):
    assert event_title(Event(action=action)) == title


class TestWords:
    def test_a_deed_and_its_fields_are_told_in_the_reader_s_language(self, written):
        with translation.override("de"):
            event = written(action="batch.finished", after={"total": 4, "voice_url": "https://a"})
            assert event_title(event) == "Import oder Sammeländerung erledigt"
            assert [field for field, _b, _a in event_field_changes(event)] == [
                "Zeilen",
                "Sprach-URL",
            ]

    def test_all_that_the_log_keeps_of_a_row_has_a_word(self, alice):
        rows = (
            factories.create_carrier(alice.by, name="Second Trunk"),
            factories.create_number(alice.by),
        )
        events = alice.organization.events.filter(subject_id__in=[row.pk for row in rows])
        assert {event.subject_kind for event in events} == {"carrier", "phone_number"}
        assert {name for event in events for name in event.after} <= FIELD_LABELS.keys()
