"""SIP gateways of a carrier, compared as sets, because jambonz allows duplicates and has no
order."""

from collections.abc import Iterable
from typing import Any

from integrations.providers.base import ExternalIds, GatewaySpec, Step, Unavailable
from integrations.providers.jambonz.client import Client, Rejected, write_and_verify

Row = dict[str, Any]
GATEWAY_ID_PREFIX = "sip_gateway:"

_GATEWAY_FIELDS = ("ipv4", "netmask", "port", "inbound", "outbound", "protocol")
_GATEWAY_FLAGS = (
    "is_active",
    "send_options_ping",
    "use_sips_scheme",
    "pad_crypto",
    "remove_ice",
    "dtls_off",
)


def gateway_body(gateway: GatewaySpec) -> Row:
    """Returns the whole gateway, always. Without `inbound` or `outbound` a POST is a 500, and a PUT
    validates only its own body, so a partial object would bypass the checks or fail them
    wrongly."""
    return {
        "ipv4": gateway.address,
        "netmask": gateway.netmask,
        "port": gateway.port,
        "inbound": gateway.inbound,
        "outbound": gateway.outbound,
        "protocol": gateway.protocol,
    }


def gateway_label(row: Row) -> str:
    """Returns a gateway's name for people and in the refs: 198.51.100.7:5060/udp (inbound and
    outbound)."""
    netmask = "" if row["netmask"] == 32 else f"/{row['netmask']}"
    port = f":{row['port']}" if row["port"] is not None else ""
    ways = [way for way in ("inbound", "outbound") if row[way]]
    return f"{row['ipv4'].lower()}{netmask}{port}/{row['protocol']} ({' and '.join(ways) or 'off'})"


def gateway_external_ids(rows: Iterable[Row]) -> ExternalIds:
    return {
        GATEWAY_ID_PREFIX + gateway_label(row): row["sip_gateway_sid"]
        for row in reversed(_sort_gateways(rows))
    }


def _sort_gateways(rows: Iterable[Row]) -> list[Row]:
    return sorted(
        rows, key=lambda row: row["sip_gateway_sid"]
    )  # of equal ones, always keep the same


class Gateways:
    def __init__(self, client: Client):
        self.client = client

    def rows(self, carrier_sid: str) -> list[Row]:
        return self.client.rows("/SipGateways", "list gateways", voip_carrier_sid=carrier_sid)

    def plan(self, wanted: Iterable[GatewaySpec], rows: list[Row], carrier: str) -> list[Step]:
        """Returns the steps to the desired gateways. Additions and changes come before removals, so
        that calls always have a route."""
        missing = {
            gateway_label(gateway_body(gateway)): gateway_body(gateway) for gateway in wanted
        }
        surplus = [
            row for row in _sort_gateways(rows) if missing.pop(gateway_label(row), None) is None
        ]
        steps = []
        for body in missing.values():
            old = _closest_gateway(body, surplus)
            if old:
                surplus.remove(old)
            steps.append(self._change(old, body, carrier) if old else self._add(body, carrier))
        return steps + [self._remove(row, carrier) for row in surplus]

    def _add(self, body: Row, carrier: str) -> Step:
        doing = f"add gateway {gateway_label(body)} to carrier {carrier}"

        def run(refs: ExternalIds) -> ExternalIds:
            carrier_sid = refs["voip_carrier_sid"]
            whole = {**body, "voip_carrier_sid": carrier_sid}
            sid = write_and_verify(
                lambda: self.client.create("/SipGateways", whole, doing),
                lambda: gateway_external_ids(self.rows(carrier_sid)).get(
                    GATEWAY_ID_PREFIX + gateway_label(body)
                ),
            )
            return {**refs, GATEWAY_ID_PREFIX + gateway_label(body): sid}

        return Step(f"{doing} on jambonz", run)

    def _change(self, old: Row, body: Row, carrier: str) -> Step:
        """Returns a step that changes the gateway in place, which keeps the flags that people set
        on jambonz itself."""
        doing = f"change gateway {gateway_label(old)} of carrier {carrier} to {gateway_label(body)}"
        sid = old["sip_gateway_sid"]

        def write() -> str:
            try:
                self.client.change(f"/SipGateways/{sid}", body, doing)
            except Rejected as error:
                if _is_gateway_gone(error):
                    raise Unavailable(f"jambonz could not {doing}: it is gone.") from None
                raise
            return sid

        def run(refs: ExternalIds) -> ExternalIds:
            def look() -> str | None:
                return gateway_external_ids(self.rows(refs["voip_carrier_sid"])).get(
                    GATEWAY_ID_PREFIX + gateway_label(body)
                )

            kept = {name: ref for name, ref in refs.items() if ref != sid}
            return {**kept, GATEWAY_ID_PREFIX + gateway_label(body): write_and_verify(write, look)}

        return Step(f"{doing} on jambonz", run)

    def _remove(self, row: Row, carrier: str) -> Step:
        doing = f"remove gateway {gateway_label(row)} from carrier {carrier}"
        sid = row["sip_gateway_sid"]

        def run(refs: ExternalIds) -> ExternalIds:
            try:
                self.client.remove(f"/SipGateways/{sid}", doing)
            except Rejected as error:
                if not _is_gateway_gone(error):
                    raise
            return {name: ref for name, ref in refs.items() if ref != sid}

        return Step(f"{doing} on jambonz", run)

    def restore(self, carrier_sid: str, rows: list[Row]) -> None:
        """Creates the gateways again that a failed deletion of the carrier removed."""
        left = gateway_external_ids(self.rows(carrier_sid))
        for row in rows:
            if GATEWAY_ID_PREFIX + gateway_label(row) not in left:
                body = {
                    name: row[name] for name in (*_GATEWAY_FIELDS, *_GATEWAY_FLAGS) if name in row
                }
                body["voip_carrier_sid"] = carrier_sid
                self.client.create("/SipGateways", body, f"put gateway {gateway_label(row)} back")


def _closest_gateway(body: Row, surplus: list[Row]) -> Row | None:
    same = [row for row in surplus if row["ipv4"].lower() == body["ipv4"].lower()]
    return next(
        (row for row in same if _gateway_directions(row) == _gateway_directions(body)),
        same[0] if same else None,
    )


def _gateway_directions(row: Row) -> tuple[bool, bool]:
    return bool(row["inbound"]), bool(row["outbound"])


def _is_gateway_gone(error: Rejected) -> bool:
    """Returns whether the gateway does not exist. Only for gateways, jambonz reports a missing sid
    as a 400."""
    return error.status == 400 and "invalid sip_gateway_sid" in error.words
