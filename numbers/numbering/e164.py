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

MOST_STEPS = 5  # of digits that are left out one after the other
SHAPE = re.compile(r"\+[1-9][0-9]{1,14}")


class NotANumber(ValueError):
    """The text is no phone number: the message says what is wrong and what to do, `code` names it
    for programs."""

    def __init__(self, message: object, *, code: str = "not_a_number"):
        super().__init__(str(message))
        self.code = code


def checked(text: str) -> str:
    """`text`, if it is a possible number in canonical E.164: the one spelling that a line has.
    Raises NotANumber, which names the canonical spelling of another one."""
    if not SHAPE.fullmatch(text):
        raise not_e164(text)
    number = parsed(text)
    if number is None:
        raise NotANumber(_("No country has this country code."), code="unknown_country_code")
    found = canonical(number, read_from=text)
    if found != text:
        raise NotANumber(
            _("%(text)s is not how this number is written in E.164: write %(canonical)s.")
            % {"text": text, "canonical": found},
            code="not_canonical",
        )
    return found


def not_e164(text: str) -> NotANumber:
    if re.fullmatch(r"\+?[0-9]{16,}", text):
        return too_many_digits(len(text.lstrip("+")))
    return NotANumber(
        _(
            "Write the number in E.164: a plus, the country code and the number, digits only, "
            "for example +18005551234."
        ),
        code="not_e164",
    )


def too_many_digits(count: int) -> NotANumber:
    return NotANumber(
        _("A phone number has at most 15 digits; this one has more than 15 digits (%(count)d).")
        % {"count": count},
        code="too_long",
    )


def canonical(number: phonenumbers.PhoneNumber, *, read_from: str = "") -> str:
    """The E.164 text of a possible number, which reads as the same number again. Every entrance of
    a number ends here. `read_from` is the text that was parsed. Raises NotANumber."""
    reason = phonenumbers.is_possible_number_with_reason(number)
    if reason != phonenumbers.ValidationResult.IS_POSSIBLE:
        raise impossible(reason)
    text = formatted(without_trunk_prefix(number))
    is_stable = text == read_from or text == again(text)
    if not is_stable or not SHAPE.fullmatch(text):
        raise impossible(None)
    return text


def without_trunk_prefix(number: phonenumbers.PhoneNumber) -> phonenumbers.PhoneNumber:
    """Behind the country code the zero that is dialled at home only is left out, though some
    numbers of that length would be possible. Raises NotANumber where nothing valid remains."""
    if not number.italian_leading_zero or phonenumbers.is_valid_number(number):
        return number
    prefix = national_prefix(number.country_code)
    national = phonenumbers.national_significant_number(number)
    rest = parsed(f"+{number.country_code}{national.removeprefix(prefix or '0')}")
    if rest and phonenumbers.is_valid_number(rest):
        return rest
    if prefix and national.startswith(prefix):
        words = {"code": number.country_code, "prefix": prefix}
        text = _("Leave out the trunk prefix %(prefix)s behind +%(code)s.") % words
        raise NotANumber(text, code="trunk_prefix")
    return number


def national_prefix(country_code: int) -> str:
    """What the country dials before its national numbers, "" where there is nothing."""
    region = phonenumbers.region_code_for_country_code(country_code)
    plan = PhoneMetadata.metadata_for_region_or_calling_code(country_code, region)
    return (plan and plan.national_prefix) or ""


def impossible(reason: int | None) -> NotANumber:
    return NotANumber(REASONS.get(reason, OF_NO_COUNTRY), code=CODES.get(reason, "impossible"))


def formatted(number: phonenumbers.PhoneNumber) -> str:
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def again(text: str) -> str | None:
    number = parsed(text)
    return formatted(number) if number else None


def canonical_of(text: str) -> str | None:
    """The canonical E.164 of a text in E.164, None where it is no possible number."""
    try:
        for _step in range(MOST_STEPS):
            number = parsed(text)
            if number is None:
                return None
            written = formatted(without_trunk_prefix(number))
            if written == text:
                return canonical(number, read_from=text)
            text = written
    except NotANumber:
        pass
    return None


Result = phonenumbers.ValidationResult
OF_NO_COUNTRY = _("This cannot be a phone number of its country.")
REASONS = {
    Result.TOO_SHORT: _("The number is too short for its country."),
    Result.TOO_LONG: _("The number is too long for its country."),
    Result.IS_POSSIBLE_LOCAL_ONLY: _("The number lacks its area code."),
    Result.INVALID_LENGTH: _("No number of its country has this length."),
}
CODES = {
    Result.TOO_SHORT: "too_short",
    Result.TOO_LONG: "too_long",
    Result.IS_POSSIBLE_LOCAL_ONLY: "no_area_code",
    Result.INVALID_LENGTH: "wrong_length",
}


def parsed(text: str) -> phonenumbers.PhoneNumber | None:
    """None when no country, and no worldwide service, has this country code."""
    try:
        number = phonenumbers.parse(text, None)
    except phonenumbers.NumberParseException:
        return None
    known = phonenumbers.region_code_for_country_code(number.country_code) != "ZZ"
    return number if known else None


def written(text: str) -> str:
    """A number as people read it anywhere in the world: +1 (415) 777-4444, +44 20 7183 8750."""
    number = parsed(text)
    if number is None:
        return text
    if number.country_code == 1:  # the international format has no brackets
        national = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.NATIONAL)
        return f"+1 {national}"
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.INTERNATIONAL)


def area_code(text: str) -> int | None:
    """The three digits behind +1; elsewhere area codes have no fixed length."""
    return int(text[2:5]) if re.fullmatch(r"\+1[0-9]{10}", text) else None


def validate_canonical(value: object) -> None:
    """The model field's validator, in place of the library's, which asks for valid numbers."""
    try:
        checked(str(value))
    except NotANumber as error:
        raise ValidationError(str(error), code=error.code) from error


class PlainText:
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

    descriptor_class = PlainText
    default_validators = [validate_canonical]

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
        return value if value is None else checked(str(value))

    def from_db_value(self, value, expression, connection):
        return value
