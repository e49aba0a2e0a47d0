"""Text as people and spreadsheets write it, read as one phone number in canonical E.164.

Nothing is changed silently: where two readings are possible the text is ambiguous, where digits
were left out or put in a note says so, and what is no number is refused with the reason.
"""

import re
from dataclasses import replace
from typing import Any

import phonenumbers
from django.utils.translation import gettext as _
from phonenumbers import PhoneNumber

from numbers.numbering import countries, e164, plans, regions
from numbers.numbering.blocks import (
    MOST_NUMBERS,
    MOST_PLACES,
    Block,
    block_in,
    digits,
    last_number,
)
from numbers.numbering.characters import plain
from numbers.numbering.e164 import NotANumber
from numbers.numbering.lookalikes import (
    date_error,
    is_short_date,
    refuse_amounts,
    refuse_lookalikes,
    several,
)
from numbers.numbering.readings import Ambiguous, IsBlock, Reading, named

BARE = re.compile(r"\+?[0-9]{1,15}")
EXPLICIT_ZERO = re.compile(r"[(\[]\s?0\s?[)\]]")
SEPARATORS = re.compile(r"[\s().\-/]")
TONE = re.compile(r"^([80])~(10|0)(?=\D)")  # where the dialling tone is waited for
PLUS = re.compile(r"\+{1,2}")
MOST_DIGITS = 15
WITHOUT_PLUS = phonenumbers.CountryCodeSource.FROM_NUMBER_WITHOUT_PLUS_SIGN
NATIONAL_FORMAT = phonenumbers.PhoneNumberFormat.NATIONAL


def parse_number(text: str, *, country: str | None = None) -> Reading:
    """What `text` means. `country` is whose national numbers may stand there without a plus: two
    letters, or regions.INTERNATIONAL where digits without a plus begin with a country code.

    Raises NotANumber with what to do, of which Ambiguous and IsBlock carry what was understood.
    """
    if BARE.fullmatch(text):  # nothing to look for in it: most rows of most files
        return read(text, country)
    given = TONE.sub(r"\1\2", plain(text))
    if is_short_date(given):
        return sure_or_date(given, country)
    refuse_amounts(given)
    if block := block_in(given):
        refuse_block(block, country)
    refuse_lookalikes(given)
    return read(given, country)


def sure_or_date(given: str, country: str | None) -> Reading:
    """31.12.24 is a date, unless the country writes its numbers so."""
    reading = possible(given, country)
    if reading is None or not (reading.is_sure and reading.is_valid):
        raise date_error()
    return reading


def read(given: str, country: str | None) -> Reading:
    is_bare = bool(BARE.fullmatch(given))
    dialled = given if is_bare else dialled_in(given)
    has_zero = not is_bare and bool(EXPLICIT_ZERO.search(given))
    if dialled.startswith("+"):
        return international(dialled, has_zero)
    if country == regions.INTERNATIONAL:
        return international(f"+{dialled.removeprefix('00')}", has_zero)
    if country is None:
        if dialled.startswith("00"):
            return international(f"+{dialled[2:]}", has_zero)
        raise NotANumber(
            _(
                "The country is missing: write the number with a plus and the country code, like "
                "+18005551234, or choose a country for numbers without them."
            ),
            code="no_country",
        )
    return national(given, dialled, country, has_zero)


def dialled_in(given: str) -> str:
    """ASCII digits, and a plus before them. Raises NotANumber for anything else."""
    if not given:
        raise NotANumber(_("The number is missing."), code="required")
    dialled = PLUS.sub("+", SEPARATORS.sub("", EXPLICIT_ZERO.sub("0", given)), count=1)
    if re.fullmatch(r"\+?[0-9]+", dialled):
        if len(dialled) > 2 * MOST_DIGITS:
            raise e164.too_many_digits(len(dialled.lstrip("+")))
        return dialled
    if re.search(r"[^\W\d_]", dialled):
        raise NotANumber(
            _("Use digits with an optional leading + (no letters, no extensions)."), code="letters"
        )
    wrong = next((char for char in dialled if not char.isdecimal() and char != "+"), "+")
    raise NotANumber(
        _("Use digits with an optional leading +: “%(char)s” does not belong there.")
        % {"char": wrong},
        code="character",
    )


# --- with a country code --------------------------------------------------------------------------
def international(dialled: str, has_zero: bool = False) -> Reading:
    """`dialled` begin with a plus. `has_zero`: with (0) somewhere, written for callers at home."""
    if len(dialled) > MOST_DIGITS + 1 + has_zero:
        raise e164.too_many_digits(len(dialled) - 1)
    number = e164.parsed(dialled)
    if number is None:
        raise unknown_country(dialled)
    code = number.country_code
    given = dialled.removeprefix(f"+{code}")
    if has_zero and given.startswith("0"):
        number = without_trunk_zero(code, given)
    elif renumbered := plans.modern(code, given):
        number, why = renumbered
        return Reading(e164.canonical(number), note=f"{why}\n{read_as(number)}")
    number = e164.without_trunk_prefix(number)
    result = e164.canonical(number, read_from=dialled)
    if code == 1 and given.startswith("1") and result != dialled:
        raise one_too_many(result)
    changed = result != dialled and not has_zero
    return reading_of(number, result, read_as(number) if changed else "")


def without_trunk_zero(code: int, given: str) -> PhoneNumber:
    """(0) is dialled at home only; but in Italy and San Marino it is a part of the number."""
    kept, dropped = e164.parsed(f"+{code}{given}"), e164.parsed(f"+{code}{given[1:]}")
    valid = [n for n in (dropped, kept) if n and phonenumbers.is_valid_number(n)]
    if valid and len(valid) == 1:
        return valid[0]
    return kept if plans.keeps_zero(code) or dropped is None else dropped


def unknown_country(dialled: str) -> NotANumber:
    if dialled.startswith("+0"):
        return NotANumber(
            _("A country code is expected first, and none begins with 0."),
            code="unknown_country_code",
        )
    return NotANumber(_("No country has this country code."), code="unknown_country_code")


def one_too_many(result: str) -> NotANumber:
    return NotANumber(
        _("No area code begins with 1 behind +1: one digit is too many. Is it %(number)s?")
        % {"number": e164.written(result)},
        code="digit_too_many",
    )


def reading_of(number: PhoneNumber, text: str, note: str = "", **more: Any) -> Reading:
    """`text` is the number in E.164."""
    if phonenumbers.is_valid_number(number):
        return Reading(text, note, **more)
    note = f"{note}\n{plans.invalid_note(number)}".strip()
    return Reading(text, note, is_valid=False, **more)


def read_as(number: PhoneNumber) -> str:
    return _("Read as %(number)s.") % {"number": e164.written(e164.formatted(number))}


# --- without one ----------------------------------------------------------------------------------
def national(given: str, dialled: str, country: str, has_zero: bool) -> Reading:
    """As the country dials it, at home or abroad; or with its plus lost."""
    here = parsed(dialled, country)
    if here and here.country_code_source == phonenumbers.CountryCodeSource.FROM_NUMBER_WITH_IDD:
        return as_dialled_abroad(dialled, country, has_zero)
    if dialled.startswith("00"):
        raise wrong_prefix(country)
    lost = None if dialled.startswith("0") else lost_plus(given, dialled, country)
    home = at_home(here, dialled, country)
    return decided(home, lost, here, given)


def parsed(dialled: str, country: str) -> PhoneNumber | None:
    try:
        return phonenumbers.parse(dialled, country, keep_raw_input=True)
    except phonenumbers.NumberParseException:
        return None


def as_dialled_abroad(dialled: str, country: str, has_zero: bool) -> Reading:
    """One valid reading wins, where a digit may belong to the prefix or to the number."""
    readings, error = [], None
    for prefix in plans.dialled_prefixes(dialled, country):
        try:
            readings.append(international(f"+{dialled.removeprefix(prefix)}", has_zero))
        except NotANumber as refusal:
            error = error or refusal
    readings = [reading for reading in readings if reading.is_valid] or readings[:1]
    if not readings:
        raise error or e164.impossible(None)
    if len(readings) > 1:
        raise Ambiguous(tuple(readings))
    return readings[0]


def wrong_prefix(country: str) -> NotANumber:
    words = {"country": regions.name(country), "prefix": plans.international_prefix(country)}
    text = _(
        "00 is not the international prefix of %(country)s (%(prefix)s is): write the number with "
        "a plus."
    )
    return NotANumber(text % words, code="wrong_prefix")


def at_home(here: PhoneNumber | None, dialled: str, country: str) -> Reading | None:
    """The national reading; None where it is no possible number."""
    code = phonenumbers.country_code_for_region(country)
    if here is None or here.country_code != code:
        return None
    if renumbered := plans.modern(code, dialled):
        number, why = renumbered
        return Reading(e164.canonical(number), f"{why}\n{read_as(number)}", "national")
    try:
        number = e164.without_trunk_prefix(here)
        text = e164.canonical(number)
    except NotANumber:
        return None
    written = phonenumbers.format_number(number, NATIONAL_FORMAT)
    is_sure = "".join(filter(str.isdecimal, written)) == dialled
    return reading_of(number, text, way=way_of(here), is_sure=is_sure)


def way_of(here: PhoneNumber) -> str:
    """How a number of the chosen country was written; behind +1 nobody knows, as 1 is also what is
    dialled before a national number."""
    if here.country_code_source != WITHOUT_PLUS:
        return "national"
    return "" if e164.national_prefix(here.country_code) == "1" else "international"


def lost_plus(given: str, dialled: str, country: str) -> Reading | None:
    """The international reading; None where it is no possible number, or where the digits are
    grouped otherwise than behind a foreign country code."""
    try:
        found = international(f"+{dialled}")
    except NotANumber:
        return None
    code = countries.calling_code(dialled)
    is_foreign = code != phonenumbers.country_code_for_region(country)
    if is_foreign and not begins_with_code(given, str(code)):
        return None
    return replace(found, way="international", is_foreign=is_foreign)


def begins_with_code(given: str, code: str) -> bool:
    """(32) or 322 555 1234 are area codes, 32 2 555 12 34 is Belgium."""
    parts = groups(given)
    return parts is None or (parts[0] == code and not given.startswith("("))


def decided(
    home: Reading | None, lost: Reading | None, here: PhoneNumber | None, given: str
) -> Reading:
    """One valid reading wins; a number of another country never does so silently."""
    if home and lost and home.number == lost.number:
        return home
    home_valid = home is not None and home.is_valid
    lost_valid = lost is not None and lost.is_valid
    if home_valid and lost_valid:
        return of_two(home, lost, given)
    if home_valid or lost is None or not (lost_valid or home is None):
        return home or refuse(here)
    if not lost.is_foreign:
        return lost
    if not lost_valid:
        return refuse(here)
    if home is None and given.isdecimal():  # as a spreadsheet leaves it that took its plus
        note = _("Read as international: %(number)s.") % {"number": named(lost.number)}
        return replace(lost, note=f"{note}\n{lost.note}".strip())
    raise Ambiguous((home, lost) if home else (lost,))


def of_two(home: Reading, lost: Reading, given: str) -> Reading:
    """The groups of digits may tell which of two numbers of one country was meant."""
    if not lost.is_foreign and groups(given) == groups(e164.written(lost.number)):
        return lost
    raise Ambiguous((home, lost))


def groups(text: str) -> list[str] | None:
    found = re.findall(r"[0-9]+", text)
    return found if len(found) > 1 else None


def refuse(here: PhoneNumber | None) -> Reading:
    """Raises NotANumber, with what is wrong with the national reading."""
    if here is None:
        raise e164.impossible(None)
    raise e164.impossible(phonenumbers.is_possible_number_with_reason(here))


# --- ranges ---------------------------------------------------------------------------------------
def refuse_block(block: Block, country: str | None) -> None:
    """Raises IsBlock where the text is a range or may be one, and NotANumber where it is one with
    an end that cannot be read. A hyphen within one number is none."""
    try:
        first = read(block.first, country)
    except NotANumber as error:
        if block.is_certain:
            words = {"first": block.first, "reason": error}
            text = _("This is a range, and its first number %(first)s cannot be read: %(reason)s")
            raise NotANumber(text % words, code="range") from error
        return
    if block.is_certain or first.is_valid:
        last = last_of(first.number, block, country)
        single = None if block.is_certain else possible(block.first + block.last, country)
        raise IsBlock(first.number, last, single)


def last_of(first: str, block: Block, country: str | None) -> str:
    whole = possible(block.last, country) if len(block.last) > MOST_PLACES else None
    last = whole.number if whole else last_number(first, digits(block.last))
    if last and block.is_pair and int(last) - int(first) != 1:
        raise several()
    if last is None or len(last) != len(first) or not 0 < int(last) - int(first) < MOST_NUMBERS:
        text = _("This is a range, but %(last)s does not come after %(first)s: write both in full.")
        raise NotANumber(text % {"first": first, "last": block.last}, code="range")
    return last


def possible(text: str, country: str | None) -> Reading | None:
    try:
        return read(text, country)
    except NotANumber:
        return None
