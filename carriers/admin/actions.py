"""Admin actions on carriers. Each calls one operation."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from carriers import operations
from carriers.models import Carrier
from carriers.operations import CarrierActionNotAllowed
from organizations.access.principals import Principal
from organizations.web.admin.row_actions import RowAction

Status = Carrier.Status


def retry_carrier_action(by: Principal, carrier: Carrier) -> str:
    operations.retry_carrier(by, carrier)
    return _("%(carrier)s is tried again.") % {"carrier": carrier}


def make_default_carrier_action(by: Principal, carrier: Carrier) -> str:
    operations.change_carrier(by, carrier, is_default=True)
    words = {"carrier": carrier, "organization": by.organization}
    return _("%(carrier)s is the default of %(organization)s now.") % words


def make_installation_default_action(by: Principal, carrier: Carrier) -> str:
    if carrier.status == Status.DELETED:
        raise CarrierActionNotAllowed(_("The carrier is deleted."))
    operations.make_installation_default_carrier(by, carrier)
    return _("%(carrier)s is the default of the installation now.") % {"carrier": carrier}


def delete_carrier_action(by: Principal, carrier: Carrier) -> str:
    operations.delete_carrier(by, carrier)
    return _("%(carrier)s is deleted; its platform follows.") % {"carrier": carrier}


def carrier_deletion_impact(carrier: Carrier) -> str:
    lost = [_("It is taken off %(platform)s.") % {"platform": carrier.integration.name}]
    if count := carrier.phone_numbers.filter(released_at=None).count():
        lost.append(_("%(count)s numbers are on it, so it will be refused.") % {"count": count})
    if carrier.is_default:
        lost.append(_("The organization has no default carrier then."))
    if carrier.is_installation_default:
        lost.append(_("The installation has no default carrier then."))
    return " ".join(lost)


def is_undeleted_carrier(carrier: Carrier) -> bool:
    return carrier.status != Status.DELETED


def can_retry_carrier(carrier: Carrier) -> bool:
    unfinished = carrier.status in (Status.PENDING, Status.FAILED)
    return unfinished or (carrier.status == Status.DELETED and carrier.released_at is None)


CARRIER_ACTIONS = (
    RowAction(
        "retry",
        gettext_lazy("Try again now"),
        retry_carrier_action,
        refusals=(CarrierActionNotAllowed,),
        possible=can_retry_carrier,
        icon="replay",
    ),
    RowAction(
        "default",
        gettext_lazy("Make it the organization's default"),
        make_default_carrier_action,
        refusals=(CarrierActionNotAllowed,),
        possible=lambda carrier: is_undeleted_carrier(carrier) and not carrier.is_default,
        icon="star",
    ),
    RowAction(
        "installation-default",
        gettext_lazy("Make it the installation's default"),
        make_installation_default_action,
        refusals=(CarrierActionNotAllowed,),
        possible=lambda carrier: (
            is_undeleted_carrier(carrier) and not carrier.is_installation_default
        ),
        icon="public",
    ),
    RowAction(
        "delete",
        gettext_lazy("Delete"),
        delete_carrier_action,
        refusals=(CarrierActionNotAllowed,),
        possible=is_undeleted_carrier,
        loses=carrier_deletion_impact,
        permission="delete",
        icon="delete",
    ),
)
