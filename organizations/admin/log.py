"""What was done, to be read: the audit log, and the replies saved for an Idempotency-Key."""

from django.contrib import admin
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.decorators import display

from organizations.admin.base import LogAdmin, time_column
from organizations.models import Event, SavedReply

ACTORS = {"member": "info", "key": "info", "staff": "warning", "system": ""}


@admin.register(Event)
class EventAdmin(LogAdmin):
    list_display = ("time", "action", "subject_label", "actor", "organization_name")
    list_display_links = ("time", "action")
    list_select_related = ("organization",)
    list_filter = ("actor_kind", "subject_kind")
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
        "subject_label",
        "subject_id",
        "before",
        "after",
        "request_id",
    )
    readonly_fields = ("actor",)
    time = time_column("at", gettext_lazy("at"))

    @display(description=gettext_lazy("actor"))
    def actor(self, event: Event) -> str:
        kind = {"staff": "", "system": _("system: ")}.get(event.actor_kind, f"{event.actor_kind} ")
        return f"{kind}{event.actor_label}"


@admin.register(SavedReply)
class SavedReplyAdmin(LogAdmin):
    """The stored answer itself is not shown: that of a new API key holds the key."""

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
