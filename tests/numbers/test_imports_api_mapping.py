"""/v1/imports: what the columns of a program's file, or the fields of its rows, mean."""

import io
import json
from urllib.parse import urlencode

import pytest
import xlsxwriter

from numbers.api.imports import EXCEL
from numbers.models import Batch
from tests.support import factories

pytestmark = pytest.mark.django_db

FILE = "DID,Site,Owner\n+14155550100,Berlin,Ann\n"
MAPPING = {"did": "number", "Owner": "label", "Site": ""}


def post(api_client, body, content_type="text/csv", **query):
    query = {"destination": "record", **query}
    headers = api_client.headers
    path = f"/v1/imports?{urlencode(query)}"
    return api_client.client.generic("POST", path, body, content_type, headers=headers)


def errors(answer):
    return {(error["path"], error["code"]) for error in answer.json()["errors"]}


def worked(api_client, answer):
    assert answer.status_code == 202, answer.text
    factories.run_due_bulk_jobs()
    return api_client.get(f"/v1/imports/{answer.json()['id']}").json()


def values(api_client, found):
    rows = api_client.get(f"/v1/imports/{found['id']}/rows").json()["data"]
    return [(row["values"].get("number"), row["values"].get("label")) for row in rows]


def workbook() -> bytes:
    file = io.BytesIO()
    with xlsxwriter.Workbook(file, {"strings_to_numbers": False}) as book:
        book.add_worksheet("Cover").write_row(0, 0, ["Numbers of ACME"])
        sheet = book.add_worksheet("DIDs")
        for line, row in enumerate(FILE.splitlines()):
            sheet.write_row(line, 0, row.split(","))
    return file.getvalue()


class TestFiles:
    def test_a_mapping_says_what_the_columns_mean(self, api, alice):
        found = worked(api(alice), post(api(alice), FILE, mapping=json.dumps(MAPPING)))
        assert (found["state"], values(api(alice), found)) == ("ready", [("+14155550100", "Ann")])

    def test_the_layout_is_shown(self, api, alice):
        made = post(api(alice), FILE, mapping=json.dumps(MAPPING))
        assert made.json()["layout"] is None
        layout = worked(api(alice), made)["layout"]
        assert (layout["heading_line"], layout["sheets"]) == (1, [])
        assert layout["columns"][2] == {
            "position": 3,
            "heading": "Owner",
            "meaning": "label",
            "samples": ["Ann"],
        }

    def test_unknown_columns_are_ignored_with_a_notice(self, api, alice):
        found = worked(api(alice), post(api(alice), "number,Gibberish\n+14155550100,x\n"))
        assert (found["state"], values(api(alice), found)) == ("ready", [("+14155550100", None)])
        assert any("Gibberish" in notice for notice in found["notices"])
        assert "options" in found
        assert {"ask", "given", "mapping"}.isdisjoint(found["options"])

    def test_a_file_without_a_certain_number_is_refused_and_shows_its_columns(self, api, alice):
        found = worked(api(alice), post(api(alice), "Gibberish,label\n+14155550100,x\n"))
        assert (found["state"], found["counts"]["total"]) == ("refused", 0)
        assert '{"Gibberish": "number"}' in found["reason"]
        headings = [column["heading"] for column in found["layout"]["columns"]]
        assert headings == ["Gibberish", "label"]

    @pytest.mark.parametrize(
        "mapping",
        ["x", "[]", '{"DID": 1}', '{"DID": "colour"}', '{"a": "label", "b": "label"}', "{" * 5000]
        + ['{"DID": "number", "DID": "label"}'],
    )
    def test_a_mapping_that_cannot_be_is_refused(self, api, alice, mapping):
        answer = post(api(alice), FILE, mapping=mapping)
        assert (answer.status_code, errors(answer)) == (400, {("mapping", "invalid")})
        assert not Batch.objects.exists()

    def test_a_column_that_is_not_there_refuses_the_file(self, api, alice):
        found = worked(api(alice), post(api(alice), FILE, mapping='{"Phone": "number"}'))
        assert (found["state"], "“Phone”" in found["reason"]) == ("refused", True)

    def test_a_workbook_is_taken_and_its_sheet_chosen(self, api, alice):
        mapping = json.dumps(MAPPING)
        made = post(api(alice), workbook(), EXCEL, mapping=mapping, sheet="DIDs")
        found = worked(api(alice), made)
        assert found["layout"]["sheets"] == ["Cover", "DIDs"]
        assert (found["state"], values(api(alice), found)) == ("ready", [("+14155550100", "Ann")])

    @pytest.mark.parametrize("file", [FILE, workbook()])
    def test_a_sheet_that_is_not_there_refuses_the_file(self, api, alice, file):
        found = worked(api(alice), post(api(alice), file, sheet="Nowhere"))
        assert (found["state"], "“Nowhere”" in found["reason"]) == ("refused", True)


class TestRows:
    def test_a_mapping_says_what_the_fields_mean(self, api, alice):
        rows = [{"DID": "+14155550100", "Owner": "Ann", "Site": {"any": "thing"}}]
        body = {"rows": rows, "mapping": MAPPING, "options": {"destination": "record"}}
        found = worked(api(alice), api(alice).post("/v1/imports", body))
        assert (found["state"], values(api(alice), found)) == ("ready", [("+14155550100", "Ann")])
        assert (found["layout"], found["notices"]) == (None, [])

    @pytest.mark.parametrize(
        ("body", "wrong"),
        [
            ({"mapping": []}, {("mapping", "invalid")}),
            ({"mapping": {"DID": "colour"}}, {("mapping.DID", "invalid_choice")}),
            ({"mapping": {"DID": None}}, {("mapping.DID", "invalid_choice")}),
            (
                {"mapping": {"a": "label", "b": "label"}},
                {("mapping.a", "invalid_choice"), ("mapping.b", "invalid_choice")},
            ),
            (
                {"mapping": {"DID": "number"}, "rows": [{"DID": "+1", "Site": "x"}]},
                {("rows.0.Site", "unknown")},
            ),
            (
                {"mapping": {"DID": "number"}, "rows": [{"DID": 1}]},
                {("rows.0.DID", "invalid")},
            ),
            (
                {"mapping": {"DID": "number"}, "rows": [{"DID": "+1", "number": "+1"}]},
                {("rows.0.number", "invalid")},
            ),
        ],
    )
    def test_what_is_wrong_is_named_by_its_place(self, api, alice, body, wrong):
        answer = api(alice).post("/v1/imports", {"rows": [{"number": "+14155550100"}], **body})
        assert (answer.status_code, errors(answer)) == (400, wrong)

    @pytest.mark.parametrize(
        "name",
        ["country", "outbound_agent_id", "inbound_webhook_url", "outbound_trunk_id", "wanted"],
    )
    def test_all_that_an_export_says_may_stand_in_a_row(self, api, alice, name):
        body = {"rows": [{"number": "+14155550100", name: None}, {"number": "+1", name: "x"}]}
        assert api(alice).post("/v1/imports", body).status_code == 202

    def test_a_carrier_is_only_a_notice_where_numbers_go_on_none(self, api, alice):
        rows = [{"number": "+14155550100", "carrier": "Nobody's"}]
        body = {"rows": rows, "options": {"destination": "record"}}
        found = worked(api(alice), api(alice).post("/v1/imports", body))
        assert found["fates"] == {"todo": 1}
        (notice,) = found["notices"]
        assert notice == "The column carrier is ignored: these numbers are recorded only."
        assert found["reason"] == notice
