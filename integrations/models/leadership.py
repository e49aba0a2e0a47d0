"""The lease of the leading dispatcher."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _


class Leadership(models.Model):
    """The lease of the leading dispatcher: a single row that the leader renews
    (integrations/ledger/leadership.py)."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    holder = models.CharField(_("leader"), max_length=300, blank=True)  # "": released
    term = models.PositiveBigIntegerField(_("term"), default=0)  # grows with each new leader
    renewed_at = models.DateTimeField(_("renewed"), db_default=Now())

    class Meta:
        verbose_name = _("lead among dispatchers")
        verbose_name_plural = _("lead among dispatchers")
        constraints = [models.CheckConstraint(condition=Q(id=1), name="one_leadership")]

    def __str__(self) -> str:
        return f"term {self.term}: {self.holder or 'nobody'}"
