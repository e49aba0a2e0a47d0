"""The overview of the ways to add numbers, with a description of when to use each."""

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from numbers.views.adding.destinations import list_destinations
from organizations.access.roles import Permission
from organizations.web.views.base import OrgScreen


@dataclass(frozen=True)
class AddMethod:
    screen: str
    icon: str
    title: Any
    text: Any


ADD_METHODS = [
    AddMethod(
        "add_one", "phone", _("One number"), _("You have one number to set up, with its details.")
    ),
    AddMethod(
        "add_list",
        "list",
        _("A pasted list"),
        _("You have numbers in a mail or a document: copy them, paste them."),
    ),
    AddMethod(
        "add_range",
        "stack",
        _("A range"),
        _("Your carrier gave you a block of numbers that follow each other."),
    ),
    AddMethod(
        "add_file",
        "upload",
        _("A file"),
        _("You have a spreadsheet with up to 100,000 numbers and their labels."),
    ),
    AddMethod(
        "add_discover",
        "plug",
        _("Found on a platform"),
        _("The numbers are on a platform already: pick what to take in."),
    ),
    AddMethod(
        "add_search",
        "cart",
        _("Search and buy"),
        _("You need new numbers: search an account's shop by country and digits."),
    ),
]


class AddMethodsScreen(OrgScreen):
    permissions = {"GET": Permission.PHONE_NUMBERS_CREATE}

    def get(self, request: HttpRequest) -> HttpResponse:
        found = list_destinations(self.principal)
        choices = [(choice, self.url(choice.screen)) for choice in ADD_METHODS]
        return self.page("numbers/add.html", choices=choices, destinations=found)
