"""Model and form fields that apply the rule of organizations/text/rules.py."""

from typing import Any

from django import forms
from django.db import models

from organizations.text.rules import trim_text, validate_text


class TrimmedMixin:
    """Mixed into a form field whose value is one line of text."""

    default_validators = [validate_text]

    def to_python(self, value: Any) -> Any:
        return super().to_python(trim_text(value) if isinstance(value, str) else value)


class FormText(TrimmedMixin, forms.CharField):
    pass


class FormUrl(TrimmedMixin, forms.URLField):
    default_validators = [*forms.URLField.default_validators, validate_text]


class FormSecret(forms.CharField):
    """A form field that keeps the text unchanged and refuses control characters."""

    default_validators = [validate_text]

    def __init__(self, **options: Any):
        super().__init__(strip=False, **options)


class ModelText(models.CharField):
    """One line of text. `full_clean` and forms apply the rule; migrations see a CharField."""

    default_validators = [validate_text]

    def clean(self, value: Any, model_instance: models.Model | None) -> Any:
        return super().clean(trim_text(value) if isinstance(value, str) else value, model_instance)

    def formfield(self, **options: Any) -> forms.Field | None:
        return super().formfield(**{"form_class": FormText, **options})

    def deconstruct(self) -> tuple[str, str, list, dict[str, Any]]:
        name, _path, args, options = super().deconstruct()
        return name, "django.db.models.CharField", args, options
