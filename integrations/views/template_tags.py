"""A template tag for pages that show pending work."""

from django import template

from integrations.runtime import availability

register = template.Library()


@register.inclusion_tag("integrations/_standstill.html")
def standstill() -> dict[str, str]:
    """Renders a line that says why provisioning is stopped, or nothing while it runs."""
    return {"sentence": availability.current_availability().sentence}
