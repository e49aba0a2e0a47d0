"""The model of column mappings, which remember what the columns of a file mean for the next file
with the same headings."""

import uuid

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from organizations.models import Organization


class ColumnMapping(models.Model):
    """The meaning of the columns for one organization and one row of headings. `fingerprint` is the
    SHA-256 of the normalized headings in order. `mapping` maps each position (from "1") to a field,
    where "" ignores the column. `sheet` names the sheet to read if it is not the one with these
    headings."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    organization = models.ForeignKey(
        Organization,
        models.CASCADE,
        related_name="column_mappings",
        verbose_name=_("organization"),
    )
    fingerprint = models.CharField(_("fingerprint"), max_length=64, editable=False)
    headings = models.JSONField(_("headings"), default=list)
    mapping = models.JSONField(_("mapping"), default=dict)
    sheet = models.CharField(_("sheet"), max_length=100, blank=True)
    updated_at = models.DateTimeField(_("updated at"), db_default=Now())
    updated_by = models.CharField(_("updated by"), max_length=200)

    class Meta:
        verbose_name = _("column mapping")
        verbose_name_plural = _("column mappings")
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "fingerprint"], name="column_mapping_fingerprint"
            )
        ]

    def __str__(self) -> str:
        return ", ".join(self.headings)[:200]
