"""Validation, storage and display of phone numbers in canonical E.164. Other spellings are parsed
by numbers/numbering/parsing.py, which uses this module as well.

Numbers must be *possible* by libphonenumber, not *valid*, because the vendors' own examples use +1
555.
"""

import re

import phonenumbers
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from phonenumber_field.modelfields import PhoneNumberField
from phonenumbers import PhoneMetadata

MAX_PREFIX_REMOVALS = 5  # how many trunk prefixes are removed one after the other
E164_PATTERN = re.compile(r"\+[1-9][0-9]{1,14}")


class InvalidPhoneNumber(ValueError):
    """Raised for text that is not a phone number. The message says what is wrong and what to do;
    `code` identifies the reason for programs."""

    def __init__(self, message: object, *, code: str = "not_a_number"):
        super().__init__(str(message))
        self.code = code


def ensure_canonical_e164(text: str) -> str:
    """Returns `text` if it is a possible number in canonical E.164, the only accepted spelling of a
    number. Raises InvalidPhoneNumber otherwise; for another spelling in E.164, the message names
    the canonical one."""
    if not E164_PATTERN.fullmatch(text):
        raise not_e164_error(text)
    number = parse_e164(text)
    if number is None:
        raise InvalidPhoneNumber(
            _("No country has this country code."), code="unknown_country_code"
        )
    found = format_canonical_e164(number, read_from=text)
    if found != text:
        raise InvalidPhoneNumber(
            _("%(text)s is not how this number is written in E.164: write %(canonical)s.")
            % {"text": text, "canonical": found},
            code="not_canonical",
        )
    return found


def not_e164_error(text: str) -> InvalidPhoneNumber:
    if re.fullmatch(r"\+?[0-9]{16,}", text):
        return too_many_digits_error(len(text.lstrip("+")))
    return InvalidPhoneNumber(
        _(
            "Write the number in E.164: a plus, the country code and the number, digits only, "
            "for example +18005551234."
        ),
        code="not_e164",
    )


def too_many_digits_error(count: int) -> InvalidPhoneNumber:
    return InvalidPhoneNumber(
        _("A phone number has at most 15 digits; this one has more than 15 digits (%(count)d).")
        % {"count": count},
        code="too_long",
    )


def format_canonical_e164(number: phonenumbers.PhoneNumber, *, read_from: str = "") -> str:
    """Returns the E.164 text of a possible number, which parses as the same number again. Every
    number that enters Patchbay passes through this function. `read_from` is the text that was
    parsed. Raises InvalidPhoneNumber."""
    reason = phonenumbers.is_possible_number_with_reason(number)
    if reason != phonenumbers.ValidationResult.IS_POSSIBLE:
        raise impossible_number_error(reason)
    text = format_e164(strip_trunk_prefix(number))
    is_stable = text == read_from or text == reformat_e164(text)
    if not is_stable or not E164_PATTERN.fullmatch(text):
        raise impossible_number_error(None)
    return text


def strip_trunk_prefix(number: phonenumbers.PhoneNumber) -> phonenumbers.PhoneNumber:
    """Returns the number without the zero that follows the country code but is dialled only within
    the country, although some numbers of that length would be possible. Raises InvalidPhoneNumber
    if removing the trunk prefix does not leave a valid number."""
    if not number.italian_leading_zero or phonenumbers.is_valid_number(number):
        return number
    prefix = national_prefix(number.country_code)
    national = phonenumbers.national_significant_number(number)
    rest = parse_e164(f"+{number.country_code}{national.removeprefix(prefix or '0')}")
    if rest and phonenumbers.is_valid_number(rest):
        return rest
    if prefix and national.startswith(prefix):
        words = {"code": number.country_code, "prefix": prefix}
        text = _("Leave out the trunk prefix %(prefix)s behind +%(code)s.") % words
        raise InvalidPhoneNumber(text, code="trunk_prefix")
    return number


def national_prefix(country_code: int) -> str:
    """Returns the trunk prefix that the country dials before national numbers, or ""."""
    region = phonenumbers.region_code_for_country_code(country_code)
    plan = PhoneMetadata.metadata_for_region_or_calling_code(country_code, region)
    return (plan and plan.national_prefix) or ""


def impossible_number_error(reason: int | None) -> InvalidPhoneNumber:
    return InvalidPhoneNumber(
        IMPOSSIBLE_REASON_MESSAGES.get(reason, IMPOSSIBLE_NUMBER_MESSAGE),
        code=IMPOSSIBLE_REASON_CODES.get(reason, "impossible"),
    )


def format_e164(number: phonenumbers.PhoneNumber) -> str:
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def reformat_e164(text: str) -> str | None:
    number = parse_e164(text)
    return format_e164(number) if number else None


def find_canonical_e164(text: str) -> str | None:
    """Returns the canonical E.164 of a text in E.164, or None if it is not a possible number."""
    try:
        for _step in range(MAX_PREFIX_REMOVALS):
            number = parse_e164(text)
            if number is None:
                return None
            written = format_e164(strip_trunk_prefix(number))
            if written == text:
                return format_canonical_e164(number, read_from=text)
            text = written
    except InvalidPhoneNumber:
        pass
    return None


ValidationResult = phonenumbers.ValidationResult
IMPOSSIBLE_NUMBER_MESSAGE = _("This cannot be a phone number of its country.")
IMPOSSIBLE_REASON_MESSAGES = {
    ValidationResult.TOO_SHORT: _("The number is too short for its country."),
    ValidationResult.TOO_LONG: _("The number is too long for its country."),
    ValidationResult.IS_POSSIBLE_LOCAL_ONLY: _("The number lacks its area code."),
    ValidationResult.INVALID_LENGTH: _("No number of its country has this length."),
}
IMPOSSIBLE_REASON_CODES = {
    ValidationResult.TOO_SHORT: "too_short",
    ValidationResult.TOO_LONG: "too_long",
    ValidationResult.IS_POSSIBLE_LOCAL_ONLY: "no_area_code",
    ValidationResult.INVALID_LENGTH: "wrong_length",
}


def parse_e164(text: str) -> phonenumbers.PhoneNumber | None:
    """Parses a text in E.164. Returns None if no country or worldwide service has its country
    code."""
    try:
        number = phonenumbers.parse(text, None)
    except phonenumbers.NumberParseException:
        return None
    known = phonenumbers.region_code_for_country_code(number.country_code) != "ZZ"
    return number if known else None


def format_display_number(text: str) -> str:
    """Returns a number in its international display format: +1 (415) 777-4444, +44 20 7183 8750."""
    number = parse_e164(text)
    if number is None:
        return text
    if number.country_code == 1:  # libphonenumber's international format has no brackets
        national = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.NATIONAL)
        return f"+1 {national}"
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.INTERNATIONAL)


def nanp_area_code(text: str) -> int | None:
    """Returns the area code of a +1 number, its first three digits, or None for other countries,
    whose area codes have no fixed length."""
    return int(text[2:5]) if re.fullmatch(r"\+1[0-9]{10}", text) else None


def validate_canonical_e164(value: object) -> None:
    """Raises ValidationError unless the value is in canonical E.164. Replaces the validator of the
    library's model field, which demands valid numbers."""
    try:
        ensure_canonical_e164(str(value))
    except InvalidPhoneNumber as error:
        raise ValidationError(str(error), code=error.code) from error


class PlainTextDescriptor:
    """A field attribute that stays plain text; the library's descriptor would parse it on every
    load."""

    def __init__(self, field):
        self.field = field

    def __get__(self, instance, owner):
        if instance is None:
            return self
        if self.field.attname not in instance.__dict__:
            instance.refresh_from_db(fields=[self.field.attname])
        return instance.__dict__[self.field.attname]

    def __set__(self, instance, value):
        instance.__dict__[self.field.attname] = value


class E164Field(PhoneNumberField):
    """A model field for a number in E.164 text that is possible by libphonenumber."""

    descriptor_class = PlainTextDescriptor
    default_validators = [validate_canonical_e164]

    def __init__(self, *args, **kwargs):
        kwargs.setdefault("max_length", 16)
        super().__init__(*args, **kwargs)

    def to_python(self, value):
        return value if value is None else str(value)

    def get_prep_value(self, value):
        return value if value is None else str(value)

    def pre_save(self, instance, add):
        """Returns the value to store. Raises InvalidPhoneNumber so that no row can ever be saved
        with a second spelling of one number."""
        value = super().pre_save(instance, add)
        return value if value is None else ensure_canonical_e164(str(value))

    def from_db_value(self, value, expression, connection):
        return value
