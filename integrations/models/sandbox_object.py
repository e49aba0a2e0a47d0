"""The objects of the sandbox platform."""

import uuid

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from integrations.models.integration import Integration
from organizations.models import Organization


class SandboxObject(models.Model):
    """An object on the sandbox platform: a carrier or a number, found by its marker."""

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
