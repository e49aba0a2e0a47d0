"""Rotating an API key: a successor with another secret, and a time in which both work."""

from datetime import datetime, timedelta
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from organizations.access.api_key_format import KeyText
from organizations.access.principals import Principal
from organizations.access.roles import lower_role
from organizations.models import ApiKey
from organizations.operations import (
    check_networks,
    check_term,
    create_key,
    record,
    revoke_key,
    text_of,
)

OVERLAP, LONGEST_OVERLAP = timedelta(hours=24), timedelta(days=30)


class NotRotatable(Exception):
    """The key does not work any more, or has a successor already."""


class NotYours(Exception):
    """Who makes the successor sees its secret, and could act in the owner's name."""


@transaction.atomic
def rotate_key(
    by: Principal, *, key_id: UUID, overlap: timedelta = OVERLAP
) -> tuple[ApiKey, KeyText]:
    """The successor and its text, which is never to be seen again: the same name, role, scopes,
    networks and end. The key itself ends after `overlap`, or earlier if it would anyway; without
    one it is revoked. Raises NotRotatable, NotYours, HigherRole, and ValidationError by field."""
    key = by.organization.api_keys.select_for_update().get(pk=key_id)
    refuse_spent(key)
    refuse_foreign(by, key)
    check_overlap(overlap)
    made, text = create_key(
        by,
        owner=key.owner,
        name=key.name,
        role=role_now(key),
        scopes=key.scopes,
        expires_at=key.expires_at,
        allowed_cidrs=key.allowed_cidrs,
    )
    hand_over(by, key, made, timezone.now() + overlap)
    if not overlap:
        revoke_key(by, key_id=key.pk)
    return made, text


def hand_over(by: Principal, key: ApiKey, successor: ApiKey, end: datetime) -> None:
    before = {"expires_at": text_of(key.expires_at)}
    key.expires_at = min(filter(None, (key.expires_at, end)))
    key.successor = successor
    key.save(update_fields=["expires_at", "successor"])
    after = {"expires_at": text_of(key.expires_at), "successor": str(successor)}
    record(by, "api_key.rotated", key, kind="api_key", label=str(key), before=before, after=after)


def role_now(key: ApiKey) -> str:
    """The owner may have been demoted; the successor is what the key was able to do."""
    membership = key.organization.memberships.filter(user=key.owner_id).first()
    return lower_role(key.role, membership.role) if membership else key.role


def refuse_spent(key: ApiKey) -> None:
    if key.revoked_at:
        raise NotRotatable(_("This API key was revoked."))
    if key.expires_at and key.expires_at <= timezone.now():
        raise NotRotatable(_("This API key has expired."))
    if key.successor_id:
        raise NotRotatable(_("This API key was rotated already; rotate the one that replaced it."))


def refuse_foreign(by: Principal, key: ApiKey) -> None:
    if by.kind in ("member", "key") and by.user_id != key.owner_id:
        raise NotYours(_("Only its owner rotates an API key; you can revoke it."))


def check_overlap(overlap: timedelta) -> None:
    if not timedelta() <= overlap <= LONGEST_OVERLAP:
        days = LONGEST_OVERLAP.days
        raise ValidationError({"overlap": _("At most %(days)s days are allowed.") % {"days": days}})


def check_within(mine: ApiKey, key: ApiKey) -> None:
    """A key rotates none that reaches further than itself. Raises ValidationError by field."""
    check_networks(mine.allowed_cidrs, key.allowed_cidrs)
    check_term(mine.expires_at, key.expires_at)
