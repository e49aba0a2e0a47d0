"""Discovery screens, which list the numbers of an account and import the selected ones."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django import forms
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop

from integrations.ledger.platform_queries import IntegrationUnavailable, request_query
from integrations.models import Integration, Operation
from integrations.providers import PROVIDERS
from integrations.web.query_results import serialize_account_numbers
from numbers.bulk.imports.options import (
    ACCOUNT,
    CARRIER,
    DESTINATION_BY_OPTION,
    RECORD,
    SUPPLY_INTEGRATION_ROLE,
    clean_import_options,
)
from numbers.bulk.jobs import BulkJobError, create_import_job
from numbers.numbering.e164 import format_display_number
from numbers.views.adding.destinations import has_integration_role, list_destinations
from numbers.views.adding.query_base import QueryResultScreen, connected_integrations
from organizations.access.principals import Principal
from organizations.access.roles import Permission
from organizations.web.views.base import OrgScreen

PER_PAGE = 200
PRESENCE_TABS = {
    "new": gettext_lazy("Not here"),
    "here": gettext_lazy("Here already"),
    "all": gettext_lazy("All"),
}
DiscoveredNumber = dict[str, Any]


class DiscoverScreen(OrgScreen):
    """The screen that chooses the integration to discover numbers on."""

    permissions = {
        "GET": Permission.PHONE_NUMBERS_CREATE,
        "POST": Permission.PHONE_NUMBERS_CREATE,
    }

    def get(self, request: HttpRequest) -> HttpResponse:
        return self.shown(request.GET.get("integration", ""))

    def shown(self, chosen: str, wrong: str = "") -> HttpResponse:
        rows = [
            {"row": row, "title": PROVIDERS[row.kind].title, "is_chosen": str(row.pk) == chosen}
            for row in connected_integrations(self)
            if row.kind in PROVIDERS
        ]
        status = 422 if wrong else 200
        return self.page("numbers/add_discover.html", status, integrations=rows, wrong=wrong)

    def post(self, request: HttpRequest) -> HttpResponse:
        named = request.POST.get("integration", "")
        integration = next(
            (row for row in connected_integrations(self) if str(row.pk) == named), None
        )
        if integration is None:
            return self.shown("", _("Choose one of the connected integrations."))
        try:
            asked = request_query(request.principal, integration, Operation.Wish.DISCOVER)
        except IntegrationUnavailable as error:
            return self.shown(named, str(error))
        return self.go("add_discover_found", operation_id=asked.pk)


class ImportDiscoveredForm(forms.Form):
    """The destination of the selected numbers."""

    place = forms.ChoiceField(label=gettext_lazy("Take them in"))

    def __init__(self, data: Any = None, *, by: Principal, integration: Integration):
        super().__init__(data)
        self.fields["place"].choices = import_destinations(by, integration)

    def options(self) -> dict[str, str]:
        destination, _colon, row_id = self.cleaned_data["place"].partition(":")
        name = next(
            (name for name, home in DESTINATION_BY_OPTION.items() if home == destination), ""
        )
        return {"destination": destination, **({name: row_id} if name else {})}


def import_destinations(by: Principal, integration: Integration) -> list[tuple[str, str]]:
    """Returns the choices as (value, label): the account itself, its carriers, and record only."""
    name = {"name": integration.name}
    found = []
    if has_integration_role(integration, SUPPLY_INTEGRATION_ROLE):
        found.append(
            (f"{ACCOUNT}:{integration.pk}", _("as numbers of the account %(name)s") % name)
        )
    for carrier in list_destinations(by).carriers:
        if carrier.integration_id == integration.pk:
            label = _("on the carrier %(name)s") % {"name": carrier.name}
            found.append((f"{CARRIER}:{carrier.voip_carrier_sid}", label))
    return [*found, (RECORD, _("only on record: nothing changes on the platform"))]


class DiscoveredScreen(QueryResultScreen):
    permissions = {
        "GET": Permission.PHONE_NUMBERS_CREATE,
        "POST": Permission.PHONE_NUMBERS_CREATE,
    }
    wish = Operation.Wish.DISCOVER
    title = gettext_lazy("Numbers found there")

    def again(self, asked: Operation) -> str:
        return f"{self.url('add_discover')}?integration={asked.integration_id}"

    def answered(self, asked: Operation) -> HttpResponse:
        return self.listed(
            asked, ImportDiscoveredForm(by=self.principal, integration=asked.integration)
        )

    def listed(self, asked: Operation, form: ImportDiscoveredForm, wrong: str = "") -> HttpResponse:
        answer = serialize_account_numbers(self.organization, asked.result)
        kinds = group_by_presence(answer["data"])
        show = self.request.GET.get("show")
        show = show if show in PRESENCE_TABS else "new"
        return self.page(
            "numbers/add_discovered.html",
            422 if wrong else 200,
            asked=asked,
            again=self.again(asked),
            form=form,
            wrong=wrong,
            show=show,
            tabs=[(name, label, len(kinds[name])) for name, label in PRESENCE_TABS.items()],
            page=discovered_numbers_page(kinds[show], self.request.GET.get("page")),
            new=len(kinds["new"]),
            more=answer["more"],
        )

    def post(self, request: HttpRequest, operation_id: UUID) -> HttpResponse:
        asked = self.asked(operation_id)
        if asked.status != Operation.Status.DONE:
            return self.go("add_discover_found", operation_id=operation_id)
        form = ImportDiscoveredForm(
            request.POST, by=request.principal, integration=asked.integration
        )
        rows = self.picked(asked)
        if not rows:
            return self.listed(asked, form, _("Pick at least one number."))
        if not form.is_valid():
            return self.listed(asked, form, _("Say how they are to be taken in."))
        return self.proposed(asked, form, rows)

    def picked(self, asked: Operation) -> list[dict[str, str]]:
        """Returns the selected rows, limited to discovered numbers that are not in Patchbay yet.
        The page may be outdated, or the request forged."""
        found = group_by_presence(
            serialize_account_numbers(self.organization, asked.result)["data"]
        )["new"]
        wanted = set(self.request.POST.getlist("number"))
        return [
            {"number": row["number"], "label": row["label"][:100]}
            for row in found
            if "all" in self.request.POST or row["number"] in wanted
        ]

    def proposed(
        self, asked: Operation, form: ImportDiscoveredForm, rows: Sequence[Any]
    ) -> HttpResponse:
        title = gettext_noop("Found on %(name)s") % {"name": asked.integration.name}
        try:
            options = clean_import_options(self.principal, form.options())
            batch = create_import_job(self.principal, title=title, options=options, rows=rows)
        except ValidationError as error:
            return self.listed(asked, form, " ".join(error.messages))
        except BulkJobError as error:
            return self.listed(asked, form, str(error))
        return self.go("batch", batch_id=batch.pk)


def group_by_presence(found: Sequence[DiscoveredNumber]) -> dict[str, list[DiscoveredNumber]]:
    new = [row for row in found if not row["number_id"]]
    return {"new": new, "here": [row for row in found if row["number_id"]], "all": list(found)}


def discovered_numbers_page(rows: Sequence[DiscoveredNumber], page: str | None) -> Any:
    """Returns one page of the rows, with the numbers in display format."""
    part = Paginator(rows, PER_PAGE).get_page(page)
    part.object_list = [
        {**row, "pretty": format_display_number(row["number"])} for row in part.object_list
    ]
    return part
