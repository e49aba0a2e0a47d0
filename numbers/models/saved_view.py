"""The model of saved views of the number list."""

import uuid

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from organizations.models import Organization, User
from organizations.text.fields import ModelText


class SavedView(models.Model):
    """A name for the query string of the number list. The view belongs to `user`, or to everybody
    in the organization if `user` is null."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    organization = models.ForeignKey(
        Organization, models.CASCADE, related_name="saved_views", verbose_name=_("organization")
    )
    user = models.ForeignKey(
        User, models.CASCADE, null=True, blank=True, related_name="+", verbose_name=_("of")
    )
    name = ModelText(_("name"), max_length=60)
    query = models.CharField(_("query"), max_length=2000, blank=True)
    created_at = models.DateTimeField(_("created at"), db_default=Now())

    class Meta:
        verbose_name = _("saved view")
        verbose_name_plural = _("saved views")
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "user", "name"],
                nulls_distinct=False,
                name="saved_view_name",
                violation_error_message=_("There is a view of this name already."),
            )
        ]

    def __str__(self) -> str:
        return self.name
