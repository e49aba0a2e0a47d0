"""Users: people, who sign in by e-mail."""

import uuid

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.db import models
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from organizations.accounts.email_addresses import canonical_email
from organizations.text.fields import ModelText


class UserManager(BaseUserManager):
    def create_user(self, email: str, password: str | None = None, **fields) -> "User":
        user = self.model(email=canonical_email(email), **fields)
        user.set_password(password)
        user.full_clean(exclude=["password"])
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields) -> "User":
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)

    def get_by_natural_key(self, email: str) -> "User":
        user = self.with_email(email)
        if user is None:
            raise self.model.DoesNotExist
        return user

    def with_email(self, email: str) -> "User | None":
        """Returns the user with this e-mail, or None. An old row whose canonical e-mail belongs to
        another row is found only by its own spelling, until an operator changes it."""
        spellings = [canonical_email(email), email.strip()]
        found = {user.email: user for user in self.filter(email__in=spellings)}
        return found.get(spellings[1]) or found.get(spellings[0])


class User(AbstractBaseUser, PermissionsMixin):
    """A person, who signs in by e-mail and belongs to organizations through memberships."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    email = models.EmailField(_("e-mail"), max_length=254, unique=True)
    name = ModelText(_("name"), max_length=150, blank=True)
    is_active = models.BooleanField(_("active"), default=True)
    is_staff = models.BooleanField(
        _("operator"), default=False, help_text=_("May sign in to the admin of this installation.")
    )
    date_joined = models.DateTimeField(_("joined at"), auto_now_add=True)

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: list[str] = []
    objects = UserManager()

    class Meta:
        verbose_name = _("user")
        verbose_name_plural = _("users")
        constraints = [
            models.UniqueConstraint(
                Lower("email"),  # Alice@ and alice@ are one person
                name="user_email_any_case",
                violation_error_message=_("There is a user with this e-mail already."),
            )
        ]

    def __str__(self) -> str:
        return self.email

    def clean(self) -> None:
        """Converts the e-mail to its canonical form, without Django's normalization (NFKC), which
        makes look-alikes the same."""
        self.email = canonical_email(self.email)
