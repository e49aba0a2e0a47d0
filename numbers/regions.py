"""Countries by their two letters, whose national numbers we can read; names are the tz database's
(public domain)."""

from pathlib import Path

import phonenumbers

NAMES = {
    code: name
    for code, _blank, name in (
        line.partition(" ")
        for line in Path(__file__).with_name("regions.txt").read_text("utf-8").splitlines()
    )
    if code in phonenumbers.SUPPORTED_REGIONS
}


def choices() -> list[tuple[str, str]]:
    """For a form: “Germany (+49)” by name."""
    named = sorted(NAMES.items(), key=lambda pair: pair[1])
    return [
        (code, f"{name} (+{phonenumbers.country_code_for_region(code)})") for code, name in named
    ]
