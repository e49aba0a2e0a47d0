"""Saved views of the number list, personal ones and those of the whole organization."""

from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from numbers.models import SavedView
from organizations.access.principals import Principal
from organizations.access.roles import Permission
from organizations.operations import record_event

MAX_SAVED_VIEWS = 50  # per person, and per organization


class SavedViewError(Exception):
    """Raised if a view cannot be saved or deleted; the message says why."""


def visible_saved_views(by: Principal) -> QuerySet[SavedView]:
    """Returns the views of the organization and those of the person."""
    return by.organization.saved_views.filter(Q(user=None) | Q(user=by.user_id))


def can_delete_view(by: Principal, view: SavedView) -> bool:
    return view.user_id == by.user_id if view.user_id else by.can(Permission.PHONE_NUMBERS_UPDATE)


@transaction.atomic
def save_view(by: Principal, *, name: str, query: str, shared: bool = False) -> SavedView:
    """Saves and returns a view. Raises SavedViewError, and ValidationError by field."""
    if shared and not by.can(Permission.PHONE_NUMBERS_UPDATE):
        raise SavedViewError(_("Your role does not allow to save a view for everybody."))
    owner = None if shared else by.user_id
    if by.organization.saved_views.filter(user=owner).count() >= MAX_SAVED_VIEWS:
        raise SavedViewError(
            _("There are %(most)d saved views: delete one first.") % {"most": MAX_SAVED_VIEWS}
        )
    view = SavedView(organization=by.organization, user_id=owner, name=name, query=query)
    view.clean_fields(exclude=["organization", "user", "created_at"])
    try:
        with transaction.atomic():
            view.save(force_insert=True)
    except IntegrityError as error:
        if "saved_view_name" not in str(error):
            raise
        raise SavedViewError(_("There is a view of this name already.")) from error
    if shared:
        record_saved_view_event(by, view, "saved")
    return view


@transaction.atomic
def delete_view(by: Principal, view_id: UUID) -> SavedView:
    """Deletes and returns a view. Raises DoesNotExist for another person's view, and
    SavedViewError."""
    view = visible_saved_views(by).select_for_update().get(pk=view_id)
    if not can_delete_view(by, view):
        raise SavedViewError(_("Your role does not allow to delete a view of everybody."))
    if view.user_id is None:
        record_saved_view_event(by, view, "deleted")
    view.delete()
    return view


def record_saved_view_event(by: Principal, view: SavedView, action: str) -> None:
    facts = {"name": view.name, "query": view.query}
    both = {"before": facts} if action == "deleted" else {"after": facts}
    record_event(by, f"saved_view.{action}", view, kind="saved_view", label=view.name, **both)
