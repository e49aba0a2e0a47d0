"""The page on which somebody says what the columns of a file mean."""

import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from numbers.bulk.files.tables import COLUMN_MEANINGS
from numbers.bulk.imports.mapping_confirmation import confirm_mapping
from numbers.models import Batch
from numbers.views.bulk.column_forms import MEANING_LABELS
from organizations.web.views.base import screen_url
from tests.support import factories
from tests.support.page_fixtures_columns import COLUMN_LAYOUT

pytestmark = pytest.mark.django_db

FILE = b"DID;Site;Owner\n+14155550100;Berlin;Ann\n+14155550101;Paris;Bob\n"
CHOICES = {"column_0": "number", "column_1": "", "column_2": "label"}
CHOSEN = re.compile(
    r'<select[^>]*name="(column_\d)"[^>]*>(?:(?!</select>).)*<option value="(\w*)" selected>'
)


def url(member, name="batch") -> str:
    path = {} if name.startswith(("add", "dash")) else {"batch_id": Batch.objects.get().pk}
    return screen_url(member.organization, name, **path)


@pytest.fixture
def waiting(browse, alice):
    """Alice's browser, once a worker has looked at the columns of her file."""
    client = browse(alice)
    upload = SimpleUploadedFile("dids.csv", FILE, "text/csv")
    answer = client.post(url(alice, "add_file"), {"place": "record", "file": upload})
    assert answer["Location"] == url(alice)
    factories.run_due_bulk_jobs()
    return client


def chosen(shown: str) -> dict[str, str]:
    return dict(CHOSEN.findall(shown))


def test_every_meaning_has_its_words():
    assert list(MEANING_LABELS) == list(COLUMN_MEANINGS)


def test_it_shows_the_columns_with_values_and_proposals(waiting, alice):
    shown = waiting.get(url(alice)).text
    assert "Match columns" in shown
    assert chosen(shown) == {"column_0": "number", "column_1": "", "column_2": ""}
    for words in ("DID", "Owner", "Berlin", "Paris", "Phone number", "Inbound agent", "Ignore"):
        assert words in shown
    assert shown.count("recognized") == 1


def test_the_progress_leads_to_it(waiting, alice):
    answer = waiting.get(f"{url(alice)}?was=checking", headers={"HX-Request": "true"})
    assert answer["HX-Refresh"] == "true"


def test_the_choices_lead_to_the_rows(waiting, alice):
    answer = waiting.post(url(alice, "batch_columns"), CHOICES)
    assert (answer.status_code, answer["Location"]) == (302, url(alice))
    factories.run_due_bulk_jobs()
    shown = waiting.get(url(alice)).text
    assert "will be done" in shown
    assert "Ann" in shown
    assert "Match columns" not in shown


@pytest.mark.parametrize(
    ("choices", "column", "words"),
    [
        ({**CHOICES, "column_0": "label", "column_2": ""}, None, "holds the phone numbers"),
        ({**CHOICES, "column_1": "label"}, "column_2", "has the same meaning as another column"),
        ({**CHOICES, "column_1": "nonsense"}, "column_1", "nonsense"),
    ],
)
def test_what_cannot_be_is_said_beside_the_column_and_the_choices_are_kept(
    waiting, alice, choices, column, words
):
    answer = waiting.post(url(alice, "batch_columns"), choices)
    assert answer.status_code == 422
    place = f'id="id_{column}_error"' if column else 'role="alert"'
    assert words in answer.text.partition(place)[2][:300]
    kept = {name: text for name, text in choices.items() if text != "nonsense"}
    assert kept.items() <= chosen(answer.text).items()
    assert Batch.objects.get().state == "mapping"


def test_they_can_be_changed_after_a_look_at_the_rows(waiting, alice):
    waiting.post(url(alice, "batch_columns"), CHOICES)
    factories.run_due_bulk_jobs()
    assert "Change columns" in waiting.get(url(alice)).text
    waiting.post(url(alice, "batch_columns"), {"change": "1"})
    shown = waiting.get(url(alice)).text
    assert chosen(shown) == CHOICES
    assert "will be done" not in shown


def test_nothing_is_changed_in_what_cannot_be_asked_about(alice, browse):
    factories.create_number(alice.by)
    with_rows = {"text": "+14155550100", "place": "record"}
    client = browse(alice)
    client.post(url(alice, "add_list"), with_rows)
    factories.run_due_bulk_jobs()
    assert "Change columns" not in client.get(url(alice)).text
    answer = client.post(url(alice, "batch_columns"), {"change": "1"}, follow=True)
    assert "hand the file in again" in answer.text


def test_it_can_be_discarded(waiting, alice):
    waiting.post(url(alice, "batch_stop"))
    assert Batch.objects.get().state == "stopped"
    answer = waiting.post(url(alice, "batch_columns"), CHOICES, follow=True)
    assert "it is stopped" in answer.text


def test_a_viewer_sees_the_columns_and_no_choices(waiting, browse, alice, carol):
    shown = browse(carol).get(url(alice)).text
    assert "Berlin" in shown
    assert "Phone number" in shown
    assert "<select" not in shown.partition("columns-title")[2].partition("</section>")[0]
    assert browse(carol).post(url(alice, "batch_columns"), CHOICES).status_code == 403


def test_the_sheets_of_a_workbook_can_be_chosen(waiting, alice):
    Batch.objects.update(layout=COLUMN_LAYOUT)
    shown = waiting.get(url(alice)).text
    assert '<option value="Numbers" selected>' in shown
    waiting.post(url(alice, "batch_columns"), {"sheet": "Numbers", "look": "1"})
    assert Batch.objects.get().state == "mapping"
    waiting.post(url(alice, "batch_columns"), {"sheet": "Agents", "look": "1"})
    batch = Batch.objects.get()
    assert (batch.state, batch.options["sheet"]) == ("checking", "Agents")


def test_a_sheet_that_is_not_there_is_refused(waiting, alice):
    answer = waiting.post(url(alice, "batch_columns"), {"sheet": "X", "look": "1"}, follow=True)
    assert "There is no sheet “X”." in answer.text


def test_an_old_page_does_not_confirm_the_columns_of_another_sheet(waiting, alice):
    Batch.objects.update(layout={**COLUMN_LAYOUT, "sheet": "Agents"})
    waiting.post(url(alice, "batch_columns"), {**CHOICES, "sheet": "Numbers"})
    batch = Batch.objects.get()
    assert (batch.state, "mapping" in batch.options) == ("checking", False)


def test_the_dashboard_says_that_it_waits(waiting, alice):
    shown = waiting.get(url(alice, "dashboard")).text
    assert "Columns to confirm: dids.csv" in shown
    confirm_mapping(alice.by, Batch.objects.get().pk, mapping={})
    assert "Columns to confirm" not in waiting.get(url(alice, "dashboard")).text


def test_the_address_alone_leads_to_the_batch(waiting, alice):
    assert waiting.get(url(alice, "batch_columns"))["Location"] == url(alice)
