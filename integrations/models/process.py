"""The running dispatchers and workers."""

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _


class Process(models.Model):
    """A running dispatcher or worker, as it last reported itself. The worker's database role writes
    the row, and web processes read it (integrations/runtime/processes.py)."""

    class Kind(models.TextChoices):
        DISPATCHER = "dispatcher", _("dispatcher")
        WORKER = "worker", _("worker")

    class State(models.TextChoices):
        LEADING = "leading", _("leading")
        STANDING_BY = "standing by", _("standing by")
        WORKING = "working", _("working")
        PAUSED = "paused", _("paused")

    instance = models.CharField(_("instance"), max_length=300, primary_key=True)  # host:pid:random
    kind = models.CharField(_("kind"), max_length=10, choices=Kind.choices)
    version = models.CharField(_("version"), max_length=50)
    state = models.CharField(_("state"), max_length=12, choices=State.choices)
    reason = models.TextField(_("reason"), blank=True)  # why it cannot work
    facts = models.JSONField(_("facts"), default=dict)  # processes, broker_ms, database_ms
    started_at = models.DateTimeField(_("started"), db_default=Now())
    seen_at = models.DateTimeField(_("last seen"), db_default=Now())

    class Meta:
        verbose_name = _("running program")
        verbose_name_plural = _("running programs")

    def __str__(self) -> str:
        return f"{self.kind} {self.instance}"
