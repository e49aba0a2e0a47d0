"""How far the look through old rows has come."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class Sweep(models.Model):
    """One walk over rows of which some are kept: from the oldest to the newest, a window at a time,
    and once more the next day. Without it each walk would begin with all that is kept."""

    name = models.CharField(_("name"), max_length=40, primary_key=True)
    # The last row that was looked at; null before the first.
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
