"""Rank of operators: nobody edits a person with more permissions, or grants more than they have."""

from collections.abc import Iterable

from django.contrib.auth.models import Permission
from django.core.exceptions import PermissionDenied
from django.utils.translation import gettext as _

from organizations.models import User


def can_edit_user(operator: User, person: User) -> bool:
    """Returns whether `person` has no more permissions in the admin than `operator`. Whoever sets a
    password, an e-mail or a second factor can act as that person."""
    if operator.is_superuser or operator == person:
        return True
    return not person.is_superuser and can_grant_permissions(operator, user_permission_ids(person))


def can_grant_permissions(operator: User, rights: Iterable[int]) -> bool:
    """Returns whether the operator has all of `rights`, which are primary keys of permissions."""
    return operator.is_superuser or set(rights) <= user_permission_ids(operator)


def user_permission_ids(person: User) -> set[int]:
    """Returns the primary keys of the person's permissions. Includes those of an inactive person,
    for whom Django reports none, because they can be reactivated."""
    own = Permission.objects.filter(user=person)
    by_group = Permission.objects.filter(group__user=person)
    return set(own.union(by_group).values_list("pk", flat=True))


def ensure_can_edit_user(operator: User, person: User) -> None:
    """Raises PermissionDenied if the person has more permissions than the operator."""
    if not can_edit_user(operator, person):
        message = _("%(person)s may do more in this admin than you.")
        raise PermissionDenied(message % {"person": person})


class OwnMembershipChange(Exception):
    """Raised if an operator changes their own role in an organization."""


def ensure_not_oneself(operator: User, person: User) -> None:
    """Raises OwnMembershipChange if an operator who is no superuser acts on themselves."""
    if operator == person and not operator.is_superuser:
        raise OwnMembershipChange(_("Only a superuser changes their own memberships."))
