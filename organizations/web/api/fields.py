"""Serializer fields that accept a value as it is or refuse it. Nothing is guessed or ignored."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.fields import empty
from rest_framework.settings import api_settings

from organizations.text import rules
from organizations.web.api.query_parameters import parse_timestamp

REQUIRED_MESSAGES = {
    "required": _("This field is required."),
    "null": _("null is not allowed here."),
}


class StrictSerializer(serializers.Serializer):
    """Refuses keys it does not know, and values for keys that can only be read."""

    default_error_messages = REQUIRED_MESSAGES | {"invalid": _("An object is expected.")}

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        if not isinstance(data, dict):
            message = self.error_messages["invalid"]
            raise ValidationError({api_settings.NON_FIELD_ERRORS_KEY: [message]}, code="invalid")
        surplus = self.surplus(data)
        try:
            value = super().to_internal_value(data)
        except ValidationError as error:
            raise ValidationError({**error.detail, **surplus}) from None
        if surplus:
            raise ValidationError(surplus)
        return value

    def surplus(self, data: dict[str, Any]) -> dict[str, list[ErrorDetail]]:
        fields = self.fields
        unknown = ErrorDetail(_("This field is not known here."), code="unknown")
        read_only = ErrorDetail(_("This field can only be read."), code="read_only")
        errors = {name: [unknown] for name in data if name not in fields}
        return errors | {n: [read_only] for n in data if n in fields and fields[n].read_only}


class Char(serializers.CharField):
    default_error_messages = REQUIRED_MESSAGES | {
        "invalid": _("A string is expected."),
        "blank": _("A string that is not empty is expected."),
        "max_length": _("At most {max_length} characters are allowed."),
        "min_length": _("At least {min_length} characters are expected."),
    }

    def run_validation(self, data: Any = empty) -> str | None:
        if isinstance(data, str) and not self.trimmed(data):
            if not self.allow_blank:
                self.fail("blank")
            return ""
        return super(serializers.CharField, self).run_validation(data)

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        value = self.trimmed(data)
        if wrong := rules.text_error(value):
            raise ValidationError(wrong, code="control")
        return value

    def trimmed(self, text: str) -> str:
        return rules.trim_text(text) if self.trim_whitespace else text


class Secret(Char):
    """A string that is kept unchanged."""

    def __init__(self, **kwargs: Any):
        super().__init__(trim_whitespace=False, **kwargs)


class Id(Secret):
    """The id of something in Patchbay or on a platform. White space around it is refused, not
    trimmed."""

    default_error_messages = {"around": _("White space around an id is not allowed.")}

    def to_internal_value(self, data: Any) -> str:
        value = super().to_internal_value(data)
        if value != rules.trim_text(value):
            self.fail("around")
        return value


class ClearableMixin:
    """Mixed into an optional field. null and an empty string both return None, which clears the
    stored value or selects the default."""

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, required=False, allow_null=True, allow_blank=True, **kwargs)

    def run_validation(self, data: Any = empty) -> Any:
        return super().run_validation(None if data == "" else data) or None


class OptionalChar(ClearableMixin, Char):
    pass


class OptionalSecret(ClearableMixin, Secret):
    pass


class OptionalId(ClearableMixin, Id):
    pass


class Boolean(serializers.BooleanField):
    default_error_messages = REQUIRED_MESSAGES | {"invalid": _("true or false is expected.")}

    def to_internal_value(self, data: Any) -> bool:
        if data is not True and data is not False:
            self.fail("invalid")
        return data


class Integer(serializers.IntegerField):
    default_error_messages = REQUIRED_MESSAGES | {
        "invalid": _("A whole number is expected."),
        "max_value": _("At most {max_value} is allowed."),
        "min_value": _("At least {min_value} is expected."),
    }

    def to_internal_value(self, data: Any) -> int:
        if type(data) is not int:  # isinstance accepts True
            self.fail("invalid")
        return data


class Uuid(serializers.UUIDField):
    default_error_messages = REQUIRED_MESSAGES | {"invalid": _("A UUID is expected.")}

    def to_internal_value(self, data: Any) -> UUID:
        if not isinstance(data, str):
            self.fail("invalid")
        try:
            return UUID(data)
        except ValueError:
            self.fail("invalid")


class Timestamp(serializers.DateTimeField):
    """ISO 8601 with an offset. A time without an offset is refused, because its meaning is
    unknown."""

    default_error_messages = REQUIRED_MESSAGES | {
        "invalid": _("A time like 2026-11-20T10:00:00Z is expected.")
    }

    def to_internal_value(self, data: Any) -> datetime:
        try:
            return parse_timestamp(data)
        except (ValueError, TypeError):
            self.fail("invalid")


class Choice(serializers.ChoiceField):
    default_error_messages = REQUIRED_MESSAGES | {
        "invalid_choice": _("One of these is expected: {known}.")
    }

    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, str) or data not in self.choice_strings_to_values:
            self.fail("invalid_choice", known=", ".join(self.choice_strings_to_values))
        return self.choice_strings_to_values[data]


class OptionalChoice(ClearableMixin, Choice):
    pass


class StrictList(serializers.ListField):
    default_error_messages = REQUIRED_MESSAGES | {
        "not_a_list": _("A list is expected."),
        "empty": _("A list that is not empty is expected."),
        "min_length": _("At least {min_length} entries are expected."),
        "max_length": _("At most {max_length} entries are allowed."),
    }


def validate_input(serializer_class: type[StrictSerializer], data: Any) -> dict[str, Any]:
    """Returns the validated input. Raises a ValidationError that names each wrong field."""
    serializer = serializer_class(data=data)
    serializer.is_valid(raise_exception=True)
    return serializer.validated_data


def ensure_no_complaints(complaints: dict[str, Any], code: str = "invalid") -> None:
    if complaints:
        raise ValidationError(build_error_details(complaints, code))


def build_error_details(complaints: dict[str, Any], code: str) -> dict[str, Any]:
    return {
        name or "non_field_errors": build_error_details(text, code)
        if isinstance(text, dict)
        else [ErrorDetail(text, code=code)]
        for name, text in complaints.items()
    }
