"""Rotation of API keys: a successor with another secret, and a period in which both keys work."""

from datetime import datetime, timedelta
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from organizations.access.api_key_format import PlaintextApiKey
from organizations.access.principals import Principal
from organizations.access.roles import lower_role
from organizations.models import ApiKey
from organizations.operations import (
    create_api_key,
    ensure_expiry_within_own,
    ensure_networks_within_own,
    format_audit_time,
    record_event,
    revoke_api_key,
)

DEFAULT_OVERLAP, MAX_OVERLAP = timedelta(hours=24), timedelta(days=30)


class NotRotatable(Exception):
    """The key no longer works, or already has a successor."""


class NotKeyOwner(Exception):
    """Raised if a member or API key of somebody other than the owner rotates a key. Whoever rotates
    a key sees the secret of the successor and could act in the owner's name."""


@transaction.atomic
def rotate_key(
    by: Principal, *, key_id: UUID, overlap: timedelta = DEFAULT_OVERLAP
) -> tuple[ApiKey, PlaintextApiKey]:
    """Creates the successor of a key and returns it with its plaintext, which cannot be read again.
    The successor has the same name, role, scopes, networks and expiry. The key itself expires after
    `overlap`, or earlier if it would anyway; without an overlap it is revoked. Raises NotRotatable,
    NotKeyOwner, HigherRole, and ValidationError by field."""
    key = by.organization.api_keys.select_for_update().get(pk=key_id)
    ensure_rotatable(key)
    ensure_key_owner(by, key)
    validate_overlap(overlap)
    made, text = create_api_key(
        by,
        owner=key.owner,
        name=key.name,
        role=effective_key_role(key),
        scopes=key.scopes,
        expires_at=key.expires_at,
        allowed_cidrs=key.allowed_cidrs,
    )
    link_successor(by, key, made, timezone.now() + overlap)
    if not overlap:
        revoke_api_key(by, key_id=key.pk)
    return made, text


def link_successor(by: Principal, key: ApiKey, successor: ApiKey, end: datetime) -> None:
    before = {"expires_at": format_audit_time(key.expires_at)}
    key.expires_at = min(filter(None, (key.expires_at, end)))
    key.successor = successor
    key.save(update_fields=["expires_at", "successor"])
    after = {"expires_at": format_audit_time(key.expires_at), "successor": str(successor)}
    record_event(
        by, "api_key.rotated", key, kind="api_key", label=str(key), before=before, after=after
    )


def effective_key_role(key: ApiKey) -> str:
    """Returns the role that the key can use now: its own, or that of an owner who was demoted
    since. The successor gets this role."""
    membership = key.organization.memberships.filter(user=key.owner_id).first()
    return lower_role(key.role, membership.role) if membership else key.role


def ensure_rotatable(key: ApiKey) -> None:
    if key.revoked_at:
        raise NotRotatable(_("This API key was revoked."))
    if key.expires_at and key.expires_at <= timezone.now():
        raise NotRotatable(_("This API key has expired."))
    if key.successor_id:
        raise NotRotatable(_("This API key was rotated already; rotate the one that replaced it."))


def ensure_key_owner(by: Principal, key: ApiKey) -> None:
    if by.kind in ("member", "key") and by.user_id != key.owner_id:
        raise NotKeyOwner(_("Only its owner rotates an API key; you can revoke it."))


def validate_overlap(overlap: timedelta) -> None:
    if not timedelta() <= overlap <= MAX_OVERLAP:
        days = MAX_OVERLAP.days
        raise ValidationError({"overlap": _("At most %(days)s days are allowed.") % {"days": days}})


def ensure_key_not_broader(mine: ApiKey, key: ApiKey) -> None:
    """Raises ValidationError by field if `key` reaches further than `mine`, the key that rotates
    it."""
    ensure_networks_within_own(mine.allowed_cidrs, key.allowed_cidrs)
    ensure_expiry_within_own(mine.expires_at, key.expires_at)


def api_key_status(key: ApiKey) -> str:
    if key.revoked_at:
        return "revoked"
    return "expired" if key.expires_at and key.expires_at <= timezone.now() else "active"
