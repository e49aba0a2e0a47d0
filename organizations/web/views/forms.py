"""Form fields and errors of all staff views."""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator


class DayField(forms.DateField):
    """A date that has a previous and a next day in every time zone."""

    default_validators = (
        MinValueValidator(date(1970, 1, 1)),
        MaxValueValidator(date(9998, 12, 31)),
    )
    widget = forms.DateInput(attrs={"type": "date"})


ErrorFields = Mapping[type[Exception], str | None]


def run_with_form_errors(form: forms.Form, do: Callable[[], Any], beside: ErrorFields) -> Any:
    """Returns the result of `do`, or None if it failed. The error is added to the form, next to the
    field that `beside` names for its type."""
    try:
        return do()
    except ValidationError as error:
        add_form_errors(form, error)
    except tuple(beside) as error:
        field = next(field for kind, field in beside.items() if isinstance(error, kind))
        form.add_error(field, str(error))
    return None


def add_form_errors(form: forms.Form, error: Exception) -> None:
    """Adds the errors of an operation to the form: next to their field if the form has it, else
    above the form."""
    if not isinstance(error, ValidationError):
        return form.add_error(None, str(error))
    by_field = error.error_dict if hasattr(error, "error_dict") else {None: error.error_list}
    for field, errors in by_field.items():
        form.add_error(field if field in form.fields else None, errors)
    return None
