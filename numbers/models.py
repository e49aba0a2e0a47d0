"""Phone numbers, and their presence on platforms."""

import uuid
from functools import partial

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from carriers.models import Carrier
from integrations.models import Integration
from numbers.e164 import E164Field
from organizations.models import Organization, User, public_id


class PhoneNumber(models.Model):
    """One E.164 number, held by one organization until its removal from the platforms has settled.

    `status` is what is, `wanted` what the organization asked for last; see numbers/states.py.
    """

    class Status(models.TextChoices):
        PENDING = "pending", _("pending")
        ACTIVE = "active", _("active")
        INACTIVE = "inactive", _("inactive")
        FAILED = "failed", _("failed")
        DELETED = "deleted", _("deleted")

    class Source(models.TextChoices):
        TOPCALLS = "topcalls", _("the installation's default carrier")
        BYOC = "byoc", _("a carrier of the organization")
        MANUAL = "manual", _("typed in")
        IMPORT = "import", _("imported")
        TWILIO = "twilio", _("Twilio")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    public_id = models.CharField(
        _("public id"),
        max_length=20,
        unique=True,
        default=partial(public_id, "phon"),
        editable=False,
    )
    phone_number_sid = models.UUIDField(
        _("number sid"), unique=True, default=uuid.uuid4, editable=False
    )
    organization = models.ForeignKey(Organization, models.CASCADE, related_name="phone_numbers")
    e164 = E164Field(_("number"))
    carrier = models.ForeignKey(
        Carrier, models.PROTECT, null=True, blank=True, related_name="phone_numbers"
    )
    application_sid = models.UUIDField(
        _("application"),
        null=True,
        blank=True,
        help_text=_("Overrides the integration's default application."),
    )
    label = models.CharField(_("label"), max_length=100, null=True, blank=True)  # noqa: DJ001  null in the API
    source = models.CharField(_("source"), max_length=10, choices=Source.choices)
    status = models.CharField(
        _("status"), max_length=10, choices=Status.choices, default=Status.PENDING
    )
    wanted = models.CharField(
        _("wanted status"), max_length=10, default=Status.ACTIVE
    )  # active | inactive | deleted
    error_message = models.TextField(_("error message"), null=True, blank=True)  # noqa: DJ001  null in the API
    version = models.PositiveIntegerField(default=1, editable=False)
    created_by = models.ForeignKey(User, models.SET_NULL, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)
    updated_at = models.DateTimeField(_("updated at"), auto_now=True)
    released_at = models.DateTimeField(
        _("gone from the platforms at"), null=True, blank=True, editable=False
    )

    class Meta:
        verbose_name = _("phone number")
        verbose_name_plural = _("phone numbers")
        constraints = [
            models.CheckConstraint(
                condition=Q(e164__regex=r"^\+[1-9][0-9]{1,14}$"), name="phone_number_e164"
            ),
            models.CheckConstraint(
                condition=Q(status__in=["pending", "active", "inactive", "failed", "deleted"]),
                name="phone_number_status",
            ),
            models.CheckConstraint(
                condition=Q(wanted__in=["active", "inactive", "deleted"]),
                name="phone_number_wanted",
            ),
            models.CheckConstraint(
                condition=Q(source__in=["topcalls", "byoc", "manual", "import", "twilio"]),
                name="phone_number_source",
            ),
            models.CheckConstraint(
                condition=Q(released_at=None) | Q(status="deleted"), name="phone_number_released"
            ),
            models.UniqueConstraint(
                fields=["e164"], condition=Q(released_at=None), name="phone_number_one_holder"
            ),
        ]
        indexes = [
            models.Index(
                fields=["organization", "-created_at", "-id"],
                name="phone_number_newest",
            ),
            models.Index(fields=["organization", "status"], name="phone_number_by_status"),
            models.Index(
                fields=["organization", "e164"],
                opclasses=["uuid_ops", "varchar_pattern_ops"],
                name="phone_number_prefix",
            ),
        ]

    def __str__(self) -> str:
        return self.e164


class Placement(models.Model):
    """A number's presence on one platform: *supply* (who owns it) or *voice* (where its calls
    land)."""

    class Role(models.TextChoices):
        SUPPLY = "supply", _("supply")
        VOICE = "voice", _("voice")

    class State(models.TextChoices):
        PENDING = "pending", _("being set up")
        SETTLED = "settled", _("set up")
        FAILED = "failed", _("failed")
        REMOVED = "removed", _("gone")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    organization = models.ForeignKey(Organization, models.CASCADE, related_name="placements")
    phone_number = models.ForeignKey(PhoneNumber, models.CASCADE, related_name="placements")
    integration = models.ForeignKey(Integration, models.PROTECT, related_name="placements")
    role = models.CharField(_("role"), max_length=10, choices=Role.choices)
    state = models.CharField(
        _("state"), max_length=10, choices=State.choices, default=State.PENDING
    )
    refs = models.JSONField(_("platform ids"), default=dict, editable=False)

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
