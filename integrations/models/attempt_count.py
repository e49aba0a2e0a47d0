"""The counts of attempts by outcome, for the metrics."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class AttemptCount(models.Model):
    """A counter that only grows. Several rows (shards) have the same platform and outcome, so that
    workers that finish attempts at the same moment do not wait for each other."""

    platform = models.CharField(_("platform"), max_length=20)
    outcome = models.CharField(_("outcome"), max_length=12)
    shard = models.PositiveSmallIntegerField()
    attempts = models.PositiveBigIntegerField(_("attempts"), default=0)

    class Meta:
        verbose_name = _("counted attempts")
        verbose_name_plural = _("counted attempts")
        constraints = [
            models.UniqueConstraint(
                fields=["platform", "outcome", "shard"], name="attempt_count_place"
            )
        ]

    def __str__(self) -> str:
        return f"{self.platform} {self.outcome}: {self.attempts}"
