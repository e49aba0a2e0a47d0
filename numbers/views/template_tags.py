"""Template filters about numbers for all apps, registered in config/settings.py."""

from django import template
from django.template.defaultfilters import stringfilter

from numbers.numbering import e164

register = template.Library()


@register.filter
@stringfilter
def written(text: str) -> str:
    """Returns an E.164 number in display format, and any other text unchanged."""
    return e164.format_display_number(text)
