"""The model of agents, who answer the calls of numbers."""

import uuid
from functools import partial

from django.core.validators import RegexValidator, URLValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from organizations.models import Organization, public_id
from organizations.text.fields import ModelText

AGENT_ID_VALIDATOR = RegexValidator(
    r"\A[A-Za-z0-9_.:-]{1,100}\Z", _("1 to 100 characters of A-Z a-z 0-9 _ . : - are expected.")
)


class Agent(models.Model):
    """A voice application of the organization that answers calls, identified by an id that the
    organization chooses."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    organization = models.ForeignKey(
        Organization, models.CASCADE, related_name="agents", verbose_name=_("organization")
    )
    agent_id = models.CharField(
        _("agent id"),
        max_length=100,
        default=partial(public_id, "agent"),
        validators=[AGENT_ID_VALIDATOR],
    )
    name = ModelText(_("name"), max_length=100)
    voice_url = models.URLField(  # noqa: DJ001  null in the API
        _("voice URL"),
        max_length=2000,
        null=True,
        blank=True,
        validators=[URLValidator(schemes=["http", "https"])],
        help_text=_("Where a supply platform sends the calls of the agent's numbers."),
    )
    version = models.PositiveIntegerField(default=1, editable=False)
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)
    updated_at = models.DateTimeField(_("updated at"), auto_now=True)

    class Meta:
        verbose_name = _("agent")
        verbose_name_plural = _("agents")
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "agent_id"],
                name="agent_id_unique",
                violation_error_message=_("There is an agent with this id already."),
            )
        ]
        indexes = [models.Index(fields=["organization", "-created_at", "-id"], name="agent_newest")]

    def __str__(self) -> str:
        return f"{self.name} ({self.agent_id})"
