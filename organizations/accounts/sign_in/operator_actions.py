"""Actions of an operator on a person's account, recorded in the audit log of each of the person's
organizations and mailed to the person."""

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

# Keys are the last word of the event's action.
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
    """Records and mails an operator's action, in the caller's transaction. `deed` is a key of
    ACTION_MESSAGES, `also_to` lists further e-mail addresses of the person, and `values` are
    `before` and `after` of the events."""
    logger.warning("Operator %s: %s of %s", operator.email, deed, person.email)
    memberships = list_user_memberships(person)
    # record_event requires this order.
    for membership in sorted(memberships, key=attrgetter("organization_id")):
        by = staff_principal(operator, membership.organization)
        record_event(by, f"member.{deed}", person, kind="member", label=person.email, **values)
        if deed == "deactivated":
            revoke_sent_invitations(by, person)
    if operator != person:
        # Otherwise a reactivated account would get its old sessions back.
        end_sessions(UserSession.objects.filter(user=person))
    if settings.CAN_MAIL:
        to = dict.fromkeys([*also_to, person.email])
        transaction.on_commit(
            partial(send_operator_action_email, operator, deed, list(to), values), robust=True
        )


def send_operator_action_email(
    operator: User, deed: str, to: list[str], values: Mapping[str, Any]
) -> None:
    """Mails each address. An unreachable mail server is only logged."""
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
