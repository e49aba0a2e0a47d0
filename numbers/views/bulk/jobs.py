"""Screens of imports and bulk changes: the list, and one job with its rows and progress."""

from typing import Any, ClassVar
from urllib.parse import urlencode
from uuid import UUID

from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from numbers.bulk import jobs
from numbers.bulk.impact import measure_deletion_impact
from numbers.bulk.imports.mapping_confirmation import can_reopen_mapping
from numbers.bulk.imports.readings import HAS_NOTE, count_rows_by_result
from numbers.models import Batch, BatchRow, PhoneNumber
from numbers.views.bulk import bulk_labels as words
from numbers.views.bulk.column_forms import ColumnsForm
from numbers.views.bulk.messages import translate_stored_text, translate_title
from numbers.views.bulk.reading_choices import ambiguity_options, row_number_choices
from numbers.views.listing.rows import agent_names
from organizations.access.roles import Permission
from organizations.models import Organization
from organizations.web.views.base import OrgScreen

Fate, State = BatchRow.Fate, Batch.State
IN_PROGRESS = (State.CHECKING, State.RUNNING)
SETTLED = (State.DONE, State.STOPPED)
PROVISIONING_ACTIONS = ("import", "retry")
UNSETTLED = (PhoneNumber.Status.FAILED, PhoneNumber.Status.PENDING)
PER_PAGE, ROWS_PER_PAGE = 25, 100
READ = Permission.PHONE_NUMBERS_READ
NOTED = "noted"


class BatchesScreen(OrgScreen):
    permissions: ClassVar = {"GET": READ}

    def get(self, request: HttpRequest) -> HttpResponse:
        page = parse_integer_parameter(request, "page") or 1
        rows = request.organization.batches.defer("file", "layout").order_by("-created_at", "-id")
        begin = (page - 1) * PER_PAGE
        found = list(rows[begin : begin + PER_PAGE + 1])
        pager = {
            "newer": f"?page={page - 1}" if page > 1 else "",
            "older": f"?page={page + 1}" if len(found) > PER_PAGE else "",
        }
        shown = [annotate_batch(batch) for batch in found[:PER_PAGE]]
        moving = any(batch.state in IN_PROGRESS for batch in shown)
        return self.page("numbers/batches.html", batches=shown, pager=pager, moving=moving)


class BatchScreen(OrgScreen):
    permissions: ClassVar = {"GET": READ}

    def get(self, request: HttpRequest, batch_id: UUID) -> HttpResponse:
        batch = find_batch(request, batch_id)
        return self.progress(request, batch) if request.htmx else self.shown(request, batch)

    def shown(
        self,
        request: HttpRequest,
        batch: Batch,
        *,
        form: ColumnsForm | None = None,
        status: int = 200,
    ) -> HttpResponse:
        """Renders the job. `form` holds column choices that were refused."""
        if batch.state == State.MAPPING:
            form = form or ColumnsForm(layout=batch.layout)
            notices = map(translate_stored_text, batch.layout.get("source_notices", ()))
            context = {"batch": batch, "form": form, "notices": notices, **self.allowed(batch)}
            return self.page("numbers/batch.html", status, **context)
        counts, noted = count_rows_by_result(batch)
        fate = request.GET.get("fate", "")
        fate = fate if fate in (*Fate.values, NOTED) else ""
        return self.page(
            "numbers/batch.html",
            batch=batch,
            fate=fate,
            fates=[
                *(
                    (n, words.row_result_label(batch, n), counts[n])
                    for n in Fate.values
                    if n in counts
                ),
                *([(NOTED, _("with a note"), noted)] if noted else []),
            ],
            **self.rows(request, batch, fate),
            **self.next_steps(request, batch, counts),
        )

    def progress(self, request: HttpRequest, batch: Batch) -> HttpResponse:
        """Renders only the progress while the state is unchanged, else makes htmx reload the
        page."""
        if batch.state != request.GET.get("was"):
            return HttpResponse(headers={"HX-Refresh": "true"})
        return self.page("numbers/_batch_progress.html", batch=batch, **self.allowed(batch))

    def allowed(self, batch: Batch) -> dict[str, Any]:
        return {
            "may_act": jobs.can_run_bulk_job(self.principal, batch),
            "moving": batch.state in IN_PROGRESS,
        }

    def next_steps(self, request: HttpRequest, batch: Batch, counts: dict) -> dict[str, Any]:
        """Returns the context for the actions that are possible now."""
        is_settled, kept = batch.state in SETTLED, bool(counts)
        ready = batch.state == State.READY
        changed = count_numbers_to_update(batch) if ready and batch.kind == Batch.Kind.IMPORT else 0
        undone = batch.undone_by.defer("file").order_by("-created_at").first()
        reversible = is_settled and kept and batch.done and batch.action in jobs.INVERSE_ACTIONS
        begun = is_settled and batch.started_at
        return {
            **self.allowed(batch),
            "intent": self.intent(batch, changed) if ready and batch.left else "",
            "can_change_columns": can_reopen_mapping(batch),
            "start_word": words.start_button_label(batch, changed=changed),
            "questions": ambiguity_options(batch, counts.get(Fate.AMBIGUOUS, 0)) if ready else None,
            "losses": measure_deletion_impact(batch)
            if ready and batch.action == "delete"
            else None,
            "undone_by": undone,
            "can_undo": reversible and not jobs.was_undone(batch),
            "can_retry": begun and counts.keys() & {Fate.FAILED, Fate.TODO},
            "rows_gone": is_settled and batch.total and not kept,
            "became": count_unsettled_numbers(batch)
            if is_settled and batch.action in PROVISIONING_ACTIONS
            else {},
        }

    def intent(self, batch: Batch, changed: int) -> str:
        agent_id = batch.options.get("agent_id") or ""
        names = agent_names(self.organization, [agent_id])
        return words.start_description(batch, agent=names.get(agent_id, agent_id), changed=changed)

    def rows(self, request: HttpRequest, batch: Batch, fate: str) -> dict[str, Any]:
        """Returns one page of the rows, ordered by line, and the links to the pages beside it."""
        rows = filter_batch_rows(batch, fate)
        found, is_first, is_last = slice_batch_rows(
            rows, parse_integer_parameter(request, "from"), request.GET.get("back")
        )
        for row in found:
            row.was, row.becomes = words.row_change(batch, row)
            row.shown, row.told = words.row_number_label(row), translate_stored_text(row.message)
            row.met = words.row_result_label(batch, row.fate)
            row.choices = row_number_choices(row) if batch.state == State.READY else []
            row.told = "" if row.choices else row.told  # the choices explain it
            row.changes = words.row_field_changes(row) if batch.kind == Batch.Kind.IMPORT else []
        if batch.action == "assign":
            replace_agent_ids(request.organization, found)
        asked = {"fate": fate} if fate else {}
        newer = {**asked, "from": found[0].line, "back": 1} if found and not is_first else {}
        older = {**asked, "from": found[-1].line} if found and not is_last else {}
        return {
            "rows": found,
            "pager": {"newer": build_query_string(newer), "older": build_query_string(older)},
        }


def filter_batch_rows(batch: Batch, fate: str) -> QuerySet[BatchRow]:
    if fate == NOTED:
        return batch.kept_rows.filter(HAS_NOTE)
    return batch.kept_rows.filter(fate=fate) if fate else batch.kept_rows


def count_numbers_to_update(batch: Batch) -> int:
    """Returns how many existing numbers an import will change. Before the start, only rows of
    existing numbers have a number."""
    return batch.rows.filter(fate=Fate.TODO, phone_number_id__isnull=False).count()


def replace_agent_ids(organization: Organization, rows: list[BatchRow]) -> None:
    names = agent_names(organization, [each for row in rows for each in (row.was, row.becomes)])
    for row in rows:
        row.was, row.becomes = names.get(row.was, row.was), names.get(row.becomes, row.becomes)


def count_unsettled_numbers(batch: Batch) -> dict[str, int]:
    """Returns the counts of the job's numbers that failed on their platforms or are still pending,
    by status. A row is done as soon as the operation was requested."""
    asked = batch.rows.filter(fate=Fate.DONE).values("phone_number_id")
    numbers = batch.organization.phone_numbers.filter(pk__in=asked, status__in=UNSETTLED)
    return dict(numbers.values_list("status").annotate(Count("pk")).order_by())


def slice_batch_rows(
    rows: QuerySet[BatchRow], line: int, back: str | None
) -> tuple[list[BatchRow], bool, bool]:
    """Returns the page of rows after a line (or before it, with `back`), whether it is the first
    page, and whether it is the last."""
    if back:
        found = list(rows.filter(line__lt=line).order_by("-line")[: ROWS_PER_PAGE + 1])
        return found[:ROWS_PER_PAGE][::-1], len(found) <= ROWS_PER_PAGE, False
    found = list(rows.filter(line__gt=line).order_by("line")[: ROWS_PER_PAGE + 1])
    return found[:ROWS_PER_PAGE], not line, len(found) <= ROWS_PER_PAGE


def find_batch(request: HttpRequest, batch_id: UUID) -> Batch:
    """Returns the job without its file, which may be large."""
    rows = request.organization.batches.select_related("undoes").defer("file", "undoes__file")
    return annotate_batch(rows.get(pk=batch_id))


def annotate_batch(batch: Batch) -> Batch:
    batch.shown, batch.told = translate_title(batch), translate_stored_text(batch.reason)
    return batch


def parse_integer_parameter(request: HttpRequest, name: str) -> int:
    text = request.GET.get(name, "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 9 else 0


def build_query_string(query: dict[str, Any]) -> str:
    return f"?{urlencode(query)}" if query else ""
