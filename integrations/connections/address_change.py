"""Changes of an account's address. Neither its stored secrets nor, without an admin, those of its
carriers and numbers are sent to a new address."""

from collections.abc import Mapping

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from integrations.connections.encryption import DecryptionError
from integrations.models import Integration
from integrations.providers import PROVIDERS
from organizations.access.principals import Principal
from organizations.access.roles import Permission


def merge_stored_account(
    by: Principal, integration: Integration, account: Mapping[str, str]
) -> dict[str, str]:
    """Returns the account with the stored fields that do not change. Stored secrets never go to
    another address: otherwise whoever may change the account could send them to a server of their
    own. The same holds for secrets that the platform never accepted. Raises ValidationError by
    field."""
    provider = PROVIDERS[integration.kind]
    known = integration.desired_account()
    whole = {**known, **account}
    if validate_address_change(by, integration, whole):
        secret = [field.name for field in provider.fields if field.secret and field.name in known]
        if missing := [name for name in secret if not account.get(name)]:
            text = _("Give it again: the address changes.")
            raise ValidationError({name: [text] for name in missing})
    return whole


def validate_address_change(
    by: Principal, integration: Integration, whole: Mapping[str, str]
) -> bool:
    """Returns whether the account moves to another address. The passwords of its carriers and
    numbers would be sent there, so the change requires an admin. Raises ValidationError by
    field."""
    provider, known = PROVIDERS[integration.kind], readable_account(integration)
    if not known or provider.origins(whole) == provider.origins(known):
        return False
    if has_subjects(integration) and not by.can(Permission.ORGANIZATION_UPDATE):
        text = _("Another address takes an admin: its carriers' and numbers' passwords go there.")
        changed = [name for name in whole if whole[name] != known.get(name)]
        raise ValidationError({name: [text] for name in changed})
    return True


def readable_account(integration: Integration) -> Mapping[str, str]:
    """Returns the account, or only its settings if its secrets cannot be decrypted, so that new
    credentials can be stored after a key was lost."""
    try:
        return integration.desired_account()
    except DecryptionError:
        return integration.settings


def has_subjects(integration: Integration) -> bool:
    """Returns whether the integration has subjects, or may have them by the time its account is
    accepted."""
    others = integration.operations.exclude(subject_kind="integration")
    return bool(integration.sealed) or others.exists()
