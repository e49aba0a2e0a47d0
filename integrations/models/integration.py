"""Connections to platform accounts, and the default integration of each role."""

import uuid
from functools import partial

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from integrations.connections import encryption
from organizations.models import Organization, User, public_id
from organizations.text.fields import ModelText


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
    )  # an encrypted account until a check accepts it
    state = models.CharField(
        _("state"), max_length=10, choices=State.choices, default=State.CHECKING
    )
    state_reason = models.TextField(_("reason"), blank=True)
    facts = models.JSONField(_("facts"), default=dict, help_text=_("What the last check found."))
    checked_at = models.DateTimeField(_("checked at"), null=True, blank=True)
    # The circuit breaker and the limits are in the row, so that all workers share them.
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
        return encryption.encryption_context("integration", self.id, "sealed")

    def secrets(self) -> dict[str, str]:
        """Returns the account's secret fields in plain text. Raises DecryptionError."""
        return encryption.decrypt_values(self.sealed, place=self.secrets_place)

    def account(self) -> dict[str, str]:
        """Returns the connected account's fields by name, including secrets, or {} before the first
        connection. Raises DecryptionError."""
        return {**self.settings, **self.secrets()}

    def keep_secrets(self, values: dict[str, str]) -> None:
        self.sealed = encryption.encrypt_values(values, place=self.secrets_place)

    @property
    def candidate_place(self) -> str:
        return encryption.encryption_context("integration", self.id, "candidate")

    def candidate_account(self) -> dict[str, str]:
        """Returns the account that is being checked, or {} if there is none. Raises
        DecryptionError."""
        return encryption.decrypt_values(self.candidate, place=self.candidate_place)

    def desired_account(self) -> dict[str, str]:
        """Returns the account that was entered last: the candidate while it is being checked, else
        the one in use. Raises DecryptionError."""
        return self.candidate_account() if self.candidate else self.account()

    def keep_candidate(self, account: dict[str, str]) -> None:
        self.candidate = encryption.encrypt_values(account, place=self.candidate_place)


class DefaultIntegration(models.Model):
    """The integration that an organization uses for a role when a request names none."""

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
