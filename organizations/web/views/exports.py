"""The base of views that request an export."""

from typing import Any

from django.http import HttpResponse

from organizations.exports import export_requests
from organizations.exports.export_requests import ExportRefused
from organizations.web.views.base import OrgScreen


class ExportRequestScreen(OrgScreen):
    """The base of the screens that request an export."""

    def ask(self, kind: str, format: str, **options: Any) -> HttpResponse:
        """Requests an export and redirects to its page, or to the list if the requester has too
        many."""
        try:
            export = export_requests.request_export(
                self.principal, kind, format=format, options=options
            )
        except ExportRefused as error:
            self.warn(str(error))
            return self.go("exports")
        return self.go("export", export_id=export.pk)
