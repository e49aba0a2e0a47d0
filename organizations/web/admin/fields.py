"""Form fields in the admin's style."""

from typing import Any

from django import forms
from unfold import widgets

from organizations.text.fields import FormSecret, FormText


def text_field(**options: Any) -> FormText:
    options.setdefault("max_length", 100)
    return FormText(widget=widgets.UnfoldAdminTextInputWidget(), **options)


def textarea_field(**options: Any) -> forms.CharField:
    return forms.CharField(widget=widgets.UnfoldAdminTextareaWidget({"rows": 3}), **options)


def secret_field(**options: Any) -> FormSecret:
    """Returns a password field, which is never prefilled and not remembered by the browser."""
    widget = widgets.UnfoldAdminPasswordWidget({"autocomplete": "new-password"})
    return FormSecret(widget=widget, **options)


def choice_field(choices: Any, **options: Any) -> forms.ChoiceField:
    return forms.ChoiceField(choices=choices, widget=widgets.UnfoldAdminSelectWidget(), **options)


def multiple_choice_field(several: Any, **options: Any) -> forms.MultipleChoiceField:
    widget = widgets.UnfoldAdminCheckboxSelectMultipleWidget()
    return forms.MultipleChoiceField(choices=several, widget=widget, **options)


def model_choice_field(rows: Any, **options: Any) -> forms.ModelChoiceField:
    """Returns a searchable select of `rows`."""
    return forms.ModelChoiceField(rows, widget=widgets.UnfoldAdminSelect2Widget(), **options)


def boolean_field(**options: Any) -> forms.BooleanField:
    return forms.BooleanField(widget=widgets.UnfoldBooleanSwitchWidget(), required=False, **options)


def datetime_field(**options: Any) -> forms.SplitDateTimeField:
    return forms.SplitDateTimeField(widget=widgets.UnfoldAdminSplitDateTimeWidget(), **options)
