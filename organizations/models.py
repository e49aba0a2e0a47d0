"""Who: users, organizations, memberships and API keys; and what was done: events and saved
replies."""

import secrets
import uuid

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models.functions import Lower, Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from organizations.emails import canonical_email
from organizations.roles import Role
from organizations.text_fields import ModelText


def public_id(prefix: str) -> str:
    """A fresh public id, `<prefix>_` and 12 hex digits, the form of Butter's documents."""
    return f"{prefix}_{secrets.token_hex(6)}"


def organization_id() -> str:
    return public_id("org")


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
        """One at most. A row from before that could not be brought into the canonical form, since
        another has it, is found by its own spelling only; an operator gives it another."""
        spellings = [canonical_email(email), email.strip()]
        found = {user.email: user for user in self.filter(email__in=spellings)}
        return found.get(spellings[1]) or found.get(spellings[0])


class User(AbstractBaseUser, PermissionsMixin):
    """A person; signs in by e-mail. Belongs to organizations by memberships."""

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
        """Not Django's, which makes look-alikes the same (NFKC)."""
        self.email = canonical_email(self.email)


class Organization(models.Model):
    """The owner of every row. `id` is TopCalls' account_id; `public_id` Butter's organization
    id."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    public_id = models.CharField(
        _("public id"), max_length=20, unique=True, default=organization_id, editable=False
    )
    name = ModelText(_("name"), max_length=100)
    # What an operator has changed of them, by name (organizations/quotas.py).
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
        from organizations.quotas import validate_quotas  # which counts by the models

        try:
            validate_quotas(self.quotas)
        except ValidationError as error:
            raise ValidationError({"quotas": error.messages}) from error


class Membership(models.Model):
    """One person in one organization, with a role."""

    organization = models.ForeignKey(
        Organization, models.CASCADE, related_name="memberships", verbose_name=_("organization")
    )
    user = models.ForeignKey(
        User, models.CASCADE, related_name="memberships", verbose_name=_("user")
    )
    role = models.CharField(_("role"), max_length=20, choices=Role.choices)
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)

    class Meta:
        verbose_name = _("membership")
        verbose_name_plural = _("memberships")
        constraints = [
            models.UniqueConstraint(fields=["organization", "user"], name="membership_unique"),
            models.CheckConstraint(
                condition=models.Q(role__in=Role.values), name="membership_role"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} in {self.organization.name}"


class Invitation(models.Model):
    """A link that makes its bearer a member. Only a digest of its secret is kept."""

    STATES = ["open", "accepted", "revoked", "expired"]

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    organization = models.ForeignKey(
        Organization, models.CASCADE, related_name="invitations", verbose_name=_("organization")
    )
    email = models.EmailField(_("e-mail"), max_length=254)
    role = models.CharField(_("role"), max_length=20, choices=Role.choices)
    digest = models.BinaryField(max_length=32, unique=True, editable=False)
    invited_by = models.ForeignKey(
        User, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("invited by")
    )
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)
    expires_at = models.DateTimeField(_("expires at"))
    accepted_at = models.DateTimeField(_("accepted at"), null=True, blank=True, editable=False)
    accepted_by = models.ForeignKey(
        User,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("accepted by"),
    )
    revoked_at = models.DateTimeField(_("revoked at"), null=True, blank=True, editable=False)

    class Meta:
        verbose_name = _("invitation")
        verbose_name_plural = _("invitations")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(role__in=Role.values), name="invitation_role"
            ),
            models.UniqueConstraint(
                models.F("organization"),
                Lower("email"),
                condition=models.Q(accepted_at=None, revoked_at=None),
                name="invitation_one_open",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.email} as {self.role}"

    @property
    def state(self) -> str:
        if self.accepted_at:
            return "accepted"
        if self.revoked_at:
            return "revoked"
        return "open" if self.expires_at > timezone.now() else "expired"


class ApiKey(models.Model):
    """A program's way in. Only a digest of the secret is kept; see organizations/keys.py for the
    text."""

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
        """In time or place; what such a key does must not last longer than itself."""
        return self.expires_at is not None or bool(self.allowed_cidrs)


class Event(models.Model):
    """One line of the audit log, written in the transaction of the change; never edited. A trigger
    seals it when that transaction commits (Seal)."""

    class Outcome(models.TextChoices):
        ACCEPTED = "accepted", _("accepted")
        REFUSED = "refused", _("refused")

    id = models.BigAutoField(primary_key=True)
    organization = models.ForeignKey(
        Organization, models.CASCADE, related_name="events", verbose_name=_("organization")
    )
    at = models.DateTimeField(_("at"), db_default=Now())
    actor_kind = models.CharField(_("actor kind"), max_length=10)  # member | key | staff | system
    actor_id = models.CharField(max_length=40, blank=True)
    actor_label = models.CharField(_("actor"), max_length=200)
    action = models.CharField(_("action"), max_length=60)  # "phone_number.created"
    subject_kind = models.CharField(_("subject kind"), max_length=30)
    subject_id = models.UUIDField(_("subject id"))
    subject_label = models.CharField(_("subject"), max_length=200)
    before = models.JSONField(_("before"), default=dict)
    after = models.JSONField(_("after"), default=dict)
    request_id = models.UUIDField(null=True)
    client_address = models.GenericIPAddressField(_("address"), null=True)  # of a web request
    outcome = models.CharField(
        _("outcome"),
        max_length=10,
        choices=Outcome.choices,
        default=Outcome.ACCEPTED,
        db_default=Outcome.ACCEPTED,
    )

    class Meta:
        verbose_name = _("event")
        verbose_name_plural = _("events")
        indexes = [
            models.Index(fields=["organization", "-id"], name="event_newest"),
            models.Index(fields=["subject_kind", "subject_id", "-id"], name="event_subject"),
            models.Index(fields=["organization", "action", "-id"], name="event_action"),
            models.Index(fields=["organization", "at"], name="event_moment"),
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.subject_label}"


class Seal(models.Model):
    """One link of an organization's chain: the digest covers the event and the digest before.

    Written by the database alone, when the event's transaction commits; see audit_chain.py. It
    knows its event by number only, so that it stays when the event is taken away. Nobody sees one
    without a digest: it has one when the transaction ends.
    """

    event_id = models.BigIntegerField(primary_key=True)
    organization = models.ForeignKey(Organization, models.CASCADE, related_name="seals")
    position = models.BigIntegerField(null=True)  # from 1, in the order of the commits
    digest = models.BinaryField(max_length=32, null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organization", "position"], name="seal_position")
        ]

    def __str__(self) -> str:
        return f"{self.position}: event {self.event_id}"


class SavedReply(models.Model):
    """The answer of a request with an Idempotency-Key, committed together with what the request
    did."""

    organization = models.ForeignKey(
        Organization, models.CASCADE, related_name="saved_replies", verbose_name=_("organization")
    )
    key = models.CharField(max_length=255)
    fingerprint = models.BinaryField(max_length=32)  # SHA-256 over method, path and body
    status = models.SmallIntegerField(default=0)
    headers = models.JSONField(default=dict)
    body = models.BinaryField(default=bytes)
    created_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField()

    class Meta:
        verbose_name = _("saved reply")
        verbose_name_plural = _("saved replies")
        constraints = [
            models.UniqueConstraint(fields=["organization", "key"], name="saved_reply_key")
        ]
        indexes = [models.Index(fields=["expires_at"], name="saved_reply_expiry")]

    def __str__(self) -> str:
        return f"{self.key} → {self.status}"


from organizations.archive_models import EventArchive  # noqa: E402, F401  the app's models
from organizations.exporting.models import Export, ExportPart  # noqa: E402, F401  likewise
