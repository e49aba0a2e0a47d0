"""The audit log: filtered, in pages, with each changed field."""

import re
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, QueryDict
from django.utils import timezone
from django.utils.translation import gettext_lazy

from organizations.access.roles import Permission
from organizations.models import Event
from organizations.text.fields import FormText
from organizations.web.views.base import OrgScreen
from organizations.web.views.event_labels import (
    ACTION_LABELS,
    ACTOR_LABELS,
    SUBJECT_LABELS,
    event_field_changes,
    event_subject_url,
    event_title,
    event_tone,
)
from organizations.web.views.forms import DayField

PAGE_SIZE = 50
ANY_CHOICE = ("", gettext_lazy("any"))
OLDER, NEWER = "older_than", "newer_than"


class EventFilter(forms.Form):
    """The filter in the URL, so that a filtered list can be bookmarked and shared. Invalid values
    are ignored."""

    who = FormText(label=gettext_lazy("Who"), required=False, max_length=200)
    actor_kind = forms.ChoiceField(
        label=gettext_lazy("By"), required=False, choices=[ANY_CHOICE, *ACTOR_LABELS.items()]
    )
    subject_kind = forms.ChoiceField(
        label=gettext_lazy("What"), required=False, choices=[ANY_CHOICE, *SUBJECT_LABELS.items()]
    )
    deed = forms.ChoiceField(
        label=gettext_lazy("Was"), required=False, choices=[ANY_CHOICE, *ACTION_LABELS.items()]
    )
    q = FormText(label=gettext_lazy("Named"), required=False, max_length=200)
    since = DayField(label=gettext_lazy("From"), required=False)
    until = DayField(label=gettext_lazy("To"), required=False)
    subject = forms.UUIDField(required=False, widget=forms.HiddenInput)

    def clean_q(self) -> str:
        """Removes the characters that people write between digits, because the log names numbers in
        E.164."""
        text = self.cleaned_data["q"]
        return re.sub(r"[^+\d]", "", text) if re.fullmatch(r"\+[\d\s().\-]+", text) else text

    def lookups(self) -> dict[str, Any]:
        self.is_valid()
        given = {name: value for name, value in self.cleaned_data.items() if value}
        wanted = {LOOKUPS[name]: value for name, value in given.items() if name in LOOKUPS}
        if deed := given.get("deed"):
            wanted |= action_lookup(deed, given.get("subject_kind", ""))
        if since := given.get("since"):
            wanted["at__gte"] = local_day_start(since)
        if until := given.get("until"):
            wanted["at__lt"] = local_day_start(until + timedelta(days=1))
        return wanted


LOOKUPS = {
    "who": "actor_label__icontains",
    "actor_kind": "actor_kind",
    "subject_kind": "subject_kind",
    "q": "subject_label__icontains",
    "subject": "subject_id",
}


def action_lookup(deed: str, subject_kind: str) -> dict[str, Any]:
    """Returns a lookup by equality, for which there is an index. Without a kind, lists the actions
    of all kinds."""
    kinds = [subject_kind] if subject_kind else SUBJECT_LABELS
    return {"action__in": [f"{kind}.{deed}" for kind in kinds]}


def local_day_start(day: Any) -> datetime:
    """Returns the start of a day in the reader's time zone."""
    return timezone.make_aware(datetime.combine(day, time()))


@dataclass(frozen=True)
class EventRow:
    event: Event
    title: str
    tone: str
    url: str
    changes: list[Any]


@dataclass(frozen=True)
class EventPager:
    rows: list[Event]
    newer: str = ""
    older: str = ""


def filter_event_list(organization: Any, query: QueryDict) -> tuple[EventFilter, QuerySet[Event]]:
    form = EventFilter(query)
    return form, organization.events.filter(**form.lookups())


def paginate_events(events: QuerySet[Event], query: QueryDict) -> EventPager:
    """Returns a page, newest first by id, forward or back. An invalid cursor leads to the first
    page."""
    older, newer = read_event_cursor(query, OLDER), read_event_cursor(query, NEWER)
    if newer and not older:
        found = list(events.filter(pk__gt=newer).order_by("pk")[: PAGE_SIZE + 1])
        return build_event_pager(
            query, found[:PAGE_SIZE][::-1], newer=len(found) > PAGE_SIZE, older=True
        )
    if older:
        events = events.filter(pk__lt=older)
    found = list(events.order_by("-pk")[: PAGE_SIZE + 1])
    return build_event_pager(
        query, found[:PAGE_SIZE], newer=bool(older), older=len(found) > PAGE_SIZE
    )


def build_event_pager(
    query: QueryDict, rows: list[Event], *, newer: bool, older: bool
) -> EventPager:
    if not rows:
        return EventPager(rows)
    return EventPager(
        rows,
        events_query_string(query, NEWER, rows[0].pk) if newer else "",
        events_query_string(query, OLDER, rows[-1].pk) if older else "",
    )


def read_event_cursor(query: QueryDict, name: str) -> int | None:
    text = query.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None


def events_query_string(query: QueryDict, name: str = "", place: int = 0) -> str:
    kept = QueryDict(mutable=True)
    kept.update({key: value for key, value in query.items() if value and key not in (OLDER, NEWER)})
    if name:
        kept[name] = str(place)
    return f"?{kept.urlencode()}"


class EventsScreen(OrgScreen):
    permissions = {"GET": Permission.EVENTS_READ}

    def get(self, request: HttpRequest) -> HttpResponse:
        form, events = filter_event_list(request.organization, request.GET)
        pages = paginate_events(events, request.GET)
        return self.page(
            "organizations/events.html",
            form=form,
            lines=[self.line(event) for event in pages.rows],
            pager=pages,
            is_filtered=bool(form.lookups()),
            query=events_query_string(request.GET),
        )

    def line(self, event: Event) -> EventRow:
        url = event_subject_url(self.organization, event)
        return EventRow(
            event, event_title(event), event_tone(event), url, event_field_changes(event)
        )


class EventScreen(EventsScreen):
    permissions = {"GET": Permission.EVENTS_READ}

    def get(self, request: HttpRequest, event_id: int) -> HttpResponse:
        event = request.organization.events.get(pk=event_id)
        actor = ACTOR_LABELS.get(event.actor_kind, event.actor_kind)
        return self.page(
            "organizations/event.html", line=self.line(event), event=event, actor=actor
        )
