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
from numbers.bulk.jobs import create_change_job, create_import_job
from numbers.models import Batch, PhoneNumber
from numbers.search.saved_views import save_view
from organizations.access.principals import reload_member_principal
from organizations.accounts.invitations import create_invitation
from organizations.exports.export_requests import request_export
from organizations.models import ApiKey, Export
from organizations.operations import create_api_key, revoke_api_key
from organizations.web.views.base import screen_url
from tests.support import factories
from tests.support.exports import run_pending_exports
from tests.support.factories import Member
from tests.support.number_pools import assign_pool
from tests.support.page_fixtures_columns import COLUMN_LAYOUT
from tests.support.page_fixtures_ledger import create_ledger_fixtures
from tests.support.page_fixtures_number import create_number_fixtures


@dataclass
class PageFixtures:
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


def create_page_fixtures() -> PageFixtures:
    alice = factories.create_ready_member("Alice", trunk="Acme Trunk")
    here = {"organization": alice.organization}
    failed = "+15005550001"  # the sandbox refuses it
    made = PageFixtures(
        alice=alice,
        bob=factories.create_member("Bob", role="agent_manager", **here),
        carol=factories.create_member("Carol", role="user", **here),
        mallory=factories.create_ready_member("Mallory", trunk="Evil Trunk"),
        integration=alice.organization.integrations.get(),
        carrier=alice.organization.carriers.get(),
        numbers=[
            factories.create_number(alice.by, "+14155550101", label="Main line"),
            factories.create_number(alice.by, "+442071838750", label="London desk"),
            factories.create_number(alice.by, failed, label="Refused by the sandbox"),
            factories.create_number(alice.by, "+4930901820", settled=False),
        ],
    )
    for furnish in FIXTURE_BUILDERS:
        furnish(made)
    return made


@dataclass(frozen=True)
class PortalPage:
    """`queries` is the most that its request may make, session and user included."""

    name: str
    url: Callable[[PageFixtures], str]
    queries: int
    who: str = "alice"  # of the world, or "" for nobody


def create_dashboard_fixtures(world: PageFixtures) -> None:
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
    world.nina = factories.create_member("Nina")  # whose organization is empty


def create_saved_view_fixtures(world: PageFixtures) -> None:
    """Views of the list: Alice's own, and one of everybody's."""
    query = "status=failed&sort=changed"
    me = reload_member_principal(world.alice.organization, str(world.alice.user.pk))
    shared = save_view(me, name="Everything in London", query="country=44", shared=True)
    save_view(me, name="My broken ones", query=query)
    world.rows["view"] = shared


def create_bulk_job_fixtures(world: PageFixtures) -> None:
    """One to be looked at, one at work, one that is done but for a failure, one being read, one
    whose columns are to be confirmed."""
    by, numbers = world.alice.by, world.alice.organization.phone_numbers.all()
    label = {"action": "label", "options": {"label": "Sales, second floor"}, "numbers": numbers}
    ready = create_change_job(by, **label)
    deletion = create_change_job(by, action="delete", options={}, numbers=numbers)
    running, done = create_change_job(by, **label), create_change_job(by, **label)
    checking = create_import_job(by, title="numbers.csv", options={}, file=b"number")
    mapping = create_import_job(by, title="dids.csv", options={}, file=b"DID")
    Batch.objects.filter(pk=mapping.pk).update(state="mapping", layout=COLUMN_LAYOUT)
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


def create_member_fixtures(world: PageFixtures) -> None:
    """Somebody with a key to lose, and two who were invited, one too long ago."""
    waiting, link = create_invitation(
        world.alice.by, email="erin@example.com", role="agent_manager"
    )
    old, _link = create_invitation(
        world.alice.by, email="frank.with.a.long.name@example.com", role="user"
    )
    type(old).objects.filter(pk=old.pk).update(expires_at=timezone.now() - timedelta(days=1))
    world.rows |= {"invitation": waiting, "invitation_link": link}
    world.noah = factories.create_member("Noah")  # who left his own organization
    world.noah.user.memberships.all().delete()
    world.operator = factories.create_member("Olga")
    type(world.operator.user).objects.filter(pk=world.operator.user.pk).update(is_staff=True)


def create_carrier_fixtures(world: PageFixtures) -> None:
    """One more of each trunk type: one that shares an address, one that failed, one at work."""
    by, carriers = world.alice.by, world.alice.organization.carriers
    twin = factories.create_carrier(by, name="Second Trunk", gateways=[factories.GATEWAY])
    account = {"username": "acme", "password": "s3cret-of-the-carrier"}
    outward = {**factories.GATEWAY, "ipv4": "sip.example.com", "inbound": False}
    by_password = {"trunk_type": "auth", "inbound_auth": account}
    broken = factories.create_carrier(by, name="Broken Trunk", gateways=[outward], **by_password)
    why = "jambonz did not add the gateway: the account has no more than one trunk."
    carriers.filter(pk=broken.pk).update(status="failed", error_message=why)
    signing_in = {"trunk_type": "reg", "registration": {**account, "realm": "sip.example.com"}}
    fresh = factories.create_carrier(
        by, name="Registering Trunk", gateways=[outward], settled=False, **signing_in
    )
    world.rows |= {"twin": twin, "broken": broken, "fresh": fresh}


def create_key_fixtures(world: PageFixtures) -> None:
    owner = {"owner": world.alice.user, "role": "agent_manager"}
    narrow, _text = create_api_key(
        world.alice.by,
        name="Nightly export",
        scopes=["phone_numbers:read", "agents:read"],
        allowed_cidrs=["203.0.113.0/24"],
        **owner,
    )
    gone, _text = create_api_key(world.alice.by, name="Old server", **owner)
    revoke_api_key(world.alice.by, key_id=gone.pk)
    world.rows["key"] = narrow


def latest_change_event(world: PageFixtures) -> int:
    """The newest with something before and after."""
    events = world.alice.organization.events.exclude(before={}).exclude(after={})
    return events.order_by("-pk").values_list("pk", flat=True)[0]


def create_pool_fixtures(world: PageFixtures) -> None:
    """Shown with the settings: on a carrier of others, and a list longer than is shown."""
    lent = world.mallory.organization.carriers.get()
    assign_pool(world.alice, carrier=lent, numbers=[f"+1415555{n:04}" for n in range(30)])
    assign_pool(world.alice, name="Any carrier", prefixes=["+4930", "+4940"])


# One line per area: its function puts into `world.rows` what its pages need.
def create_export_fixtures(world: PageFixtures) -> None:
    """One in each state whose page looks different."""
    by = reload_member_principal(world.alice.organization, str(world.alice.user.pk))
    options = {"query": "sort=number"}
    world.rows["export"] = request_export(by, "numbers", format="csv", options=options)
    run_pending_exports()
    world.rows["export_failed"] = request_export(by, "audit_log", format="csv", options=options)
    reason = "Its worker ended in the midst of it, several times."
    Export.objects.filter(pk=world.rows["export_failed"].pk).update(state="failed", reason=reason)
    world.rows["export_moving"] = request_export(by, "numbers", format="xlsx", options=options)


FIXTURE_BUILDERS: list[Callable[[PageFixtures], None]] = [
    create_dashboard_fixtures,
    create_number_fixtures,
    create_saved_view_fixtures,
    create_bulk_job_fixtures,
    create_ledger_fixtures,
    create_member_fixtures,
    create_carrier_fixtures,
    create_key_fixtures,
    create_export_fixtures,
    create_pool_fixtures,
]

FILTER_QUERY = (
    "?q=415&status=active&status=pending&sort=number&source=byoc&columns=label&columns=status"
)

# Screens that answer GET with no page of their own, each with its reason.
EXCLUDED_PAGES: dict[str, str] = {
    "add_template": "an empty file to fill in",
    "batch_columns": "leads to the page of the batch",
    "numbers_statuses": "a part of the list of numbers",
    "export_file": "a CSV or Excel file",
}

PAGES: list[PortalPage] = [
    PortalPage("sign_in", lambda w: "/accounts/login/", 3, ""),
    PortalPage("forgot_password", lambda w: "/accounts/password/reset/", 2, ""),
    PortalPage("password", lambda w: "/accounts/password/change/", 6),
    PortalPage("second_factor", lambda w: "/accounts/2fa/", 8),
    PortalPage("sessions", lambda w: "/accounts/sessions/", 6),
    PortalPage("confirm_access", lambda w: "/accounts/reauthenticate/", 8),
    PortalPage("invitation_new", lambda w: urlsplit(w.rows["invitation_link"]).path, 3, ""),
    PortalPage("invitation_other", lambda w: urlsplit(w.rows["invitation_link"]).path, 4),
    PortalPage("nowhere", lambda w: "/", 4, "noah"),
    PortalPage("organization_new", lambda w: "/organizations/new", 4, "operator"),
    PortalPage("members", lambda w: w.url("members"), 8),
    PortalPage("members_role", lambda w: w.url("members_role", user_id=w.bob.user.pk), 7),
    PortalPage("members_remove", lambda w: w.url("members_remove", user_id=w.bob.user.pk), 9),
    PortalPage(
        "members_revoke",
        lambda w: w.url("members_revoke", invitation_id=w.rows["invitation"].pk),
        7,
    ),
    PortalPage("organization", lambda w: w.url("organization"), 12),
    PortalPage("organization_leave", lambda w: w.url("organization_leave"), 9),
    PortalPage("dashboard", lambda w: w.url("dashboard"), 20),
    PortalPage("first_run", lambda w: screen_url(w.nina.organization, "dashboard"), 20, "nina"),
    PortalPage("dashboard_year", lambda w: w.url("dashboard") + "?range=365", 20),
    PortalPage("numbers", lambda w: w.url("numbers"), 17),
    PortalPage("numbers_found", lambda w: w.url("numbers") + FILTER_QUERY, 17),
    PortalPage("numbers_nothing", lambda w: w.url("numbers") + "?q=98765", 12),
    PortalPage("numbers_none", lambda w: screen_url(w.nina.organization, "numbers"), 12, "nina"),
    PortalPage("numbers_view", lambda w: w.url("numbers_view", view_id=w.rows["view"].pk), 6),
    PortalPage("number", lambda w: w.url("number", number_id=w.numbers[0].pk), 15),
    PortalPage("number_failed", lambda w: w.url("number", number_id=w.numbers[2].pk), 15),
    PortalPage("number_pending", lambda w: w.url("number", number_id=w.numbers[3].pk), 15),
    PortalPage("number_by_trunk", lambda w: w.url("number", number_id=w.rows["by_trunk"].pk), 15),
    PortalPage("number_leaving", lambda w: w.url("number", number_id=w.rows["gone"].pk), 15),
    PortalPage("number_edit", lambda w: w.url("number_edit", number_id=w.rows["by_trunk"].pk), 9),
    PortalPage(
        "number_delete", lambda w: w.url("number_delete", number_id=w.rows["supplied"].pk), 8
    ),
    PortalPage("add_one", lambda w: w.url("add_one"), 14),
    PortalPage("add_one_sip", lambda w: w.url("add_one") + "?to=sip", 14),
    PortalPage("add", lambda w: w.url("add"), 8),
    PortalPage("add_list", lambda w: w.url("add_list"), 9),
    PortalPage("add_range", lambda w: w.url("add_range"), 9),
    PortalPage("add_file", lambda w: w.url("add_file"), 9),
    PortalPage("agents", lambda w: w.url("agents"), 7),
    PortalPage("agents_add", lambda w: w.url("agents_add"), 7),
    PortalPage("agent", lambda w: w.url("agent", agent_id=w.rows["agent"].pk), 7),
    PortalPage("agent_delete", lambda w: w.url("agent_delete", agent_id=w.rows["agent"].pk), 9),
    PortalPage("batches", lambda w: w.url("batches"), 7),
    *(
        PortalPage(
            f"batch_{name}", lambda w, n=name: w.url("batch", batch_id=w.rows["batches"][n].pk), 12
        )
        for name in ("ready", "deletion", "running", "done", "checking", "mapping")
    ),
    PortalPage("integrations", lambda w: w.url("integrations"), 8),
    PortalPage("integrations_add", lambda w: w.url("integrations_add"), 6),
    PortalPage("integrations_connect", lambda w: w.url("integrations_connect", kind="twilio"), 7),
    PortalPage("integration", lambda w: w.url("integration", integration_id=w.integration.pk), 15),
    *(
        PortalPage(
            f"integration_{name}",
            lambda w, n=name: w.url("integration", integration_id=w.rows[n].pk),
            15,
        )
        for name in ("checking", "refused", "resting")
    ),
    PortalPage(
        "integration_edit", lambda w: w.url("integration_edit", integration_id=w.integration.pk), 7
    ),
    PortalPage(
        "integration_mend",
        lambda w: w.url("integration_edit", integration_id=w.rows["refused"].pk),
        7,
    ),
    PortalPage(
        "integration_credentials",
        lambda w: w.url("integration_credentials", integration_id=w.integration.pk),
        7,
    ),
    *(
        PortalPage(
            f"integration_disconnect_{name}",
            lambda w, n=name: w.url(
                "integration_disconnect", integration_id=w.rows.get(n, w.integration).pk
            ),
            9,
        )
        for name in ("used", "refused")
    ),
    PortalPage("operations", lambda w: w.url("operations"), 10),
    PortalPage("operations_none", lambda w: w.url("operations") + "?status=withdrawn", 10),
    PortalPage("operation", lambda w: w.url("operation", operation_id=w.rows["check"].pk), 10),
    PortalPage("operation_done", lambda w: w.url("operation", operation_id=w.rows["found"].pk), 10),
    PortalPage("add_discover", lambda w: w.url("add_discover"), 7),
    PortalPage(
        "add_discover_found",
        lambda w: w.url("add_discover_found", operation_id=w.rows["found"].pk),
        12,
    ),
    PortalPage("add_search", lambda w: w.url("add_search"), 7),
    PortalPage(
        "add_search_found",
        lambda w: w.url("add_search_found", operation_id=w.rows["for_sale"].pk),
        8,
    ),
    PortalPage(
        "add_search_asking",
        lambda w: w.url("add_search_found", operation_id=w.rows["asking"].pk),
        7,
    ),
    PortalPage(
        "add_search_buy",
        lambda w: (
            w.url("add_search_buy", operation_id=w.rows["for_sale"].pk)
            + "?number=%2B14155550102&number=%2B14155550103"
        ),
        7,
    ),
    PortalPage("carriers", lambda w: w.url("carriers"), 10),
    PortalPage("carriers_add", lambda w: w.url("carriers_add"), 8),
    PortalPage("carriers_add_twilio", lambda w: w.url("carriers_add") + "?preset=twilio", 10),
    PortalPage("carriers_add_reg", lambda w: w.url("carriers_add") + "?preset=other&type=reg", 10),
    PortalPage("carrier", lambda w: w.url("carrier", carrier_id=w.carrier.pk), 16),
    *(
        PortalPage(
            f"carrier_{name}", lambda w, n=name: w.url("carrier", carrier_id=w.rows[n].pk), 16
        )
        for name in ("broken", "fresh")
    ),
    PortalPage("carrier_edit", lambda w: w.url("carrier_edit", carrier_id=w.rows["broken"].pk), 10),
    PortalPage("carrier_delete", lambda w: w.url("carrier_delete", carrier_id=w.carrier.pk), 10),
    PortalPage(
        "carrier_delete_free", lambda w: w.url("carrier_delete", carrier_id=w.rows["twin"].pk), 10
    ),
    PortalPage(
        "carrier_gateway_add", lambda w: w.url("carrier_gateway_add", carrier_id=w.carrier.pk), 8
    ),
    *(
        PortalPage(
            name,
            lambda w, n=name: w.url(
                n, carrier_id=w.carrier.pk, gateway_id=w.carrier.gateways.get().pk
            ),
            9,
        )
        for name in ("carrier_gateway", "carrier_gateway_remove")
    ),
    PortalPage("api_keys", lambda w: w.url("api_keys"), 8),
    PortalPage("api_keys_add", lambda w: w.url("api_keys_add"), 8),
    PortalPage("api_keys_rotate", lambda w: w.url("api_keys_rotate", key_id=w.rows["key"].pk), 8),
    PortalPage("api_keys_revoke", lambda w: w.url("api_keys_revoke", key_id=w.rows["key"].pk), 8),
    PortalPage("events", lambda w: w.url("events"), 8),
    PortalPage("events_none", lambda w: w.url("events") + "?q=nothing+like+that", 8),
    PortalPage("event", lambda w: w.url("event", event_id=latest_change_event(w)), 8),
    PortalPage("exports", lambda w: w.url("exports"), 7),
    PortalPage("exports_none", lambda w: screen_url(w.nina.organization, "exports"), 7, "nina"),
    PortalPage("export", lambda w: w.url("export", export_id=w.rows["export"].pk), 7),
    PortalPage("export_failed", lambda w: w.url("export", export_id=w.rows["export_failed"].pk), 7),
    PortalPage("export_moving", lambda w: w.url("export", export_id=w.rows["export_moving"].pk), 7),
]
