"""The numbers that the sandbox sells, and the few that its account owns from the beginning."""

import re

import phonenumbers
from phonenumbers import PhoneNumberFormat, PhoneNumberType

from integrations.providers.base import AvailableNumber, Refused, SearchQuery

OWNED_NUMBERS = tuple(f"+1415555011{n}" for n in range(5))
STOCK_SIZE = 100  # numbers of one type and country
NUMBER_TYPES = {
    "local": PhoneNumberType.FIXED_LINE,
    "mobile": PhoneNumberType.MOBILE,
    "toll_free": PhoneNumberType.TOLL_FREE,
    "national": PhoneNumberType.UAN,
}
NANP_AREA_CODES = {"local": "415", "toll_free": "800"}  # mobile numbers are local ones there
CITIES = {"415": ("San Francisco", "CA"), "212": ("New York", "NY")}


def search_sandbox_stock(query: SearchQuery) -> list[AvailableNumber]:
    """Returns the matching numbers in ascending order, or none if the country has none of the type.
    Raises Refused for an unknown country."""
    if query.country not in phonenumbers.SUPPORTED_REGIONS:
        raise Refused(f"The sandbox knows no country {query.country}.")
    found = (build_sandbox_offer(number, query) for number in sandbox_stock_numbers(query))
    return [number for number in found if matches_search_query(number, query)]


def sandbox_stock_numbers(query: SearchQuery) -> list[str]:
    if phonenumbers.country_code_for_region(query.country) == 1:
        area = query.area_code or NANP_AREA_CODES.get(query.type, "")
        return [f"+1{area}55501{n:02}" for n in range(STOCK_SIZE)] if area else []
    example = phonenumbers.example_number_for_type(query.country, NUMBER_TYPES[query.type])
    if example is None:
        return []
    beginning = phonenumbers.format_number(example, PhoneNumberFormat.E164)[:-2]
    return [f"{beginning}{n:02}" for n in range(STOCK_SIZE)]


def build_sandbox_offer(number: str, query: SearchQuery) -> AvailableNumber:
    locality, region = CITIES.get(number[2:5], (None, None))
    return AvailableNumber(
        number=number,
        type=query.type,
        country=query.country,
        region=region,
        locality=locality,
        capabilities=("sms", "voice"),
        address_requirement="none",
    )


def matches_search_query(found: AvailableNumber, query: SearchQuery) -> bool:
    pattern = re.escape(query.contains).replace(r"\*", "[0-9]")
    return bool(
        re.search(pattern, found.number)
        and query.locality.lower() in (found.locality or "").lower()
        and query.region.lower() in (found.region or "").lower()
    )
