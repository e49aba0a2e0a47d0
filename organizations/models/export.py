"""Exports, and the parts of their files."""

import uuid

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _


class Export(models.Model):
    """A list that somebody has requested as a file.

    waiting ──▶ running ──▶ done | failed        `reason` says why it failed

    Workers write the file in slices; `place` is the position of the next slice. `fence` counts
    claims, and only the newest worker's writes count. The file is complete when the state is
    `done`, and is deleted with the row at `expires_at`.
    """

    class Format(models.TextChoices):
        CSV = "csv", _("CSV")
        EXCEL = "xlsx", _("Excel")

    class State(models.TextChoices):
        WAITING = "waiting", _("waiting")
        RUNNING = "running", _("running")
        DONE = "done", _("done")
        FAILED = "failed", _("failed")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    organization = models.ForeignKey(
        "organizations.Organization",
        models.CASCADE,
        related_name="exports",
        verbose_name=_("organization"),
    )
    kind = models.CharField(_("kind"), max_length=30)  # a name in exports.export_kinds
    format = models.CharField(_("format"), max_length=4, choices=Format.choices)
    options = models.JSONField(_("options"), default=dict)  # of the kind
    language = models.CharField(max_length=10)  # language and time zone of the requester
    zone = models.CharField(max_length=64)
    state = models.CharField(
        _("state"), max_length=10, choices=State.choices, default=State.WAITING
    )
    reason = models.TextField(_("reason"), blank=True)
    total = models.PositiveIntegerField(_("rows"), default=0)
    done = models.PositiveIntegerField(_("done"), default=0)
    size = models.PositiveBigIntegerField(_("size in bytes"), default=0)
    place = models.JSONField(null=True, editable=False)
    actor_kind = models.CharField(max_length=10)
    actor_id = models.CharField(max_length=40)
    actor_label = models.CharField(_("asked by"), max_length=200)
    fence = models.PositiveIntegerField(default=0)
    tries = models.PositiveIntegerField(default=0)  # claims of the current slice
    lease_until = models.DateTimeField(null=True, blank=True)
    dispatched_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(_("created at"), db_default=Now())
    settled_at = models.DateTimeField(_("settled at"), null=True, blank=True)
    expires_at = models.DateTimeField(_("expires at"))

    class Meta:
        verbose_name = _("export")
        verbose_name_plural = _("exports")
        constraints = [
            models.CheckConstraint(condition=Q(format__in=["csv", "xlsx"]), name="export_format"),
            models.CheckConstraint(
                condition=Q(state__in=["waiting", "running", "done", "failed"]),
                name="export_state",
            ),
        ]
        indexes = [
            models.Index(
                fields=["organization", "actor_id", "-created_at"], name="export_of_asker"
            ),
            models.Index(
                fields=["created_at"],
                condition=Q(state__in=["waiting", "running"]),
                name="export_due",
            ),
            models.Index(fields=["expires_at"], name="export_expiry"),
        ]

    def __str__(self) -> str:
        return f"{self.kind}.{self.format}"

    @property
    def is_moving(self) -> bool:
        return self.state in (self.State.WAITING, self.State.RUNNING)


class ExportPart(models.Model):
    """A piece of the file, so that no process holds all of it. Web and workers share no disk."""

    organization = models.ForeignKey(
        "organizations.Organization", models.CASCADE, related_name="export_parts"
    )
    export = models.ForeignKey(Export, models.CASCADE, related_name="parts")
    position = models.PositiveIntegerField()
    data = models.BinaryField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["export", "position"], name="export_part_position")
        ]

    def __str__(self) -> str:
        return f"{self.export_id} {self.position}"
