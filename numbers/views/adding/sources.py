"""Screens that accept a list, a range or a file and create an import job."""

from itertools import islice
from typing import Any

from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, override

from numbers.bulk import jobs
from numbers.bulk.files.tables import ensure_readable_file
from numbers.bulk.files.unreadable import UnreadableFile
from numbers.bulk.imports import pasted_list
from numbers.bulk.imports.options import clean_import_options
from numbers.bulk.jobs import BulkJobError
from numbers.models import Batch
from numbers.numbering import ranges
from numbers.numbering.e164 import format_display_number
from numbers.views.adding.forms import (
    FIELD_BY_OPTION,
    MAX_TEXT_BYTES,
    FileForm,
    ImportOptionsForm,
    PastedListForm,
    RangeForm,
)
from organizations.access.roles import Permission
from organizations.web.views.base import OrgScreen

OVERSIZE_MARGIN = 1_000_000  # bytes over the limit up to which a list is still shown in full


class ImportFormScreen(OrgScreen):
    """A form whose numbers a worker checks. Nothing is added before the preview."""

    permissions = {
        "GET": Permission.PHONE_NUMBERS_CREATE,
        "POST": Permission.PHONE_NUMBERS_CREATE,
    }
    template = ""
    form_class: type[ImportOptionsForm] = ImportOptionsForm

    def get(self, request: HttpRequest) -> HttpResponse:
        return self.page(self.template, form=self.form_class(by=self.principal))

    def post(self, request: HttpRequest) -> HttpResponse:
        form = self.form_class(request.POST, request.FILES, by=self.principal)
        batch = self.proposed(form) if form.is_valid() else None
        if batch is None:
            return self.page(self.template, status=self.refusal(form), form=form)
        return self.go("batch", batch_id=batch.id)

    def refusal(self, form: ImportOptionsForm) -> int:
        """Returns the HTTP status for a refused form."""
        return 422

    def sent_late(self, request: HttpRequest) -> HttpResponse:
        form = self.form_class(request.POST, by=self.principal)
        form.is_valid()
        again = _("Your session has changed since you opened this page. Send it again.")
        form.add_error(None, again)
        return self.page(self.template, status=403, form=form)

    def proposed(self, form: ImportOptionsForm) -> Batch | None:
        """Creates the import job. Returns None, after adding the errors to the form, if the input
        was refused."""
        try:
            options = clean_import_options(self.principal, form.options())
            given = self.given(form.cleaned_data, options)
            return jobs.create_import_job(self.principal, options=options, **given)
        except ValidationError as error:
            for name, texts in error.message_dict.items():
                form.add_error(FIELD_BY_OPTION.get(name, name), texts)
        except BulkJobError as error:
            form.add_error(None, str(error))
        return None

    def given(self, data: dict[str, Any], options: dict[str, Any]) -> dict[str, Any]:
        """Returns `title`, and `rows` or `file`. May add to `options`. Raises ValidationError with
        the errors by field."""
        raise NotImplementedError


class AddListScreen(ImportFormScreen):
    keeps_form = True
    template = "numbers/add_list.html"
    form_class = PastedListForm
    longest_form = MAX_TEXT_BYTES + OVERSIZE_MARGIN
    longest_body = 3 * longest_form

    def refusal(self, form: ImportOptionsForm) -> int:
        if not form.has_error("text", "too_large"):
            return 422
        if self.request.form_was_cut:
            drop_partial_line(form)
        return 413

    def given(self, data: dict[str, Any], options: dict[str, Any]) -> dict[str, Any]:
        rows = list(islice(pasted_list.parse_pasted_rows(data["text"]), jobs.MAX_ROWS + 1))
        if not rows:
            raise ValidationError({"text": _("Paste at least one number.")})
        return {"title": gettext_noop("Pasted list"), "rows": rows}


def drop_partial_line(form: ImportOptionsForm) -> None:
    """Removes the last line of the text, which was cut and could be another number."""
    form.data = form.data.copy()
    form.data["text"] = form.data["text"].rpartition("\n")[0]
    form.add_error("text", _("Only its beginning could be read, and is shown here."))


class AddRangeScreen(ImportFormScreen):
    keeps_form = True
    template = "numbers/add_range.html"
    form_class = RangeForm

    def get(self, request: HttpRequest) -> HttpResponse:
        if request.htmx:
            form = RangeForm(request.GET, by=self.principal)
            return self.page("numbers/_add_range_size.html", **range_preview(form))
        return super().get(request)

    def given(self, data: dict[str, Any], options: dict[str, Any]) -> dict[str, Any]:
        begin, end = parse_range_form(data)
        with override("en"):  # jobs store their texts in English
            options["notices"] = list(filter(None, [ranges.range_notice(begin, end)]))
        ends_shown = {"first": format_display_number(begin), "last": format_display_number(end)}
        title = gettext_noop("Range %(first)s to %(last)s") % ends_shown
        return {
            "title": title,
            "rows": [{"number": n} for n in ranges.iterate_range_numbers(begin, end)],
        }


def parse_range_form(data: dict[str, Any]) -> tuple[str, str]:
    given = {name: data.get(name) for name in ("first", "last", "count")}
    return ranges.resolve_range_ends(**given, country=data.get("country") or None)


def range_preview(form: RangeForm) -> dict[str, Any]:
    """Returns the first and last number, the size and a notice, or the error as `wrong`. Returns an
    empty dict if no first number was given."""
    form.is_valid()
    if not form.cleaned_data.get("first"):
        return {}
    try:
        begin, end = parse_range_form(form.cleaned_data)
    except ValidationError as error:
        return {"wrong": " ".join(error.messages)}
    return {
        "first": format_display_number(begin),
        "last": format_display_number(end),
        "size": ranges.count_range_numbers(begin, end),
        "notice": ranges.range_notice(begin, end),
    }


class AddFileScreen(ImportFormScreen):
    template = "numbers/add_file.html"
    form_class = FileForm
    longest_body = 30_000_000

    def post(self, request: HttpRequest) -> HttpResponse:
        files = request.FILES  # the body is read only now
        if not getattr(request, "upload_is_too_large", False):
            return super().post(request)
        form = FileForm(request.POST, files, by=self.principal)
        form.errors.pop("file", None)
        form.add_error("file", _("The file is larger than 10 MB: hand it in in parts."))
        return self.page(self.template, status=413, form=form)

    def given(self, data: dict[str, Any], options: dict[str, Any]) -> dict[str, Any]:
        file = data["file"].read()
        try:
            ensure_readable_file(file)
        except UnreadableFile as error:
            raise ValidationError({"file": str(error)}) from error
        options["ask"] = True  # ask about uncertain columns
        return {"title": data["file"].name, "file": file}
