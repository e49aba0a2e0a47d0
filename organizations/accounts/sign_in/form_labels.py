"""Texts that several forms share, without importing the packages that sign people in."""

from django.utils.translation import gettext_lazy

PASSWORD_HELP = gettext_lazy("At least 8 characters, and none that others would guess.")
