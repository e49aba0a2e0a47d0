"""The preview of an import: rows of a file, each read, checked and kept with its fate."""

import csv
import io
import resource
from itertools import count
from time import perf_counter

import phonenumbers
import xlsxwriter

from numbers.bulk import jobs, runner
from numbers.bulk.imports.options import clean_import_options
from numbers.models import Batch, BatchRow
from tests.bench.installation import MeasuredOrganization
from tests.bench.table import WIDTHS, WrongAnswer

LABELS = ("Support London", "Sales Berlin", "Front desk, Oslo", "Clinic Zürich")


def build_csv(rows: list[list[str]]) -> bytes:
    file = io.StringIO()
    csv.writer(file).writerows(rows)
    return file.getvalue().encode()


def build_xlsx(rows: list[list[str]]) -> bytes:
    file = io.BytesIO()
    with xlsxwriter.Workbook(file, {"constant_memory": True}) as book:
        sheet = book.add_worksheet()
        for line, row in enumerate(rows):
            sheet.write_row(line, 0, row)
    return file.getvalue()


def build_rows(numbers: list[str]) -> list[list[str]]:
    rows = ([number, LABELS[n % 4]] for n, number in enumerate(numbers))
    return [["number", "label"], *rows]


class PreviewMeasure:
    """One after the other in this process, as a worker does it."""

    def __init__(self, owner: MeasuredOrganization, rows: int):
        self.owner, self.rows = owner, rows
        numbers = [f"+49301{n:07}" for n in range(rows)]
        self.files = {
            "CSV, E.164": (build_csv(build_rows(numbers)), ""),
            "Excel, E.164": (build_xlsx(build_rows(numbers)), ""),
            "CSV, 030 …": (build_csv(build_rows([f"0{n[3:]}" for n in numbers])), "DE"),
            "CSV, plus lost": (build_csv(build_rows([n[1:] for n in numbers])), "DE"),
        }
        self.rates: dict[str, list[float]] = {name: [] for name in self.files}
        self.bare: list[float] = []

    def run(self) -> None:
        for name, (file, country) in self.files.items():
            self.rates[name].append(self.rows / self.preview(file, country))
        self.bare.append(self.rows / self.parse_and_insert())

    def preview(self, file: bytes, country: str) -> float:
        by = self.owner.member.by
        options = clean_import_options(by, {"destination": "record", "country": country})
        batch = jobs.create_import_job(by, title="bench", options=options, file=file)
        begun = perf_counter()
        runner.run_bulk_job(batch.pk)
        taken = perf_counter() - begun
        batch.refresh_from_db()
        if (batch.state, batch.total) != ("ready", self.rows):
            raise WrongAnswer(f"the preview is {batch.state}, with {batch.total} rows")
        jobs.stop_bulk_job(by, batch.pk)
        batch.rows.all().delete()
        return taken

    def parse_and_insert(self) -> float:
        """What no preview can do without: libphonenumber, and a row for each number."""
        by = self.owner.member.by
        batch = Batch.objects.create(
            organization=by.organization, kind="import", action="import", state="stopped"
        )
        begun = perf_counter()
        lines = count(1)
        for begin in range(0, self.rows, runner.ROWS_PER_CHUNK):
            texts = [
                f"+49301{n:07}" for n in range(begin, min(begin + runner.ROWS_PER_CHUNK, self.rows))
            ]
            numbers = [phonenumbers.parse(text) for text in texts]
            rows = [
                BatchRow(
                    organization_id=by.organization.pk,
                    batch=batch,
                    line=next(lines),
                    text=phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164),
                )
                for number in numbers
                if phonenumbers.is_valid_number(number)
            ]
            BatchRow.objects.bulk_create(rows)
        taken = perf_counter() - begun
        batch.delete()
        return taken

    def lines(self) -> list[str]:
        raw = sorted(self.bare)[len(self.bare) // 2]
        found = []
        for name, rates in self.rates.items():
            rate = sorted(rates)[len(rates) // 2]
            bare = ("bare parse and insert", f"{raw:,.0f}", f"{rate / raw:.2f}")
            found.append(WIDTHS.format(name[:12], f"{rate:,.0f}", "", "", *bare))
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        return [*found, f"preview: this process had {peak} MB at most."]
