"""The organization, its members, keys and audit log as JSON in /v1."""

from typing import Any

from rest_framework import serializers

from organizations.access import api_key_format
from organizations.access.api_key_rotation import DEFAULT_OVERLAP, MAX_OVERLAP, api_key_status
from organizations.access.quotas import Usage
from organizations.access.roles import SCOPES, Role
from organizations.models import ApiKey, Event, Invitation, Membership, Organization
from organizations.web.api.fields import (
    Boolean,
    Char,
    Choice,
    Integer,
    StrictList,
    StrictSerializer,
    Timestamp,
    Uuid,
)

KEY_STATES = ["active", "expired", "revoked"]
ACTOR_KINDS = ["member", "key", "staff", "system", "anonymous"]


def serialize_organization(organization: Organization) -> dict[str, Any]:
    return {
        "id": organization.id,
        "organization_id": organization.public_id,
        "name": organization.name,
        "numbers_limited": organization.numbers_limited,
        "created_at": organization.created_at,
    }


class OrganizationChangeSerializer(StrictSerializer):
    name = Char(max_length=100)


class OrganizationShape(StrictSerializer):
    id = Uuid(help_text="What other answers call `account_id`.")
    organization_id = Char(help_text="The short id, `org_…`, which stands for the same.")
    name = Char()
    numbers_limited = Boolean(
        help_text="Whether it can add only numbers of its number pools: `GET /v1/number-pools`."
    )
    created_at = serializers.DateTimeField()


def serialize_quota_usage(usage: Usage) -> dict[str, Any]:
    return {"name": usage.quota.name, "limit": usage.limit, "used": usage.used}


class QuotaShape(StrictSerializer):
    name = Char()
    limit = Integer()
    used = Integer(help_text="May be more than the limit, if that was lowered.")


class QuotaListShape(StrictSerializer):
    data = QuotaShape(many=True)


def serialize_member(membership: Membership) -> dict[str, Any]:
    """Returns a member as JSON values. `membership.user` must be loaded."""
    return {
        "user_id": membership.user_id,
        "email": membership.user.email,
        "name": membership.user.name,
        "role": membership.role,
        "created_at": membership.created_at,
    }


class MemberChangeSerializer(StrictSerializer):
    role = Choice(Role.values)


class MemberShape(StrictSerializer):
    user_id = Uuid(help_text="The person: what the path takes.")
    email = Char()
    name = Char(allow_blank=True)
    role = Choice(Role.values)
    created_at = serializers.DateTimeField(help_text="A member since.")


class MemberPageShape(StrictSerializer):
    data = MemberShape(many=True)
    next_cursor = Char(allow_null=True)


def serialize_invitation(invitation: Invitation) -> dict[str, Any]:
    """Returns an invitation as JSON values. `invitation.invited_by` must be loaded."""
    return {
        "id": invitation.id,
        "email": invitation.email,
        "role": invitation.role,
        "status": invitation.state,
        "invited_by_email": invitation.invited_by.email if invitation.invited_by else None,
        "created_at": invitation.created_at,
        "expires_at": invitation.expires_at,
        "accepted_at": invitation.accepted_at,
        "revoked_at": invitation.revoked_at,
    }


class InvitationCreateSerializer(StrictSerializer):
    email = Char(max_length=254, help_text="Only an account with this e-mail can accept.")
    role = Choice(Role.values, help_text="At most your own key's.")


class InvitationShape(StrictSerializer):
    id = Uuid(help_text="What the path takes.")
    email = Char()
    role = Choice(Role.values)
    status = Choice(Invitation.STATES)
    invited_by_email = Char(allow_null=True)
    created_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField()
    accepted_at = serializers.DateTimeField(allow_null=True)
    revoked_at = serializers.DateTimeField(allow_null=True)


class NewInvitationShape(InvitationShape):
    url = Char(required=False, help_text="The link; shown this once, not in a replay.")


class InvitationPageShape(StrictSerializer):
    data = InvitationShape(many=True)
    next_cursor = Char(allow_null=True)


def serialize_api_key(key: ApiKey) -> dict[str, Any]:
    """Returns an API key as JSON values, without its secret. `key.owner` must be loaded."""
    return {
        "id": key.id,
        "api_key_id": api_key_format.API_KEY_PREFIX + key.key_id,
        "name": key.name,
        "role": key.role,
        "scopes": key.scopes,
        "allowed_cidrs": key.allowed_cidrs,
        "status": api_key_status(key),
        "owner_user_id": key.owner_id,
        "owner_email": key.owner.email,
        "created_at": key.created_at,
        "expires_at": key.expires_at,
        "last_used_at": key.last_used_at,
        "last_used_from": key.last_used_from,
        "revoked_at": key.revoked_at,
        "replaced_by": key.successor_id,
    }


class KeyCreateSerializer(StrictSerializer):
    name = Char(max_length=100, help_text="Which program uses it.")
    role = Choice(
        Role.values, required=False, help_text="At most your own key's, which is taken if left out."
    )
    scopes = StrictList(
        child=Choice(list(SCOPES)),
        required=False,
        max_length=len(SCOPES),
        help_text="Narrow the role; your own key's are taken if left out.",
    )
    expires_at = Timestamp(required=False, allow_null=True, help_text="Never, if left out.")
    allowed_cidrs = StrictList(
        child=Char(max_length=43),
        required=False,
        max_length=100,
        help_text="Networks it may be used from; your own key's are taken if left out.",
    )


class KeyRotateSerializer(StrictSerializer):
    overlap_seconds = Integer(
        min_value=0,
        max_value=int(MAX_OVERLAP.total_seconds()),
        default=int(DEFAULT_OVERLAP.total_seconds()),
        help_text="How long the old key still works.",
    )


class KeyShape(StrictSerializer):
    id = Uuid(help_text="What the path takes.")
    api_key_id = Char(help_text="The public half, `pb_live_…`.")
    name = Char()
    role = Choice(Role.values)
    scopes = StrictList(child=Choice(list(SCOPES)), help_text="Empty: all that the role may do.")
    allowed_cidrs = StrictList(child=Char(), help_text="Empty: from anywhere.")
    status = Choice(KEY_STATES)
    owner_user_id = Uuid()
    owner_email = Char()
    created_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField(allow_null=True)
    last_used_at = serializers.DateTimeField(
        allow_null=True, help_text="Noted once a minute at most."
    )
    last_used_from = Char(allow_null=True, help_text="The address of that request.")
    revoked_at = serializers.DateTimeField(allow_null=True)
    replaced_by = Uuid(allow_null=True, help_text="The key that rotation made of it.")


class NewKeyShape(KeyShape):
    api_key = Char(required=False, help_text="The whole key; shown this once, not in a replay.")
    api_secret = Char(required=False, help_text="Its secret half; shown this once as well.")


class KeyPageShape(StrictSerializer):
    data = KeyShape(many=True)
    next_cursor = Char(allow_null=True)


def serialize_event(event: Event) -> dict[str, Any]:
    return {name: getattr(event, name) for name in EventShape._declared_fields}


ACTOR_HELP = "Who did it; `staff` operates the installation, `anonymous` has not shown who it is."


class EventShape(StrictSerializer):
    id = serializers.IntegerField(help_text="Later lines have higher ids.")
    at = serializers.DateTimeField()
    action = Char(help_text="What was done: `phone_number.created`, `api_key.revoked`, …")
    actor_kind = Choice(ACTOR_KINDS, help_text=ACTOR_HELP)
    actor_id = Char(allow_blank=True, help_text="Of the key or the user; empty for the system.")
    actor_label = Char()
    subject_kind = Char()
    subject_id = Uuid()
    subject_label = Char()
    before = serializers.DictField(help_text="What was changed, as it was.")
    after = serializers.DictField(help_text="The same, as it became.")
    request_id = Uuid(allow_null=True, help_text="The `X-Request-Id` of the answer.")
    client_address = Char(allow_null=True, help_text="Where the request came from.")
    outcome = Choice(Event.Outcome.values, help_text="`refused`: wrong credentials, for example.")


class EventPageShape(StrictSerializer):
    data = EventShape(many=True)
    next_cursor = Char(allow_null=True)
