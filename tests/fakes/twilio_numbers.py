"""IncomingPhoneNumbers: listing with a filter that is not exact, paging, changing, releasing."""

import re
from fnmatch import fnmatchcase
from typing import Any
from urllib.parse import urlencode

from tests.fakes.twilio_rows import SETTABLE_FIELDS, Row, TwilioError, now_rfc2822, number_row
from tests.fakes.wire import FakeResponse

_SID_PREFIXES = {
    "VoiceApplicationSid": "AP",
    "TrunkSid": "TK",
    "AddressSid": "AD",
    "BundleSid": "BU",
}


class IncomingNumbers:
    account_sid: str
    numbers: dict[str, Row]
    trunks: dict[str, Row]
    applications: dict[str, Row]
    forgets: frozenset[str] = frozenset()  # form fields that are taken and not kept

    def own(self, e164: str, **values: Any) -> str:
        """A number that the account has already; its sid."""
        row = number_row(self.account_sid, e164, **values)
        self.numbers[row["sid"]] = row
        return row["sid"]

    def found(self, e164: str) -> list[Row]:
        return [row for row in self.numbers.values() if row["phone_number"] == e164]

    # ------------------------------------------------------------------------------- listing

    def list_numbers(self, query: Row, form: Row) -> FakeResponse:
        wanted, name = query.get("PhoneNumber", ""), query.get("FriendlyName")
        rows = [
            row
            for row in self.numbers.values()
            if matches_number_filter(row["phone_number"], wanted)
            and name in (None, row["friendly_name"])
        ]
        path = f"/2010-04-01/Accounts/{self.account_sid}/IncomingPhoneNumbers.json"
        return FakeResponse(200, paginate_numbers(rows, path, "incoming_phone_numbers", query))

    def get_number(self, sid: str, query: Row, form: Row) -> FakeResponse:
        return FakeResponse(200, self._number(sid))

    def _number(self, sid: str) -> Row:
        if sid not in self.numbers:
            path = f"/2010-04-01/Accounts/{self.account_sid}/IncomingPhoneNumbers/{sid}.json"
            raise TwilioError(404, 20404, f"The requested resource {path} was not found")
        return self.numbers[sid]

    # ------------------------------------------------------------------------------ changing

    def change_number(self, sid: str, query: Row, form: Row) -> FakeResponse:
        row = self._number(sid)
        self.check_form(form)
        self.fill(row, form)
        row["date_updated"] = now_rfc2822()
        return FakeResponse(200, row)

    def check_form(self, form: Row) -> None:
        for name in ("VoiceUrl", "SmsUrl", "StatusCallback", "VoiceFallbackUrl"):
            if form.get(name) and not re.match(r"https?://[^/\s]+", form[name]):
                raise TwilioError(400, 21402, f"{name} is not a valid URL: {form[name]}")
        if form.get("VoiceMethod", "POST") not in ("GET", "POST"):
            raise TwilioError(400, 21403, "VoiceMethod is not valid")
        if len(form.get("FriendlyName", "")) > 64:
            raise TwilioError(400, 20001, "FriendlyName is longer than 64 characters")
        for name, prefix in _SID_PREFIXES.items():
            if form.get(name) and not re.fullmatch(rf"{prefix}[0-9a-fA-F]{{32}}", form[name]):
                raise TwilioError(400, 20001, f"Invalid {name}")
        known = {"TrunkSid": self.trunks, "VoiceApplicationSid": self.applications}
        for name, rows in known.items():
            if form.get(name) and form[name] not in rows:
                raise TwilioError(400, 20001, f"Invalid {name} {form[name]}: it does not exist")

    def fill(self, row: Row, form: Row) -> None:
        """A trunk and an application displace each other."""
        for name, key in SETTABLE_FIELDS.items():
            if key in form and key not in self.forgets:
                row[name] = form[key]
        if form.get("TrunkSid"):
            row["voice_application_sid"] = ""
        elif form.get("VoiceApplicationSid"):
            row["trunk_sid"] = None

    def release_number(self, sid: str, query: Row, form: Row) -> FakeResponse:
        self._number(sid)
        del self.numbers[sid]
        return FakeResponse(204)


def matches_number_filter(number: str, wanted: str) -> bool:
    """A part is enough, and a star stands for any digits."""
    return fnmatchcase(number, f"*{wanted}*")


def paginate_numbers(rows: list[Row], path: str, key: str, query: Row) -> Row:
    size = min(int(query.get("PageSize") or 50), 1000)
    page, token = int(query.get("Page") or 0), query.get("PageToken", "")
    sids = [row["sid"] for row in rows]
    if token and token.removeprefix("PA") not in sids:
        raise TwilioError(400, 21481, "Invalid PageToken")
    start = sids.index(token.removeprefix("PA")) + 1 if token else page * size
    shown = rows[start : start + size]
    kept = {name: text for name, text in query.items() if name not in ("Page", "PageToken")}

    def uri(**more: Any) -> str:
        return f"{path}?{urlencode({**kept, 'PageSize': size, **more})}"

    more = start + size < len(rows)
    following = uri(Page=page + 1, PageToken=f"PA{shown[-1]['sid']}") if more else None
    return {
        key: shown,
        "end": start + len(shown) - 1 if shown else 0,
        "first_page_uri": uri(Page=0),
        "next_page_uri": following,
        "page": page,
        "page_size": size,
        "previous_page_uri": uri(Page=page - 1) if page else None,
        "start": start,
        "uri": uri(Page=page),
    }
