"""The manners in which each page is looked at: light, dark, on a phone."""

import os

from tests.support.pages import PAGES

BROWSER_MODES = {
    "light": {"color_scheme": "light", "viewport": {"width": 1280, "height": 900}},
    "dark": {"color_scheme": "dark", "viewport": {"width": 1280, "height": 900}},
    "phone": {"color_scheme": "light", "viewport": {"width": 390, "height": 844}},
}


def selected_pages():
    names = os.environ.get("SCREENSHOTS_ONLY", "").split()
    return [page for page in PAGES if not names or page.name in names]
