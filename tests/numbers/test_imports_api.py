"""/v1/imports: many numbers at once for programs."""

import pytest

from numbers.bulk.jobs import create_change_job
from numbers.models import Batch
from tests.support import factories

pytestmark = pytest.mark.django_db
ROWS = [{"number": "+14155550100", "label": "Desk"}, {"number": "020 7183 8750"}]


def csv(api_client, text, query="", **headers):
    headers = {**api_client.headers, **headers}
    path = f"/v1/imports{query}"
    return api_client.client.generic("POST", path, text, "text/csv", headers=headers)


def errors(answer):
    return {(error["path"], error["code"]) for error in answer.json()["errors"]}


def test_rows_are_checked_looked_at_and_started(api, alice):
    made = api(alice).post("/v1/imports", {"title": "May", "rows": ROWS})
    assert (made.status_code, made.json()["state"], made.json()["title"]) == (
        202,
        "checking",
        "May",
    )
    path = f"/v1/imports/{made.json()['id']}"
    factories.run_due_bulk_jobs()
    ready = api(alice).get(path).json()
    assert (ready["state"], ready["fates"]) == ("ready", {"todo": 1, "error": 1})
    assert not alice.organization.phone_numbers.exists()
    (wrong,) = api(alice).get(f"{path}/rows?fate=error").json()["data"]
    assert (wrong["line"], wrong["text"]) == (2, "020 7183 8750")
    assert "The country is missing" in wrong["message"]
    assert api(alice).post(f"{path}/start").json()["state"] == "running"
    factories.run_due_bulk_jobs()
    done = api(alice).get(path).json()
    assert (done["state"], done["counts"]["done"]) == ("done", 1)
    number = alice.organization.phone_numbers.get()
    (row,) = api(alice).get(f"{path}/rows?fate=done").json()["data"]
    assert (number.label, row["phone_number_id"]) == ("Desk", str(number.pk))


def test_it_goes_on_by_itself_if_asked_to(api, alice):
    made = api(alice).post("/v1/imports", {"rows": ROWS, "start": True})
    factories.run_due_bulk_jobs()
    assert api(alice).get(f"/v1/imports/{made.json()['id']}").json()["state"] == "done"


def test_csv_has_its_options_in_the_query(api, alice):
    answer = csv(api(alice), "Rufnummer;Label\n020 7183 8750;x\n", "?country=GB&title=UK")
    assert (answer.status_code, answer.json()["title"]) == (202, "UK")
    factories.run_due_bulk_jobs()
    assert Batch.objects.get().rows.get().values["number"] == "+442071838750"


def test_csv_that_is_no_table_is_refused_by_and_by(api, alice):
    made = csv(api(alice), "colour,label\nred,+1\n").json()
    factories.run_due_bulk_jobs()
    found = api(alice).get(f"/v1/imports/{made['id']}").json()
    assert (found["state"], "colour" in found["reason"]) == ("refused", True)


@pytest.mark.parametrize(
    ("body", "wrong"),
    [
        ({}, {("rows", "required")}),
        ({"rows": []}, {("rows", "invalid")}),
        ({"rows": [{"number": 1}]}, {("rows.0.number", "invalid")}),
        ({"rows": [*ROWS, {"colour": "red"}]}, {("rows.2.colour", "unknown")}),
        ({"rows": [*ROWS, "x"]}, {("rows.2", "invalid")}),
        ({"rows": ROWS, "colour": 1}, {("colour", "unknown")}),
        ({"rows": ROWS, "options": {"colour": 1}}, {("options.colour", "unknown")}),
        ({"rows": ROWS, "options": {"country": "XX"}}, {("options.country", "invalid")}),
        (
            {"rows": ROWS, "options": {"destination": "record", "integration_id": "x"}},
            {("options.integration_id", "invalid")},
        ),
    ],
)
def test_what_is_wrong_is_named_by_its_place(api, alice, body, wrong):
    answer = api(alice).post("/v1/imports", body)
    assert answer.status_code == 400
    assert errors(answer) == wrong
    assert not Batch.objects.exists()


def test_too_many_rows_are_refused(api, alice):
    answer = api(alice).post("/v1/imports", {"rows": [{"number": "+1"}] * 100_001})
    assert answer.status_code == 400
    assert "100,000" in answer.json()["errors"][0]["message"]


def test_it_has_a_limit_of_its_own(api, alice):
    assert csv(api(alice), "+14155550100,x\n" * 100_000).status_code == 202
    assert csv(api(alice), "x" * 10_000_001).status_code == 413
    assert api(alice).post("/v1/imports", {"title": "x" * 10_000_000}).status_code == 413


def test_another_type_is_refused(api, alice):
    client = api(alice)
    answer = client.client.post("/v1/imports", "x", "text/plain", headers=client.headers)
    assert answer.status_code == 415


def test_query_parameters_belong_to_csv(api, alice):
    assert api(alice).post("/v1/imports?title=x", {"rows": ROWS}).status_code == 400
    assert csv(api(alice), "+14155550100", "?colour=red").status_code == 400


def test_repeating_a_request_makes_one_import(api, alice):
    key = {"Idempotency-Key": "import-of-may"}
    first = csv(api(alice), "+14155550100", **key)
    again = csv(api(alice), "+14155550100", **key)
    assert first.json() == again.json()
    assert again["Idempotent-Replayed"] == "true"
    assert Batch.objects.count() == 1


def test_lists_are_paged(api, alice, django_assert_max_num_queries):
    for title in ("one", "two", "three"):
        api(alice).post("/v1/imports", {"title": title, "rows": ROWS})
    with django_assert_max_num_queries(2):
        page = api(alice).get("/v1/imports?limit=2").json()
    rest = api(alice).get(f"/v1/imports?limit=2&cursor={page['next_cursor']}").json()
    assert [each["title"] for each in page["data"] + rest["data"]] == ["three", "two", "one"]


def test_rows_are_paged_by_line(api, alice):
    made = csv(api(alice), "".join(f"+1415555010{n}\n" for n in range(5))).json()
    factories.run_due_bulk_jobs()
    path = f"/v1/imports/{made['id']}/rows?limit=2"
    lines, cursor = [], ""
    while cursor is not None:
        page = api(alice).get(f"{path}&cursor={cursor}" if cursor else path).json()
        lines += [row["line"] for row in page["data"]]
        cursor = page["next_cursor"]
    assert lines == [1, 2, 3, 4, 5]


def test_what_is_stopped_is_not_started(api, alice):
    made = api(alice).post("/v1/imports", {"rows": ROWS}).json()
    path = f"/v1/imports/{made['id']}"
    assert api(alice).post(f"{path}/stop").json()["state"] == "stopped"
    assert api(alice).post(f"{path}/stop").status_code == 202
    answer = api(alice).post(f"{path}/start")
    assert (answer.status_code, answer.json()["type"].rpartition("/")[2]) == (
        409,
        "not-possible-now",
    )


def test_a_bulk_change_is_no_import(api, alice):
    factories.create_number(alice.by)
    numbers = alice.organization.phone_numbers.all()
    batch = create_change_job(alice.by, action="retry", options={}, numbers=numbers)
    assert api(alice).get(f"/v1/imports/{batch.pk}").status_code == 404
    assert api(alice).get("/v1/imports").json()["data"] == []
