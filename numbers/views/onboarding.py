"""The onboarding steps from an empty organization to its first active number."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from django.utils import timezone
from django.utils.translation import gettext as _

from carriers.models import Carrier
from carriers.operations import list_usable_carriers
from integrations.models import Integration
from numbers.models import PhoneNumber
from numbers.numbering.e164 import format_display_number
from organizations.access.principals import Principal
from organizations.access.roles import Permission
from organizations.web.views.base import screen_url

ONBOARDING_PERIOD = timedelta(days=14)  # after that, onboarding ends with an active number
Status, State = PhoneNumber.Status, Integration.State


@dataclass(frozen=True)
class StepLink:
    label: str
    url: str
    permission: Permission
    is_post: bool = False


@dataclass(frozen=True)
class Step:
    """One step. `note` says what is in progress or what blocks it."""

    title: str
    text: str
    is_done: bool
    links: Sequence[StepLink] = ()
    note: str = ""
    is_busy: bool = False
    is_now: bool = field(default=False)


@dataclass(frozen=True)
class Onboarding:
    steps: Sequence[Step]
    is_finished: bool  # a number is active; the remaining steps are optional

    @property
    def is_busy(self) -> bool:
        return not self.is_finished and any(step.is_busy for step in self.steps)

    @property
    def done(self) -> int:
        return sum(step.is_done for step in self.steps)


def build_onboarding(
    by: Principal, integrations: Sequence[Integration], *, dismissed: bool
) -> Onboarding | None:
    """Returns the steps, or None if the organization has an active number and is no longer new or
    the reader dismissed them."""
    has_active = by.organization.phone_numbers.filter(status=Status.ACTIVE).exists()
    is_new = by.organization.created_at > timezone.now() - ONBOARDING_PERIOD
    if has_active and (dismissed or not is_new):
        return None
    carriers = list(by.organization.carriers.exclude(status=Carrier.Status.DELETED)[:20])
    living = by.organization.phone_numbers.exclude(status=Status.DELETED)
    number = living.order_by("created_at").first()
    steps = [
        connect_step(by, integrations),
        carrier_step(by, integrations, carriers),
        first_number_step(by, number),
        activation_step(by, number, has_active),
        invite_step(by),
    ]
    return Onboarding(list(visible_steps(by, steps)), has_active)


def visible_steps(by: Principal, steps: Sequence[Step]):
    """Yields the steps, the first open one marked as current, without the links that the reader has
    no permission for."""
    now = next((step for step in steps if not step.is_done), None)
    for step in steps:
        links = [link for link in step.links if by.can(link.permission)]
        is_now = step is now
        needs = is_now and step.links and not links and not step.is_busy
        note = step.note or (_("An admin of the organization can do this.") if needs else "")
        yield Step(step.title, step.text, step.is_done, links, note, step.is_busy, is_now)


def connect_step(by: Principal, integrations: Sequence[Integration]) -> Step:
    connected = [row for row in integrations if row.state == State.CONNECTED]
    checking = [row for row in integrations if row.state == State.CHECKING]
    refused = [row for row in integrations if row.state in (State.REFUSED, State.PAUSED)]
    note = ""
    if connected:
        note = ", ".join(row.name for row in connected[:3])
    elif checking:
        note = _("%(name)s is being checked …") % {"name": checking[0].name}
    elif refused:
        note = f"{refused[0].name}: {refused[0].state_reason}"
    create = Permission.INTEGRATIONS_CREATE
    links = [
        StepLink(_("Connect a platform"), screen_url(by.organization, "integrations_add"), create),
        StepLink(
            _("Try with the sandbox"),
            screen_url(by.organization, "dashboard_sandbox"),
            create,
            is_post=True,
        ),
    ]
    text = _(
        "jambonz, LiveKit or Twilio: where calls land or numbers come from. The sandbox is a "
        "platform to practise on; it needs no account and makes no calls."
    )
    is_busy = bool(checking and not connected)
    links = [] if is_busy else links
    return Step(_("Connect a platform"), text, bool(connected), links, note, is_busy)


def carrier_step(
    by: Principal, integrations: Sequence[Integration], carriers: Sequence[Carrier]
) -> Step:
    """Returns the step that adds a carrier. It also counts as done if the organization has a
    number, because an account that sells numbers needs no carrier."""
    create = Permission.PHONE_NUMBERS_CREATE
    there = carriers or list_usable_carriers(by)
    has_numbers = by.organization.phone_numbers.exclude(status=Status.DELETED).exists()
    text = _(
        "Who carries your calls: its SIP addresses and how it signs in. With an account that "
        "sells numbers you can search there instead."
    )
    waits = [row for row in carriers if row.status == Carrier.Status.PENDING]
    note = ", ".join(row.name for row in there[:3])
    if waits:
        note = _("%(name)s is being set up …") % {"name": waits[0].name}
    links = [
        StepLink(_("Add a carrier"), screen_url(by.organization, "carriers_add"), create),
        StepLink(_("Search and buy numbers"), screen_url(by.organization, "add_search"), create),
    ]
    done = bool(there) or has_numbers
    ready = any(row.state == State.CONNECTED for row in integrations)
    return Step(_("Add a carrier"), text, done, links if ready else [], note, bool(waits))


def first_number_step(by: Principal, number: PhoneNumber | None) -> Step:
    create = Permission.PHONE_NUMBERS_CREATE
    links = [
        StepLink(_("Add a number"), screen_url(by.organization, "add_one"), create),
        StepLink(_("Import many"), screen_url(by.organization, "add"), create),
    ]
    text = _("Any number that your carrier sends to you; the sandbox takes every one.")
    note = format_display_number(number.e164) if number else ""
    return Step(_("Add the first number"), text, number is not None, links, note)


def activation_step(by: Principal, number: PhoneNumber | None, has_active: bool) -> Step:
    text = _("Patchbay sets it up on the platform; this page shows it by itself.")
    title = _("See it become active")
    if has_active or number is None:
        return Step(title, text, has_active)
    words = {"number": format_display_number(number.e164)}
    link = StepLink(
        _("See the number"),
        screen_url(by.organization, "number", number_id=number.pk),
        Permission.PHONE_NUMBERS_READ,
    )
    if number.status == Status.PENDING:
        note = _("%(number)s is being set up …") % words
    else:
        note = f"{words['number']}: {number.error_message or number.get_status_display()}"
    return Step(title, text, False, [link], note, number.status == Status.PENDING)


def invite_step(by: Principal) -> Step:
    has_company = by.organization.memberships.count() > 1
    has_key = by.organization.api_keys.filter(revoked_at=None).exists()
    links = [
        StepLink(
            _("Invite people"), screen_url(by.organization, "members"), Permission.MEMBERS_CREATE
        ),
        StepLink(
            _("Make an API key"),
            screen_url(by.organization, "api_keys_add"),
            Permission.API_KEYS_CREATE,
        ),
    ]
    text = _("Colleagues sign in with roles of their own; programs use API keys.")
    return Step(_("Bring in people and programs"), text, has_company or has_key, links)
