"""Read-only admin pages of dispatchers and workers, as they last reported."""

from django.contrib import admin
from django.utils.translation import gettext_lazy

from integrations.models import AttemptCount, KeyProof, Leadership, Process, Sweep
from organizations.web.admin.base import ReadOnlyAdmin, time_column


@admin.register(Process)
class ProcessAdmin(ReadOnlyAdmin):
    list_display = ("instance", "kind", "state", "reason", "version", "seen", "started")
    list_filter = ("kind", "state")
    search_fields = ("instance",)
    ordering = ("-seen_at",)
    seen = time_column("seen_at", gettext_lazy("last seen"))
    started = time_column("started_at", gettext_lazy("started"))
    fields = (
        *("instance", "kind", "state", "reason", "version", "facts", "started_at", "seen_at"),
    )


@admin.register(Leadership)
class LeadershipAdmin(ReadOnlyAdmin):
    ordering = ("id",)
    list_display = ("holder", "term", "renewed")
    renewed = time_column("renewed_at", gettext_lazy("renewed"))
    fields = ("holder", "term", "renewed_at")


@admin.register(KeyProof)
class KeyProofAdmin(ReadOnlyAdmin):
    list_display = ("made",)
    ordering = ("-made_at",)
    made = time_column("made_at", gettext_lazy("made"))
    fields = ("made_at",)


@admin.register(Sweep)
class SweepAdmin(ReadOnlyAdmin):
    list_display = ("name", "reached", "ended")
    ordering = ("name",)
    reached = time_column("moment", gettext_lazy("reached"))
    ended = time_column("ended_at", gettext_lazy("ended"))
    fields = ("name", "moment", "ended_at")


@admin.register(AttemptCount)
class AttemptCountAdmin(ReadOnlyAdmin):
    """The admin of the counts that /metrics adds up."""

    list_display = ("platform", "outcome", "attempts")
    list_filter = ("platform", "outcome")
    ordering = ("platform", "outcome", "shard")
    fields = ("platform", "outcome", "shard", "attempts")
