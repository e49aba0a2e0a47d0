"""Every page of the portal, and a world in which each has something to show.

The pages' query budgets, axe, the console, screenshots and the roles are tried over this one list:
a screen that is not in it fails tests/organizations/test_views.py.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from django.utils import timezone

from carriers.models import Carrier
from integrations.models import Integration, ProviderCall
from numbers.bulk.jobs import propose_change, propose_import
from numbers.models import Batch, PhoneNumber
from numbers.search.saved_views import save_view
from organizations.access.principals import member_again
from organizations.accounts.invitations import invite
from organizations.exports.export_requests import ask
from organizations.models import ApiKey, Export
from organizations.operations import create_key, revoke_key
from organizations.web.views.base import screen_url
from tests.support import factories
from tests.support.exports import work_exports
from tests.support.factories import Member
from tests.support.number_pools import assign
from tests.support.page_fixtures_columns import LAYOUT
from tests.support.page_fixtures_ledger import furnish_ledger
from tests.support.page_fixtures_number import furnish_number


@dataclass
class World:
    """The cast, and rows of Alice's for the pages to show. Areas add their own to `rows`."""

    alice: Member
    bob: Member
    carol: Member
    mallory: Member
    integration: Integration
    carrier: Carrier
    numbers: list[PhoneNumber]
    nina: Member | None = None
    rows: dict[str, Any] = field(default_factory=dict)

    def url(self, name: str, **path: Any) -> str:
        return screen_url(self.alice.organization, name, **path)


def world() -> World:
    alice = factories.settled_in("Alice", trunk="Acme Trunk")
    here = {"organization": alice.organization}
    failed = "+15005550001"  # the sandbox refuses it
    made = World(
        alice=alice,
        bob=factories.person("Bob", role="agent_manager", **here),
        carol=factories.person("Carol", role="user", **here),
        mallory=factories.settled_in("Mallory", trunk="Evil Trunk"),
        integration=alice.organization.integrations.get(),
        carrier=alice.organization.carriers.get(),
        numbers=[
            factories.number(alice.by, "+14155550101", label="Main line"),
            factories.number(alice.by, "+442071838750", label="London desk"),
            factories.number(alice.by, failed, label="Refused by the sandbox"),
            factories.number(alice.by, "+4930901820", settled=False),
        ],
    )
    for furnish in FURNISHERS:
        furnish(made)
    return made


@dataclass(frozen=True)
class Page:
    """`queries` is the most that its request may make, session and user included."""

    name: str
    url: Callable[[World], str]
    queries: int
    who: str = "alice"  # of the world, or "" for nobody


def furnish_dashboard(world: World) -> None:
    """Something for its plots and its list of what needs a person."""
    organization, now = world.alice.organization, timezone.now()
    calls = [(hour, 503 if hour in (3, 4, 9) else 200) for hour in range(20) for _n in range(hour)]
    ProviderCall.objects.bulk_create(
        ProviderCall(
            organization=organization,
            integration=world.integration,
            at=now - timedelta(hours=hour),
            method="GET",
            url="https://platform.example.com/v1/Accounts",
            status=status,
            duration_ms=40,
        )
        for hour, status in calls
    )
    ApiKey.objects.filter(organization=organization, owner=world.bob.user).update(
        expires_at=now + timedelta(days=3)
    )
    world.nina = factories.person("Nina")  # whose organization is empty


def furnish_list(world: World) -> None:
    """Views of the list: Alice's own, and one of everybody's."""
    query = "status=failed&sort=changed"
    me = member_again(world.alice.organization, str(world.alice.user.pk))
    shared = save_view(me, name="Everything in London", query="country=44", shared=True)
    save_view(me, name="My broken ones", query=query)
    world.rows["view"] = shared


def furnish_batches(world: World) -> None:
    """One to be looked at, one at work, one that is done but for a failure, one being read, one
    whose columns are to be confirmed."""
    by, numbers = world.alice.by, world.alice.organization.phone_numbers.all()
    label = {"action": "label", "options": {"label": "Sales, second floor"}, "numbers": numbers}
    ready = propose_change(by, **label)
    deletion = propose_change(by, action="delete", options={}, numbers=numbers)
    running, done = propose_change(by, **label), propose_change(by, **label)
    checking = propose_import(by, title="numbers.csv", options={}, file=b"number")
    mapping = propose_import(by, title="dids.csv", options={}, file=b"DID")
    Batch.objects.filter(pk=mapping.pk).update(state="mapping", layout=LAYOUT)
    now = timezone.now()
    Batch.objects.filter(pk=running.pk).update(state="running", started_at=now, done=2, failed=1)
    running.rows.filter(line__lte=2).update(fate="done")
    Batch.objects.filter(pk=done.pk).update(
        state="done", started_at=now, settled_at=now, done=done.left - 1, failed=1
    )
    done.rows.filter(fate="todo").update(fate="done")
    done.rows.filter(line=2).update(
        fate="failed", message="Something else was changing it just then: try it again."
    )
    made = {"ready": ready, "deletion": deletion, "running": running, "done": done}
    world.rows["batches"] = {**made, "checking": checking, "mapping": mapping}


def furnish_people(world: World) -> None:
    """Somebody with a key to lose, and two who were invited, one too long ago."""
    waiting, link = invite(world.alice.by, email="erin@example.com", role="agent_manager")
    old, _link = invite(world.alice.by, email="frank.with.a.long.name@example.com", role="user")
    type(old).objects.filter(pk=old.pk).update(expires_at=timezone.now() - timedelta(days=1))
    world.rows |= {"invitation": waiting, "invitation_link": link}
    world.noah = factories.person("Noah")  # who left his own organization
    world.noah.user.memberships.all().delete()
    world.operator = factories.person("Olga")
    type(world.operator.user).objects.filter(pk=world.operator.user.pk).update(is_staff=True)


def furnish_carriers(world: World) -> None:
    """One more of each trunk type: one that shares an address, one that failed, one at work."""
    by, carriers = world.alice.by, world.alice.organization.carriers
    twin = factories.carrier(by, name="Second Trunk", gateways=[factories.GATEWAY])
    account = {"username": "acme", "password": "s3cret-of-the-carrier"}
    outward = {**factories.GATEWAY, "ipv4": "sip.example.com", "inbound": False}
    by_password = {"trunk_type": "auth", "inbound_auth": account}
    broken = factories.carrier(by, name="Broken Trunk", gateways=[outward], **by_password)
    why = "jambonz did not add the gateway: the account has no more than one trunk."
    carriers.filter(pk=broken.pk).update(status="failed", error_message=why)
    signing_in = {"trunk_type": "reg", "registration": {**account, "realm": "sip.example.com"}}
    fresh = factories.carrier(
        by, name="Registering Trunk", gateways=[outward], settled=False, **signing_in
    )
    world.rows |= {"twin": twin, "broken": broken, "fresh": fresh}


def furnish_keys(world: World) -> None:
    owner = {"owner": world.alice.user, "role": "agent_manager"}
    narrow, _text = create_key(
        world.alice.by,
        name="Nightly export",
        scopes=["phone_numbers:read", "agents:read"],
        allowed_cidrs=["203.0.113.0/24"],
        **owner,
    )
    gone, _text = create_key(world.alice.by, name="Old server", **owner)
    revoke_key(world.alice.by, key_id=gone.pk)
    world.rows["key"] = narrow


def changed_event(world: World) -> int:
    """The newest with something before and after."""
    events = world.alice.organization.events.exclude(before={}).exclude(after={})
    return events.order_by("-pk").values_list("pk", flat=True)[0]


def furnish_pools(world: World) -> None:
    """Shown with the settings: on a carrier of others, and a list longer than is shown."""
    lent = world.mallory.organization.carriers.get()
    assign(world.alice, carrier=lent, numbers=[f"+1415555{n:04}" for n in range(30)])
    assign(world.alice, name="Any carrier", prefixes=["+4930", "+4940"])


# One line per area: its function puts into `world.rows` what its pages need.
def furnish_exports(world: World) -> None:
    """One in each state whose page looks different."""
    by = member_again(world.alice.organization, str(world.alice.user.pk))
    options = {"query": "sort=number"}
    world.rows["export"] = ask(by, "numbers", format="csv", options=options)
    work_exports()
    world.rows["export_failed"] = ask(by, "audit_log", format="csv", options=options)
    reason = "Its worker ended in the midst of it, several times."
    Export.objects.filter(pk=world.rows["export_failed"].pk).update(state="failed", reason=reason)
    world.rows["export_moving"] = ask(by, "numbers", format="xlsx", options=options)


FURNISHERS: list[Callable[[World], None]] = [
    furnish_dashboard,
    furnish_number,
    furnish_list,
    furnish_batches,
    furnish_ledger,
    furnish_people,
    furnish_carriers,
    furnish_keys,
    furnish_exports,
    furnish_pools,
]

FOUND = "?q=415&status=active&status=pending&sort=number&source=byoc&columns=label&columns=status"

# Screens that answer GET with no page of their own, each with its reason.
NO_PAGES: dict[str, str] = {
    "add_template": "an empty file to fill in",
    "batch_columns": "leads to the page of the batch",
    "numbers_statuses": "a part of the list of numbers",
    "export_file": "a CSV or Excel file",
}

PAGES: list[Page] = [
    Page("sign_in", lambda w: "/accounts/login/", 3, ""),
    Page("forgot_password", lambda w: "/accounts/password/reset/", 2, ""),
    Page("password", lambda w: "/accounts/password/change/", 6),
    Page("second_factor", lambda w: "/accounts/2fa/", 8),
    Page("sessions", lambda w: "/accounts/sessions/", 6),
    Page("confirm_access", lambda w: "/accounts/reauthenticate/", 8),
    Page("invitation_new", lambda w: urlsplit(w.rows["invitation_link"]).path, 3, ""),
    Page("invitation_other", lambda w: urlsplit(w.rows["invitation_link"]).path, 4),
    Page("nowhere", lambda w: "/", 4, "noah"),
    Page("organization_new", lambda w: "/organizations/new", 4, "operator"),
    Page("members", lambda w: w.url("members"), 8),
    Page("members_role", lambda w: w.url("members_role", user_id=w.bob.user.pk), 7),
    Page("members_remove", lambda w: w.url("members_remove", user_id=w.bob.user.pk), 9),
    Page(
        "members_revoke",
        lambda w: w.url("members_revoke", invitation_id=w.rows["invitation"].pk),
        7,
    ),
    Page("organization", lambda w: w.url("organization"), 12),
    Page("organization_leave", lambda w: w.url("organization_leave"), 9),
    Page("dashboard", lambda w: w.url("dashboard"), 20),
    Page("first_run", lambda w: screen_url(w.nina.organization, "dashboard"), 20, "nina"),
    Page("dashboard_year", lambda w: w.url("dashboard") + "?range=365", 20),
    Page("numbers", lambda w: w.url("numbers"), 17),
    Page("numbers_found", lambda w: w.url("numbers") + FOUND, 17),
    Page("numbers_nothing", lambda w: w.url("numbers") + "?q=98765", 12),
    Page("numbers_none", lambda w: screen_url(w.nina.organization, "numbers"), 12, "nina"),
    Page("numbers_view", lambda w: w.url("numbers_view", view_id=w.rows["view"].pk), 6),
    Page("number", lambda w: w.url("number", number_id=w.numbers[0].pk), 15),
    Page("number_failed", lambda w: w.url("number", number_id=w.numbers[2].pk), 15),
    Page("number_pending", lambda w: w.url("number", number_id=w.numbers[3].pk), 15),
    Page("number_by_trunk", lambda w: w.url("number", number_id=w.rows["by_trunk"].pk), 15),
    Page("number_leaving", lambda w: w.url("number", number_id=w.rows["gone"].pk), 15),
    Page("number_edit", lambda w: w.url("number_edit", number_id=w.rows["by_trunk"].pk), 9),
    Page("number_delete", lambda w: w.url("number_delete", number_id=w.rows["supplied"].pk), 8),
    Page("add_one", lambda w: w.url("add_one"), 14),
    Page("add_one_sip", lambda w: w.url("add_one") + "?to=sip", 14),
    Page("add", lambda w: w.url("add"), 8),
    Page("add_list", lambda w: w.url("add_list"), 9),
    Page("add_range", lambda w: w.url("add_range"), 9),
    Page("add_file", lambda w: w.url("add_file"), 9),
    Page("agents", lambda w: w.url("agents"), 7),
    Page("agents_add", lambda w: w.url("agents_add"), 7),
    Page("agent", lambda w: w.url("agent", agent_id=w.rows["agent"].pk), 7),
    Page("agent_delete", lambda w: w.url("agent_delete", agent_id=w.rows["agent"].pk), 9),
    Page("batches", lambda w: w.url("batches"), 7),
    *(
        Page(
            f"batch_{name}", lambda w, n=name: w.url("batch", batch_id=w.rows["batches"][n].pk), 12
        )
        for name in ("ready", "deletion", "running", "done", "checking", "mapping")
    ),
    Page("integrations", lambda w: w.url("integrations"), 8),
    Page("integrations_add", lambda w: w.url("integrations_add"), 6),
    Page("integrations_connect", lambda w: w.url("integrations_connect", kind="twilio"), 7),
    Page("integration", lambda w: w.url("integration", integration_id=w.integration.pk), 15),
    *(
        Page(
            f"integration_{name}",
            lambda w, n=name: w.url("integration", integration_id=w.rows[n].pk),
            15,
        )
        for name in ("checking", "refused", "resting")
    ),
    Page(
        "integration_edit", lambda w: w.url("integration_edit", integration_id=w.integration.pk), 7
    ),
    Page(
        "integration_mend",
        lambda w: w.url("integration_edit", integration_id=w.rows["refused"].pk),
        7,
    ),
    Page(
        "integration_credentials",
        lambda w: w.url("integration_credentials", integration_id=w.integration.pk),
        7,
    ),
    *(
        Page(
            f"integration_disconnect_{name}",
            lambda w, n=name: w.url(
                "integration_disconnect", integration_id=w.rows.get(n, w.integration).pk
            ),
            9,
        )
        for name in ("used", "refused")
    ),
    Page("operations", lambda w: w.url("operations"), 10),
    Page("operations_none", lambda w: w.url("operations") + "?status=withdrawn", 10),
    Page("operation", lambda w: w.url("operation", operation_id=w.rows["check"].pk), 10),
    Page("operation_done", lambda w: w.url("operation", operation_id=w.rows["found"].pk), 10),
    Page("add_discover", lambda w: w.url("add_discover"), 7),
    Page(
        "add_discover_found",
        lambda w: w.url("add_discover_found", operation_id=w.rows["found"].pk),
        12,
    ),
    Page("add_search", lambda w: w.url("add_search"), 7),
    Page(
        "add_search_found",
        lambda w: w.url("add_search_found", operation_id=w.rows["for_sale"].pk),
        8,
    ),
    Page(
        "add_search_asking",
        lambda w: w.url("add_search_found", operation_id=w.rows["asking"].pk),
        7,
    ),
    Page(
        "add_search_buy",
        lambda w: (
            w.url("add_search_buy", operation_id=w.rows["for_sale"].pk)
            + "?number=%2B14155550102&number=%2B14155550103"
        ),
        7,
    ),
    Page("carriers", lambda w: w.url("carriers"), 10),
    Page("carriers_add", lambda w: w.url("carriers_add"), 8),
    Page("carriers_add_twilio", lambda w: w.url("carriers_add") + "?preset=twilio", 10),
    Page("carriers_add_reg", lambda w: w.url("carriers_add") + "?preset=other&type=reg", 10),
    Page("carrier", lambda w: w.url("carrier", carrier_id=w.carrier.pk), 16),
    *(
        Page(f"carrier_{name}", lambda w, n=name: w.url("carrier", carrier_id=w.rows[n].pk), 16)
        for name in ("broken", "fresh")
    ),
    Page("carrier_edit", lambda w: w.url("carrier_edit", carrier_id=w.rows["broken"].pk), 10),
    Page("carrier_delete", lambda w: w.url("carrier_delete", carrier_id=w.carrier.pk), 10),
    Page(
        "carrier_delete_free", lambda w: w.url("carrier_delete", carrier_id=w.rows["twin"].pk), 10
    ),
    Page("carrier_gateway_add", lambda w: w.url("carrier_gateway_add", carrier_id=w.carrier.pk), 8),
    *(
        Page(
            name,
            lambda w, n=name: w.url(
                n, carrier_id=w.carrier.pk, gateway_id=w.carrier.gateways.get().pk
            ),
            9,
        )
        for name in ("carrier_gateway", "carrier_gateway_remove")
    ),
    Page("api_keys", lambda w: w.url("api_keys"), 8),
    Page("api_keys_add", lambda w: w.url("api_keys_add"), 8),
    Page("api_keys_rotate", lambda w: w.url("api_keys_rotate", key_id=w.rows["key"].pk), 8),
    Page("api_keys_revoke", lambda w: w.url("api_keys_revoke", key_id=w.rows["key"].pk), 8),
    Page("events", lambda w: w.url("events"), 8),
    Page("events_none", lambda w: w.url("events") + "?q=nothing+like+that", 8),
    Page("event", lambda w: w.url("event", event_id=changed_event(w)), 8),
    Page("exports", lambda w: w.url("exports"), 7),
    Page("exports_none", lambda w: screen_url(w.nina.organization, "exports"), 7, "nina"),
    Page("export", lambda w: w.url("export", export_id=w.rows["export"].pk), 7),
    Page("export_failed", lambda w: w.url("export", export_id=w.rows["export_failed"].pk), 7),
    Page("export_moving", lambda w: w.url("export", export_id=w.rows["export_moving"].pk), 7),
]
