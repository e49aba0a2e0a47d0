"""Where a number's calls may be sent over the web: one rule for requests, forms and files."""

from urllib.parse import urlsplit

from django.core.exceptions import ValidationError
from django.core.validators import URLValidator
from django.utils.translation import gettext_lazy as _

MOST = 2_000  # characters
WEB_ADDRESS = URLValidator(schemes=["http", "https"])
MESSAGES = {
    "not_a_url": _("An address is expected, for example https://example.com/calls."),
    "credentials": _("User name and password do not belong in an address that is shown."),
}


def fault_of(text: str) -> str:
    """The key in MESSAGES of what is wrong with an address that everybody may see who may read the
    row; "" for a good one. Its length is the caller's matter."""
    try:
        WEB_ADDRESS(text)
    except ValidationError:
        return "not_a_url"
    return "credentials" if "@" in urlsplit(text).netloc else ""


def complaint(text: str) -> str:
    """What is wrong with it, or ""."""
    if len(text) > MOST:
        return str(_("At most %(max)d characters are allowed.") % {"max": MOST})
    fault = fault_of(text)
    return str(MESSAGES[fault]) if fault else ""
