"""Phone numbers as text: people's spelling or E.164 in, E.164 stored and shown.

Numbers must be *possible* by libphonenumber, not *valid*: the vendors' own examples use +1 555.
"""

import re

import phonenumbers
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from phonenumber_field import formfields
from phonenumber_field.modelfields import PhoneNumberField

SHAPE = re.compile(r"\+[1-9][0-9]{1,14}")


class NotANumber(ValueError):
    """The sentence says what is wrong with the number."""


def checked(text: str) -> str:
    """`text`, if it is a possible number in E.164; raises NotANumber."""
    if not SHAPE.fullmatch(text):
        raise NotANumber(
            _(
                "Write the number in E.164: a plus, the country code and the number, digits only, "
                "for example +18005551234."
            )
        )
    number = parsed(text)
    if number is None:
        raise NotANumber(_("No country has this country code."))
    reason = phonenumbers.is_possible_number_with_reason(number)
    if reason != phonenumbers.ValidationResult.IS_POSSIBLE:
        raise NotANumber(REASONS.get(reason, _("This cannot be a phone number of its country.")))
    return text


REASONS = {
    phonenumbers.ValidationResult.TOO_SHORT: _("The number is too short for its country."),
    phonenumbers.ValidationResult.TOO_LONG: _("The number is too long for its country."),
    phonenumbers.ValidationResult.IS_POSSIBLE_LOCAL_ONLY: _("The number lacks its area code."),
    phonenumbers.ValidationResult.INVALID_LENGTH: _("No number of its country has this length."),
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


def validate_possible(value: object) -> None:
    """The validator of model and form fields, in place of the library's, which asks for valid."""
    try:
        checked(str(value))
    except NotANumber as error:
        raise ValidationError(str(error), code="invalid") from error


class E164FormField(formfields.PhoneNumberField):
    """The library's form field, possible numbers admitted; cleans to E.164 text."""

    default_validators = [validate_possible]

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.error_messages.pop("invalid", None)  # it would hide what is wrong with the number

    def to_python(self, value: str | None) -> str:
        """People's spelling behind the plus is welcome: blanks, dots, dashes and brackets are
        dropped."""
        return re.sub(r"[\s().\-/]", "", value or "")


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
    default_validators = [validate_possible]

    def __init__(self, *args, **kwargs):
        kwargs.setdefault("max_length", 16)
        super().__init__(*args, **kwargs)

    def to_python(self, value):
        return value if value is None else str(value)

    def get_prep_value(self, value):
        return value if value is None else str(value)

    def from_db_value(self, value, expression, connection):
        return value

    def formfield(self, **kwargs):
        return super().formfield(**{"form_class": E164FormField, **kwargs})
