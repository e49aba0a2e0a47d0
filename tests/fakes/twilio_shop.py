"""AvailablePhoneNumbers, a sample that reserves nothing, and what a purchase may run into."""

import re

from tests.fakes.twilio_rows import Row, TwilioError, number_row
from tests.fakes.wire import FakeResponse

SAMPLE_SIZE = 30
NUMBER_TYPES = {
    "US": ("Local", "TollFree"),
    "GB": ("Local", "Mobile", "National"),
    "DE": ("Local",),
}
DEFAULT_AREA_CODES = {"Local": "415", "TollFree": "800"}
NUMBER_PREFIXES = {"Local": "2071838", "Mobile": "7400123", "National": "3300010"}

# What a purchase must bring where the law asks for it, by what is said if it does not.
REQUIRED_PARAMETERS = {
    21613: "AddressSid",
    21615: "AddressSid",
    21631: "AddressSid",
    21649: "BundleSid",
    21650: "IdentitySid",
    21651: "BundleSid",
}


class AvailableNumbers:
    account_sid: str
    numbers: dict[str, Row]

    def __init__(self) -> None:
        super().__init__()
        self.taken: set[str] = set()  # by other customers
        self.demands: dict[str, int] = {}  # number to the code of what it needs

    def search(self, country: str, kind: str, query: Row, form: Row) -> FakeResponse:
        path = (
            f"/2010-04-01/Accounts/{self.account_sid}/AvailablePhoneNumbers/{country}/{kind}.json"
        )
        if kind not in NUMBER_TYPES.get(country, ()):
            raise TwilioError(404, 20404, f"The requested resource {path} was not found")
        owned = {row["phone_number"] for row in self.numbers.values()}
        found = [
            available_number_row(number, country)
            for number in list_numbers_for_sale(country, kind, query.get("AreaCode", ""))
            if number not in owned | self.taken and matches_search(number, query)
        ]
        size = min(int(query.get("PageSize") or 50), SAMPLE_SIZE)
        return FakeResponse(200, {"available_phone_numbers": found[:size], "uri": path})

    def buy_number(self, query: Row, form: Row) -> FakeResponse:
        number = form.get("PhoneNumber", "")
        if not number:
            raise TwilioError(
                400, 21451 if "AreaCode" in form else 20001, "PhoneNumber is required here"
            )
        if not re.fullmatch(r"\+[1-9][0-9]{6,14}", number):
            raise TwilioError(400, 21421, f"PhoneNumber {number} is not a valid number")
        self.check_form(form)
        if number in self.taken or self.found(number):
            raise TwilioError(400, 21422, f"{number} is not available.")
        self._demand(self.demands.get(number), form)
        row = number_row(self.account_sid, number)
        self.fill(row, form)
        self.numbers[row["sid"]] = row
        return FakeResponse(201, row)

    def _demand(self, code: int | None, form: Row) -> None:
        if code and not form.get(REQUIRED_PARAMETERS.get(code, "")):
            raise TwilioError(
                400, code, f"Phone Number Requires {REQUIRED_PARAMETERS.get(code, 'more')}"
            )


def list_numbers_for_sale(country: str, kind: str, area: str) -> list[str]:
    if country == "US":
        return [f"+1{area or DEFAULT_AREA_CODES[kind]}55501{n:02}" for n in range(100)]
    prefix = {"GB": "+44", "DE": "+49"}[country]
    return [f"{prefix}{NUMBER_PREFIXES[kind]}{n:03}" for n in range(100)]


def matches_search(number: str, query: Row) -> bool:
    """The stock is all of San Francisco, CA."""
    contains = re.escape(query.get("Contains", "")).replace(r"\*", "[0-9]").replace("%", ".*")
    return bool(
        re.search(contains, number)
        and query.get("InLocality", "San Francisco") == "San Francisco"
        and query.get("InRegion", "CA") == "CA"
    )


def available_number_row(number: str, country: str) -> Row:
    """Its capabilities in the letters of real recordings."""
    return {
        "address_requirements": "none" if country == "US" else "any",
        "beta": country == "DE",
        "capabilities": {"MMS": False, "SMS": True, "voice": True},
        "friendly_name": number,
        "iso_country": country,
        "lata": "722" if country == "US" else None,
        "latitude": "37.780000",
        "locality": "San Francisco",
        "longitude": "-122.420000",
        "phone_number": number,
        "postal_code": "94103" if country == "US" else None,
        "rate_center": "SAN FRANCISCO",
        "region": "CA",
    }
