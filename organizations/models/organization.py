"""Organizations, which own all rows, and their public ids."""

import secrets
import uuid

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

from organizations.text.fields import ModelText


def public_id(prefix: str) -> str:
    """Returns a new public id, `<prefix>_` and 12 hex digits, as in Butter's documents."""
    return f"{prefix}_{secrets.token_hex(6)}"


def organization_id() -> str:
    return public_id("org")


class Organization(models.Model):
    """The owner of every row. `id` is TopCalls' account_id, and `public_id` is Butter's
    organization id."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    public_id = models.CharField(
        _("public id"), max_length=20, unique=True, default=organization_id, editable=False
    )
    name = ModelText(_("name"), max_length=100)
    # Limits that an operator has changed, by quota name (organizations/access/quotas.py).
    quotas = models.JSONField(_("quotas"), default=dict, db_default={}, blank=True)
    numbers_limited = models.BooleanField(
        _("limited to its number pools"),
        default=False,
        db_default=False,
        help_text=_(
            "The organization may only add numbers that are in one of its number pools, and only "
            "on the carrier that the pool names."
        ),
    )
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)

    class Meta:
        verbose_name = _("organization")
        verbose_name_plural = _("organizations")

    def __str__(self) -> str:
        return f"{self.name} ({self.public_id})"

    def clean(self) -> None:
        from organizations.access.quotas import validate_quotas  # it imports the models

        try:
            validate_quotas(self.quotas)
        except ValidationError as error:
            raise ValidationError({"quotas": error.messages}) from error
