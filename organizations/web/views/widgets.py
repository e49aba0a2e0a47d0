"""A widget for long lists of choices."""

from typing import Any

from django import forms
from django.forms.utils import flatatt
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe


class LongSelect(forms.Select):
    """A select that renders its options itself: two templates for each of 250 countries take longer
    than the rest of the page. Does not support groups."""

    def render(self, name: str, value: Any, attrs=None, renderer=None) -> SafeString:
        chosen = "" if value is None else str(value)
        selected = {chosen: mark_safe(" selected")}
        rows = ((code, selected.get(str(code), ""), text) for code, text in self.choices)
        options = format_html_join("", '<option value="{}"{}>{}</option>', rows)
        given = self.build_attrs(self.attrs, {**(attrs or {}), "name": name})
        return format_html("<select{}>{}</select>", flatatt(given), options)
