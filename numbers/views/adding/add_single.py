"""The screen that adds one number. The destination is chosen first and decides which fields the
form has."""

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from carriers.operations import list_usable_carriers
from integrations.providers import PROVIDERS
from numbers.bulk.imports.options import SUPPLY_INTEGRATION_ROLE, VOICE_INTEGRATION_ROLE
from numbers.inventory.acquisition import NoUsableIntegration
from numbers.inventory.reservation import CarrierUnavailable, NumberOutsidePools, NumberTaken
from numbers.numbering.e164 import format_display_number
from numbers.views.adding.add_single_forms import AddNumberForm, CarrierForm, SipForm, SupplyForm
from organizations.access.roles import Permission
from organizations.web.views.base import OrgScreen
from organizations.web.views.forms import run_with_form_errors

FORMS: dict[str, type[AddNumberForm]] = {
    "carrier": CarrierForm,
    "account": SupplyForm,
    "sip": SipForm,
    "record": AddNumberForm,
}
TITLES = {
    "carrier": gettext_lazy("On a carrier"),
    "account": gettext_lazy("From an account that owns it"),
    "sip": gettext_lazy("By a SIP trunk"),
    "record": gettext_lazy("Only recorded"),
}
DESCRIPTIONS = {
    "carrier": gettext_lazy(
        "The carrier brings its calls to the platform; Patchbay makes the number there."
    ),
    "account": gettext_lazy(
        "An account, like one of Twilio, owns the number already; Patchbay routes its calls."
    ),
    "sip": gettext_lazy("The number gets a SIP trunk of its own on the platform."),
    "record": gettext_lazy("No platform is told: the number is written down here, and inactive."),
}
ERROR_FIELDS = {
    NumberTaken: "number",
    NumberOutsidePools: "number",
    CarrierUnavailable: "carrier",
    NoUsableIntegration: "integration",
}


class AddNumberScreen(OrgScreen):
    permissions = {
        "GET": Permission.PHONE_NUMBERS_CREATE,
        "POST": Permission.PHONE_NUMBERS_CREATE,
    }

    def get(self, request: HttpRequest) -> HttpResponse:
        homes = self.homes()
        home = self.chosen(homes)
        return self.shown(homes, home, FORMS[home](by=self.principal))

    def post(self, request: HttpRequest) -> HttpResponse:
        homes = self.homes()
        home = self.chosen(homes)
        form = FORMS[home](request.POST, by=self.principal)
        made = run_with_form_errors(form, form.add, ERROR_FIELDS) if form.is_valid() else None
        if made is None:
            return self.shown(homes, home, form, 422)
        number = {"number": format_display_number(made.e164)}
        recorded = home == "record"
        self.say((_("%(number)s is recorded.") if recorded else _("%(number)s is added.")) % number)
        if form.note:
            self.warn(form.note.replace("\n", " "))
        return self.go("number", number_id=made.pk)

    def chosen(self, homes: list[str]) -> str:
        home = self.request.GET.get("to")
        return home if home in homes else homes[0]

    def homes(self) -> list[str]:
        """Returns the destinations that are available now. "record" always is."""
        kinds = set(self.organization.integrations.values_list("kind", flat=True))
        roles = {role for kind in kinds & PROVIDERS.keys() for role in PROVIDERS[kind].roles}
        there = {
            "carrier": bool(list_usable_carriers(self.principal)),
            "account": SUPPLY_INTEGRATION_ROLE in roles,
            "sip": VOICE_INTEGRATION_ROLE in roles,
        }
        return [*(home for home, is_there in there.items() if is_there), "record"]

    def shown(
        self, homes: list[str], home: str, form: AddNumberForm, status: int = 200
    ) -> HttpResponse:
        ways = [(name, TITLES[name], name == home) for name in homes]
        words = {"form": form, "home": home, "ways": ways, "meaning": DESCRIPTIONS[home]}
        return self.page("numbers/add_one.html", status, bare=homes == ["record"], **words)
