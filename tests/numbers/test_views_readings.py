"""The page of an import whose rows need a choice, and the same for programs."""

import pytest

from numbers.bulk import jobs
from numbers.bulk.imports.options import clean_import_options
from organizations.web.views.base import screen_url
from tests.support import factories

pytestmark = pytest.mark.django_db

NUMBERS = ("4917612345678", "442071838712", "+4930123400-09", "+14155550101", "12000")


@pytest.fixture
def batch(alice):
    rows = [{"number": each} for each in NUMBERS]
    options = clean_import_options(alice.by, {"destination": "record", "country": "DE"})
    made = jobs.create_import_job(alice.by, title="list", options=options, rows=rows)
    return again(made)


def again(batch):
    factories.run_due_bulk_jobs()
    batch.refresh_from_db()
    return batch


def fates(batch) -> list[str]:
    return list(batch.rows.order_by("line").values_list("fate", flat=True))


class TestPage:
    def test_each_row_offers_its_readings(self, alice, browse, batch):
        text = browse(alice).get(screen_url(alice.organization, "batch", batch_id=batch.pk)).text
        assert "3 rows need a choice" in text
        assert "As national numbers of Germany" in text
        assert 'name="line-1" value="+4917612345678"' in text
        assert 'name="line-3" value="range"' in text
        assert 'name="line-4"' not in text

    def test_choices_of_a_page_are_applied(self, alice, browse, batch):
        url = screen_url(alice.organization, "batch_readings", batch_id=batch.pk)
        typed = {"line-1": "+4917612345678", "line-3": "range", "line-x": "1", "line-2": ""}
        answer = browse(alice).post(url, typed)
        assert answer["Location"] == screen_url(alice.organization, "batch", batch_id=batch.pk)
        found = fates(again(batch))
        assert found[:3] == ["todo", "ambiguous", "todo"]
        assert len(found) == len(NUMBERS) + 9

    def test_all_at_once(self, alice, browse, batch):
        url = screen_url(alice.organization, "batch_readings", batch_id=batch.pk)
        browse(alice).post(url, {"without_plus": "international", "line-1": "+494917612345678"})
        numbers = again(batch).rows.order_by("line").values_list("values__number", flat=True)
        assert list(numbers)[:2] == ["+4917612345678", "+442071838712"]

    def test_a_wrong_choice_is_said(self, alice, browse, batch):
        url = screen_url(alice.organization, "batch_readings", batch_id=batch.pk)
        answer = browse(alice).post(url, {"line-1": "+1"}, follow=True)
        assert "Line 1 does not offer this choice." in answer.text
        assert again(batch).state == "ready"

    def test_who_only_reads_may_not_choose(self, carol, browse, batch):
        page = browse(carol).get(screen_url(carol.organization, "batch", batch_id=batch.pk)).text
        assert "Apply choices" not in page
        url = screen_url(carol.organization, "batch_readings", batch_id=batch.pk)
        assert browse(carol).post(url, {"without_plus": "national"}).status_code == 403

    def test_rows_with_a_note_are_counted_and_listed(self, alice, browse):
        rows = [{"number": "612345678"}, {"number": "+393331234567"}]
        options = clean_import_options(alice.by, {"destination": "record", "country": "IT"})
        batch = again(jobs.create_import_job(alice.by, title="x", options=options, rows=rows))
        url = screen_url(alice.organization, "batch", batch_id=batch.pk)
        answer = browse(alice).get(f"{url}?fate=noted")
        assert ("noted", "with a note", 1) in answer.context["fates"]
        assert [row.text for row in answer.context["rows"]] == ["612345678"]


class TestApi:
    def test_a_program_chooses_too(self, alice, api, batch):
        path = f"/v1/imports/{batch.pk}"
        shown = api(alice).get(path).json()
        assert (shown["fates"]["ambiguous"], shown["noted"]) == (3, 1)
        row = api(alice).get(f"{path}/rows?fate=ambiguous").json()["data"][0]
        assert row["values"]["readings"][1]["number"] == "+4917612345678"
        noted = api(alice).get(f"{path}/rows?noted=true").json()["data"]
        assert [each["text"] for each in noted] == ["12000"]
        body = {"choices": [{"line": 1, "number": "+4917612345678"}], "without_plus": "national"}
        answer = api(alice).post(f"{path}/readings", body)
        assert (answer.status_code, answer.json()["state"]) == (202, "checking")
        assert fates(again(batch))[:3] == ["todo", "todo", "ambiguous"]

    @pytest.mark.parametrize(
        ("body", "status"),
        [
            ({}, 409),
            ({"choices": [{"line": 4, "number": "+14155550101"}]}, 409),
            ({"choices": [{"line": 0, "number": "+1"}]}, 400),
            ({"without_plus": "both"}, 400),
            ({"colour": "red"}, 400),
        ],
    )
    def test_what_is_not_offered_is_refused(self, alice, api, batch, body, status):
        answer = api(alice).post(f"/v1/imports/{batch.pk}/readings", body)
        assert answer.status_code == status
        assert again(batch).state == "ready"

    def test_a_strangers_import_is_none(self, mallory, api, batch):
        answer = api(mallory).post(f"/v1/imports/{batch.pk}/readings", {"without_plus": "national"})
        assert answer.status_code == 404
