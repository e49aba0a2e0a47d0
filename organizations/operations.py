"""Operations on organizations, members and API keys, and record_event, the only way to write the
audit log."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import IntegrityError, models, transaction
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext as _

from organizations.access import api_key_format
from organizations.access.principals import Principal, system_principal
from organizations.access.roles import SCOPES, Role, granted_permissions, lower_role
from organizations.models import ApiKey, Event, Membership, Organization, User
from organizations.tenancy import tenant_scope
from organizations.web.request_id import current_client_address, current_request_id

IpNetwork = IPv4Network | IPv6Network


def record_event(
    by: Principal,
    action: str,
    subject: models.Model,
    *,
    kind: str,
    label: str,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
    outcome: str = Event.Outcome.ACCEPTED,
) -> None:
    """Writes one event to the audit log, in the caller's transaction. `before` and `after` must not
    contain secrets. Events of several organizations are written in the order of the organizations'
    ids, because seals are made one organization after the other."""
    Event.objects.create(
        organization=by.organization,
        actor_kind=by.kind,
        actor_id=by.id,
        actor_label=by.label[:200],
        action=action,
        subject_kind=kind,
        subject_id=subject.pk,
        subject_label=label[:200],
        before=before or {},
        after=after or {},
        request_id=current_request_id(),
        client_address=current_client_address(),
        outcome=outcome,
    )


@transaction.atomic
def create_organization(*, name: str, owner: User | None = None) -> Organization:
    """Creates an organization, with `owner` as its first admin. Raises ValidationError."""
    organization = Organization(name=name)
    with tenant_scope.within(organization):
        organization.full_clean()
        organization.save()
        by = system_principal(organization)
        words = {"kind": "organization", "label": organization.name}
        record_event(
            by, "organization.created", organization, **words, after={"name": organization.name}
        )
        if owner:
            add_member(by, user=owner, role=Role.ADMIN)
    return organization


@transaction.atomic
def add_member(by: Principal, *, user: User, role: str) -> Membership:
    membership = Membership(organization=by.organization, user=user, role=role)
    membership.full_clean()
    membership.save()
    record_event(by, "member.added", user, kind="member", label=user.email, after={"role": role})
    return membership


class AlreadyMember(Exception):
    """The person is already a member. Change their role instead."""


@transaction.atomic
def rename_organization(by: Principal, *, name: str) -> Organization:
    return update_organization(by, "organization.renamed", name=name)


@transaction.atomic
def change_quotas(by: Principal, *, quotas: dict[str, int]) -> Organization:
    """Sets the limits that differ from the defaults, by quota name. Raises ValidationError."""
    return update_organization(by, "organization.quotas_changed", quotas=quotas)


@transaction.atomic
def set_numbers_limited(by: Principal, *, limited: bool) -> Organization:
    """Sets whether the organization may add only numbers of its number pools
    (numbers/inventory/pool_rules.py). Existing numbers stay."""
    return update_organization(by, "organization.changed", numbers_limited=limited)


def update_organization(by: Principal, action: str, **fields: Any) -> Organization:
    organization = by.organization
    before = {name: getattr(organization, name) for name in fields}
    for name, value in fields.items():
        setattr(organization, name, value)
    organization.full_clean()
    organization.save(update_fields=list(fields))
    after = {name: getattr(organization, name) for name in fields}
    label = organization.name
    record_event(
        by, action, organization, kind="organization", label=label, before=before, after=after
    )
    return organization


@transaction.atomic
def change_member_role(by: Principal, *, user: User, role: str) -> Membership:
    """Changes a member's role from the next request on, also for the member's keys, because no key
    is stronger than its owner. Raises HigherRole and LastAdmin."""
    ensure_can_grant_role(by, role, _("You cannot give somebody a role that may more than you."))
    membership = lock_member(by, user)
    ensure_member_not_higher(by, membership)
    ensure_not_last_admin(by, membership, role)
    before, membership.role = {"role": membership.role}, role
    membership.full_clean()
    membership.save(update_fields=["role"])
    if role != Role.ADMIN:
        revoke_sent_invitations(by, user)
    after = {"role": role}
    record_event(
        by, "member.changed", user, kind="member", label=user.email, before=before, after=after
    )
    return membership


@transaction.atomic
def remove_member(by: Principal, *, user: User) -> None:
    """Removes a member and revokes their keys, so that no key works again if the member returns.
    Raises LastAdmin, and DoesNotExist if the user is not a member."""
    membership = lock_member(by, user)
    ensure_not_last_admin(by, membership, None)
    for key in by.organization.api_keys.filter(owner=user, revoked_at=None):
        revoke_api_key(by, key_id=key.id)
    revoke_sent_invitations(by, user)
    before = {"role": membership.role}
    membership.delete()
    record_event(by, "member.removed", user, kind="member", label=user.email, before=before)


def leave_organization(by: Principal, *, user: User) -> None:
    """Removes the member who calls it. Acts as an admin, so that keys from a time when the member
    had a higher role are revoked too. Raises LastAdmin."""
    remove_member(replace(by, role=Role.ADMIN), user=user)


def revoke_sent_invitations(by: Principal, user: User) -> None:
    """Revokes the open invitations that the user sent. Otherwise a removed member could return
    through one."""
    rows = by.organization.invitations.filter(invited_by=user, accepted_at=None, revoked_at=None)
    for invitation in rows:
        label = invitation.email
        record_event(by, "invitation.revoked", invitation, kind="invitation", label=label)
    rows.update(revoked_at=Now())


def ensure_can_grant_role(by: Principal, role: str, message: str) -> None:
    """Raises HigherRole unless the caller has all permissions of the role. Otherwise a key with
    narrow scopes could create a member with more permissions than its own."""
    if lower_role(role, by.role) != role or granted_permissions(role, []) - by.permissions:
        raise HigherRole({"role": message})


def ensure_member_not_higher(by: Principal, membership: Membership) -> None:
    if lower_role(membership.role, by.role) != membership.role:
        raise HigherRole({"role": _("You cannot change somebody who has a higher role than you.")})


class LastAdmin(Exception):
    """The organization would be left without an admin, and nobody could appoint one."""


def lock_member(by: Principal, user: User) -> Membership:
    """Locks all memberships, in one order, and returns the user's. Two admins therefore cannot
    demote each other at the same time. Raises DoesNotExist."""
    rows = by.organization.memberships.select_for_update().order_by("pk")
    return {row.user_id: row for row in rows}.get(user.pk) or rows.get(user=user)


def ensure_not_last_admin(by: Principal, membership: Membership, new_role: str | None) -> None:
    others = by.organization.memberships.filter(role=Role.ADMIN).exclude(pk=membership.pk)
    steps_down = membership.role == Role.ADMIN and new_role != Role.ADMIN
    if steps_down and not others.exists():
        raise LastAdmin(_("The organization needs an admin; make somebody else one first."))


@transaction.atomic
def create_api_key(
    by: Principal,
    *,
    owner: User,
    name: str,
    role: str = Role.ADMIN,
    scopes: Sequence[str] = (),
    expires_at: datetime | None = None,
    allowed_cidrs: Sequence[str] = (),
    id: UUID | None = None,
) -> tuple[ApiKey, api_key_format.PlaintextApiKey]:
    """Creates a key and returns it with its plaintext, which cannot be read again. Raises
    ValidationError by field.

    A form that may be sent twice chooses the key's `id`. Raises KeyAlreadyCreated the second time.
    """
    validate_scopes(scopes)
    validate_cidrs(allowed_cidrs)
    ensure_future_expiry(expires_at)
    validate_key_role(by.organization, owner, role)
    ensure_permissions_within_own(by, role, scopes, is_limited=bool(expires_at or allowed_cidrs))
    text = api_key_format.generate_api_key()
    key = ApiKey(
        organization=by.organization,
        owner=owner,
        name=name,
        key_id=text.key_id,
        digest=text.digest,
        role=role,
        scopes=list(scopes),
        allowed_cidrs=list(allowed_cidrs),
        expires_at=expires_at,
    )
    if id:
        key.id = id
    key.full_clean(exclude=["id"])
    insert_key_once(key)
    after = api_key_audit_snapshot(key)
    record_event(by, "api_key.created", key, kind="api_key", label=str(key), after=after)
    return key, text


def api_key_audit_snapshot(key: ApiKey) -> dict[str, Any]:
    return {
        "name": key.name,
        "role": key.role,
        "scopes": key.scopes,
        "owner": key.owner.email,
        "expires_at": format_audit_time(key.expires_at),
        "allowed_cidrs": key.allowed_cidrs,
    }


def format_audit_time(moment: datetime | None) -> str | None:
    """Formats a time as in the audit log."""
    return moment.isoformat(timespec="seconds") if moment else None


class KeyAlreadyCreated(Exception):
    """The form was sent twice, and created its key the first time."""


def insert_key_once(key: ApiKey) -> None:
    try:
        with transaction.atomic():
            key.save(force_insert=True)
    except IntegrityError as error:
        message = _(
            "This form has made its key already, and it was shown once. If it is lost, "
            "revoke the key and make another."
        )
        raise KeyAlreadyCreated(message) from error


@transaction.atomic
def revoke_api_key(by: Principal, *, key_id: UUID) -> bool:
    """Revokes a key, which is refused from the next request on. Returns False if the key was
    revoked before or belongs to another organization. Raises HigherRole."""
    keys_here = by.organization.api_keys.filter(pk=key_id)
    key = keys_here.first()
    if key:
        ensure_role_not_higher(by, key.role)
    if not keys_here.filter(revoked_at=None).update(revoked_at=Now()):
        return False
    key.refresh_from_db(fields=["revoked_at"])
    record_event(by, "api_key.revoked", key, kind="api_key", label=str(key))
    return True


class HigherRole(ValidationError):
    """The caller tried to create or revoke a key, invite, or change a member, above their own
    role."""


def ensure_role_not_higher(by: Principal, role: str) -> None:
    if lower_role(role, by.role) != role:
        message = _("The key has a higher role than you (%(role)s).") % {"role": by.role}
        raise HigherRole({"role": message})


def validate_scopes(scopes: Sequence[str]) -> None:
    unknown = [scope for scope in scopes if scope not in SCOPES]
    if unknown:
        known = ", ".join(SCOPES)
        raise ValidationError(
            {
                "scopes": _("No such scope: %(unknown)s. There are: %(known)s.")
                % {"unknown": ", ".join(unknown), "known": known}
            }
        )


def validate_cidrs(cidrs: Sequence[str]) -> None:
    for cidr in cidrs:
        try:
            ip_network(cidr)
        except ValueError as error:
            raise ValidationError(
                {"allowed_cidrs": _("Not a network: %(error)s.") % {"error": error}}
            ) from error


def ensure_networks_within_own(mine: Sequence[str], cidrs: Sequence[str]) -> None:
    """Raises ValidationError if `cidrs` reach beyond `mine`. A key that is limited to networks
    cannot create one that works from elsewhere."""
    allowed = [ip_network(cidr) for cidr in mine]
    outside = [cidr for cidr in cidrs if not any(is_subnet(ip_network(cidr), a) for a in allowed)]
    if mine and (outside or not cidrs):
        message = _("Your own key may be used from %(mine)s only.") % {"mine": ", ".join(mine)}
        raise ValidationError({"allowed_cidrs": message})


def ensure_expiry_within_own(mine: datetime | None, expires_at: datetime | None) -> None:
    """Raises ValidationError if `expires_at` is later than `mine`. Otherwise a leaked key could
    create keys that outlive it."""
    if mine and (expires_at is None or expires_at > mine):
        words = {"end": format_audit_time(mine)}
        raise ValidationError({"expires_at": _("Your own key ends at %(end)s.") % words})


def is_subnet(inner: IpNetwork, outer: IpNetwork) -> bool:
    return inner.version == outer.version and inner.subnet_of(outer)


def ensure_future_expiry(expires_at: datetime | None) -> None:
    if expires_at and expires_at <= timezone.now():
        raise ValidationError({"expires_at": _("A time in the future is expected.")})


def ensure_permissions_within_own(
    by: Principal, role: str, scopes: Sequence[str], *, is_limited: bool
) -> None:
    """Raises HigherRole or ValidationError if the key would have permissions that the caller lacks.
    Permissions withheld from a limited key may be in the role of limited keys that it creates,
    because they are withheld from those as well."""
    ensure_role_not_higher(by, role)
    mine = by.permissions | by.withheld if is_limited else by.permissions
    surplus = sorted(granted_permissions(role, list(scopes)) - mine)
    if surplus:
        words = {"permissions": ", ".join(surplus)}
        raise ValidationError(
            {"scopes": _("Your own key lacks these permissions: %(permissions)s.") % words}
        )


def validate_key_role(organization: Organization, owner: User, role: str) -> None:
    """Raises ValidationError unless the owner is a member with at least this role."""
    membership = organization.memberships.filter(user=owner).first()
    if membership is None:
        raise ValidationError(
            {"owner": _("%(owner)s is not a member of this organization.") % {"owner": owner}}
        )
    if role not in Role.values:
        raise ValidationError({"role": _("No such role: %(role)s.") % {"role": role}})
    if lower_role(role, membership.role) != role:
        raise ValidationError(
            {
                "role": _("A key cannot have a higher role than its owner (%(role)s).")
                % {"role": membership.role}
            }
        )
