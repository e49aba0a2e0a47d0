"""What an operator does to a person's way in: written to the audit log of each organization of that
person, and mailed to them."""

import logging
from collections.abc import Iterable, Mapping
from functools import partial
from operator import attrgetter
from smtplib import SMTPException
from typing import Any
from urllib.parse import urlsplit

from allauth.usersessions.models import UserSession
from django.conf import settings
from django.core.mail import send_mail
from django.db import transaction
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from organizations.access.principals import staff_principal
from organizations.accounts.memberships import list_user_memberships
from organizations.accounts.sign_in.sessions import end_sessions
from organizations.models import User
from organizations.operations import record_event, revoke_sent_invitations

logger = logging.getLogger("organizations.accounts.sign_in")

# By the last word of the event's action.
ACTION_MESSAGES = {
    "password_set": _("An operator set or removed your password"),
    "second_factor_removed": _("An operator removed your second factor"),
    "deactivated": _("An operator deactivated your account"),
    "activated": _("An operator activated your account again"),
    "email_changed": _("An operator changed the e-mail of your account"),
}


def record_operator_action(
    operator: User, person: User, deed: str, *, also_to: Iterable[str] = (), **values: Any
) -> None:
    """In the caller's transaction. `deed` is one of SENTENCES, `also_to` further addresses of the
    person, `values` are `before` and `after` of the events."""
    logger.warning("Operator %s: %s of %s", operator.email, deed, person.email)
    memberships = list_user_memberships(person)
    for membership in sorted(memberships, key=attrgetter("organization_id")):  # as record() asks
        by = staff_principal(operator, membership.organization)
        record_event(by, f"member.{deed}", person, kind="member", label=person.email, **values)
        if deed == "deactivated":
            revoke_sent_invitations(by, person)
    if operator != person:
        end_sessions(
            UserSession.objects.filter(user=person)
        )  # else an account comes back with them
    if settings.CAN_MAIL:
        to = dict.fromkeys([*also_to, person.email])
        transaction.on_commit(
            partial(send_operator_action_email, operator, deed, list(to), values), robust=True
        )


def send_operator_action_email(
    operator: User, deed: str, to: list[str], values: Mapping[str, Any]
) -> None:
    """One to each address. A mail server that is away keeps the operator from nothing."""
    words = {
        "what": ACTION_MESSAGES[deed],
        "operator": operator.email,
        "at": timezone.now(),
        **values,
    }
    words["place"] = urlsplit(settings.PUBLIC_BASE_URL).netloc
    text = render_to_string("organizations/operator_mail.txt", words)
    for address in to:
        try:
            send_mail(str(ACTION_MESSAGES[deed]), text, None, [address])
        except (OSError, SMTPException) as error:
            logger.error("Nobody was told by mail (%s): %s", deed, error)
