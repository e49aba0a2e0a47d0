"""Operations on carriers for requesters: add, change, retry and delete a carrier, and choose
defaults."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from carriers.models import Carrier, SipGateway
from carriers.stored_password import ensure_password_reentered
from integrations.ledger import operation_requests as ledger
from integrations.ledger.locks import INSTALLATION_ID, lock_names
from integrations.ledger.operation_requests import get_default_integration
from integrations.models import Integration, Operation
from organizations.access.principals import Principal
from organizations.models import Organization
from organizations.operations import record_event
from organizations.tenancy import tenant_scope

Status = Carrier.Status
MAX_LISTED_NUMBERS = 20  # numbers that an error lists


class CarrierActionNotAllowed(Exception):
    """The action is not possible for the carrier now; the text says why. `numbers` are those that
    prevent it."""

    def __init__(
        self, message: str, *, numbers: Sequence[str] = (), reason: str = "not-possible-now"
    ):
        super().__init__(message)
        self.numbers = list(numbers)
        self.reason = reason


class NoCarrierIntegration(Exception):
    """The organization specified no integration and has no default one for carriers."""


def require_default_integration(by: Principal) -> Integration:
    if integration := get_default_integration(by, "carrier"):
        return integration
    raise NoCarrierIntegration(
        _("Name an integration, or choose a default integration for carriers first.")
    )


@transaction.atomic
def add_carrier(
    by: Principal,
    *,
    name: str,
    trunk_type: str,
    gateways: Sequence[Mapping[str, Any]],
    registration: Mapping[str, Any] | None = None,
    inbound_auth: Mapping[str, Any] | None = None,
    integration: Integration | None = None,
    is_default: bool = False,
    voip_carrier_sid: UUID | None = None,
) -> Carrier:
    """Adds a pending carrier and requests its provisioning. The caller has validated the input.

    `registration` and `inbound_auth` include their `password`, which is encrypted here. Raises
    NoCarrierIntegration.
    """
    integration = integration or require_default_integration(by)
    carrier = Carrier(
        organization=by.organization,
        integration=integration,
        name=name,
        trunk_type=trunk_type,
        created_by_id=by.user_id,
    )
    if voip_carrier_sid:
        carrier.voip_carrier_sid = voip_carrier_sid
    set_carrier_credentials(carrier, registration, inbound_auth)
    carrier.save(force_insert=True)
    replace_carrier_gateways(carrier, gateways)
    if is_default:
        make_default_carrier(by, carrier)
    after = carrier_audit_snapshot(carrier)
    record_event(by, "carrier.created", carrier, kind="carrier", label=name, after=after)
    request_carrier_operation(by, carrier, Operation.Wish.ENSURE)
    return carrier


def lock_carrier(by: Principal, carrier_id: UUID, *, to_delete: bool = False) -> Carrier:
    """Locks and returns the current carrier. Until the transaction ends, no other one changes its
    gateways or requests or settles its operation; with `to_delete`, none adds a number to it
    either. Raises DoesNotExist."""
    rows = by.organization.carriers.select_for_update(no_key=not to_delete)
    return rows.get(pk=carrier_id)


def lock_default_carrier(by: Principal) -> None:
    """Locks the choice of the organization's default carrier. Call it before the carrier is locked,
    because the former default carrier is changed too."""
    lock_names(by.organization.pk, "default carrier")


def lock_carrier_against_deletion(carrier: Carrier) -> None:
    """Prevents the deletion of the carrier until the transaction ends, while a number is being
    added to it. Several transactions can do so at once. Reloads `status` and `error_message`."""
    carrier.status, carrier.error_message = (
        Status.DELETED,
        None,
    )  # if the row no longer exists
    for row in Carrier.objects.raw(LOCK_AGAINST_DELETION_SQL, [carrier.pk]):
        carrier.status, carrier.error_message = row.status, row.error_message


LOCK_AGAINST_DELETION_SQL = f"""
    SELECT id, status, error_message FROM {Carrier._meta.db_table} WHERE id = %s FOR KEY SHARE
"""


@transaction.atomic
def change_carrier(by: Principal, carrier: Carrier, **changes: Any) -> Carrier:
    """Changes name, trunk type, credentials, gateways or default flag; the platform follows.

    Only the given keys change. A new trunk type needs its own credentials, which the caller has
    checked. Credentials without a password, and gateways, keep the stored password; `password`
    alone replaces it. Raises CarrierActionNotAllowed if deleted, PasswordRequired, DecryptionError.
    """
    if "is_default" in changes:
        lock_default_carrier(by)
    carrier = lock_carrier(by, carrier.pk)
    if carrier.status == Status.DELETED:
        raise CarrierActionNotAllowed(_("The carrier is deleted."))
    ensure_password_reentered(carrier, changes)
    before = carrier_audit_snapshot(carrier)
    default = changes.pop("is_default", None)
    gateways = changes.pop("gateways", None)
    on_platform = bool(changes) or gateways is not None
    apply_carrier_changes(carrier, changes)
    if gateways is not None:
        replace_carrier_gateways(carrier, gateways)
    if on_platform:
        carrier.status, carrier.error_message = Status.PENDING, None
    carrier.version += 1
    carrier.save()
    if default is not None:
        set_carrier_default(by, carrier, default)
    record_event(
        by,
        "carrier.changed",
        carrier,
        kind="carrier",
        label=carrier.name,
        before=before,
        after=carrier_audit_snapshot(carrier),
    )
    if on_platform:
        request_carrier_operation(by, carrier, Operation.Wish.ENSURE)
    return carrier


def apply_carrier_changes(carrier: Carrier, changes: Mapping[str, Any]) -> None:
    new_type = changes.get("trunk_type", carrier.trunk_type)
    credentials = {name: changes.get(name) for name in ("registration", "inbound_auth")}
    carrier.name = changes.get("name", carrier.name)
    if new_type != carrier.trunk_type or any(credentials.values()):
        carrier.trunk_type = new_type
        set_carrier_credentials(carrier, **credentials)
    if changes.get("password"):
        carrier.keep_password(changes["password"])


def set_carrier_credentials(
    carrier: Carrier, registration: Mapping[str, Any] | None, inbound_auth: Mapping[str, Any] | None
) -> None:
    """Sets the credentials, of which only the password is encrypted; only one kind can be given.
    Credentials without a password keep the stored one, if it can be decrypted."""
    given = dict(registration or inbound_auth or {})
    carrier.keep_password((given.pop("password", "") or carrier.password()) if given else "")
    carrier.registration = given if registration else None
    carrier.inbound_auth = given if inbound_auth and not registration else None


def replace_carrier_gateways(carrier: Carrier, gateways: Sequence[Mapping[str, Any]]) -> None:
    """Replaces the list of gateways. An unchanged gateway keeps its sid."""
    kept = {gateway_key(vars(gateway)): gateway for gateway in carrier.gateways.all()}
    carrier.gateways.exclude(
        pk__in=[kept[gateway_key(g)].pk for g in gateways if gateway_key(g) in kept]
    ).delete()
    for position, given in enumerate(gateways):
        gateway = kept.get(gateway_key(given)) or SipGateway(
            organization=carrier.organization, carrier=carrier, **given
        )
        gateway.position = position
        gateway.save()


def gateway_key(gateway: Mapping[str, Any]) -> tuple:
    return tuple(
        gateway[name] for name in ("ipv4", "port", "netmask", "inbound", "outbound", "protocol")
    )


@transaction.atomic
def retry_carrier(by: Principal, carrier: Carrier) -> Carrier:
    """Makes a failed carrier pending again, or an open operation due now. Raises
    CarrierActionNotAllowed."""
    carrier = lock_carrier(by, carrier.pk)
    if operation := ledger.lock_open_operation("carrier", carrier.pk):
        ledger.make_operation_due(operation)
    elif carrier.status == Status.FAILED:
        by.organization.carriers.filter(pk=carrier.pk, status=Status.FAILED).update(
            status=Status.PENDING, error_message=None, version=F("version") + 1, updated_at=Now()
        )
        request_carrier_operation(by, carrier, Operation.Wish.ENSURE)
    elif carrier.status == Status.DELETED and carrier.released_at is None:
        request_carrier_operation(by, carrier, Operation.Wish.REMOVE)
    else:
        raise CarrierActionNotAllowed(
            _("There is nothing to try again: the carrier is %(status)s.")
            % {"status": carrier.status}
        )
    record_event(by, "carrier.retried", carrier, kind="carrier", label=carrier.name)
    carrier.refresh_from_db()
    return carrier


@transaction.atomic
def delete_carrier(by: Principal, carrier: Carrier) -> None:
    """Soft-deletes the carrier; the platform follows. Raises CarrierActionNotAllowed, with the
    numbers, while numbers are on the carrier."""
    carrier = lock_carrier(by, carrier.pk, to_delete=True)
    ensure_carrier_unused(by, carrier)
    gone = by.organization.carriers.filter(pk=carrier.pk).exclude(status=Status.DELETED)
    fields = {"is_default": False, "is_installation_default": False, "version": F("version") + 1}
    if not gone.update(status=Status.DELETED, error_message=None, updated_at=Now(), **fields):
        return
    record_event(
        by,
        "carrier.deleted",
        carrier,
        kind="carrier",
        label=carrier.name,
        before=carrier_audit_snapshot(carrier),
    )
    operation = ledger.lock_open_operation("carrier", carrier.pk)
    if operation and ledger.cancel_operation(operation):
        by.organization.carriers.filter(pk=carrier.pk).update(released_at=Now())
    else:
        request_carrier_operation(by, carrier, Operation.Wish.REMOVE)


def ensure_carrier_unused(by: Principal, carrier: Carrier) -> None:
    """Raises CarrierActionNotAllowed if numbers are on the carrier. Numbers of other organizations
    (on an installation default) are counted but never listed."""
    users = carrier.phone_numbers.filter(released_at=None)
    with tenant_scope.global_lookup():
        count = users.count()
    if not count:
        return
    named = list(
        users.filter(organization=by.organization)
        .order_by("e164")
        .values_list("e164", flat=True)[:MAX_LISTED_NUMBERS]
    )
    listing = ", ".join(named) + (
        _(" and %(more)s more") % {"more": count - len(named)} if count > len(named) else ""
    )
    raise CarrierActionNotAllowed(
        _("The carrier still has numbers: %(numbers)s. Delete them first.") % {"numbers": listing},
        numbers=named,
        reason="carrier-in-use",
    )


def request_carrier_operation(by: Principal, carrier: Carrier, wish: str) -> Operation:
    return ledger.request_operation(
        by,
        integration=carrier.integration,
        subject_kind="carrier",
        subject_id=carrier.id,
        label=carrier.name,
        wish=wish,
        refs=carrier.refs,
    )


def set_carrier_default(by: Principal, carrier: Carrier, default: bool) -> None:
    if default:
        make_default_carrier(by, carrier)
    else:
        by.organization.carriers.filter(pk=carrier.pk).update(is_default=False)
        carrier.is_default = False


def make_default_carrier(by: Principal, carrier: Carrier) -> None:
    """Makes the carrier the default for numbers without a specified carrier, and clears the former
    default."""
    lock_default_carrier(by)
    former = by.organization.carriers.filter(is_default=True).exclude(pk=carrier.pk)
    for each in former.select_for_update(no_key=True):
        clear_default_carrier(by, each)
    by.organization.carriers.filter(pk=carrier.pk).update(is_default=True)
    carrier.is_default = True


def clear_default_carrier(by: Principal, carrier: Carrier) -> None:
    by.organization.carriers.filter(pk=carrier.pk).update(
        is_default=False, version=F("version") + 1, updated_at=Now()
    )
    is_default = {"before": {"is_default": True}, "after": {"is_default": False}}
    record_event(by, "carrier.changed", carrier, kind="carrier", label=carrier.name, **is_default)


@transaction.atomic
def make_installation_default_carrier(by: Principal, carrier: Carrier) -> None:
    """Makes the carrier the default of organizations without a default of their own, which see only
    its sid and name."""
    lock_names(INSTALLATION_ID, "default carrier")
    lock_default_carrier(by)
    lock_carrier(by, carrier.pk)
    Carrier.objects.filter(is_installation_default=True).exclude(pk=carrier.pk).update(
        is_installation_default=False
    )
    by.organization.carriers.filter(pk=carrier.pk).update(is_installation_default=True)
    record_event(
        by, "carrier.made_installation_default", carrier, kind="carrier", label=carrier.name
    )


def find_usable_carrier(by: Principal, *, voip_carrier_sid: UUID | None) -> Carrier | None:
    """Returns the carrier for a number of this organization: the specified one, else the
    organization's default, else the installation's; or None."""
    own = by.organization.carriers.select_related("integration")
    shared = Carrier.objects.filter(shared_carriers_filter(by.organization)).select_related(
        "integration"
    )
    if voip_carrier_sid:
        named = own.filter(voip_carrier_sid=voip_carrier_sid).first()
        return named or shared.filter(voip_carrier_sid=voip_carrier_sid).first()
    default = own.filter(is_default=True).first()
    return default or shared.filter(is_installation_default=True).first()


def shared_carriers_filter(organization: Organization) -> Q:
    """Returns the condition for carriers of others that the organization can use: the
    installation's default, and those of its number pools, for the numbers in them. The organization
    sees only their sid and name."""
    assigned = organization.number_pools.exclude(carrier=None).values("carrier")
    return Q(is_installation_default=True) | Q(pk__in=assigned)


def list_usable_carriers(by: Principal) -> list[Carrier]:
    """Returns every carrier that find_usable_carrier() can return, ordered by name."""
    own = by.organization.carriers.exclude(status=Carrier.Status.DELETED)
    shared = Carrier.objects.filter(shared_carriers_filter(by.organization)).exclude(
        status=Status.DELETED
    )
    return sorted({*own, *shared}, key=lambda carrier: (carrier.name.casefold(), carrier.id))


def carrier_audit_snapshot(carrier: Carrier) -> dict[str, Any]:
    """Returns what the audit log stores of a carrier, without secrets."""
    gateways = [str(gateway) for gateway in carrier.gateways.order_by("position")]
    return {
        "name": carrier.name,
        "trunk_type": carrier.trunk_type,
        "gateways": gateways,
        "registration": carrier.registration,
        "inbound_auth": carrier.inbound_auth,
        "is_default": carrier.is_default,
        "integration": str(carrier.integration_id),
    }
