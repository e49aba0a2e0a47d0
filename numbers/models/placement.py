"""The model of placements, each of which is one number on one platform."""

import uuid

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from integrations.connections import encryption
from integrations.models import Integration
from numbers.models.phone_number import PhoneNumber
from organizations.models import Organization


class Placement(models.Model):
    """A number on one platform, with the role *supply* (the account owns the number) or *voice*
    (its calls arrive there).

    `settings` and the encrypted `secrets()` hold what only this number needs on the platform, which
    are the fields of `SipSpec`. If `purchase` is not null, a supply placement may buy the number
    with these parameters.
    """

    class Role(models.TextChoices):
        SUPPLY = "supply", _("supply")
        VOICE = "voice", _("voice")

    class State(models.TextChoices):
        PENDING = "pending", _("being set up")
        SETTLED = "settled", pgettext_lazy("state", "set up")
        FAILED = "failed", _("failed")
        REMOVED = "removed", _("gone")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    organization = models.ForeignKey(
        Organization, models.CASCADE, related_name="placements", verbose_name=_("organization")
    )
    phone_number = models.ForeignKey(
        PhoneNumber, models.CASCADE, related_name="placements", verbose_name=_("phone number")
    )
    integration = models.ForeignKey(
        Integration, models.PROTECT, related_name="placements", verbose_name=_("integration")
    )
    role = models.CharField(_("role"), max_length=10, choices=Role.choices)
    state = models.CharField(
        _("state"), max_length=10, choices=State.choices, default=State.PENDING
    )
    refs = models.JSONField(_("platform ids"), default=dict, editable=False)
    settings = models.JSONField(_("settings"), default=dict, db_default={}, blank=True)
    sealed = models.TextField(default="", db_default="", editable=False)
    purchase = models.JSONField(_("purchase"), null=True, blank=True, editable=False)
    release = models.BooleanField(
        _("release"),
        default=False,
        db_default=False,
        help_text=_("Give the number back to the platform's pool."),
    )

    class Meta:
        verbose_name = _("placement")
        verbose_name_plural = _("placements")
        constraints = [
            models.UniqueConstraint(fields=["phone_number", "role"], name="placement_role_unique"),
            models.CheckConstraint(
                condition=Q(role__in=["supply", "voice"]), name="placement_role"
            ),
            models.CheckConstraint(
                condition=Q(state__in=["pending", "settled", "failed", "removed"]),
                name="placement_state",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.role} of {self.phone_number_id}"

    @property
    def marker(self) -> str:
        return f"pb-{self.id.hex}"

    @property
    def secrets_place(self) -> str:
        return encryption.encryption_context("placement", self.id, "sealed")

    def secrets(self) -> dict[str, str]:
        """Returns the decrypted password and PIN of the number's own trunks, or an empty dict.
        Raises DecryptionError if they cannot be decrypted."""
        return encryption.decrypt_values(self.sealed, place=self.secrets_place)

    def keep_secrets(self, values: dict[str, str]) -> None:
        self.sealed = encryption.encrypt_values(values, place=self.secrets_place) if values else ""
