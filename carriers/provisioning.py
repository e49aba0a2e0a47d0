"""Provisioning of carriers in workers: the desired state for the platform, and what follows when an
operation settles."""

from uuid import UUID

from django.db.models import F
from django.db.models.functions import Now

from carriers.models import Carrier
from integrations.models import Integration, Operation
from integrations.providers.base import CarrierSpec, GatewaySpec, InboundAuth, Registration
from organizations.access.principals import system_principal
from organizations.operations import record_event

Status = Carrier.Status


class CarrierReconciler:
    def spec(self, operation: Operation) -> CarrierSpec | None:
        carrier = (
            Carrier.objects.filter(pk=operation.subject_id).prefetch_related("gateways").first()
        )
        return carrier and build_carrier_spec(carrier, refs=operation.refs)

    def lock(self, operation: Operation) -> list[UUID]:
        """Locks the carrier. Numbers that wait for it are not locked; they notice its failure
        themselves."""
        rows = Carrier.objects.select_for_update(no_key=True).filter(pk=operation.subject_id)
        list(rows.values_list("pk"))
        return [operation.subject_id]

    def forget(self, integration: Integration) -> None:
        gone = Carrier.objects.filter(integration=integration, released_at__isnull=False)
        gone.filter(phone_numbers=None).delete()

    def settled(self, operation: Operation) -> None:
        carrier = Carrier.objects.filter(pk=operation.subject_id).first()
        if carrier:
            apply_carrier_result(carrier, operation)


def build_carrier_spec(carrier: Carrier, *, refs: dict[str, str]) -> CarrierSpec:
    password = carrier.password()
    gateways = sorted(carrier.gateways.all(), key=lambda gateway: gateway.position)
    return CarrierSpec(
        marker=carrier.marker,
        name=carrier.name,
        trunk_type=carrier.trunk_type,
        gateways=tuple(
            GatewaySpec(g.ipv4, g.port, g.netmask, g.inbound, g.outbound, g.protocol)
            for g in gateways
        ),
        registration=Registration(password=password, **carrier.registration)
        if carrier.registration
        else None,
        inbound_auth=InboundAuth(password=password, **carrier.inbound_auth)
        if carrier.inbound_auth
        else None,
        refs=refs,
    )


def apply_carrier_result(carrier: Carrier, operation: Operation) -> None:
    """Applies the result: pending → active or failed; deleted → released, or the reason why not."""
    row = Carrier.objects.filter(pk=carrier.pk)
    done = operation.status == Operation.Status.DONE
    change = {"refs": operation.refs, "version": F("version") + 1, "updated_at": Now()}
    if operation.wish == Operation.Wish.REMOVE:
        released = (
            {"released_at": Now(), "error_message": None}
            if done
            else {"error_message": operation.reason}
        )
        moved = row.filter(status=Status.DELETED).update(**change, **released)
        action = "carrier.released" if done else "carrier.removal_refused"
    else:
        after = (
            {"status": Status.ACTIVE, "error_message": None}
            if done
            else {"status": Status.FAILED, "error_message": operation.reason}
        )
        moved = row.filter(status=Status.PENDING).update(**change, **after)
        action = "carrier.activated" if done else "carrier.failed"
    if moved:
        by = system_principal(operation.organization, "worker")
        record_event(
            by,
            action,
            carrier,
            kind="carrier",
            label=carrier.name,
            after={"reason": operation.reason} if not done else {},
        )
