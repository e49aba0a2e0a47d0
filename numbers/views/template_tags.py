"""What templates of all apps may say of numbers; config/settings.py makes it known to them."""

from django import template
from django.template.defaultfilters import stringfilter

from numbers.numbering import e164

register = template.Library()


@register.filter
@stringfilter
def written(text: str) -> str:
    """A number in E.164 as people write it; any other text stays as it is."""
    return e164.format_display_number(text)
