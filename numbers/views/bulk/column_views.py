"""Screens for the columns of a file: confirming them, reopening the mapping after a preview, or
choosing another sheet."""

from typing import ClassVar
from uuid import UUID

from django.http import HttpRequest, HttpResponse

from numbers.bulk.imports.mapping_confirmation import (
    InvalidMapping,
    choose_import_sheet,
    confirm_mapping,
    reopen_mapping,
)
from numbers.bulk.jobs import BulkJobError
from numbers.models import Batch
from numbers.views.bulk.column_forms import ColumnsForm
from numbers.views.bulk.jobs import READ, BatchScreen, find_batch
from organizations.access.roles import Permission


class ColumnsScreen(BatchScreen):
    """Confirms or reopens the mapping, or switches the sheet. Refused choices are shown on the page
    of the job, as posted."""

    permissions: ClassVar = {"GET": READ, "POST": Permission.PHONE_NUMBERS_CREATE}

    def get(self, request: HttpRequest, batch_id: UUID) -> HttpResponse:
        return self.go("batch", batch_id=find_batch(request, batch_id).pk)

    def post(self, request: HttpRequest, batch_id: UUID) -> HttpResponse:
        batch = find_batch(request, batch_id)
        try:
            if "change" in request.POST:
                reopen_mapping(self.principal, batch_id)
            elif "look" in request.POST:
                choose_import_sheet(self.principal, batch_id, sheet=request.POST.get("sheet", ""))
            elif wrong := self.confirm(request, batch):
                return self.shown(request, batch, form=wrong, status=422)
        except BulkJobError as error:
            self.warn(str(error))
        return self.go("batch", batch_id=batch_id)

    def confirm(self, request: HttpRequest, batch: Batch) -> ColumnsForm | None:
        """Confirms the mapping. Returns None on success, or the form with its errors. Raises
        BulkJobError."""
        form = ColumnsForm(request.POST, layout=batch.layout)
        if not form.is_valid():
            return form
        given = {"mapping": form.mapping(), "sheet": request.POST.get("sheet", "")}
        try:
            confirm_mapping(self.principal, batch.pk, **given)
        except InvalidMapping as error:
            form.refuse(error.errors)
            return form
        return None
