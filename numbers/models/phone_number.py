"""The model of phone numbers."""

import uuid
from functools import partial

from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Q
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from carriers.models import Carrier
from numbers.numbering.e164 import E164Field
from numbers.search.ngram_search import LabelGrams, NumberGrams, label_key
from organizations.models import Organization, User, public_id
from organizations.text.fields import ModelText


def canonical_e164_expression() -> Coalesce:
    """Returns the expression for a number's canonical E.164, which only one number may have at a
    time."""
    return Coalesce("canonical_e164", "e164", output_field=models.CharField(max_length=16))


class PhoneNumber(models.Model):
    """One E.164 number, reserved by one organization until its removal from the platforms has
    settled.

    `status` is the actual status and `wanted` the one the organization requested last; see
    numbers/inventory/transitions.py.
    """

    class Status(models.TextChoices):
        PENDING = "pending", _("pending")
        ACTIVE = "active", _("active")
        INACTIVE = "inactive", _("inactive")
        FAILED = "failed", _("failed")
        DELETED = "deleted", _("deleted")

    class Source(models.TextChoices):
        TOPCALLS = "topcalls", _("a carrier of the installation")
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
    organization = models.ForeignKey(
        Organization, models.CASCADE, related_name="phone_numbers", verbose_name=_("organization")
    )
    e164 = E164Field(_("number"))
    # The canonical E.164 of a number that an earlier version stored in another spelling, so that
    # nobody else can add the same number. Null if `e164` is canonical.
    canonical_e164 = models.CharField(max_length=16, null=True, blank=True, editable=False)  # noqa: DJ001
    carrier = models.ForeignKey(
        Carrier,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="phone_numbers",
        verbose_name=_("carrier"),
    )
    application_sid = models.UUIDField(
        _("application"),
        null=True,
        blank=True,
        help_text=_("Overrides the integration's default application."),
    )
    label = ModelText(_("label"), max_length=100, null=True, blank=True)
    label_key = models.GeneratedField(  # the sort key of labels
        expression=label_key(), output_field=models.TextField(db_collation="C"), db_persist=True
    )
    source = models.CharField(_("source"), max_length=10, choices=Source.choices)
    status = models.CharField(
        _("status"), max_length=10, choices=Status.choices, default=Status.PENDING
    )
    wanted = models.CharField(
        _("wanted status"), max_length=10, default=Status.ACTIVE
    )  # active | inactive | deleted
    error_message = models.TextField(_("error message"), null=True, blank=True)  # noqa: DJ001  null in the API
    supports_inbound = models.BooleanField(_("takes calls"), default=True, db_default=True)
    supports_outbound = models.BooleanField(_("makes calls"), default=True, db_default=True)
    # The agents of the number. They are text instead of foreign keys, because some clients name
    # agents that are not registered in Patchbay.
    inbound_agent_id = models.CharField(  # noqa: DJ001  null in the API
        _("inbound agent"), max_length=100, null=True, blank=True
    )
    outbound_agent_id = models.CharField(  # noqa: DJ001  null in the API
        _("outbound agent"), max_length=100, null=True, blank=True
    )
    inbound_agent_version = models.PositiveIntegerField(
        _("inbound agent version"), default=1, db_default=1
    )
    outbound_agent_version = models.PositiveIntegerField(
        _("outbound agent version"), default=1, db_default=1
    )
    inbound_webhook_url = models.URLField(  # noqa: DJ001  null in the API
        _("inbound webhook"),
        max_length=2000,
        null=True,
        blank=True,
        help_text=_("Where its calls go; comes before the agent's voice URL."),
    )
    outbound_trunk_id = models.CharField(  # noqa: DJ001  null in the API
        _("outbound trunk"),
        max_length=100,
        null=True,
        blank=True,
        help_text=_("A trunk on the SIP platform that is used as it is."),
    )
    number_provider = models.CharField(_("number provider"), max_length=20, null=True, blank=True)  # noqa: DJ001  null in the API
    phone_number_type = models.CharField(_("type"), max_length=40, null=True, blank=True)  # noqa: DJ001  null in the API
    area_code = models.PositiveSmallIntegerField(_("area code"), null=True, blank=True)
    version = models.PositiveIntegerField(default=1, editable=False)
    created_by = models.ForeignKey(
        User, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("created by")
    )
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
                canonical_e164_expression(),
                condition=Q(released_at=None),
                name="phone_number_one_holder",
            ),
        ]
        indexes = [
            models.Index(
                fields=["organization", "-created_at", "-id"],
                name="phone_number_newest",
            ),
            models.Index(fields=["organization", "status"], name="phone_number_by_status"),
            models.Index(  # few rows, among ever more released ones
                fields=["organization", "-created_at", "-id"],
                condition=Q(status="deleted", released_at=None),
                name="phone_number_leaving",
            ),
            models.Index(
                fields=["released_at"],
                condition=Q(released_at__isnull=False),
                name="phone_number_gone",
            ),
            models.Index(
                fields=["organization", "inbound_agent_id"],
                condition=Q(inbound_agent_id__isnull=False),
                name="phone_number_by_agent",
            ),
            models.Index(
                fields=["organization", "e164"],
                opclasses=["uuid_ops", "varchar_pattern_ops"],
                name="phone_number_prefix",
            ),
            models.Index(
                fields=["organization", "-updated_at", "-id"], name="phone_number_changed"
            ),
            models.Index(fields=["organization", "label_key", "id"], name="phone_number_label"),
            GinIndex(
                NumberGrams("organization", "e164"),
                LabelGrams("organization", "label"),
                name="phone_number_grams",
            ),
        ]

    def __str__(self) -> str:
        return self.e164
