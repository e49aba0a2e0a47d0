"""Responses that are saved for requests with an Idempotency-Key."""

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from organizations.models.organization import Organization


class SavedReply(models.Model):
    """The response to a request with an Idempotency-Key, committed together with the request's
    changes."""

    organization = models.ForeignKey(
        Organization, models.CASCADE, related_name="saved_replies", verbose_name=_("organization")
    )
    key = models.CharField(max_length=255)
    fingerprint = models.BinaryField(max_length=32)  # SHA-256 over method, path and body
    status = models.SmallIntegerField(default=0)
    headers = models.JSONField(default=dict)
    body = models.BinaryField(default=bytes)
    created_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField()

    class Meta:
        verbose_name = _("saved reply")
        verbose_name_plural = _("saved replies")
        constraints = [
            models.UniqueConstraint(fields=["organization", "key"], name="saved_reply_key")
        ]
        indexes = [models.Index(fields=["expires_at"], name="saved_reply_expiry")]

    def __str__(self) -> str:
        return f"{self.key} → {self.status}"
