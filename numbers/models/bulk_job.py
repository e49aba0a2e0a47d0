"""Models of bulk jobs and their rows."""

import uuid

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from organizations.models import Organization


class Batch(models.Model):
    """A bulk job, by which workers import or change many numbers row by row.

     ┌───────▶ mapping                               `reason` says why the job was refused or
     │            │                                  stopped; rows done by then stay done
    checking ◀────┘
     └───────▶ ready ──▶ running ──▶ done | stopped
    checking, mapping, ready ──▶ refused | stopped

    A file whose columns are not all recognized waits in `mapping` until a user confirms what each
    column means. No number changes before the job is started. `fence` is the fencing token, which
    counts claims as for an operation: only the newest worker can write.
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
    action = models.CharField(_("action"), max_length=20)  # "import" or one of CHANGE_ACTIONS
    options = models.JSONField(_("options"), default=dict)
    title = models.CharField(_("title"), max_length=200)
    state = models.CharField(
        _("state"), max_length=10, choices=State.choices, default=State.CHECKING
    )
    reason = models.TextField(_("reason"), blank=True)
    file = models.BinaryField(null=True, editable=False)  # cleared by the check or the start
    # The columns of the file, as numbers.bulk.files.mapping describes them; empty if the rows came
    # in an API request.
    layout = models.JSONField(_("layout"), default=dict, blank=True, editable=False)
    total = models.PositiveIntegerField(_("rows"), default=0)
    done = models.PositiveIntegerField(_("done"), default=0)
    failed = models.PositiveIntegerField(_("failed"), default=0)
    skipped = models.PositiveIntegerField(_("skipped"), default=0)
    # Who requested the job. Their permissions are looked up again when the rows are processed.
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
    tries = models.PositiveIntegerField(default=0)  # claims of the next row; reset after each row
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
        """Returns the rows of the job, or none as soon as retention has started to delete them."""
        return self.rows.none() if self.rows_deleted_at else self.rows.all()

    @property
    def left(self) -> int:
        """Returns the number of rows that remain, which are those not done, failed or skipped."""
        return self.total - self.done - self.failed - self.skipped

    @property
    def behind(self) -> int:
        return self.total - self.left


class BatchRow(models.Model):
    """One row of a bulk job and its result (`fate`). `line` is the line in the file, counted from 1
    and including the heading line."""

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
    text = models.CharField(_("number"), max_length=100)  # as entered
    values = models.JSONField(_("values"), default=dict)
    before = models.JSONField(_("before"), default=dict)  # the values that an undo restores
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
