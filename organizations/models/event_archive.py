"""Archived parts of audit logs."""

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _


class EventArchive(models.Model):
    """One file with the events `first` to `last` of an organization's log. The chain of the
    remaining events continues after `digest`, the seal of the last event in the file."""

    organization = models.ForeignKey(
        "organizations.Organization",
        models.CASCADE,
        related_name="event_archives",
        verbose_name=_("organization"),
    )
    first = models.BigIntegerField(_("first position"))
    last = models.BigIntegerField(_("last position"))
    digest = models.BinaryField(max_length=32)
    file = models.CharField(_("file"), max_length=200)
    sha256 = models.CharField(_("SHA-256 of the file"), max_length=64)
    archived_at = models.DateTimeField(_("archived at"), db_default=Now())
    # Null while events in the file may still be in the log too.
    deleted_at = models.DateTimeField(_("deleted from the log at"), null=True, blank=True)

    class Meta:
        verbose_name = _("archived part of an audit log")
        verbose_name_plural = _("archived parts of audit logs")
        constraints = [
            models.UniqueConstraint(fields=["organization", "last"], name="event_archive_place"),
            models.CheckConstraint(
                condition=Q(first__gte=1) & Q(last__gte=F("first")), name="event_archive_order"
            ),
        ]

    def __str__(self) -> str:
        return self.file
