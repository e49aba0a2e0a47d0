"""Many numbers at once: batches and their rows."""

import uuid

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from organizations.models import Organization


class Batch(models.Model):
    """Many numbers taken in or changed, row by row, by the workers.

     ┌───────▶ mapping                               `reason` says why it was refused or stopped;
     │            │                                  what was done by then stays done
    checking ◀────┘
     └───────▶ ready ──▶ running ──▶ done | stopped
    checking, mapping, ready ──▶ refused | stopped

    A file whose columns are not all recognised waits in `mapping` until somebody confirms what each
    column means. Nothing is written to a number before somebody has started the batch. `fence`
    counts claims, as with an operation: only the newest worker's writes count.
    """

    class Kind(models.TextChoices):
        IMPORT = "import", _("import")
        CHANGE = "change", _("change")

    class State(models.TextChoices):
        CHECKING = "checking", _("being checked")
        MAPPING = "mapping", _("columns to confirm")
        READY = "ready", _("ready to start")
        RUNNING = "running", _("running")
        DONE = "done", _("done")
        STOPPED = "stopped", _("stopped")
        REFUSED = "refused", _("refused")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    organization = models.ForeignKey(
        Organization, models.CASCADE, related_name="batches", verbose_name=_("organization")
    )
    kind = models.CharField(_("kind"), max_length=10, choices=Kind.choices)
    action = models.CharField(_("action"), max_length=20)  # import, or one of numbers.changes
    options = models.JSONField(_("options"), default=dict)
    title = models.CharField(_("title"), max_length=200)
    state = models.CharField(
        _("state"), max_length=10, choices=State.choices, default=State.CHECKING
    )
    reason = models.TextField(_("reason"), blank=True)
    file = models.BinaryField(null=True, editable=False)  # until it is checked
    # The columns of the file, as numbers.mapping describes them; empty for rows of a request.
    layout = models.JSONField(_("layout"), default=dict, blank=True, editable=False)
    total = models.PositiveIntegerField(_("rows"), default=0)
    done = models.PositiveIntegerField(_("done"), default=0)
    failed = models.PositiveIntegerField(_("failed"), default=0)
    skipped = models.PositiveIntegerField(_("skipped"), default=0)
    # Who asked; what they may is looked up again when the work is done.
    actor_kind = models.CharField(max_length=10)
    actor_id = models.CharField(max_length=40, blank=True)
    actor_label = models.CharField(_("asked by"), max_length=200)
    undoes = models.ForeignKey(
        "self",
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="undone_by",
        verbose_name=_("undoes"),
    )
    fence = models.PositiveIntegerField(default=0)
    tries = models.PositiveIntegerField(default=0)  # of the row that is next, a claim each
    lease_until = models.DateTimeField(null=True, blank=True)
    dispatched_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(_("created at"), db_default=Now())
    started_at = models.DateTimeField(_("started at"), null=True, blank=True)
    settled_at = models.DateTimeField(_("settled at"), null=True, blank=True)
    rows_deleted_at = models.DateTimeField(_("rows deleted at"), null=True, blank=True)

    class Meta:
        verbose_name = _("batch")
        verbose_name_plural = _("batches")
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=["import", "change"]), name="batch_kind"),
            models.CheckConstraint(
                condition=Q(
                    state__in=[
                        *("checking", "mapping", "ready", "running"),
                        *("done", "stopped", "refused"),
                    ]
                ),
                name="batch_state",
            ),
        ]
        indexes = [
            models.Index(fields=["organization", "-created_at", "-id"], name="batch_newest"),
            models.Index(
                fields=["created_at"],
                condition=Q(state__in=["checking", "running"]),
                name="batch_due",
            ),
            models.Index(
                fields=["settled_at"], condition=Q(settled_at__isnull=False), name="batch_age"
            ),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def kept_rows(self) -> "models.QuerySet[BatchRow]":
        """None from the moment on that the first of them is deleted."""
        return self.rows.none() if self.rows_deleted_at else self.rows.all()

    @property
    def left(self) -> int:
        """Rows that are still to be done: the others are done, failed or skipped (not to be done
        at all)."""
        return self.total - self.done - self.failed - self.skipped

    @property
    def behind(self) -> int:
        return self.total - self.left


class BatchRow(models.Model):
    """One line of a batch, and its fate. `line` is the file's, counted from 1, its heading too."""

    class Fate(models.TextChoices):
        TODO = "todo", _("will be done")
        ERROR = "error", _("cannot be done")
        REPEATED = "repeated", _("stands in the file already")
        HELD = "held", _("in the inventory already")
        UNCHANGED = "unchanged", _("is so already")
        AMBIGUOUS = "ambiguous", _("needs a choice")
        DONE = "done", _("done")
        FAILED = "failed", _("failed")

    id = models.BigAutoField(primary_key=True)
    organization = models.ForeignKey(
        Organization, models.CASCADE, related_name="batch_rows", verbose_name=_("organization")
    )
    batch = models.ForeignKey(Batch, models.CASCADE, related_name="rows", verbose_name=_("batch"))
    line = models.PositiveIntegerField(_("line"))
    text = models.CharField(_("number"), max_length=100)  # as it was given
    values = models.JSONField(_("values"), default=dict)
    before = models.JSONField(_("before"), default=dict)  # what an undo would bring back
    phone_number_id = models.UUIDField(null=True, blank=True)
    fate = models.CharField(_("fate"), max_length=10, choices=Fate.choices, default=Fate.TODO)
    message = models.TextField(_("message"), blank=True)

    class Meta:
        verbose_name = _("batch row")
        verbose_name_plural = _("batch rows")
        constraints = [
            models.UniqueConstraint(fields=["batch", "line"], name="batch_row_line"),
            models.CheckConstraint(
                condition=Q(
                    fate__in=[
                        *("todo", "error", "repeated", "held", "unchanged", "ambiguous"),
                        *("done", "failed"),
                    ]
                ),
                name="batch_row_fate",
            ),
        ]
        indexes = [models.Index(fields=["batch", "fate", "line"], name="batch_row_fates")]

    def __str__(self) -> str:
        return f"{self.line}: {self.text}"
