"""A template tag for pages that tell of something under way."""

from django import template

from integrations.runtime import availability

register = template.Library()


@register.inclusion_tag("integrations/_standstill.html")
def standstill() -> dict[str, str]:
    """A line that says why nothing goes on now, or nothing."""
    return {"sentence": availability.current_availability().sentence}
