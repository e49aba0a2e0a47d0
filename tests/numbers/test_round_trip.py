"""An export, handed in again when all its numbers are gone: everything that it wrote is back."""

import csv
import io

import pytest
import xlsxwriter
from django.db import connection
from django.test.utils import CaptureQueriesContext
from python_calamine import CalamineWorkbook

from integrations.models import SandboxObject
from integrations.providers.sandbox import REFUSED_NUMBER
from numbers.bulk import jobs
from numbers.bulk.imports.fields import IMPORT_FIELDS
from numbers.bulk.imports.options import clean_import_options
from numbers.inventory.acquisition import import_number, record_number_only
from numbers.inventory.agents import create_agent
from numbers.inventory.operations import add_number, change_number, delete_number
from numbers.models import PhoneNumber
from numbers.search import export
from organizations.exports.file_formats import BYTE_ORDER_MARK, encode_csv, write_workbook
from organizations.web.views.base import screen_url
from tests.support import factories
from tests.support.exports import download_export

pytestmark = pytest.mark.django_db

LABELS = (
    *("=SUM(A1:A9)", "'=1+1", "+49 not a number", "-2+3", "@cmd", '"quoted"', "''", "sep=;"),
    *("1E5", "007", "2026-01-02", "TRUE", "#N/A", "_x0041_", "number", "a\u00a0b", "x" * 100),
    *("semi;colon, comma", "pipe|d", "\U0001f468\u200d\U0001f469\u200d\U0001f467 café", "0"),
)
# What belongs to the user; the others tell how things stood.
USERS = (
    *("number", "label", "wanted", "carrier", "agent", "outbound_agent", "application"),
    *("webhook", "trunk"),
)
FULL = {
    "inbound_agent_id": "agent_in",
    "outbound_agent_id": "=elsewhere",
    "application_sid": "0e0e0e0e-0e0e-4e0e-8e0e-0e0e0e0e0e0e",
    "inbound_webhook_url": "https://example.com/calls?a=1&b=%20;c,d#'=e",
    "outbound_trunk_id": "ST_x1",
}
KINDS = ["csv", "xlsx"]


def exported(member, numbers, kind: str) -> bytes:
    table = rows_of(member, numbers)
    if kind == "csv":
        return BYTE_ORDER_MARK + encode_csv(
            [export.EXPORT_FIELDS, *table], export.escape_spreadsheet_cell
        )
    file = io.BytesIO()
    write_workbook(list(export.EXPORT_FIELDS), table, file)
    return file.getvalue()


def rows_of(member, numbers) -> list[list[str]]:
    portions = export.iterate_export_chunks(member.by, numbers, order="number")
    return [row for portion in portions for row in portion.rows]


def table_of(data: bytes, kind: str) -> list[dict[str, str]]:
    if kind == "csv":
        return list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"))))
    book = CalamineWorkbook.from_filelike(io.BytesIO(data))
    heading, *rows = book.get_sheet_by_index(0).to_python()
    return [dict(zip(heading, row, strict=True)) for row in rows]


def users(data: bytes, kind: str) -> list[dict[str, str]]:
    return [{name: row[name] for name in USERS} for row in table_of(data, kind)]


def delete_all(member) -> None:
    for pk in living(member).values_list("pk", flat=True):
        delete_number(member.by, pk)
    factories.run_due_operations()
    assert not living(member).exists()


def living(member):
    return member.organization.phone_numbers.exclude(status="deleted")


def take_in(member, file: bytes, **options) -> jobs.Batch:
    options = {**clean_import_options(member.by, options), "ask": True, "start": True}
    batch = jobs.create_import_job(member.by, title="x", options=options, file=file)
    factories.run_due_operations()
    batch.refresh_from_db()
    wrong = batch.rows.exclude(fate="done").values_list("text", "fate", "message")
    assert (batch.state, list(wrong)) == ("done", [])
    return batch


@pytest.fixture
def carriers(alice) -> list:
    create_agent(alice.by, name="Front desk", agent_id="agent_in")
    names = ("Twin", "TWIN", "=Acme", "Ac\u00a0me")
    return [factories.create_carrier(alice.by, name=name) for name in names]


@pytest.fixture
def inventory(alice, carriers):
    """Numbers with everything that can be said of them, in every state."""
    for n, label in enumerate(LABELS):
        add_number(alice.by, number=f"+141555501{n:02}", label=label)
    for n, carrier in enumerate(carriers):
        sid, wanted = carrier.voip_carrier_sid, ("active", "inactive")[n % 2]
        number = f"+441632960{n:03}"
        add_number(alice.by, number=number, voip_carrier_sid=sid, wanted=wanted, **FULL)
    add_number(alice.by, number=REFUSED_NUMBER, wanted="inactive")
    factories.run_due_operations()
    off, going_off = (living(alice).get(e164=f"+1415555010{n}") for n in (0, 1))
    change_number(alice.by, off.pk, status="inactive")
    factories.run_due_operations()
    change_number(alice.by, going_off.pk, status="inactive")
    add_number(alice.by, number="+14155550199", wanted="inactive")
    return living(alice)


@pytest.fixture
def ever_routed(monkeypatch) -> set[str]:
    """The numbers whose calls a platform was told to take."""
    seen: set[str] = set()
    save = SandboxObject.save

    def noting(self, *args, **kwargs):
        if self.data.get("routed"):
            seen.add(self.name)
        save(self, *args, **kwargs)

    monkeypatch.setattr(SandboxObject, "save", noting)
    return seen


@pytest.mark.parametrize("kind", KINDS)
def test_numbers_on_carriers(alice, inventory, kind, ever_routed):
    before = exported(alice, inventory, kind)
    inactive = {row["number"] for row in table_of(before, kind) if row["wanted"] == "inactive"}
    assert len(inactive) == 6
    delete_all(alice)
    ever_routed.clear()
    take_in(alice, before)
    assert users(exported(alice, living(alice), kind), kind) == users(before, kind)
    states = dict(living(alice).values_list("e164", "status"))
    assert states.pop(REFUSED_NUMBER) == "failed"
    assert {number for number, status in states.items() if status == "inactive"} == inactive - {
        REFUSED_NUMBER
    }
    assert set(states.values()) == {"active", "inactive"}
    assert ever_routed
    assert not ever_routed & inactive


@pytest.mark.parametrize("kind", KINDS)
def test_numbers_of_an_account(alice, kind):
    voice = factories.create_sandbox(alice.by, name="Trunks", default=False)
    default = alice.organization.default_integrations.get(role="sip")
    default.integration = voice
    default.save()
    fields = {"label": "=1", "wanted": "inactive", **FULL}
    import_number(alice.by, number="+14155550101", provider="twilio", voice_on=voice, **fields)
    import_number(alice.by, number="+14155550102", provider="twilio", label="'")
    factories.run_due_operations()
    before = exported(alice, living(alice), kind)
    delete_all(alice)
    take_in(alice, before, destination="account")
    after = exported(alice, living(alice), kind)
    assert users(after, kind) == users(before, kind)
    for name in ("status", "integration", "source"):
        assert [row[name] for row in table_of(after, kind)] == [
            row[name] for row in table_of(before, kind)
        ]
    assert [row["status"] for row in table_of(after, kind)] == ["inactive", "active"]
    assert table_of(after, kind)[0]["integration"] == "Sandbox, Trunks"


@pytest.mark.parametrize("kind", KINDS)
def test_numbers_that_are_only_recorded(alice, kind):
    """A trunk finds them no home, though there is one."""
    record_number_only(alice.by, number="+14155550101", label="'=", **FULL)
    record_number_only(alice.by, number="+14155550102")
    before = exported(alice, living(alice), kind)
    delete_all(alice)
    take_in(alice, before, destination="record")
    after = exported(alice, living(alice), kind)
    assert users(after, kind) == users(before, kind)
    assert not PhoneNumber.objects.filter(placements__state="settled").exists()
    for name in ("status", "reason", "source"):
        assert [row[name] for row in table_of(after, kind)] == [
            row[name] for row in table_of(before, kind)
        ]


def test_after_a_spreadsheet_took_the_plus(alice, inventory):
    before = exported(alice, inventory, "csv")
    file = io.BytesIO()
    with xlsxwriter.Workbook(file) as book:
        sheet = book.add_worksheet()
        for line, row in enumerate([export.EXPORT_FIELDS, *rows_of(alice, inventory)]):
            for column, text in enumerate(row):
                sheet.write_string(line, column, text)
            if line:
                sheet.write_number(line, 0, float(list(row)[0]))
    delete_all(alice)
    take_in(alice, file.getvalue())
    assert users(exported(alice, living(alice), "csv"), "csv") == users(before, "csv")


@pytest.mark.parametrize("kind", KINDS)
def test_an_export_changes_nothing_that_is_there(alice, inventory, kind):
    """Handed in to change numbers, wherever they are and however they stand."""
    record_number_only(alice.by, number="+14155550197", **FULL)
    import_number(alice.by, number="+14155550198", provider="twilio", **FULL)
    file = exported(alice, living(alice), kind)
    PhoneNumber.objects.filter(e164="+14155550198").update(
        label="Changed", outbound_trunk_id="ST_y"
    )
    options = clean_import_options(alice.by, {"update": True})
    batch = jobs.create_import_job(alice.by, title="x", options=options, file=file)
    factories.run_due_bulk_jobs()
    rows = batch.rows.exclude(fate="unchanged").values_list("text", "fate", "before")
    assert list(rows) == [("+14155550198", "todo", {"outbound_trunk_id": "ST_y"})]
    assert batch.rows.count() == living(alice).count()


@pytest.mark.parametrize("kind", KINDS)
def test_the_headings(alice, kind):
    add_number(alice.by, number="+14155550101")
    (row,) = table_of(exported(alice, living(alice), kind), kind)
    assert list(row) == [
        *("number", "label", "status", "wanted", "reason", "carrier", "integration", "agent"),
        *("outbound_agent", "application", "webhook", "trunk", "source", "added", "changed", "id"),
    ]


def test_the_report_of_an_import_holds_every_column(alice, browse, inventory):
    before = exported(alice, inventory, "csv")
    delete_all(alice)
    batch = take_in(alice, before)
    url = screen_url(alice.organization, "batch_report", batch_id=batch.pk)
    report = download_export(browse(alice), url)
    assert list(table_of(report, "csv")[0]) == ["line", "number", *IMPORT_FIELDS, "fate", "message"]
    delete_all(alice)
    take_in(alice, report)
    assert users(exported(alice, living(alice), "csv"), "csv") == users(before, "csv")


class TestTheCarrier:
    def of(self, alice, carrier) -> str:
        add_number(alice.by, number="+14155550101", voip_carrier_sid=carrier.voip_carrier_sid)
        (row,) = table_of(exported(alice, living(alice), "csv"), "csv")
        return row["carrier"]

    def test_is_named(self, alice):
        assert self.of(alice, alice.organization.carriers.get()) == "Acme Trunk"

    def test_is_its_sid_where_two_have_the_name(self, alice):
        factories.create_carrier(alice.by, name="ACME trunk")
        carrier = alice.organization.carriers.get(name="Acme Trunk")
        assert self.of(alice, carrier) == str(carrier.voip_carrier_sid)

    def test_is_its_sid_where_the_name_is_another_ones_sid(self, alice):
        carrier = alice.organization.carriers.get()
        other = factories.create_carrier(alice.by, name=str(carrier.voip_carrier_sid).upper())
        assert self.of(alice, other) == str(other.voip_carrier_sid)

    @pytest.mark.parametrize("name", ["Ac\u00a0me", " Acme", "Acme\n2"])
    def test_is_its_sid_where_a_reader_would_not_see_the_same(self, alice, name):
        carrier = factories.create_carrier(alice.by, name=name)
        assert self.of(alice, carrier) == str(carrier.voip_carrier_sid)

    def test_is_asked_for_once(self, alice, inventory, monkeypatch):
        monkeypatch.setattr("numbers.search.export.EXPORT_PAGE_SIZE", 10)
        with CaptureQueriesContext(connection) as queries:
            rows = rows_of(alice, inventory)
        carriers = [q for q in queries if 'FROM "carriers_carrier"' in q["sql"]]
        assert len(rows) > 20
        assert (len(queries), len(carriers)) == (2 + 2 * (len(rows) // 10 + 1), 2)
