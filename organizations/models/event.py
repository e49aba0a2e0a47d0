"""The audit log: its events, and the seals that chain them."""

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from organizations.models.organization import Organization


class Event(models.Model):
    """One event of the audit log, written in the transaction of the change and never edited. A
    trigger seals it when that transaction commits (Seal)."""

    class Outcome(models.TextChoices):
        ACCEPTED = "accepted", _("accepted")
        REFUSED = "refused", _("refused")

    id = models.BigAutoField(primary_key=True)
    organization = models.ForeignKey(
        Organization, models.CASCADE, related_name="events", verbose_name=_("organization")
    )
    at = models.DateTimeField(_("at"), db_default=Now())
    # member | key | staff | system | anonymous
    actor_kind = models.CharField(_("actor kind"), max_length=10)
    actor_id = models.CharField(max_length=40, blank=True)
    actor_label = models.CharField(_("actor"), max_length=200)
    action = models.CharField(_("action"), max_length=60)  # "phone_number.created"
    subject_kind = models.CharField(_("subject kind"), max_length=30)
    subject_id = models.UUIDField(_("subject id"))
    subject_label = models.CharField(_("subject"), max_length=200)
    before = models.JSONField(_("before"), default=dict)
    after = models.JSONField(_("after"), default=dict)
    request_id = models.UUIDField(null=True)
    client_address = models.GenericIPAddressField(_("address"), null=True)  # of the web request
    outcome = models.CharField(
        _("outcome"),
        max_length=10,
        choices=Outcome.choices,
        default=Outcome.ACCEPTED,
        db_default=Outcome.ACCEPTED,
    )

    class Meta:
        verbose_name = _("event")
        verbose_name_plural = _("events")
        indexes = [
            models.Index(fields=["organization", "-id"], name="event_newest"),
            models.Index(fields=["subject_kind", "subject_id", "-id"], name="event_subject"),
            models.Index(fields=["organization", "action", "-id"], name="event_action"),
            models.Index(fields=["organization", "at"], name="event_moment"),
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.subject_label}"


class Seal(models.Model):
    """One link of an organization's chain: its digest covers the event and the previous digest.

    Only the database writes seals, when the event's transaction commits; see
    organizations/audit/chain.py. A seal refers to its event by number only, so that it stays when
    the event is deleted. The digest is set before the transaction ends, so nobody sees a seal
    without one.
    """

    event_id = models.BigIntegerField(primary_key=True)
    organization = models.ForeignKey(Organization, models.CASCADE, related_name="seals")
    position = models.BigIntegerField(null=True)  # from 1, in commit order
    digest = models.BinaryField(max_length=32, null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organization", "position"], name="seal_position")
        ]

    def __str__(self) -> str:
        return f"{self.position}: event {self.event_id}"
