"""One-button actions on a number: activate, deactivate, retry, repair, merge; and its label."""

from collections.abc import Callable
from urllib.parse import urlencode
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext_lazy

from numbers.bulk.imports.options import import_text_error
from numbers.inventory import operations
from numbers.inventory.repair import repair_number
from numbers.inventory.reservation import NumberStateConflict
from numbers.models import PhoneNumber
from numbers.numbering.e164 import format_display_number
from organizations.access.principals import Principal
from organizations.access.roles import Permission
from organizations.text.rules import trim_text
from organizations.web.views.base import OrgScreen

Status = PhoneNumber.Status
NumberAction = Callable[[Principal, UUID], PhoneNumber]


def activate_number(by: Principal, number_id: UUID) -> PhoneNumber:
    return operations.change_number(by, number_id, status=Status.ACTIVE)


def deactivate_number(by: Principal, number_id: UUID) -> PhoneNumber:
    return operations.change_number(by, number_id, status=Status.INACTIVE)


NUMBER_ACTIONS: dict[str, tuple[NumberAction, str]] = {
    "activate": (activate_number, gettext_lazy("%(number)s is being switched on.")),
    "deactivate": (deactivate_number, ""),  # the page itself says so and offers an undo
    "retry": (operations.retry_number, gettext_lazy("%(number)s is tried again.")),
    "repair": (repair_number, gettext_lazy("%(number)s is being mended on its platform.")),
    "merge": (
        operations.merge_duplicates,
        gettext_lazy("The duplicates of %(number)s are being merged."),
    ),
}


class NumberActionScreen(OrgScreen):
    permissions = {"POST": Permission.PHONE_NUMBERS_UPDATE}

    def post(self, request: HttpRequest, number_id: UUID, deed: str) -> HttpResponse:
        if deed not in NUMBER_ACTIONS:
            raise Http404
        do, sentence = NUMBER_ACTIONS[deed]
        try:
            number = do(self.principal, number_id)
        except NumberStateConflict as error:
            self.warn(str(error))
            return self.go("number", number_id=number_id)
        if sentence:
            self.say(sentence % {"number": format_display_number(number.e164)})
        undo = f"?{urlencode({'undo': 'activate'})}" if deed == "deactivate" else ""
        return redirect(self.url("number", number_id=number_id) + undo)


class LabelScreen(OrgScreen):
    """Changes only the label, edited in place."""

    permissions = {"POST": Permission.PHONE_NUMBERS_UPDATE}

    def post(self, request: HttpRequest, number_id: UUID) -> HttpResponse:
        label = trim_text(request.POST.get("label", ""))
        if wrong := import_text_error("label", label):
            self.warn(wrong)
            return self.go("number", number_id=number_id)
        try:
            operations.change_number(self.principal, number_id, label=label or None)
        except NumberStateConflict as error:
            self.warn(str(error))
        return self.go("number", number_id=number_id)
