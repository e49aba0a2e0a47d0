"""How files name carriers, so that each is found again."""

from collections.abc import Mapping, Sequence

from carriers.models import Carrier
from carriers.operations import list_usable_carriers
from organizations.access.principals import Principal

CarriersByName = Mapping[str, Sequence[Carrier]]


def carriers_by_name(by: Principal) -> dict[str, list[Carrier]]:
    """Those that numbers may be put on, by name and by sid, however they are capitalized."""
    found: dict[str, list[Carrier]] = {}
    for carrier in list_usable_carriers(by):
        for name in (carrier.name, str(carrier.voip_carrier_sid)):
            found.setdefault(name.casefold(), []).append(carrier)
    return found


def reimportable_carrier_name(name: str, sid: str, carriers: CarriersByName) -> str:
    """Of a carrier that has or had this name: its name, or its sid where the name, handed in again,
    would not lead to it alone. `carriers` are those of carriers_by_name()."""
    found = [str(each.voip_carrier_sid) for each in carriers.get(name.casefold(), ())]
    is_clear = found == [sid] and is_import_safe_name(name)
    return sid if sid in carriers and not is_clear else name


def is_import_safe_name(name: str) -> bool:
    """Whether it is read from a file as it was written there."""
    return name == name.strip() and name.isprintable()
