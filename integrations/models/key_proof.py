"""The row that proves to a process that its encryption keys are the right ones."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _


class KeyProof(models.Model):
    """A single row, encrypted with the oldest key that stored secrets still need
    (integrations/connections/key_proof.py)."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    text = models.TextField(editable=False)
    made_at = models.DateTimeField(_("made"), db_default=Now())

    class Meta:
        verbose_name = _("proof of the encryption keys")
        verbose_name_plural = _("proof of the encryption keys")
        constraints = [models.CheckConstraint(condition=Q(id=1), name="one_key_proof")]

    def __str__(self) -> str:
        return f"{self.made_at:%Y-%m-%d}"
