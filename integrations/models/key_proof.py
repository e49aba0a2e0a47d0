"""The row by which a program knows that its encryption keys are the right ones."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _


class KeyProof(models.Model):
    """One row, sealed with the key that the oldest of the stored secrets is sealed with:
    integrations/connections/key_proof.py."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    text = models.TextField(editable=False)
    made_at = models.DateTimeField(_("made"), db_default=Now())

    class Meta:
        verbose_name = _("proof of the encryption keys")
        verbose_name_plural = _("proof of the encryption keys")
        constraints = [models.CheckConstraint(condition=Q(id=1), name="one_key_proof")]

    def __str__(self) -> str:
        return f"{self.made_at:%Y-%m-%d}"
