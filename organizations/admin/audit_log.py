"""The audit log and the responses saved for an Idempotency-Key, read-only."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.decorators import display

from organizations.models import Event, EventArchive, SavedReply, Seal
from organizations.web.admin.base import LogAdmin, admin_url, link_or_text, time_column


@admin.register(Event)
class EventAdmin(LogAdmin):
    list_display = ("time", "action", "subject_label", "actor", "organization_name")
    list_display_links = ("time", "action")
    list_select_related = ("organization",)
    list_filter = ("outcome", "actor_kind", "subject_kind")
    search_fields = (
        "subject_label__istartswith",
        "actor_label__istartswith",
        "action__istartswith",
        "subject_id__iexact",
        "request_id__iexact",
    )
    search_help_text = gettext_lazy("Subject, actor or action by its beginning; ids in full.")
    fields = (
        "at",
        "organization",
        "action",
        "actor",
        "actor_id",
        "subject_kind",
        "subject",
        "subject_id",
        "before",
        "after",
        "outcome",
        "client_address",
        "request_id",
        "seal",
    )
    readonly_fields = ("actor", "subject", "seal")
    time = time_column("at", gettext_lazy("at"))

    def get_object(self, request: HttpRequest, *path: Any) -> Event | None:
        event = super().get_object(request, *path)
        if event:
            event.pages = self.pages_for(request, event)
        return event

    def pages_for(self, request: HttpRequest, event: Event) -> list[str]:
        """Returns the admin pages of the event's subject, except those that the operator may not
        see (they would answer 403)."""
        found = []
        for model, page in self.admin_site._registry.items():
            is_it = getattr(page, "event_kind", "") == event.subject_kind
            if is_it and page.has_view_permission(request):
                found += model.objects.filter(pk=event.subject_id).only("pk")
        return [admin_url(row) for row in found]

    @display(description=gettext_lazy("subject"))
    def subject(self, event: Event) -> SafeString | str:
        """Returns a link to the subject's page if that kind has one and the row still exists, else
        its label."""
        return link_or_text(next(iter(event.pages), ""), event.subject_label)

    @display(description=gettext_lazy("seal"))
    def seal(self, event: Event) -> str:
        """Returns the event's position in the chain of seals, which `manage.py verify_audit`
        checks."""
        found = Seal.objects.filter(event_id=event.pk).first()
        return f"{found.position}: {bytes(found.digest).hex()}" if found else "–"

    @display(description=gettext_lazy("actor"))
    def actor(self, event: Event) -> str:
        kind = {"staff": "", "anonymous": "", "system": _("system: ")}.get(
            event.actor_kind, f"{event.actor_kind} "
        )
        return f"{kind}{event.actor_label}"


@admin.register(SavedReply)
class SavedReplyAdmin(LogAdmin):
    """Saved responses. The body is not shown, because the one of a new API key contains the key."""

    list_display = ("key", "organization_name", "status", "created", "expires")
    list_select_related = ("organization",)
    list_filter = ("status",)
    search_fields = ("key__startswith", "organization__name", "organization__public_id__iexact")
    fields = ("organization", "key", "status", "size", "created_at", "expires_at")
    readonly_fields = ("size",)
    created = time_column("created_at", gettext_lazy("created"))
    expires = time_column("expires_at", gettext_lazy("expires"))

    @display(description=gettext_lazy("size in bytes"))
    def size(self, reply: SavedReply) -> int:
        return len(bytes(reply.body))


@admin.register(EventArchive)
class EventArchiveAdmin(LogAdmin):
    list_display = ("file", "organization_name", "first", "last", "archived")
    list_select_related = ("organization",)
    search_fields = ("file__startswith", "organization__public_id__iexact")
    fields = ("organization", "file", "sha256", "first", "last", "archived_at", "deleted_at")
    archived = time_column("archived_at", gettext_lazy("archived at"))
