"""Models: users, organizations, memberships and API keys; events, exports and saved responses."""

from organizations.models.api_key import ApiKey
from organizations.models.event import Event, Seal
from organizations.models.event_archive import EventArchive
from organizations.models.export import Export, ExportPart
from organizations.models.invitation import Invitation
from organizations.models.membership import Membership
from organizations.models.organization import Organization, organization_id, public_id
from organizations.models.saved_response import SavedReply
from organizations.models.user import User, UserManager

__all__ = [
    "ApiKey",
    "Event",
    "EventArchive",
    "Export",
    "ExportPart",
    "Invitation",
    "Membership",
    "Organization",
    "SavedReply",
    "Seal",
    "User",
    "UserManager",
    "organization_id",
    "public_id",
]
