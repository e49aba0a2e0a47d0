"""Helpers of the management commands: organizations and users as arguments, and error messages."""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from django.core.exceptions import ValidationError
from django.core.management.base import CommandError

from organizations.models import Organization, User


def find_organization(named: str) -> Organization:
    """Returns the organization with this `org_…` id or UUID. Raises CommandError."""
    key = {"pk": named} if is_uuid_argument(named) else {"public_id": named}
    organization = Organization.objects.filter(**key).first()
    if organization is None:
        raise CommandError(f"There is no organization {named}: give its UUID or its org_… id.")
    return organization


def find_user(email: str) -> User:
    user = User.objects.with_email(email)
    if user is None:
        raise CommandError(f"There is no user {email}: make one with create_user.")
    return user


def is_uuid_argument(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True


@contextmanager
def raise_command_errors() -> Iterator[None]:
    """Turns a ValidationError into a CommandError, field by field."""
    try:
        yield
    except ValidationError as error:
        raise CommandError(validation_error_text(error)) from error


def validation_error_text(error: ValidationError) -> str:
    if not hasattr(error, "error_dict"):
        return " ".join(error.messages)
    return " ".join(
        " ".join(messages) if field == "__all__" else f"{field}: {' '.join(messages)}"
        for field, messages in error.message_dict.items()
    )
