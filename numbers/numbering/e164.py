"""Phone numbers as text in canonical E.164: checked, stored and shown. Other spellings are read by
numbers/numbering/parsing.py, which ends here too.

Numbers must be *possible* by libphonenumber, not *valid*: the vendors' own examples use +1 555.
"""

import re

import phonenumbers
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from phonenumber_field.modelfields import PhoneNumberField
from phonenumbers import PhoneMetadata

MAX_PREFIX_REMOVALS = 5  # of digits that are left out one after the other
E164_PATTERN = re.compile(r"\+[1-9][0-9]{1,14}")


class InvalidPhoneNumber(ValueError):
    """The text is no phone number: the message says what is wrong and what to do, `code` names it
    for programs."""

    def __init__(self, message: object, *, code: str = "not_a_number"):
        super().__init__(str(message))
        self.code = code


def ensure_canonical_e164(text: str) -> str:
    """`text`, if it is a possible number in canonical E.164: the one spelling that a line has.
    Raises InvalidPhoneNumber, which names the canonical spelling of another one."""
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
    """The E.164 text of a possible number, which reads as the same number again. Every entrance of
    a number ends here. `read_from` is the text that was parsed. Raises InvalidPhoneNumber."""
    reason = phonenumbers.is_possible_number_with_reason(number)
    if reason != phonenumbers.ValidationResult.IS_POSSIBLE:
        raise impossible_number_error(reason)
    text = format_e164(strip_trunk_prefix(number))
    is_stable = text == read_from or text == reformat_e164(text)
    if not is_stable or not E164_PATTERN.fullmatch(text):
        raise impossible_number_error(None)
    return text


def strip_trunk_prefix(number: phonenumbers.PhoneNumber) -> phonenumbers.PhoneNumber:
    """Behind the country code the zero that is dialled at home only is left out, though some
    numbers of that length would be possible. Raises InvalidPhoneNumber where nothing valid
    remains."""
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
    """What the country dials before its national numbers, "" where there is nothing."""
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
    """The canonical E.164 of a text in E.164, None where it is no possible number."""
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
    """None when no country, and no worldwide service, has this country code."""
    try:
        number = phonenumbers.parse(text, None)
    except phonenumbers.NumberParseException:
        return None
    known = phonenumbers.region_code_for_country_code(number.country_code) != "ZZ"
    return number if known else None


def format_display_number(text: str) -> str:
    """A number as people read it anywhere in the world: +1 (415) 777-4444, +44 20 7183 8750."""
    number = parse_e164(text)
    if number is None:
        return text
    if number.country_code == 1:  # the international format has no brackets
        national = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.NATIONAL)
        return f"+1 {national}"
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.INTERNATIONAL)


def nanp_area_code(text: str) -> int | None:
    """The three digits behind +1; elsewhere area codes have no fixed length."""
    return int(text[2:5]) if re.fullmatch(r"\+1[0-9]{10}", text) else None


def validate_canonical_e164(value: object) -> None:
    """The model field's validator, in place of the library's, which asks for valid numbers."""
    try:
        ensure_canonical_e164(str(value))
    except InvalidPhoneNumber as error:
        raise ValidationError(str(error), code=error.code) from error


class PlainTextDescriptor:
    """The attribute is plain text: the library's descriptor would parse it at every load."""

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
    """A number as E.164 text, possible by libphonenumber."""

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
        """The last wall: no row is written under a second spelling of one line."""
        value = super().pre_save(instance, add)
        return value if value is None else ensure_canonical_e164(str(value))

    def from_db_value(self, value, expression, connection):
        return value
