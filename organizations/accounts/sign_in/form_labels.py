"""What forms of several places say alike, without the packages of those that sign people in."""

from django.utils.translation import gettext_lazy

PASSWORD_HELP = gettext_lazy("At least 8 characters, and none that others would guess.")
