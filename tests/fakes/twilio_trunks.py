"""Elastic SIP trunks on trunking.twilio.com: attaching numbers, and taking them off."""

from typing import Any
from urllib.parse import urlencode

from tests.fakes.twilio_rows import Row, TwilioError, trunk_number_row, trunk_row
from tests.fakes.wire import FakeResponse


class SipTrunks:
    account_sid: str
    numbers: dict[str, Row]
    trunks: dict[str, Row]

    def make_trunk(self, domain: str = "acme.pstn.twilio.com") -> str:
        row = trunk_row(self.account_sid, "Acme trunk", domain)
        self.trunks[row["sid"]] = row
        return row["sid"]

    def list_trunks(self, query: Row, form: Row) -> FakeResponse:
        return FakeResponse(
            200, paginate_trunks(list(self.trunks.values()), "Trunks", "trunks", query)
        )

    def add_trunk(self, query: Row, form: Row) -> FakeResponse:
        domain = form.get("DomainName", "")
        if domain and not domain.endswith("pstn.twilio.com"):
            raise TwilioError(400, 21245, "DomainName must end with pstn.twilio.com")
        row = trunk_row(self.account_sid, form.get("FriendlyName", ""), domain)
        self.trunks[row["sid"]] = row
        return FakeResponse(201, row)

    def get_trunk(self, sid: str, query: Row, form: Row) -> FakeResponse:
        return FakeResponse(200, self._trunk(sid))

    def _trunk(self, sid: str) -> Row:
        if sid not in self.trunks:
            raise TwilioError(404, 20404, f"The requested resource /Trunks/{sid} was not found")
        return self.trunks[sid]

    def list_trunk_numbers(self, sid: str, query: Row, form: Row) -> FakeResponse:
        self._trunk(sid)
        rows = [trunk_number_row(n) for n in self.numbers.values() if n["trunk_sid"] == sid]
        return FakeResponse(
            200, paginate_trunks(rows, f"Trunks/{sid}/PhoneNumbers", "phone_numbers", query)
        )

    def attach_number(self, sid: str, query: Row, form: Row) -> FakeResponse:
        self._trunk(sid)
        number = self.numbers.get(form.get("PhoneNumberSid", ""))
        if number is None:
            raise TwilioError(400, 20001, "PhoneNumberSid is not a number of this account")
        number["trunk_sid"], number["voice_application_sid"] = sid, ""
        return FakeResponse(201, trunk_number_row(number))

    def get_trunk_number(self, sid: str, number_sid: str, query: Row, form: Row) -> FakeResponse:
        return FakeResponse(200, trunk_number_row(self._attached(sid, number_sid)))

    def detach_number(self, sid: str, number_sid: str, query: Row, form: Row) -> FakeResponse:
        self._attached(sid, number_sid)["trunk_sid"] = None
        return FakeResponse(204)

    def _attached(self, sid: str, number_sid: str) -> Row:
        self._trunk(sid)
        number = self.numbers.get(number_sid)
        if number is None or number["trunk_sid"] != sid:
            raise TwilioError(404, 20404, f"/Trunks/{sid}/PhoneNumbers/{number_sid} was not found")
        return number


def paginate_trunks(rows: list[Row], what: str, key: str, query: Row) -> Row:
    """Pages of the newer APIs have absolute addresses, and a `meta`."""
    size, page = min(int(query.get("PageSize") or 50), 1000), int(query.get("Page") or 0)
    shown = rows[page * size : (page + 1) * size]

    def url(number: int) -> Any:
        return f"https://trunking.twilio.com/v1/{what}?" + urlencode(
            {"PageSize": size, "Page": number}
        )

    meta = {
        "first_page_url": url(0),
        "key": key,
        "next_page_url": url(page + 1) if (page + 1) * size < len(rows) else None,
        "page": page,
        "page_size": size,
        "previous_page_url": url(page - 1) if page else None,
        "url": url(page),
    }
    return {"meta": meta, key: shown}
