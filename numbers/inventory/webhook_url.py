"""Where a number's calls may be sent over the web: one rule for requests, forms and files."""

from urllib.parse import urlsplit

from django.core.exceptions import ValidationError
from django.core.validators import URLValidator
from django.utils.translation import gettext_lazy as _

MAX_URL_LENGTH = 2_000  # characters
URL_VALIDATOR = URLValidator(schemes=["http", "https"])
ERROR_MESSAGES = {
    "not_a_url": _("An address is expected, for example https://example.com/calls."),
    "credentials": _("User name and password do not belong in an address that is shown."),
}


def webhook_url_error_code(text: str) -> str:
    """The key in ERROR_MESSAGES of what is wrong with an address that everybody may see who may
    read the row; "" for a good one. Its length is the caller's matter."""
    try:
        URL_VALIDATOR(text)
    except ValidationError:
        return "not_a_url"
    return "credentials" if "@" in urlsplit(text).netloc else ""


def webhook_url_error(text: str) -> str:
    """What is wrong with it, or ""."""
    if len(text) > MAX_URL_LENGTH:
        return str(_("At most %(max)d characters are allowed.") % {"max": MAX_URL_LENGTH})
    fault = webhook_url_error_code(text)
    return str(ERROR_MESSAGES[fault]) if fault else ""
