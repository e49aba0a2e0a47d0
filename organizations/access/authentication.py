"""From the API key of a request to the principal it stands for."""

import logging
from uuid import UUID

from django.db import DatabaseError, connection
from django.http import HttpRequest
from django.utils.translation import gettext as _

from organizations.access import api_key_format, principals
from organizations.access.principals import Principal
from organizations.models import ApiKey, Organization
from organizations.tenancy import tenant_scope
from organizations.web.api.brute_force import count_failure, good_keys, refuse_guesser
from organizations.web.api.credentials import read_key, unauthorized
from organizations.web.api.key_lookup import FoundKey, find_key
from organizations.web.api.problems import Problem
from organizations.web.api.rejected_keys import tell_refusal
from organizations.web.client_address import is_within

logger = logging.getLogger(__name__)

NO_DIGEST = bytes(32)
# Under SKIP LOCKED no request waits here for one that holds the row.
NOTE_USE = f"""
    UPDATE {ApiKey._meta.db_table} SET last_used_at = now(), last_used_from = %s WHERE id =
        (SELECT id FROM {ApiKey._meta.db_table} WHERE id = %s FOR NO KEY UPDATE SKIP LOCKED)
"""


def authenticate_bearer(request: HttpRequest) -> Principal:
    """The principal of the request's key, in any of the headers we know; else a 401, 403 or 429."""
    return authenticate_key(read_key(request), request)


def authenticate_key(text: api_key_format.KeyText | None, request: HttpRequest) -> Principal:
    """The principal of this key. None, a text that is no key, is refused without a query."""
    address = request.META.get("REMOTE_ADDR", "")  # the client's: organizations.web.client_address
    refuse_guesser(address, text)
    key = known(text, address)
    refuse_ended(key)
    refuse_elsewhere(key, request, address)
    tenant_scope.enter(key.organization)
    if not key.is_use_noted:
        note_use(key, address)
    return principals.of_key(key, owner_role=key.owner_role)


def known(text: api_key_format.KeyText | None, address: str) -> FoundKey:
    """The key of this text and of somebody who may act; anything else counts as a guess."""
    if text is None:
        count_failure(address)
        raise unauthorized(_("This is not a complete API key; its last characters are a checksum."))
    key = find_key(text.key_id)
    matches = text.matches(key.digest if key else NO_DIGEST)  # compared in any case: equal time
    if not key or not matches or key.owner_role is None:
        count_failure(address)
        if key:
            tell_refusal(key, "owner_gone" if matches else "wrong_secret", is_guess=not matches)
        raise unauthorized(_("There is no such API key."))
    good_keys.add(text.digest)
    return key


def refuse_ended(key: FoundKey) -> None:
    """Only who knows the secret gets here, and may learn why the key is refused."""
    if key.is_revoked:
        tell_refusal(key, "revoked")
        raise unauthorized(_("This API key was revoked."))
    if key.is_expired:
        tell_refusal(key, "expired")
        raise unauthorized(_("This API key has expired."))


def refuse_elsewhere(key: FoundKey, request: HttpRequest, address: str) -> None:
    """403 from outside the key's networks, or for another organization than the key's."""
    if key.allowed_cidrs and not is_within(address, key.allowed_cidrs):
        tell_refusal(key, "network")
        raise Problem("forbidden", _("This API key may not be used from your address."))
    named = request.META.get("HTTP_X_ORGANIZATION_ID")
    if named is not None and not is_named(key.organization, named):
        message = _("X-Organization-Id names another organization than the API key's.")
        raise Problem("forbidden", message)


def is_named(organization: Organization, named: str) -> bool:
    try:
        return UUID(named) == organization.id
    except ValueError:
        return named == organization.public_id


def note_use(key: FoundKey, address: str) -> None:
    """When and from where, at most once a minute. A request never fails for this."""
    try:
        with connection.cursor() as cursor:
            cursor.execute(NOTE_USE, [address or None, key.id])
    except DatabaseError as error:
        logger.warning("The use of API key %s was not noted: %s", key.key_id, error)
