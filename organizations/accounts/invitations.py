"""Invitations by link: whoever has the link and owns the e-mail that it was sent to becomes a
member."""

import hashlib
import logging
import secrets
from datetime import timedelta
from functools import partial
from smtplib import SMTPException
from uuid import UUID

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.mail import send_mail
from django.db import transaction
from django.db.models import QuerySet
from django.db.models.functions import Now
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from organizations.access import quotas
from organizations.access.principals import Principal, system_principal
from organizations.access.quotas import Quota
from organizations.accounts.email_addresses import canonical_email, is_same_email
from organizations.accounts.email_verification import mark_unverified
from organizations.models import Invitation, Membership, Organization, User
from organizations.operations import AlreadyMember, add_member, ensure_can_grant_role, record_event
from organizations.tenancy import tenant_scope

logger = logging.getLogger("organizations.accounts.invitations")

INVITATION_LIFETIME, DAY = timedelta(days=7), timedelta(days=1)
OPEN_INVITATION_FILTER = {"accepted_at": None, "revoked_at": None}


class InvitationNotOpen(Exception):
    """The link is unknown, was used or revoked, or has expired. Its bearer sees no difference."""


class InvitationEmailMismatch(Exception):
    """The invitation was sent to another e-mail than the account's."""


def count_recent_invitations(organization: Organization) -> int:
    """Counts the invitations of the last 24 hours. Revoked ones count too, because each one mailed
    somebody."""
    return organization.invitations.filter(created_at__gt=timezone.now() - DAY).count()


INVITATION_QUOTA = Quota(
    "invitations_per_day", gettext_lazy("invitations in 24 hours"), 50, count_recent_invitations
)


@transaction.atomic
def create_invitation(by: Principal, *, email: str, role: str) -> tuple[Invitation, str]:
    """Creates an invitation and returns it with its link, which cannot be read again. Revokes an
    earlier invitation to the same e-mail. Raises ValidationError by field, HigherRole,
    AlreadyMember and QuotaExceeded."""
    ensure_can_grant_role(
        by, role, _("You cannot invite somebody to a role that may more than you.")
    )
    email = canonical_email(email)
    organization = Organization.objects.select_for_update(no_key=True).get(pk=by.organization.pk)
    if organization.memberships.filter(user__email=email).exists():
        raise AlreadyMember(_("%(user)s is a member already.") % {"user": email})
    quotas.ensure_quota(organization, INVITATION_QUOTA.name)
    for earlier in organization.invitations.filter(email=email, **OPEN_INVITATION_FILTER):
        mark_invitation_revoked(by, earlier)
    token = secrets.token_urlsafe(32)
    invitation = Invitation(
        organization=organization,
        email=email,
        role=role,
        digest=invitation_token_digest(token),
        invited_by_id=by.user_id,
        expires_at=timezone.now() + INVITATION_LIFETIME,
    )
    invitation.full_clean()
    invitation.save()
    record_invitation_event(by, "invitation.created", invitation, after={"role": role})
    if settings.CAN_MAIL:
        transaction.on_commit(
            partial(send_invitation_email, by, invitation, invitation_link(token)), robust=True
        )
    return invitation, invitation_link(token)


@transaction.atomic
def revoke_invitation(by: Principal, *, invitation_id) -> bool:
    """Revokes an invitation, so that its link no longer works. Returns False if it was no longer
    open. Raises Invitation.DoesNotExist."""
    rows = by.organization.invitations.select_for_update()
    invitation = rows.get(pk=invitation_id)
    if invitation.accepted_at or invitation.revoked_at:
        return False
    mark_invitation_revoked(by, invitation)
    return True


def mark_invitation_revoked(by: Principal, invitation: Invitation) -> None:
    type(invitation).objects.filter(pk=invitation.pk).update(revoked_at=Now())
    record_invitation_event(by, "invitation.revoked", invitation)


def find_open_invitation(token: str) -> Invitation:
    """Returns the open invitation of this token. Raises InvitationNotOpen."""
    rows = open_invitations().select_related("organization", "invited_by")
    with tenant_scope.global_lookup():
        invitation = rows.filter(digest=invitation_token_digest(token)).first()
    if invitation is None:
        raise InvitationNotOpen(_("This invitation was used or revoked, or it has expired."))
    return invitation


@transaction.atomic
def accept_invitation(token: str, *, user: User) -> Membership:
    """Makes the user a member and returns the membership. Raises InvitationNotOpen,
    InvitationEmailMismatch and AlreadyMember."""
    invitation = find_open_invitation(token)
    with tenant_scope.within(invitation.organization_id):
        return lock_and_accept_invitation(invitation.pk, user)


def lock_and_accept_invitation(invitation_id: UUID, user: User) -> Membership:
    invitation = Invitation.objects.select_for_update().get(pk=invitation_id)
    if invitation.accepted_at or invitation.revoked_at:
        raise InvitationNotOpen(_("This invitation was used or revoked, or it has expired."))
    if not is_same_email(invitation.email, user.email):
        raise InvitationEmailMismatch(
            _("The invitation was sent to %(email)s.") % invitation.__dict__
        )
    organization = invitation.organization
    if organization.memberships.filter(user=user).exists():
        raise AlreadyMember(
            _("You are a member of %(name)s already.") % {"name": organization.name}
        )
    invitation.accepted_at, invitation.accepted_by = timezone.now(), user
    invitation.save(update_fields=["accepted_at", "accepted_by"])
    by = system_principal(organization, user.email)
    record_invitation_event(by, "invitation.accepted", invitation)
    return add_member(by, user=user, role=invitation.role)


@transaction.atomic
def register_invited_user(token: str, *, name: str, password: str) -> tuple[User, Membership]:
    """Creates the account and membership of a new person. Raises ValidationError, and everything
    that accept_invitation raises."""
    invitation = find_open_invitation(token)
    if User.objects.with_email(invitation.email):
        raise ValidationError(_("Sign in with the account that you have."), code="has_account")
    user = User.objects.create_user(invitation.email, password, name=name)
    mark_unverified(user)
    return user, accept_invitation(token, user=user)


def has_open_invitation(email: str) -> bool:
    with tenant_scope.global_lookup():
        return open_invitations().filter(email=canonical_email(email)).exists()


def open_invitations() -> QuerySet[Invitation]:
    return Invitation.objects.filter(expires_at__gt=Now(), **OPEN_INVITATION_FILTER)


def invitation_token_digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def invitation_link(token: str) -> str:
    return settings.PUBLIC_BASE_URL + reverse("invitation", kwargs={"token": token})


def record_invitation_event(by: Principal, action: str, invitation: Invitation, **values) -> None:
    record_event(by, action, invitation, kind="invitation", label=invitation.email, **values)


def send_invitation_email(by: Principal, invitation: Invitation, link: str) -> None:
    """Mails the link. An unreachable mail server is only logged, because whoever invites also sees
    the link."""
    words = {"by": by, "invitation": invitation, "link": link}
    subject = _("Join %(name)s on Patchbay") % {"name": invitation.organization.name}
    text = render_to_string("organizations/invitation_mail.txt", words)
    try:
        send_mail(" ".join(subject.split()), text, None, [invitation.email])
    except (OSError, SMTPException) as error:
        logger.error("No invitation was mailed: %s", error)
