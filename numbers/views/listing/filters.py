"""The filters of the list of numbers, all of which are in the URL."""

from collections.abc import Callable, Iterable
from datetime import date, datetime, time, timedelta
from typing import Any

from django import forms
from django.db.models import Q, QuerySet
from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from numbers.models import PhoneNumber
from numbers.search import ngram_search
from organizations.models import Organization
from organizations.text.fields import FormText
from organizations.web.views.forms import DayField
from organizations.web.views.widgets import LongSelect

Status = PhoneNumber.Status
MAX_COUNTED = 5_000
REMOVING, NO_AGENT = "removing", "-"
STATUS_CHOICES = [
    (Status.ACTIVE, _("active")),
    (Status.PENDING, _("pending")),
    (Status.FAILED, _("failed")),
    (Status.INACTIVE, _("inactive")),
    (REMOVING, _("being removed")),
    (Status.DELETED, _("deleted")),
]
LABEL_CHOICES = [("", _("any")), ("set", _("with a label")), ("unset", _("without a label"))]


class NumberFilters(forms.Form):
    """An invalid filter matches nothing. If it were ignored, the list would show, and a bulk change
    would include, more than was requested."""

    q = FormText(label=_("Search"), required=False, max_length=100)
    status = forms.MultipleChoiceField(
        label=_("Status"),
        required=False,
        choices=STATUS_CHOICES,
        widget=forms.CheckboxSelectMultiple,
    )
    carrier = forms.UUIDField(label=_("Carrier"), required=False, widget=forms.Select)
    platform = forms.UUIDField(label=_("Integration"), required=False, widget=forms.Select)
    agent = FormText(label=_("Agent"), required=False, widget=LongSelect)
    country = forms.RegexField(
        r"\A\+?[1-9][0-9]{0,3}\Z", label=_("Country"), required=False, widget=LongSelect
    )
    source = forms.ChoiceField(
        label=_("Source"),
        required=False,
        choices=[("", _("any")), *PhoneNumber.Source.choices],
    )
    label = forms.ChoiceField(label=_("Label"), required=False, choices=LABEL_CHOICES)
    after = DayField(label=_("Added from"), required=False)
    before = DayField(label=_("Added until"), required=False)

    use_required_attribute = False

    def __init__(self, query: QueryDict):
        super().__init__(query, auto_id="filter-%s")

    def offer(self, name: str, choices: Iterable[tuple[Any, Any]]) -> None:
        self.fields[name].widget.choices = [("", _("any")), *choices]

    def offer_agents(self, agents: list[tuple[str, str]], *, most: int) -> None:
        """Sets the choices of the agent filter. With more than `most` agents it becomes a text
        field. An agent id that is not registered here can be filtered by too."""
        self.agents, self.has_many_agents = agents[:most], len(agents) > most
        if self.has_many_agents:
            attrs = {"list": "agents", "autocomplete": "off", "placeholder": _("any")}
            self.fields["agent"].widget = forms.TextInput(attrs)
            return
        offered, given = [(NO_AGENT, _("no agent")), *agents], self["agent"].value()
        if given and given not in dict(offered):
            offered.append((given, given))
        self.offer("agent", offered)

    def narrow(self, organization: Organization, *, by_grams: bool = True) -> QuerySet[PhoneNumber]:
        """Returns the organization's numbers that match. Deleted numbers are included only on
        request. For `by_grams` see numbers/search/ngram_search.py."""
        numbers = organization.phone_numbers.all()
        if not self.is_valid():
            return numbers.none()
        for name, condition in CONDITIONS.items():
            if given := self.cleaned_data[name]:
                numbers = numbers.filter(condition(given))
        if not self.cleaned_data["status"]:
            numbers = numbers.exclude(status=Status.DELETED)
        if platform := self.cleaned_data["platform"]:
            there = organization.placements.filter(integration=platform)
            numbers = numbers.filter(pk__in=there.values("phone_number"))
        if text := self.cleaned_data["q"]:
            numbers = numbers.filter(
                ngram_search.build_search_condition(organization.id, text, by_grams=by_grams)
            )
        return numbers


def filter_and_count(
    organization: Organization, filters: NumberFilters
) -> tuple[QuerySet[PhoneNumber], int]:
    """Returns the matching numbers, with the search condition that suits their count, and the
    count, which is at most MAX_COUNTED + 1."""
    numbers = filters.narrow(organization)
    total = numbers.order_by()[: MAX_COUNTED + 1].count()
    if total > MAX_COUNTED:
        numbers = filters.narrow(organization, by_grams=False)
    return numbers, total


def matching_numbers(organization: Organization, query: QueryDict) -> QuerySet[PhoneNumber]:
    """Returns the numbers that the list shows on all its pages for the query in its URL."""
    return NumberFilters(query).narrow(organization)


def numbers_matching_query(organization: Organization, query: str) -> QuerySet[PhoneNumber]:
    """Does the same as matching_numbers() for the text of a query string."""
    return matching_numbers(organization, QueryDict(query))


def status_condition(names: list[str]) -> Q:
    plain = Q(status__in=[name for name in names if name != REMOVING])
    if REMOVING not in names:
        return plain
    return plain | Q(status=Status.DELETED, released_at=None)


def agent_condition(agent_id: str) -> Q:
    return Q(inbound_agent_id=None) if agent_id == NO_AGENT else Q(inbound_agent_id=agent_id)


def label_condition(how: str) -> Q:
    bare = Q(label=None) | Q(label="")
    return bare if how == "unset" else ~bare


def local_midnight(day: date) -> datetime:
    """Returns the start of the day in the reader's time zone."""
    return timezone.make_aware(datetime.combine(day, time.min))


CONDITIONS: dict[str, Callable[[Any], Q]] = {
    "status": status_condition,
    "carrier": lambda carrier_id: Q(carrier=carrier_id),
    "agent": agent_condition,
    "country": lambda code: Q(e164__begins=f"+{code.lstrip('+')}"),
    "source": lambda source: Q(source=source),
    "label": label_condition,
    "after": lambda day: Q(created_at__gte=local_midnight(day)),
    "before": lambda day: Q(created_at__lt=local_midnight(day + timedelta(days=1))),
}
