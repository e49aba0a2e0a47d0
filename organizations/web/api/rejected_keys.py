"""Rejected API keys in the audit log of their organization."""

import logging

from django.core.cache import cache
from django.db import DatabaseError

from organizations.access import principals
from organizations.access.principals import Principal
from organizations.access.roles import Role
from organizations.models import ApiKey, Event
from organizations.operations import record_event
from organizations.tenancy import tenant_scope
from organizations.web.api.key_lookup import ApiKeyRecord

logger = logging.getLogger(__name__)

# Seconds in which the same refusal of the same key is not recorded again.
REPEAT_SECONDS = 600


def record_key_refusal(key: ApiKeyRecord, reason: str, *, is_guess: bool = False) -> None:
    """Records a refused key. `reason` is one word. A guess has only the key's public half, so it
    identifies nobody. The key stays refused even if this fails."""
    try:
        if not cache.add(f"key-refused:{key.id}:{reason}", 1, REPEAT_SECONDS):
            return
        row = ApiKey(pk=key.id, name=key.name, key_id=key.key_id)
        by = (
            principals.anonymous_principal(key.organization)
            if is_guess
            else refused_key_principal(key)
        )
        words = {"kind": "api_key", "label": str(row), "after": {"reason": reason}}
        with tenant_scope.within(key.organization):
            record_event(by, "api_key.refused", row, **words, outcome=Event.Outcome.REFUSED)
    except DatabaseError as error:
        logger.warning("The refusal of API key %s was not noted: %s", key.key_id, error)


def refused_key_principal(key: ApiKeyRecord) -> Principal:
    return principals.api_key_principal(key, owner_role=key.owner_role or Role.USER)
