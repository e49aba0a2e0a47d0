"""Validation of webhook URLs, shared by requests, forms and files."""

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
    """Returns the key in ERROR_MESSAGES of the URL's error, or "". Everybody who may read the row
    sees the URL, so it must hold no credentials. The caller checks the length."""
    try:
        URL_VALIDATOR(text)
    except ValidationError:
        return "not_a_url"
    return "credentials" if "@" in urlsplit(text).netloc else ""


def webhook_url_error(text: str) -> str:
    """Returns what is wrong with the URL, or ""."""
    if len(text) > MAX_URL_LENGTH:
        return str(_("At most %(max)d characters are allowed.") % {"max": MAX_URL_LENGTH})
    fault = webhook_url_error_code(text)
    return str(ERROR_MESSAGES[fault]) if fault else ""
