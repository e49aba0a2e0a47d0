"""Screens that change and delete a number, and show what else is affected."""

from copy import deepcopy
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest, HttpResponse, QueryDict
from django.utils.translation import gettext as _

from numbers.inventory import operations
from numbers.inventory.allowed_actions import has_supply_placement
from numbers.inventory.locks import lock_agent_ids
from numbers.inventory.placements import public_external_ids
from numbers.inventory.reservation import NumberNotSupplied, NumberStateConflict
from numbers.models import PhoneNumber, Placement
from numbers.numbering.e164 import format_display_number
from numbers.views.number_forms import AGENT_FIELDS, NumberForm
from organizations.access.roles import Permission
from organizations.web.views.base import OrgScreen
from organizations.web.views.forms import run_with_form_errors

Status = PhoneNumber.Status


class EditScreen(OrgScreen):
    permissions = {
        "GET": Permission.PHONE_NUMBERS_UPDATE,
        "POST": Permission.PHONE_NUMBERS_UPDATE,
    }

    def get(self, request: HttpRequest, number_id: UUID) -> HttpResponse:
        number = self.organization.phone_numbers.get(pk=number_id)
        if number.status == Status.DELETED:
            self.warn(_("The number is deleted."))
            return self.go("number", number_id=number_id)
        held = [(p, None) for p in number.placements.select_related("integration")]
        return self.shown(self.form(None, number, held))

    def post(self, request: HttpRequest, number_id: UUID) -> HttpResponse:
        """Changes the number. Takes the same locks as the API, so that the values compared are the
        values changed."""
        with transaction.atomic():
            named = [self.agent_in(request.POST, name) for name in AGENT_FIELDS]
            lock_agent_ids(self.principal, *named)
            number, held = operations.lock_number(self.principal, number_id)
            form = self.form(request.POST, number, held)
            if not form.is_valid():
                return self.shown(form, 422)
            if form.is_stale:
                return self.changed_meanwhile(form)
            beside = {NumberStateConflict: None}
            if not run_with_form_errors(form, lambda: self.change(number_id, form), beside):
                transaction.set_rollback(True)
                return self.shown(form, 422)
        self.say(_("%(number)s is changed.") % {"number": format_display_number(number.e164)})
        return self.go("number", number_id=number_id)

    def agent_in(self, data: QueryDict, name: str) -> str:
        """Returns the agent id as the form will clean it, or "" if the form will refuse it."""
        field = deepcopy(NumberForm.base_fields[name])
        field.organization = self.organization
        try:
            return field.clean(data.get(name, ""))
        except ValidationError:
            return ""

    def change(self, number_id: UUID, form: NumberForm) -> PhoneNumber:
        return operations.change_number(self.principal, number_id, **form.changes)

    def form(self, data: Any, number: PhoneNumber, held: list) -> NumberForm:
        trunks = operations.own_trunk_placement(number, held)
        return NumberForm(data, number=number, trunks=trunks, organization=self.organization)

    def changed_meanwhile(self, form: NumberForm) -> HttpResponse:
        form.take_note()
        return self.shown(form, 422, present=form.differences(), is_stale=True)

    def shown(self, form: NumberForm, status: int = 200, **more: Any) -> HttpResponse:
        words = {
            "form": form,
            "number": form.number,
            "pretty": format_display_number(form.number.e164),
        }
        return self.page("numbers/number_edit.html", status, **words, **more)


class DeleteScreen(OrgScreen):
    """Asks for confirmation and shows what is removed from platforms."""

    permissions = {
        "GET": Permission.PHONE_NUMBERS_DELETE,
        "POST": Permission.PHONE_NUMBERS_DELETE,
    }

    def get(self, request: HttpRequest, number_id: UUID) -> HttpResponse:
        number = self.organization.phone_numbers.select_related("carrier").get(pk=number_id)
        if number.status == Status.DELETED:
            return self.go("number", number_id=number_id)
        placements = list(number.placements.select_related("integration").order_by("role"))
        return self.page(
            "numbers/number_delete.html",
            number=number,
            pretty=format_display_number(number.e164),
            placements=[self.going(placement) for placement in placements],
            is_supplied=has_supply_placement(placements),
        )

    def going(self, placement: Placement) -> tuple[Placement, bool, list[str]]:
        """Returns the placement, whether its integration is the organization's own, and, only for
        an own one, the external ids that are removed with it."""
        own = placement.integration.organization_id == self.organization.pk
        ids = public_external_ids(placement).items() if own else []
        return placement, own, [ref for name, ref in ids if name.endswith(("sid", "_id"))]

    def post(self, request: HttpRequest, number_id: UUID) -> HttpResponse:
        number = self.organization.phone_numbers.get(pk=number_id)
        gives_back = request.POST.get("release") == "yes"
        try:
            operations.delete_number(self.principal, number_id, release=gives_back)
        except (NumberStateConflict, NumberNotSupplied) as error:
            self.warn(str(error))
        else:
            self.say(_("%(number)s is deleted.") % {"number": format_display_number(number.e164)})
        return self.go("number", number_id=number_id)
