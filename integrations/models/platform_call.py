"""The log of HTTP calls to platforms."""

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from integrations.models.integration import Integration
from integrations.models.operation import Operation
from organizations.models import Organization


class ProviderCall(models.Model):
    """One HTTP exchange with a platform, redacted and stored for PLATFORM_CALLS_RETENTION."""

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
