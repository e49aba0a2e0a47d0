"""Numbers for sale: a sample of what there is, which nobody holds back for us."""

from integrations.providers.base import AvailableNumber, Refused, SearchQuery
from integrations.providers.twilio.client import Client, Row
from integrations.providers.twilio.errors import NONE_FOUND, Rejected
from integrations.providers.twilio.numbers import capabilities_of

TYPES = {"local": "Local", "toll_free": "TollFree", "mobile": "Mobile", "national": "National"}
SAMPLE = 30  # what it shows at most, whatever is asked for


def search(client: Client, query: SearchQuery) -> list[AvailableNumber]:
    if query.type not in TYPES:
        raise Refused(f"{client.name} knows no {query.type} numbers; it knows {', '.join(TYPES)}.")
    rows = _rows(client, query)
    return [_offer(row, query) for row in rows if row.get("phone_number")][: query.limit]


def _rows(client: Client, query: SearchQuery) -> list[Row]:
    path = client.of_account(f"/AvailablePhoneNumbers/{query.country}/{TYPES[query.type]}")
    doing = f"search for {query.type} numbers in {query.country}"
    try:
        body = client.get(path, doing, params=_params(query))
    except Rejected as error:
        if error.code in NONE_FOUND:
            return []
        raise
    # A kind that the country does not have is answered as if the path were wrong.
    return client.listed(body, doing, "available_phone_numbers") if body else []


def _params(query: SearchQuery) -> dict[str, str | int]:
    asked = {
        "AreaCode": query.area_code,
        "Contains": query.contains,
        "InLocality": query.locality,
        "InRegion": query.region,
    }
    given = {name: text for name, text in asked.items() if text}
    return {**given, "PageSize": max(1, min(query.limit, SAMPLE))}


def _offer(row: Row, query: SearchQuery) -> AvailableNumber:
    return AvailableNumber(
        number=row["phone_number"],
        type=query.type,
        country=row.get("iso_country") or query.country,
        region=row.get("region") or None,
        locality=row.get("locality") or None,
        capabilities=capabilities_of(row),
        address_requirement=row.get("address_requirements") or "none",
        beta=bool(row.get("beta")),
    )
