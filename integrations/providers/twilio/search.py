"""Searches numbers for sale. The result is a sample, and nothing is reserved."""

from integrations.providers.base import AvailableNumber, Refused, SearchQuery
from integrations.providers.twilio.client import Client, Row
from integrations.providers.twilio.errors import NONE_FOUND_CODES, Rejected
from integrations.providers.twilio.numbers import twilio_number_capabilities

NUMBER_TYPES = {
    "local": "Local",
    "toll_free": "TollFree",
    "mobile": "Mobile",
    "national": "National",
}
MAX_RESULTS = 30  # the most that Twilio returns, whatever is requested


def search_twilio_numbers(client: Client, query: SearchQuery) -> list[AvailableNumber]:
    if query.type not in NUMBER_TYPES:
        raise Refused(
            f"{client.name} knows no {query.type} numbers; it knows {', '.join(NUMBER_TYPES)}."
        )
    rows = _read_available_rows(client, query)
    return [_build_available_number(row, query) for row in rows if row.get("phone_number")][
        : query.limit
    ]


def _read_available_rows(client: Client, query: SearchQuery) -> list[Row]:
    path = client.of_account(f"/AvailablePhoneNumbers/{query.country}/{NUMBER_TYPES[query.type]}")
    doing = f"search for {query.type} numbers in {query.country}"
    try:
        body = client.get(path, doing, params=_search_parameters(query))
    except Rejected as error:
        if error.code in NONE_FOUND_CODES:
            return []
        raise
    # A number type that the country does not have gets a 404.
    return client.listed(body, doing, "available_phone_numbers") if body else []


def _search_parameters(query: SearchQuery) -> dict[str, str | int]:
    asked = {
        "AreaCode": query.area_code,
        "Contains": query.contains,
        "InLocality": query.locality,
        "InRegion": query.region,
    }
    given = {name: text for name, text in asked.items() if text}
    return {**given, "PageSize": max(1, min(query.limit, MAX_RESULTS))}


def _build_available_number(row: Row, query: SearchQuery) -> AvailableNumber:
    return AvailableNumber(
        number=row["phone_number"],
        type=query.type,
        country=row.get("iso_country") or query.country,
        region=row.get("region") or None,
        locality=row.get("locality") or None,
        capabilities=twilio_number_capabilities(row),
        address_requirement=row.get("address_requirements") or "none",
        beta=bool(row.get("beta")),
    )
