"""Models of number pools, which say which numbers an operator assigned to an organization and on
which carrier."""

import uuid

from django.contrib.postgres.fields import ArrayField
from django.core.validators import RegexValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from carriers.models import Carrier
from numbers.numbering.e164 import E164Field
from organizations.models import Organization
from organizations.text.fields import ModelText

PREFIX_VALIDATOR = RegexValidator(
    r"\A\+[1-9][0-9]{0,14}\Z", _("A prefix is a plus and the first digits of a number: +4420.")
)
MAX_POOL_PREFIXES, MAX_POOL_NUMBERS = 1_000, 10_000


class NumberPool(models.Model):
    """Numbers that `organization` may add: those that begin with one of `prefixes` and those listed
    in `pooled_numbers`. If `carrier` is set, they may be added on that carrier only, which may
    belong to another organization."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    organization = models.ForeignKey(
        Organization, models.CASCADE, related_name="number_pools", verbose_name=_("organization")
    )
    name = ModelText(_("name"), max_length=100)
    carrier = models.ForeignKey(
        Carrier,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="number_pools",
        verbose_name=_("carrier"),
        help_text=_("The only carrier for these numbers. It may be another organization's."),
    )
    prefixes = ArrayField(
        models.CharField(max_length=16, validators=[PREFIX_VALIDATOR]),
        verbose_name=_("prefixes"),
        default=list,
        blank=True,
        size=MAX_POOL_PREFIXES,
    )
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)

    class Meta:
        verbose_name = _("number pool")
        verbose_name_plural = _("number pools")
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "name"],
                name="number_pool_name_unique",
                violation_error_message=_("The organization has a number pool of this name."),
            )
        ]
        indexes = [
            models.Index(fields=["organization", "-created_at", "-id"], name="number_pool_newest")
        ]

    def __str__(self) -> str:
        return self.name


class PooledNumber(models.Model):
    """One number of a pool's list, in E.164. The numbers have a table of their own because an
    import of 100,000 rows is checked against lists of thousands."""

    organization = models.ForeignKey(
        Organization, models.CASCADE, related_name="pooled_numbers", verbose_name=_("organization")
    )
    pool = models.ForeignKey(
        NumberPool, models.CASCADE, related_name="pooled_numbers", verbose_name=_("number pool")
    )
    e164 = E164Field(_("number"))

    class Meta:
        verbose_name = _("number of a pool")
        verbose_name_plural = _("numbers of pools")
        constraints = [
            models.UniqueConstraint(fields=["pool", "e164"], name="pooled_number_unique")
        ]
        indexes = [models.Index(fields=["organization", "e164"], name="pooled_number_by_number")]

    def __str__(self) -> str:
        return self.e164
