"""Parsing of phone numbers, as people and spreadsheets write them, into canonical E.164.

Nothing is changed silently. A text with two possible readings is reported as ambiguous, a note says
which digits were removed or added, and text that is not a number is rejected with the reason.
"""

import re
from dataclasses import replace
from typing import Any

import phonenumbers
from django.utils.translation import gettext as _
from phonenumbers import PhoneNumber

from numbers.numbering import countries, e164, plans, regions
from numbers.numbering.blocks import (
    MAX_RANGE_NUMBERS,
    MAX_VARYING_DIGITS,
    NumberRange,
    expand_last_number,
    extract_digits,
    parse_number_range,
)
from numbers.numbering.characters import normalize_number_text
from numbers.numbering.e164 import InvalidPhoneNumber
from numbers.numbering.lookalikes import (
    date_error,
    ensure_no_extra_text,
    ensure_not_amount,
    is_short_date,
    several_numbers_error,
)
from numbers.numbering.readings import (
    AmbiguousNumber,
    NumberRangeError,
    ParsedNumber,
    number_with_country,
)

DIGITS_ONLY = re.compile(r"\+?[0-9]{1,15}")
BRACKETED_TRUNK_ZERO = re.compile(r"[(\[]\s?0\s?[)\]]")
SEPARATORS = re.compile(r"[\s().\-/]")
DIAL_TONE_MARK = re.compile(r"^([80])~(10|0)(?=\D)")  # the “~” where callers wait for a dial tone
PLUS = re.compile(r"\+{1,2}")
MAX_DIGITS = 15
SOURCE_WITHOUT_PLUS = phonenumbers.CountryCodeSource.FROM_NUMBER_WITHOUT_PLUS_SIGN
NATIONAL_FORMAT = phonenumbers.PhoneNumberFormat.NATIONAL


def parse_number(text: str, *, country: str | None = None) -> ParsedNumber:
    """Returns the number that `text` means. `country` says how numbers without a plus are read: as
    national numbers of this country (two letters), or as starting with a country code if it is
    regions.INTERNATIONAL.

    Raises InvalidPhoneNumber with what to do. Its subclasses AmbiguousNumber and NumberRangeError
    carry the possible numbers.
    """
    if DIGITS_ONLY.fullmatch(text):  # needs no normalization; true of most rows of most files
        return parse_normalized_number(text, country)
    given = DIAL_TONE_MARK.sub(r"\1\2", normalize_number_text(text))
    if is_short_date(given):
        return parse_date_like_number(given, country)
    ensure_not_amount(given)
    if block := parse_number_range(given):
        ensure_not_range(block, country)
    ensure_no_extra_text(given)
    return parse_normalized_number(given, country)


def parse_date_like_number(given: str, country: str | None) -> ParsedNumber:
    """Parses a text such as 31.12.24, which is a date unless the country writes its numbers that
    way. Raises InvalidPhoneNumber for a date."""
    reading = try_parse_number(given, country)
    if reading is None or not (reading.is_sure and reading.is_valid):
        raise date_error()
    return reading


def parse_normalized_number(given: str, country: str | None) -> ParsedNumber:
    is_bare = bool(DIGITS_ONLY.fullmatch(given))
    dialled = given if is_bare else extract_dialled_digits(given)
    has_zero = not is_bare and bool(BRACKETED_TRUNK_ZERO.search(given))
    if dialled.startswith("+"):
        return parse_international_number(dialled, has_zero)
    if country == regions.INTERNATIONAL:
        return parse_international_number(f"+{dialled.removeprefix('00')}", has_zero)
    if country is None:
        if dialled.startswith("00"):
            return parse_international_number(f"+{dialled[2:]}", has_zero)
        raise InvalidPhoneNumber(
            _(
                "The country is missing: write the number with a plus and the country code, like "
                "+18005551234, or choose a country for numbers without them."
            ),
            code="no_country",
        )
    return parse_national_number(given, dialled, country, has_zero)


def extract_dialled_digits(given: str) -> str:
    """Returns the ASCII digits of the text, with its leading plus if any. Raises InvalidPhoneNumber
    for anything else."""
    if not given:
        raise InvalidPhoneNumber(_("The number is missing."), code="required")
    dialled = PLUS.sub("+", SEPARATORS.sub("", BRACKETED_TRUNK_ZERO.sub("0", given)), count=1)
    if re.fullmatch(r"\+?[0-9]+", dialled):
        if len(dialled) > 2 * MAX_DIGITS:
            raise e164.too_many_digits_error(len(dialled.lstrip("+")))
        return dialled
    if re.search(r"[^\W\d_]", dialled):
        raise InvalidPhoneNumber(
            _("Use digits with an optional leading + (no letters, no extensions)."), code="letters"
        )
    wrong = next((char for char in dialled if not char.isdecimal() and char != "+"), "+")
    raise InvalidPhoneNumber(
        _("Use digits with an optional leading +: “%(char)s” does not belong there.")
        % {"char": wrong},
        code="character",
    )


# --- with a country code --------------------------------------------------------------------------
def parse_international_number(dialled: str, has_zero: bool = False) -> ParsedNumber:
    """Parses digits that begin with a plus. `has_zero` says that the text contained (0), the trunk
    prefix written for national callers. Raises InvalidPhoneNumber."""
    if len(dialled) > MAX_DIGITS + 1 + has_zero:
        raise e164.too_many_digits_error(len(dialled) - 1)
    number = e164.parse_e164(dialled)
    if number is None:
        raise unknown_country_code_error(dialled)
    code = number.country_code
    given = dialled.removeprefix(f"+{code}")
    if has_zero and given.startswith("0"):
        number = resolve_trunk_zero(code, given)
    elif renumbered := plans.apply_renumbering(code, given):
        number, why = renumbered
        return ParsedNumber(
            e164.format_canonical_e164(number), note=f"{why}\n{read_as_note(number)}"
        )
    number = e164.strip_trunk_prefix(number)
    result = e164.format_canonical_e164(number, read_from=dialled)
    if code == 1 and given.startswith("1") and result != dialled:
        raise extra_digit_error(result)
    changed = result != dialled and not has_zero
    return build_parsed_number(number, result, read_as_note(number) if changed else "")


def resolve_trunk_zero(code: int, given: str) -> PhoneNumber:
    """Returns the number without the 0 of “(0)”, which is dialled only within the country, or with
    it where it is part of the number, as in Italy and San Marino."""
    kept, dropped = e164.parse_e164(f"+{code}{given}"), e164.parse_e164(f"+{code}{given[1:]}")
    valid = [n for n in (dropped, kept) if n and phonenumbers.is_valid_number(n)]
    if valid and len(valid) == 1:
        return valid[0]
    return kept if plans.keeps_leading_zero(code) or dropped is None else dropped


def unknown_country_code_error(dialled: str) -> InvalidPhoneNumber:
    if dialled.startswith("+0"):
        return InvalidPhoneNumber(
            _("A country code is expected first, and none begins with 0."),
            code="unknown_country_code",
        )
    return InvalidPhoneNumber(_("No country has this country code."), code="unknown_country_code")


def extra_digit_error(result: str) -> InvalidPhoneNumber:
    return InvalidPhoneNumber(
        _("No area code begins with 1 behind +1: one digit is too many. Is it %(number)s?")
        % {"number": e164.format_display_number(result)},
        code="digit_too_many",
    )


def build_parsed_number(
    number: PhoneNumber, text: str, note: str = "", **more: Any
) -> ParsedNumber:
    """Builds the result from a number and its E.164 text, with a note if the number is not
    valid."""
    if phonenumbers.is_valid_number(number):
        return ParsedNumber(text, note, **more)
    note = f"{note}\n{plans.invalid_number_note(number)}".strip()
    return ParsedNumber(text, note, is_valid=False, **more)


def read_as_note(number: PhoneNumber) -> str:
    return _("Read as %(number)s.") % {
        "number": e164.format_display_number(e164.format_e164(number))
    }


# --- without a country code -----------------------------------------------------------------------
def parse_national_number(given: str, dialled: str, country: str, has_zero: bool) -> ParsedNumber:
    """Parses digits as dialled in `country`, as a national number or with its international prefix,
    or as an international number that lost its plus. Raises InvalidPhoneNumber."""
    here = parse_with_region(dialled, country)
    if here and here.country_code_source == phonenumbers.CountryCodeSource.FROM_NUMBER_WITH_IDD:
        return parse_with_international_prefix(dialled, country, has_zero)
    if dialled.startswith("00"):
        raise wrong_international_prefix_error(country)
    lost = (
        None if dialled.startswith("0") else parse_missing_plus_candidate(given, dialled, country)
    )
    home = parse_national_candidate(here, dialled, country)
    return choose_candidate(home, lost, here, given)


def parse_with_region(dialled: str, country: str) -> PhoneNumber | None:
    try:
        return phonenumbers.parse(dialled, country, keep_raw_input=True)
    except phonenumbers.NumberParseException:
        return None


def parse_with_international_prefix(dialled: str, country: str, has_zero: bool) -> ParsedNumber:
    """Parses digits that begin with the country's international prefix. If a digit may belong to
    either the prefix or the number, a single valid reading wins. Raises AmbiguousNumber for several
    and InvalidPhoneNumber for none."""
    readings, error = [], None
    for prefix in plans.matching_international_prefixes(dialled, country):
        try:
            readings.append(
                parse_international_number(f"+{dialled.removeprefix(prefix)}", has_zero)
            )
        except InvalidPhoneNumber as refusal:
            error = error or refusal
    readings = [reading for reading in readings if reading.is_valid] or readings[:1]
    if not readings:
        raise error or e164.impossible_number_error(None)
    if len(readings) > 1:
        raise AmbiguousNumber(tuple(readings))
    return readings[0]


def wrong_international_prefix_error(country: str) -> InvalidPhoneNumber:
    words = {"country": regions.region_name(country), "prefix": plans.international_prefix(country)}
    text = _(
        "00 is not the international prefix of %(country)s (%(prefix)s is): write the number with "
        "a plus."
    )
    return InvalidPhoneNumber(text % words, code="wrong_prefix")


def parse_national_candidate(
    here: PhoneNumber | None, dialled: str, country: str
) -> ParsedNumber | None:
    """Returns the number read as a national one, or None if that is not possible."""
    code = phonenumbers.country_code_for_region(country)
    if here is None or here.country_code != code:
        return None
    if renumbered := plans.apply_renumbering(code, dialled):
        number, why = renumbered
        return ParsedNumber(
            e164.format_canonical_e164(number), f"{why}\n{read_as_note(number)}", "national"
        )
    try:
        number = e164.strip_trunk_prefix(here)
        text = e164.format_canonical_e164(number)
    except InvalidPhoneNumber:
        return None
    written = phonenumbers.format_number(number, NATIONAL_FORMAT)
    is_sure = "".join(filter(str.isdecimal, written)) == dialled
    return build_parsed_number(number, text, way=national_input_format(here), is_sure=is_sure)


def national_input_format(here: PhoneNumber) -> str:
    """Returns how a number of the chosen country was written, "national" or "international".
    Returns "" for +1, where 1 is also the trunk prefix, so the two look the same."""
    if here.country_code_source != SOURCE_WITHOUT_PLUS:
        return "national"
    return "" if e164.national_prefix(here.country_code) == "1" else "international"


def parse_missing_plus_candidate(given: str, dialled: str, country: str) -> ParsedNumber | None:
    """Returns the number read as an international one without its plus. Returns None if it is not
    possible, or if the digit groups do not fit a foreign country code."""
    try:
        found = parse_international_number(f"+{dialled}")
    except InvalidPhoneNumber:
        return None
    code = countries.calling_code(dialled)
    is_foreign = code != phonenumbers.country_code_for_region(country)
    if is_foreign and not starts_with_country_code(given, str(code)):
        return None
    return replace(found, way="international", is_foreign=is_foreign)


def starts_with_country_code(given: str, code: str) -> bool:
    """Returns whether the digit groups allow a country code at the start: (32) or 322 555 1234 is
    an area code, 32 2 555 12 34 is Belgium."""
    parts = split_digit_groups(given)
    return parts is None or (parts[0] == code and not given.startswith("("))


def choose_candidate(
    home: ParsedNumber | None, lost: ParsedNumber | None, here: PhoneNumber | None, given: str
) -> ParsedNumber:
    """Returns the only valid one of two readings. A number of another country is never accepted
    silently. Raises AmbiguousNumber or InvalidPhoneNumber."""
    if home and lost and home.number == lost.number:
        return home
    home_valid = home is not None and home.is_valid
    lost_valid = lost is not None and lost.is_valid
    if home_valid and lost_valid:
        return choose_by_digit_groups(home, lost, given)
    if home_valid or lost is None or not (lost_valid or home is None):
        return home or raise_impossible_number(here)
    if not lost.is_foreign:
        return lost
    if not lost_valid:
        return raise_impossible_number(here)
    if home is None and given.isdecimal():  # as left by a spreadsheet that removed the plus
        note = _("Read as international: %(number)s.") % {
            "number": number_with_country(lost.number)
        }
        return replace(lost, note=f"{note}\n{lost.note}".strip())
    raise AmbiguousNumber((home, lost) if home else (lost,))


def choose_by_digit_groups(home: ParsedNumber, lost: ParsedNumber, given: str) -> ParsedNumber:
    """Returns the international reading if the digit groups match the display format of that
    number. Raises AmbiguousNumber otherwise."""
    if not lost.is_foreign and split_digit_groups(given) == split_digit_groups(
        e164.format_display_number(lost.number)
    ):
        return lost
    raise AmbiguousNumber((home, lost))


def split_digit_groups(text: str) -> list[str] | None:
    found = re.findall(r"[0-9]+", text)
    return found if len(found) > 1 else None


def raise_impossible_number(here: PhoneNumber | None) -> ParsedNumber:
    """Raises InvalidPhoneNumber with the reason why the national reading is impossible."""
    if here is None:
        raise e164.impossible_number_error(None)
    raise e164.impossible_number_error(phonenumbers.is_possible_number_with_reason(here))


# --- ranges ---------------------------------------------------------------------------------------
def ensure_not_range(block: NumberRange, country: str | None) -> None:
    """Raises NumberRangeError if the text is or may be a range, and InvalidPhoneNumber if it is a
    range whose first or last number cannot be parsed. A hyphen within one number does not make a
    range."""
    try:
        first = parse_normalized_number(block.first, country)
    except InvalidPhoneNumber as error:
        if block.is_certain:
            words = {"first": block.first, "reason": error}
            text = _("This is a range, and its first number %(first)s cannot be read: %(reason)s")
            raise InvalidPhoneNumber(text % words, code="range") from error
        return
    if block.is_certain or first.is_valid:
        last = parse_range_end(first.number, block, country)
        single = None if block.is_certain else try_parse_number(block.first + block.last, country)
        raise NumberRangeError(first.number, last, single)


def parse_range_end(first: str, block: NumberRange, country: str | None) -> str:
    whole = try_parse_number(block.last, country) if len(block.last) > MAX_VARYING_DIGITS else None
    last = whole.number if whole else expand_last_number(first, extract_digits(block.last))
    if last and block.is_pair and int(last) - int(first) != 1:
        raise several_numbers_error()
    if (
        last is None
        or len(last) != len(first)
        or not 0 < int(last) - int(first) < MAX_RANGE_NUMBERS
    ):
        text = _("This is a range, but %(last)s does not come after %(first)s: write both in full.")
        raise InvalidPhoneNumber(text % {"first": first, "last": block.last}, code="range")
    return last


def try_parse_number(text: str, country: str | None) -> ParsedNumber | None:
    try:
        return parse_normalized_number(text, country)
    except InvalidPhoneNumber:
        return None
