"""Screens for exports: requested, followed while they are written, downloaded by the requester."""

from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _

from organizations.access.roles import Permission
from organizations.exports import export_requests
from organizations.exports.export_kinds import get_export_kind
from organizations.exports.file_formats import CONTENT_TYPES
from organizations.models import Export
from organizations.web.views.base import OrgScreen

# Every member may request exports. The kind of export decides which data they may read.
MEMBER_PERMISSION = Permission.ORGANIZATION_READ


class ExportsScreen(OrgScreen):
    permissions = {"GET": MEMBER_PERMISSION}

    def get(self, request: HttpRequest) -> HttpResponse:
        exports = [add_export_labels(each) for each in export_requests.own_exports(self.principal)]
        moving = any(each.is_moving for each in exports)
        return self.page("organizations/exports.html", exports=exports, moving=moving)


class ExportScreen(OrgScreen):
    permissions = {"GET": MEMBER_PERMISSION}

    def get(self, request: HttpRequest, export_id: UUID) -> HttpResponse:
        export = add_export_labels(self.own(export_id))
        if not request.htmx:
            return self.page("organizations/export.html", export=export)
        if export.state != request.GET.get("was"):
            return HttpResponse(headers={"HX-Refresh": "true"})
        return self.page("organizations/_export_progress.html", export=export)

    def own(self, export_id: UUID) -> Export:
        """Returns the requester's export. Raises DoesNotExist, and PermissionDenied if the
        requester has lost the permission."""
        export = export_requests.own_exports(self.principal).get(pk=export_id)
        if not self.principal.can(get_export_kind(export.kind).permission):
            raise PermissionDenied(_("Your role does not allow this."))
        return export


class ExportFileScreen(ExportScreen):
    """Downloads the file once the export is done."""

    permissions = {"GET": MEMBER_PERMISSION}

    def get(self, request: HttpRequest, export_id: UUID) -> HttpResponse:
        export = self.own(export_id)
        if export.state != Export.State.DONE:
            return self.go("export", export_id=export_id)
        response = StreamingHttpResponse(
            export_requests.stream_export_file(export), content_type=CONTENT_TYPES[export.format]
        )
        response.headers["Content-Length"] = str(export.size)
        response.headers["Content-Disposition"] = (
            f'attachment; filename="{export_file_name(export)}"'
        )
        return response


class ExportDeleteScreen(OrgScreen):
    permissions = {"POST": MEMBER_PERMISSION}

    def post(self, request: HttpRequest, export_id: UUID) -> HttpResponse:
        export_requests.delete_export(self.principal, export_id)
        self.say(_("The export was deleted."))
        return self.go("exports")


def add_export_labels(export: Export) -> Export:
    kind = get_export_kind(export.kind)
    export.shown = _(kind.title(export.options))
    export.told = _(export.reason) if export.reason else ""
    export.file_name = export_file_name(export)
    return export


def export_file_name(export: Export) -> str:
    day = timezone.localtime(export.created_at)
    return (
        f"{get_export_kind(export.kind).file_name(export.options)}-{day:%Y-%m-%d}.{export.format}"
    )
