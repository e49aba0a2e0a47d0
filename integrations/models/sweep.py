"""The progress of sweeps over old rows."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class Sweep(models.Model):
    """A sweep over old rows, some of which are kept. It goes from the oldest row to the newest, one
    window at a time, and starts again the next day. Without the stored position, each window would
    begin with the rows that are kept."""

    name = models.CharField(_("name"), max_length=40, primary_key=True)
    # The last row that was examined; null before the first.
    moment = models.DateTimeField(_("reached"), null=True)
    key = models.UUIDField(null=True)
    ended_at = models.DateTimeField(_("ended"), null=True)

    class Meta:
        verbose_name = _("walk over old rows")
        verbose_name_plural = _("walks over old rows")
        constraints = [
            models.CheckConstraint(
                condition=Q(moment=None, key=None) | Q(moment__isnull=False, key__isnull=False),
                name="sweep_place",
            )
        ]

    def __str__(self) -> str:
        return self.name
