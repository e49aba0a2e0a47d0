"""Screens that search for numbers on sale and buy them after a confirmation."""

from typing import Any
from uuid import UUID

from django import forms
from django.core.validators import RegexValidator
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from integrations.ledger.platform_queries import IntegrationUnavailable, request_query
from integrations.models import Integration, Operation
from integrations.providers import PROVIDERS
from integrations.web.query_results import serialize_query_result
from numbers.inventory.acquisition import NoUsableIntegration, buy_number
from numbers.inventory.reservation import NumberOutsidePools, NumberTaken
from numbers.models import PhoneNumber
from numbers.numbering import regions
from numbers.numbering.e164 import format_display_number
from numbers.views.adding.query_base import QueryResultScreen, connected_integrations
from organizations.access.quotas import QuotaExceeded
from organizations.access.roles import Permission
from organizations.models import Organization
from organizations.text.fields import FormText
from organizations.web.views.base import OrgScreen
from organizations.web.views.widgets import LongSelect

CREATE = Permission.PHONE_NUMBERS_CREATE
NUMBER_TYPES = {
    "local": gettext_lazy("local"),
    "mobile": gettext_lazy("mobile"),
    "toll_free": gettext_lazy("toll-free"),
    "national": gettext_lazy("national"),
}
ADDRESS_REQUIREMENTS = {
    "none": gettext_lazy("nothing"),
    "any": gettext_lazy("an address anywhere"),
    "local": gettext_lazy("an address in the country"),
    "foreign": gettext_lazy("an address outside the country"),
}
MAX_PURCHASES = 20


class NumberSearchForm(forms.Form):
    """The search criteria and the account to search."""

    integration = forms.ChoiceField(label=gettext_lazy("Account"))
    country = forms.ChoiceField(label=gettext_lazy("Country"), initial="US", widget=LongSelect)
    type = forms.ChoiceField(label=gettext_lazy("Type"), choices=list(NUMBER_TYPES.items()))
    area_code = FormText(
        label=gettext_lazy("Area code"),
        required=False,
        validators=[
            RegexValidator(r"\A[0-9]{1,5}\Z", gettext_lazy("One to five digits are expected."))
        ],
        widget=forms.TextInput({"inputmode": "numeric"}),
    )
    contains = FormText(
        label=gettext_lazy("Contains"),
        required=False,
        help_text=gettext_lazy("Digits, with * for any one of them."),
        validators=[
            RegexValidator(
                r"\A[0-9*]{1,16}\Z",
                gettext_lazy("Digits are expected, with * for any one of them."),
            )
        ],
    )
    locality = FormText(label=gettext_lazy("City"), required=False, max_length=100)

    def __init__(self, data: Any = None, *, shops: list[Integration], **more: Any):
        super().__init__(data, **more)
        self.shops = shops
        self.fields["integration"].choices = [(str(row.pk), row.name) for row in shops]
        self.fields["country"].choices = regions.region_choices()

    def shop(self) -> Integration:
        return next(r for r in self.shops if str(r.pk) == self.cleaned_data["integration"])

    def question(self) -> dict[str, str]:
        given = {n: v for n, v in self.cleaned_data.items() if v and n != "integration"}
        return dict(sorted(given.items()))


def selling_integrations(screen: OrgScreen) -> list[Integration]:
    return [row for row in connected_integrations(screen) if can_sell_numbers(row)]


def can_sell_numbers(integration: Integration) -> bool:
    return integration.kind in PROVIDERS and PROVIDERS[integration.kind].sells_numbers


class SearchScreen(OrgScreen):
    permissions = {"GET": CREATE, "POST": CREATE}

    def get(self, request: HttpRequest) -> HttpResponse:
        initial = {"integration": request.GET.get("integration", "")}
        return self.shown(NumberSearchForm(shops=selling_integrations(self), initial=initial))

    def shown(self, form: NumberSearchForm, status: int = 200) -> HttpResponse:
        return self.page("numbers/add_search.html", status, form=form, shops=form.shops)

    def post(self, request: HttpRequest) -> HttpResponse:
        form = NumberSearchForm(request.POST, shops=selling_integrations(self))
        if not form.is_valid():
            return self.shown(form, 422)
        try:
            asked = request_query(
                request.principal, form.shop(), Operation.Wish.SEARCH, form.question()
            )
        except IntegrationUnavailable as error:
            form.add_error(None, str(error))
            return self.shown(form, 422)
        return self.go("add_search_found", operation_id=asked.pk)


class ForSaleScreen(QueryResultScreen):
    wish = Operation.Wish.SEARCH
    title = gettext_lazy("Numbers for sale")

    def again(self, asked: Operation) -> str:
        return f"{self.url('add_search')}?integration={asked.integration_id}"

    def answered(self, asked: Operation) -> HttpResponse:
        initial = {**asked.question, "integration": str(asked.integration_id)}
        found = list_numbers_for_sale(self.organization, asked)
        return self.page(
            "numbers/add_for_sale.html",
            asked=asked,
            found=found,
            left_out=len(asked.result["numbers"]) - len(found),
            form=NumberSearchForm(shops=selling_integrations(self), initial=initial),
            most=MAX_PURCHASES,
        )


def list_numbers_for_sale(organization: Organization, asked: Operation) -> list[dict[str, Any]]:
    """Returns the found numbers that the organization may buy, with display labels."""
    return [
        {
            **row,
            "pretty": format_display_number(row["number"]),
            "type": NUMBER_TYPES.get(row["type"], row["type"]),
            "place": ", ".join(filter(None, (row["locality"], row["region"]))),
            "brings": ADDRESS_REQUIREMENTS.get(
                row["address_requirement"], row["address_requirement"]
            ),
            "is_bare": row["address_requirement"] == "none",
        }
        for row in serialize_query_result(organization, asked)["data"]
    ]


class PurchaseForm(forms.Form):
    """What the country requires for a purchase: SIDs of the account's regulatory documents."""

    label = FormText(label=gettext_lazy("Label"), max_length=100, required=False)
    address_sid = FormText(
        label=gettext_lazy("Address SID"),
        max_length=34,
        required=False,
        help_text=gettext_lazy("Of an address in the account, where one is asked for."),
    )
    bundle_sid = FormText(
        label=gettext_lazy("Bundle SID"),
        max_length=34,
        required=False,
        help_text=gettext_lazy("Of the account's regulatory bundle, likewise."),
    )
    identity_sid = FormText(
        label=gettext_lazy("Identity SID"),
        max_length=34,
        required=False,
        help_text=gettext_lazy("Of the account's verified identity, likewise."),
    )

    def extras(self) -> dict[str, str]:
        names = ("address_sid", "bundle_sid", "identity_sid")
        return {name: self.cleaned_data[name] for name in names if self.cleaned_data[name]}


class BuyScreen(QueryResultScreen):
    """The confirmation before a purchase. Only numbers from the search result can be bought, and
    each only once, however often the form is sent, because after the first time it exists in
    Patchbay."""

    permissions = {"GET": CREATE, "POST": CREATE}
    wish = Operation.Wish.SEARCH
    title = gettext_lazy("Buy")

    def again(self, asked: Operation) -> str:
        return self.url("add_search")

    def chosen(self, asked: Operation, numbers: list[str]) -> list[dict[str, Any]]:
        return [
            row
            for row in list_numbers_for_sale(self.organization, asked)
            if row["number"] in numbers
        ]

    def answered(self, asked: Operation) -> HttpResponse:
        return self.confirm(asked, self.request.GET.getlist("number"), PurchaseForm())

    def confirm(
        self, asked: Operation, numbers: list[str], form: PurchaseForm, status: int = 200
    ) -> HttpResponse:
        chosen = self.chosen(asked, numbers)
        if not chosen or len(chosen) > MAX_PURCHASES:
            self.warn(_("Choose one to %(most)s numbers.") % {"most": MAX_PURCHASES})
            return self.go("add_search_found", operation_id=asked.pk)
        is_bare = all(row["is_bare"] for row in chosen)
        context = {"asked": asked, "chosen": chosen, "form": form, "is_bare": is_bare}
        return self.page("numbers/add_buy.html", status, **context)

    def post(self, request: HttpRequest, operation_id: UUID) -> HttpResponse:
        asked = self.asked(operation_id)
        if asked.status != Operation.Status.DONE:
            return self.go("add_search_found", operation_id=operation_id)
        form, numbers = PurchaseForm(request.POST), request.POST.getlist("number")
        chosen = self.chosen(asked, numbers)
        if not form.is_valid() or not 0 < len(chosen) <= MAX_PURCHASES:
            return self.confirm(asked, numbers, form, 422)
        bought = [self.buy(asked, row["number"], form) for row in chosen]
        return self.done(list(filter(None, bought)), [row["number"] for row in chosen])

    def buy(self, asked: Operation, number: str, form: PurchaseForm) -> PhoneNumber | None:
        """Buys the number. Returns None, after adding a warning to the page, if the number exists
        already or cannot be bought."""
        label = form.cleaned_data["label"] or None
        try:
            return buy_number(
                self.principal,
                number=number,
                integration=asked.integration,
                extras=form.extras(),
                label=label,
            )
        except (NumberTaken, NumberOutsidePools, NoUsableIntegration) as error:
            self.warn(f"{format_display_number(number)}: {error}")
        except QuotaExceeded as error:
            self.warn(f"{format_display_number(number)}: {' '.join(error.messages)}")
        return None

    def done(self, bought: list[PhoneNumber], numbers: list[str]) -> HttpResponse:
        if bought:
            words = {"count": len(bought), "number": format_display_number(bought[0].e164)}
            one, many = _("%(number)s is being bought."), _("%(count)s numbers are being bought.")
            self.say((one if len(bought) == 1 else many) % words)
        own = self.organization.phone_numbers.filter(e164__in=numbers, released_at=None)
        here = list(own.values_list("pk", flat=True)[:2])
        if len(here) == 1:
            return self.go("number", number_id=here[0])
        return self.go("numbers")
