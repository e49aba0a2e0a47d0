"""Connections to platforms, the ledger of operations toward them, and the log of every call."""

import uuid
from functools import partial

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from integrations import sealing
from organizations.models import Organization, User, public_id
from organizations.request_ids import current_request_id
from organizations.text_fields import ModelText


class Integration(models.Model):
    """A stored, encrypted connection of one organization to one platform account."""

    class State(models.TextChoices):
        CHECKING = "checking", _("being checked")
        CONNECTED = "connected", _("connected")
        PAUSED = "paused", _("paused: the platform refuses the credentials")
        REFUSED = "refused", _("never connected: the check was refused")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    public_id = models.CharField(
        _("public id"),
        max_length=20,
        unique=True,
        default=partial(public_id, "intg"),
        editable=False,
    )
    organization = models.ForeignKey(
        Organization, models.CASCADE, related_name="integrations", verbose_name=_("organization")
    )
    kind = models.CharField(_("platform"), max_length=20)
    name = ModelText(_("name"), max_length=100)
    settings = models.JSONField(
        _("settings"), default=dict, help_text=_("The account's fields that are no secrets.")
    )
    sealed = models.TextField(default="", editable=False)
    candidate = models.TextField(
        default="", editable=False
    )  # a sealed account, until a check accepts it
    state = models.CharField(
        _("state"), max_length=10, choices=State.choices, default=State.CHECKING
    )
    state_reason = models.TextField(_("reason"), blank=True)
    facts = models.JSONField(_("facts"), default=dict, help_text=_("What the last check found."))
    checked_at = models.DateTimeField(_("checked at"), null=True, blank=True)
    # The breaker and the limits live in the row, so that all workers share them.
    max_in_flight = models.PositiveSmallIntegerField(_("operations at a time"))
    failures = models.PositiveIntegerField(_("failures in a row"), default=0)
    failed_at = models.DateTimeField(_("last failure"), null=True, blank=True)
    open_until = models.DateTimeField(_("breaker open until"), null=True, blank=True)
    paced_until = models.DateTimeField(_("paced until"), null=True, blank=True)
    created_by = models.ForeignKey(
        User, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("created by")
    )
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)
    updated_at = models.DateTimeField(_("updated at"), auto_now=True)

    class Meta:
        verbose_name = _("integration")
        verbose_name_plural = _("integrations")
        constraints = [
            models.UniqueConstraint(fields=["organization", "name"], name="integration_name"),
            models.CheckConstraint(
                condition=Q(state__in=["checking", "connected", "paused", "refused"]),
                name="integration_state",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.kind})"

    @property
    def secrets_place(self) -> str:
        return sealing.where("integration", self.id, "sealed")

    def secrets(self) -> dict[str, str]:
        """The account's secret fields in clear; raises CannotUnseal."""
        return sealing.unseal(self.sealed, place=self.secrets_place)

    def account(self) -> dict[str, str]:
        """The connected account's fields by name, secrets included; {} before the first
        connection."""
        return {**self.settings, **self.secrets()}

    def keep_secrets(self, values: dict[str, str]) -> None:
        self.sealed = sealing.seal(values, place=self.secrets_place)

    @property
    def candidate_place(self) -> str:
        return sealing.where("integration", self.id, "candidate")

    def candidate_account(self) -> dict[str, str]:
        """The account that waits for its check; {} when none does."""
        return sealing.unseal(self.candidate, place=self.candidate_place)

    def desired_account(self) -> dict[str, str]:
        """The account as it was asked for last: the candidate while it waits for its check, else
        the one in use. Raises CannotUnseal."""
        return self.candidate_account() if self.candidate else self.account()

    def keep_candidate(self, account: dict[str, str]) -> None:
        self.candidate = sealing.seal(account, place=self.candidate_place)


class DefaultIntegration(models.Model):
    """The integration an organization uses for a role when a request names none."""

    organization = models.ForeignKey(
        Organization,
        models.CASCADE,
        related_name="default_integrations",
        verbose_name=_("organization"),
    )
    role = models.CharField(_("role"), max_length=10)  # carrier | sip | twilio
    integration = models.ForeignKey(
        Integration, models.CASCADE, related_name="default_for", verbose_name=_("integration")
    )

    class Meta:
        verbose_name = _("default integration")
        verbose_name_plural = _("default integrations")
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "role"], name="default_integration_role"
            )
        ]

    def __str__(self) -> str:
        return f"{self.role}: {self.integration_id}"


class Operation(models.Model):
    """One wish toward a platform, kept until it is settled.

    open ──claim──▶ leased ──▶ done       (as wished)
      ▲               │  └───▶ refused    (permanently; `reason` says why)
      └── unavailable,│unknown            (next_attempt_at says when it is tried again)
      └───────────────┘        withdrawn  (not wished any more, and nothing was ever sent)

    `fence` counts claims: what a worker writes counts only while its fence is the newest.
    `generation` counts wishes: a wish that changed under a running attempt is attempted again
    before it settles.
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

    holds_until = 0.0  # time.monotonic(), in the hands of the worker that has claimed it

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
    # In a row: unexpected replies, and workers that ended in the midst of an attempt.
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
    request_id = models.UUIDField(  # of whoever asked; none for what Patchbay does by itself
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
            # The dispatcher's three: the queues, what people wait for, and what is in flight.
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


class ProviderCall(models.Model):
    """One HTTP exchange with a platform, redacted; kept for PLATFORM_CALLS_RETENTION."""

    id = models.BigAutoField(primary_key=True)
    organization = models.ForeignKey(
        Organization, models.CASCADE, related_name="provider_calls", verbose_name=_("organization")
    )
    integration = models.ForeignKey(
        Integration, models.CASCADE, related_name="calls", verbose_name=_("integration")
    )
    operation = models.ForeignKey(
        Operation,
        models.CASCADE,
        null=True,
        blank=True,
        related_name="calls",
        verbose_name=_("operation"),
    )
    attempt = models.PositiveIntegerField(_("attempt"), default=0)
    at = models.DateTimeField(_("at"), db_default=Now())
    method = models.CharField(_("method"), max_length=10)
    url = models.TextField(_("address"))
    status = models.SmallIntegerField(_("status"), null=True)
    duration_ms = models.PositiveIntegerField(_("milliseconds"))
    request_body = models.TextField(_("request"), blank=True)
    response_body = models.TextField(_("response"), blank=True)
    error = models.TextField(_("error"), blank=True)

    class Meta:
        verbose_name = _("platform call")
        verbose_name_plural = _("platform calls")
        indexes = [
            models.Index(fields=["integration", "-id"], name="provider_call_newest"),
            models.Index(fields=["at"], name="provider_call_age"),
        ]

    def __str__(self) -> str:
        return f"{self.method} {self.url} → {self.status or self.error}"


class SandboxObject(models.Model):
    """What the sandbox platform holds: a carrier or a number, found by our marker."""

    organization = models.ForeignKey(
        Organization, models.CASCADE, related_name="sandbox_objects", verbose_name=_("organization")
    )
    integration = models.ForeignKey(
        Integration, models.CASCADE, related_name="sandbox_objects", verbose_name=_("integration")
    )
    kind = models.CharField(_("kind"), max_length=10)  # carrier | number | visits
    marker = models.CharField(_("marker"), max_length=80)
    name = models.CharField(_("name"), max_length=200)
    sid = models.UUIDField(default=uuid.uuid4)
    data = models.JSONField(default=dict)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        verbose_name = _("sandbox object")
        verbose_name_plural = _("sandbox objects")
        indexes = [
            models.Index(fields=["integration", "kind", "marker"], name="sandbox_object_marker")
        ]

    def __str__(self) -> str:
        return f"sandbox {self.kind} {self.name}"


class Process(models.Model):
    """A dispatcher or a worker that runs, as it last said itself. The worker's role writes it, the
    web reads it (integrations/processes.py)."""

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
    reason = models.TextField(_("reason"), blank=True)  # why it is not as it should be
    facts = models.JSONField(_("facts"), default=dict)  # processes, broker_ms, database_ms
    started_at = models.DateTimeField(_("started"), db_default=Now())
    seen_at = models.DateTimeField(_("last seen"), db_default=Now())

    class Meta:
        verbose_name = _("running program")
        verbose_name_plural = _("running programs")

    def __str__(self) -> str:
        return f"{self.kind} {self.instance}"


class Leadership(models.Model):
    """Which dispatcher leads: one row, a lease that it renews (integrations/leadership.py)."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    holder = models.CharField(_("leader"), max_length=300, blank=True)  # "": given back
    term = models.PositiveBigIntegerField(_("term"), default=0)  # grows with each change of leader
    renewed_at = models.DateTimeField(_("renewed"), db_default=Now())

    class Meta:
        verbose_name = _("lead among dispatchers")
        verbose_name_plural = _("lead among dispatchers")
        constraints = [models.CheckConstraint(condition=Q(id=1), name="one_leadership")]

    def __str__(self) -> str:
        return f"term {self.term}: {self.holder or 'nobody'}"


from integrations.attempt_models import AttemptCount  # noqa: E402, F401  the app's model
from integrations.key_models import KeyProof  # noqa: E402, F401  likewise
from integrations.retention_models import Sweep  # noqa: E402, F401  likewise
