"""API keys: one row per key, without its secret."""

import uuid

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from organizations.access.roles import Role
from organizations.models.organization import Organization
from organizations.models.user import User
from organizations.text.fields import ModelText


class ApiKey(models.Model):
    """A program's access to an organization. Only a digest of the secret is stored;
    organizations/access/api_key_format.py defines the text of a key."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    organization = models.ForeignKey(
        Organization, models.CASCADE, related_name="api_keys", verbose_name=_("organization")
    )
    owner = models.ForeignKey(
        User, models.CASCADE, related_name="api_keys", verbose_name=_("owner")
    )
    name = ModelText(_("name"), max_length=100)
    key_id = models.CharField(_("key id"), max_length=16, unique=True, editable=False)
    digest = models.BinaryField(max_length=32, editable=False)
    role = models.CharField(_("role"), max_length=20, choices=Role.choices)
    scopes = ArrayField(
        models.CharField(max_length=40),
        default=list,
        blank=True,
        verbose_name=_("scopes"),
        help_text=_("Narrow the role; empty means everything the role may do."),
    )
    allowed_cidrs = ArrayField(
        models.CharField(max_length=43),
        default=list,
        blank=True,
        verbose_name=_("allowed networks"),
        help_text=_("Networks the key may be used from; empty means from anywhere."),
    )
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)
    expires_at = models.DateTimeField(_("expires at"), null=True, blank=True)
    last_used_at = models.DateTimeField(_("last used at"), null=True, blank=True, editable=False)
    last_used_from = models.GenericIPAddressField(
        _("last used from"), null=True, blank=True, editable=False
    )
    revoked_at = models.DateTimeField(_("revoked at"), null=True, blank=True, editable=False)
    successor = models.OneToOneField(
        "self",
        models.SET_NULL,
        null=True,
        blank=True,
        editable=False,
        related_name="predecessor",
        verbose_name=_("replaced by"),
    )

    class Meta:
        verbose_name = _("API key")
        verbose_name_plural = _("API keys")
        constraints = [
            models.CheckConstraint(condition=models.Q(role__in=Role.values), name="api_key_role")
        ]

    def __str__(self) -> str:
        return f"{self.name} (pb_live_{self.key_id})"

    @property
    def is_limited(self) -> bool:
        """Returns whether the key is limited in time or to networks. The effects of such a key must
        not outlast it."""
        return self.expires_at is not None or bool(self.allowed_cidrs)
