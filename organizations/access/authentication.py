"""Authentication: from the API key of a request to its principal."""

import logging
from uuid import UUID

from django.db import DatabaseError, connection
from django.http import HttpRequest
from django.utils.translation import gettext as _

from organizations.access import api_key_format, principals
from organizations.access.principals import Principal
from organizations.models import ApiKey, Organization
from organizations.tenancy import tenant_scope
from organizations.web.api.brute_force import (
    count_key_failure,
    ensure_not_guessing,
    recent_valid_keys,
)
from organizations.web.api.credentials import read_api_key, unauthorized_problem
from organizations.web.api.key_lookup import ApiKeyRecord, find_key_record
from organizations.web.api.problems import Problem
from organizations.web.api.rejected_keys import record_key_refusal
from organizations.web.client_address import is_address_in_networks

logger = logging.getLogger(__name__)

PLACEHOLDER_DIGEST = bytes(32)
# SKIP LOCKED, so that no request waits for another one that has locked the row.
RECORD_KEY_USE = f"""
    UPDATE {ApiKey._meta.db_table} SET last_used_at = now(), last_used_from = %s WHERE id =
        (SELECT id FROM {ApiKey._meta.db_table} WHERE id = %s FOR NO KEY UPDATE SKIP LOCKED)
"""


def authenticate_bearer(request: HttpRequest) -> Principal:
    """Returns the principal of the request's key, which may be in any of the supported headers.
    Raises a 401, 403 or 429 Problem otherwise."""
    return authenticate_key(read_api_key(request), request)


def authenticate_key(
    text: api_key_format.PlaintextApiKey | None, request: HttpRequest
) -> Principal:
    """Returns the principal of this key. Rejects None (a text that is not a key) without a
    query."""
    address = request.META.get("REMOTE_ADDR", "")  # the client's: organizations.web.client_address
    ensure_not_guessing(address, text)
    key = verify_api_key(text, address)
    ensure_key_active(key)
    ensure_network_and_organization(key, request, address)
    tenant_scope.enter(key.organization)
    if not key.is_use_noted:
        record_key_use(key, address)
    return principals.api_key_principal(key, owner_role=key.owner_role)


def verify_api_key(text: api_key_format.PlaintextApiKey | None, address: str) -> ApiKeyRecord:
    """Returns the record of this key, if its owner is still an active member. Otherwise counts a
    failure for the client's address and raises a 401 Problem."""
    if text is None:
        count_key_failure(address)
        raise unauthorized_problem(
            _("This is not a complete API key; its last characters are a checksum.")
        )
    key = find_key_record(text.key_id)
    # Unknown keys are compared too, so that every key takes the same time.
    matches = text.matches(key.digest if key else PLACEHOLDER_DIGEST)
    if not key or not matches or key.owner_role is None:
        count_key_failure(address)
        if key:
            record_key_refusal(
                key, "owner_gone" if matches else "wrong_secret", is_guess=not matches
            )
        raise unauthorized_problem(_("There is no such API key."))
    recent_valid_keys.add(text.digest)
    return key


def ensure_key_active(key: ApiKeyRecord) -> None:
    """Raises a 401 Problem if the key is revoked or expired. Only a caller that knows the secret
    gets this far, and may learn the reason."""
    if key.is_revoked:
        record_key_refusal(key, "revoked")
        raise unauthorized_problem(_("This API key was revoked."))
    if key.is_expired:
        record_key_refusal(key, "expired")
        raise unauthorized_problem(_("This API key has expired."))


def ensure_network_and_organization(key: ApiKeyRecord, request: HttpRequest, address: str) -> None:
    """Raises a 403 Problem if the request comes from outside the key's networks or names another
    organization than the key's."""
    if key.allowed_cidrs and not is_address_in_networks(address, key.allowed_cidrs):
        record_key_refusal(key, "network")
        raise Problem("forbidden", _("This API key may not be used from your address."))
    named = request.META.get("HTTP_X_ORGANIZATION_ID")
    if named is not None and not matches_organization_id(key.organization, named):
        message = _("X-Organization-Id names another organization than the API key's.")
        raise Problem("forbidden", message)


def matches_organization_id(organization: Organization, named: str) -> bool:
    try:
        return UUID(named) == organization.id
    except ValueError:
        return named == organization.public_id


def record_key_use(key: ApiKeyRecord, address: str) -> None:
    """Stores when and from where the key was used; authenticate_key calls it at most once a minute
    per key. A database error is only logged, so that a request never fails because of it."""
    try:
        with connection.cursor() as cursor:
            cursor.execute(RECORD_KEY_USE, [address or None, key.id])
    except DatabaseError as error:
        logger.warning("The use of API key %s was not noted: %s", key.key_id, error)
