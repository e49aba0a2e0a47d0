"""The ledger, with one row for each operation on a platform."""

import uuid

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from integrations.models.integration import Integration
from organizations.models import Organization
from organizations.web.request_id import current_request_id


class Operation(models.Model):
    """One requested change or query on a platform, stored until it has settled.

        open ──claim──▶ leased ──▶ done       (the requested action succeeded)
          ▲               │  └───▶ refused    (permanently; `reason` says why)
          └── unavailable,│unknown            (attempted again at `next_attempt_at`)
          └───────────────┘        withdrawn  (cancelled before anything was sent)

    `fence` is the fencing token. It counts claims, and a worker's writes count only while its token
    is the newest. `generation` counts requested actions (`wish`): if the action changes during an
    attempt, the new action is attempted before the operation settles.
    """

    class Status(models.TextChoices):
        OPEN = "open", _("open")
        DONE = "done", _("done")
        REFUSED = "refused", _("refused")
        WITHDRAWN = "withdrawn", _("withdrawn")

    class Wish(models.TextChoices):
        ENSURE = "ensure", _("set up")
        REMOVE = "remove", _("remove")
        CHECK = "check", _("check the credentials")
        MERGE = "merge", _("merge duplicates and set up")
        SEARCH = "search", _("search numbers for sale")
        DISCOVER = "discover", _("list what the account holds")
        LOOK = "look", _("look what is there")

    class Outcome(models.TextChoices):
        DONE = "done", _("done")
        REFUSED = "refused", _("refused")
        UNAVAILABLE = "unavailable", _("unavailable")
        UNKNOWN = "unknown", _("unknown")

    holds_until = 0.0  # time.monotonic(), set in the worker that has claimed it

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    organization = models.ForeignKey(
        Organization, models.CASCADE, related_name="operations", verbose_name=_("organization")
    )
    integration = models.ForeignKey(
        Integration, models.CASCADE, related_name="operations", verbose_name=_("integration")
    )
    subject_kind = models.CharField(_("subject kind"), max_length=20)
    subject_id = models.UUIDField(_("subject id"))
    subject_label = models.CharField(_("subject"), max_length=200)
    wish = models.CharField(_("wish"), max_length=10, choices=Wish.choices)
    generation = models.PositiveIntegerField(default=1)
    status = models.CharField(
        _("status"), max_length=10, choices=Status.choices, default=Status.OPEN
    )
    outcome = models.CharField(
        _("last outcome"), max_length=12, choices=Outcome.choices, blank=True
    )
    reason = models.TextField(_("reason"), blank=True)
    attempts = models.PositiveIntegerField(_("attempts"), default=0)
    # Unexpected responses, and workers that died during an attempt, in a row.
    faults = models.PositiveSmallIntegerField(_("faults"), default=0, db_default=0)
    next_attempt_at = models.DateTimeField(_("next attempt at"), null=True, db_default=Now())
    waits_for = models.ForeignKey(
        "self",
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="waiters",
        verbose_name=_("waits for"),
    )
    dispatched_at = models.DateTimeField(_("dispatched at"), null=True, blank=True)
    lease_until = models.DateTimeField(_("leased until"), null=True, blank=True)
    fence = models.PositiveIntegerField(default=0)
    refs = models.JSONField(_("platform ids"), default=dict)
    question = models.JSONField(
        _("question"), default=dict, db_default={}, help_text=_("What a search looks for.")
    )
    result = models.JSONField(_("result"), default=dict)
    asked_by = models.CharField(_("asked by"), max_length=200)
    request_id = models.UUIDField(  # of the request; None for automatic operations
        _("request id"), null=True, blank=True, default=current_request_id
    )
    created_at = models.DateTimeField(_("created at"), db_default=Now())
    settled_at = models.DateTimeField(_("settled at"), null=True, blank=True)

    class Meta:
        verbose_name = _("operation")
        verbose_name_plural = _("operations")
        constraints = [
            models.UniqueConstraint(
                fields=["subject_kind", "subject_id"],
                condition=Q(status="open"),
                name="operation_one_open",
            ),
            models.CheckConstraint(
                condition=Q(status="open", settled_at=None)
                | (~Q(status="open") & Q(settled_at__isnull=False)),
                name="operation_settled",
            ),
            models.CheckConstraint(
                condition=~Q(status="open")
                | Q(next_attempt_at__isnull=False)
                | Q(waits_for__isnull=False),
                name="operation_never_forgotten",
            ),
        ]
        indexes = [
            # The dispatcher uses these three: for queues, for interactive actions, and for what is
            # in flight.
            models.Index(
                fields=["organization", "integration", "next_attempt_at"],
                condition=Q(status="open"),
                name="operation_queue",
            ),
            models.Index(
                fields=["organization", "integration", "next_attempt_at"],
                condition=Q(status="open", wish__in=["check", "discover", "look", "search"]),
                name="operation_awaited",
            ),
            models.Index(
                fields=["integration", "organization"],
                condition=Q(status="open")
                & (Q(dispatched_at__isnull=False) | Q(lease_until__isnull=False)),
                name="operation_running",
            ),
            models.Index(
                fields=["integration", "next_attempt_at"],
                condition=Q(status="open"),
                name="operation_due",
            ),
            models.Index(
                fields=["subject_kind", "subject_id", "-created_at"], name="operation_story"
            ),
            models.Index(fields=["organization", "-created_at"], name="operation_newest"),
            models.Index(
                fields=["settled_at", "id"],
                condition=Q(settled_at__isnull=False),
                name="operation_age",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.wish} {self.subject_label}: {self.status}"
