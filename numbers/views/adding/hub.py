"""The ways to add numbers, each with when to take it."""

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from numbers.views.adding.destinations import destinations
from organizations.access.roles import Permission
from organizations.web.views.base import OrgScreen


@dataclass(frozen=True)
class Choice:
    screen: str
    icon: str
    title: Any
    text: Any


CHOICES = [
    Choice(
        "add_one", "phone", _("One number"), _("You have one number to set up, with its details.")
    ),
    Choice(
        "add_list",
        "list",
        _("A pasted list"),
        _("You have numbers in a mail or a document: copy them, paste them."),
    ),
    Choice(
        "add_range",
        "stack",
        _("A range"),
        _("Your carrier gave you a block of numbers that follow each other."),
    ),
    Choice(
        "add_file",
        "upload",
        _("A file"),
        _("You have a spreadsheet with up to 100,000 numbers and their labels."),
    ),
    Choice(
        "add_discover",
        "plug",
        _("Found on a platform"),
        _("The numbers are on a platform already: pick what to take in."),
    ),
    Choice(
        "add_search",
        "cart",
        _("Search and buy"),
        _("You need new numbers: search an account's shop by country and digits."),
    ),
]


class AddScreen(OrgScreen):
    permissions = {"GET": Permission.PHONE_NUMBERS_CREATE}

    def get(self, request: HttpRequest) -> HttpResponse:
        found = destinations(self.principal)
        choices = [(choice, self.url(choice.screen)) for choice in CHOICES]
        return self.page("numbers/add.html", choices=choices, destinations=found)
