"""The form field for a phone number."""

from django.core.exceptions import ValidationError
from phonenumber_field import formfields

from numbers.numbering.e164 import InvalidPhoneNumber
from numbers.numbering.parsing import parse_number


class NumberFormField(formfields.PhoneNumberField):
    """A form field for a number with its country code, as people write it, that cleans to canonical
    E.164."""

    default_validators = []

    def to_python(self, value: str | None) -> str:
        if not (value or "").strip():
            return ""
        try:
            return parse_number(value).number
        except InvalidPhoneNumber as error:
            raise ValidationError(str(error), code=error.code) from error
