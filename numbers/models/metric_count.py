"""The model of metric counts, which workers run for large organizations and for the
installation."""

import uuid

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from organizations.models import Organization


class FigureCount(models.Model):
    """The metrics of a number of days in one time zone, of the organization or, if it is null, of
    the installation. A page requests the count, and a worker runs it.

    waiting ──▶ running ──▶ done | failed        a new request sets done or failed to waiting

    `data` holds the last metrics (organizations.web.computed_cache.encode_tagged_json), also while
    newer ones are being counted. `fence` is the fencing token, which counts claims: only the newest
    worker can write.
    """

    class State(models.TextChoices):
        WAITING = "waiting", _("waiting")
        RUNNING = "running", _("running")
        DONE = "done", _("done")
        FAILED = "failed", _("failed")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    organization = models.ForeignKey(
        Organization,
        models.CASCADE,
        null=True,
        blank=True,
        related_name="figure_counts",
        verbose_name=_("organization"),
    )
    days = models.PositiveSmallIntegerField(_("days"))
    zone = models.CharField(_("time zone"), max_length=64)
    state = models.CharField(
        _("state"), max_length=10, choices=State.choices, default=State.WAITING
    )
    data = models.JSONField(null=True, editable=False)
    counted_at = models.DateTimeField(_("counted at"), null=True, blank=True)
    seconds = models.FloatField(_("seconds"), default=0)  # duration of the last count
    fence = models.PositiveIntegerField(default=0)
    tries = models.PositiveIntegerField(default=0)  # claims since the last request
    lease_until = models.DateTimeField(null=True, blank=True)
    dispatched_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(_("asked at"), db_default=Now())  # time of the last request
    settled_at = models.DateTimeField(_("settled at"), null=True, blank=True)

    class Meta:
        verbose_name = _("count of figures")
        verbose_name_plural = _("counts of figures")
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "days", "zone"],
                nulls_distinct=False,
                name="figure_count_of_range",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["waiting", "running", "done", "failed"]),
                name="figure_count_state",
            ),
        ]
        indexes = [
            models.Index(
                fields=["created_at"],
                condition=Q(state__in=["waiting", "running"]),
                name="figure_count_due",
            ),
            models.Index(fields=["created_at"], name="figure_count_age"),
        ]

    def __str__(self) -> str:
        return f"{self.days} d, {self.zone}"
