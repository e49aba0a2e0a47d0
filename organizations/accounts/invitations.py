"""Invitations by link: whoever has the link, and the e-mail it was sent to, becomes a member."""

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
from organizations.access.principals import Principal, system
from organizations.access.quotas import Quota
from organizations.accounts.email_addresses import canonical_email, same_email
from organizations.accounts.email_verification import unproven
from organizations.models import Invitation, Membership, Organization, User
from organizations.operations import AlreadyMember, add_member, check_role_reach, record
from organizations.tenancy import tenant_scope

logger = logging.getLogger("organizations.accounts.invitations")

TERM, DAY = timedelta(days=7), timedelta(days=1)
OPEN = {"accepted_at": None, "revoked_at": None}


class NotOpen(Exception):
    """The link is unknown, was used or revoked, or has expired: to its bearer all the same."""


class ForSomebodyElse(Exception):
    """It was sent to another e-mail than the account's."""


def invited_lately(organization: Organization) -> int:
    """Revoked ones count: each was a mail to somebody."""
    return organization.invitations.filter(created_at__gt=timezone.now() - DAY).count()


QUOTA = Quota("invitations_per_day", gettext_lazy("invitations in 24 hours"), 50, invited_lately)


@transaction.atomic
def invite(by: Principal, *, email: str, role: str) -> tuple[Invitation, str]:
    """A new invitation and its link, which is never to be seen again; an earlier one to the same
    e-mail ends. Raises ValidationError by field, HigherRole, AlreadyMember and
    QuotaExceeded."""
    check_role_reach(by, role, _("You cannot invite somebody to a role that may more than you."))
    email = canonical_email(email)
    organization = Organization.objects.select_for_update(no_key=True).get(pk=by.organization.pk)
    if organization.memberships.filter(user__email=email).exists():
        raise AlreadyMember(_("%(user)s is a member already.") % {"user": email})
    quotas.claim(organization, QUOTA.name)
    for earlier in organization.invitations.filter(email=email, **OPEN):
        revoke(by, earlier)
    token = secrets.token_urlsafe(32)
    invitation = Invitation(
        organization=organization,
        email=email,
        role=role,
        digest=digest_of(token),
        invited_by_id=by.user_id,
        expires_at=timezone.now() + TERM,
    )
    invitation.full_clean()
    invitation.save()
    record_on(by, "invitation.created", invitation, after={"role": role})
    if settings.CAN_MAIL:
        transaction.on_commit(partial(mail, by, invitation, link_of(token)), robust=True)
    return invitation, link_of(token)


@transaction.atomic
def revoke_invitation(by: Principal, *, invitation_id) -> bool:
    """Its link opens nothing from now on. False when it was no longer open. Raises
    Invitation.DoesNotExist."""
    rows = by.organization.invitations.select_for_update()
    invitation = rows.get(pk=invitation_id)
    if invitation.accepted_at or invitation.revoked_at:
        return False
    revoke(by, invitation)
    return True


def revoke(by: Principal, invitation: Invitation) -> None:
    type(invitation).objects.filter(pk=invitation.pk).update(revoked_at=Now())
    record_on(by, "invitation.revoked", invitation)


def find(token: str) -> Invitation:
    """Raises NotOpen."""
    rows = alive().select_related("organization", "invited_by")
    with tenant_scope.finding():
        invitation = rows.filter(digest=digest_of(token)).first()
    if invitation is None:
        raise NotOpen(_("This invitation was used or revoked, or it has expired."))
    return invitation


@transaction.atomic
def accept(token: str, *, user: User) -> Membership:
    """Raises NotOpen, ForSomebodyElse and AlreadyMember."""
    invitation = find(token)
    with tenant_scope.within(invitation.organization_id):
        return accept_found(invitation.pk, user)


def accept_found(invitation_id: UUID, user: User) -> Membership:
    invitation = Invitation.objects.select_for_update().get(pk=invitation_id)
    if invitation.accepted_at or invitation.revoked_at:
        raise NotOpen(_("This invitation was used or revoked, or it has expired."))
    if not same_email(invitation.email, user.email):
        raise ForSomebodyElse(_("The invitation was sent to %(email)s.") % invitation.__dict__)
    organization = invitation.organization
    if organization.memberships.filter(user=user).exists():
        raise AlreadyMember(
            _("You are a member of %(name)s already.") % {"name": organization.name}
        )
    invitation.accepted_at, invitation.accepted_by = timezone.now(), user
    invitation.save(update_fields=["accepted_at", "accepted_by"])
    by = system(organization, user.email)
    record_on(by, "invitation.accepted", invitation)
    return add_member(by, user=user, role=invitation.role)


@transaction.atomic
def join(token: str, *, name: str, password: str) -> tuple[User, Membership]:
    """A new person's account and membership. Raises ValidationError, and what accept does."""
    invitation = find(token)
    if User.objects.with_email(invitation.email):
        raise ValidationError(_("Sign in with the account that you have."), code="has_account")
    user = User.objects.create_user(invitation.email, password, name=name)
    unproven(user)
    return user, accept(token, user=user)


def is_awaited(email: str) -> bool:
    with tenant_scope.finding():
        return alive().filter(email=canonical_email(email)).exists()


def alive() -> QuerySet[Invitation]:
    return Invitation.objects.filter(expires_at__gt=Now(), **OPEN)


def digest_of(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def link_of(token: str) -> str:
    return settings.PUBLIC_BASE_URL + reverse("invitation", kwargs={"token": token})


def record_on(by: Principal, action: str, invitation: Invitation, **values) -> None:
    record(by, action, invitation, kind="invitation", label=invitation.email, **values)


def mail(by: Principal, invitation: Invitation, link: str) -> None:
    """The link is shown to who invites, too: a mail server that is away stops nobody."""
    words = {"by": by, "invitation": invitation, "link": link}
    subject = _("Join %(name)s on Patchbay") % {"name": invitation.organization.name}
    text = render_to_string("organizations/invitation_mail.txt", words)
    try:
        send_mail(" ".join(subject.split()), text, None, [invitation.email])
    except (OSError, SMTPException) as error:
        logger.error("No invitation was mailed: %s", error)
