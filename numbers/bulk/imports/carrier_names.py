"""Names of carriers in files, so that an import finds each carrier of an export again."""

from collections.abc import Mapping, Sequence

from carriers.models import Carrier
from carriers.operations import list_usable_carriers
from organizations.access.principals import Principal

CarriersByName = Mapping[str, Sequence[Carrier]]


def carriers_by_name(by: Principal) -> dict[str, list[Carrier]]:
    """Returns the carriers that may be used for numbers, by name and by sid, both case-folded."""
    found: dict[str, list[Carrier]] = {}
    for carrier in list_usable_carriers(by):
        for name in (carrier.name, str(carrier.voip_carrier_sid)):
            found.setdefault(name.casefold(), []).append(carrier)
    return found


def reimportable_carrier_name(name: str, sid: str, carriers: CarriersByName) -> str:
    """Returns the name to export for a carrier with this `name` and `sid`, which is the sid if an
    import would not find exactly this carrier by its name. `carriers` come from
    carriers_by_name()."""
    found = [str(each.voip_carrier_sid) for each in carriers.get(name.casefold(), ())]
    is_clear = found == [sid] and is_import_safe_name(name)
    return sid if sid in carriers and not is_clear else name


def is_import_safe_name(name: str) -> bool:
    """Returns whether a file keeps the name unchanged."""
    return name == name.strip() and name.isprintable()
