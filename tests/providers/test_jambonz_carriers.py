"""jambonz' oddities with carriers, and what Patchbay makes of them."""

from dataclasses import replace

import pytest

from integrations.providers.base import InboundAuth, OutcomeUnknown, Refused
from tests.support.jambonz_provider import (
    BIDIRECTIONAL_GATEWAY,
    REGISTRATION,
    build_carrier_spec,
    build_number_spec,
    open_jambonz_account,
)
from tests.support.provider_harness import plan_step_summaries, run_attempt, run_removal


@pytest.fixture(params=["sp_key", "account_key"])
def desk(request):
    with open_jambonz_account(request.param) as opened:
        yield opened


def test_a_carrier_gets_both_owners(desk):
    """Without them it would be an orphan that its maker can neither read nor list."""
    run_attempt(desk.open(), build_carrier_spec())
    (row,) = desk.jambonz.carriers
    assert row["account_sid"] == desk.jambonz.account_sid
    assert row["service_provider_sid"] == desk.jambonz.service_provider_sid


def test_each_kind_of_key_has_its_own_path(desk):
    run_attempt(desk.open(), build_carrier_spec())
    jambonz, (method, path, body) = desk.jambonz, desk.writes()[0]
    if desk.key == "account_key":
        assert path == f"/v1/Accounts/{jambonz.account_sid}/VoipCarriers"
        assert "account_sid" not in body
    else:
        assert path == f"/v1/ServiceProviders/{jambonz.service_provider_sid}/VoipCarriers"
        assert body["account_sid"] == jambonz.account_sid
    assert method == "POST"


def test_the_name_holds_the_whole_marker(desk):
    spec = build_carrier_spec(
        name="A name that goes on and on until it is far too long for jambonz"
    )
    run_attempt(desk.open(), spec)
    (row,) = desk.jambonz.carriers
    assert len(row["name"]) <= 64
    assert row["name"].startswith("A name that goes on")
    assert row["name"].endswith(f" [{spec.marker}]")


@pytest.mark.parametrize("name", ["{} was here", "Copy of Acme [{}] 2", "Acme [{}0]", "{}"])
def test_the_name_filter_finds_parts_of_names(desk, name):
    """What only contains the marker is somebody's copy, and is left alone."""
    spec = build_carrier_spec()
    theirs = desk.put_carrier(name.format(spec.marker), "account_sid", "service_provider_sid")
    refs = run_attempt(desk.open(), spec)
    assert refs["voip_carrier_sid"] != theirs
    assert len(desk.jambonz.carriers) == 2


@pytest.mark.parametrize(("account", "sp"), [
    ("other_account_sid", "service_provider_sid"),
    (None, "service_provider_sid"),
    ("account_sid", "foreign_service_provider_sid"),
    ("account_sid", None),
])  # fmt: skip
def test_a_carrier_of_the_same_name_elsewhere_is_not_ours(desk, account, sp):
    """Lists bring shared carriers, and an account's key can plant one in another tenant's list."""
    spec = build_carrier_spec()
    sid = desk.put_carrier(f"Acme [{spec.marker}]", account, sp)
    assert run_attempt(desk.open(), spec)["voip_carrier_sid"] != sid
    run_removal(desk.open(), spec)
    assert [row["voip_carrier_sid"] for row in desk.jambonz.carriers] == [sid]


@pytest.mark.parametrize("key", ["sp_key", "account_key", "admin_key"])
@pytest.mark.parametrize("owner", ["foreign", "other"])
def test_foreign_sids_in_our_refs_are_not_touched(key, owner):
    """jambonz itself would let a service provider change and delete them."""
    sp = "foreign_service_provider_sid" if owner == "foreign" else "service_provider_sid"
    with open_jambonz_account(key) as desk:
        sid = desk.put_carrier("Theirs", f"{owner}_account_sid", sp)
        spec = build_carrier_spec(refs={"voip_carrier_sid": sid})
        assert plan_step_summaries(desk.open(), spec)[0].startswith("create carrier")
        run_removal(desk.open(), spec)
    assert desk.writes() == []


def test_a_carrier_that_somebody_renamed_is_known_by_its_sid(desk):
    spec = build_carrier_spec()
    refs = desk.made(spec)
    desk.jambonz.carriers[0]["name"] = "Acme (do not touch)"
    assert "change name" in plan_step_summaries(desk.open(), replace(spec, refs=refs))[0]
    run_attempt(desk.open(), spec, refs=refs)
    assert len(desk.jambonz.carriers) == 1


@pytest.mark.parametrize("sid", ["not-a-uuid", "00000000-0000-4000-8000-00000000dead"])
def test_refs_that_lead_nowhere(desk, sid):
    refs = run_attempt(desk.open(), build_carrier_spec(), refs={"voip_carrier_sid": sid})
    assert refs["voip_carrier_sid"] == desk.jambonz.carriers[0]["voip_carrier_sid"]


def test_only_known_fields_are_sent(desk):
    """A register_status that is read and sent back breaks every list that holds the carrier."""
    spec = build_carrier_spec()
    desk.made(spec)
    changed = replace(spec, trunk_type="reg", registration=REGISTRATION)
    run_attempt(desk.open(), changed)
    ((method, _, body),) = desk.writes()
    assert method == "PUT"
    assert not {"register_status", "created_at", "voip_carrier_sid", "account_sid"} & set(body)
    assert desk.jambonz.carriers[0]["register_status"] is None


def test_what_people_set_on_jambonz_stays(desk):
    spec = build_carrier_spec()
    desk.made(spec)
    desk.jambonz.carriers[0] |= {"is_active": 0, "tech_prefix": "123", "description": "ours"}
    assert plan_step_summaries(desk.open(), spec) == []
    run_attempt(desk.open(), replace(spec, name="New"))
    assert desk.jambonz.carriers[0]["tech_prefix"] == "123"


def test_another_trunk_type_clears_the_fields_of_the_old_one(desk):
    """trunk_type is a label: a leftover requires_register would go on registering."""
    spec = build_carrier_spec(trunk_type="reg", registration=REGISTRATION)
    desk.made(spec)
    run_attempt(
        desk.open(),
        replace(spec, trunk_type="auth", registration=None, inbound_auth=InboundAuth("u", "p4ss")),
    )
    row = desk.jambonz.carriers[0]
    assert (row["requires_register"], row["register_password"]) == (0, None)
    assert row["inbound_auth_password"] == "p4ss"
    run_attempt(desk.open(), replace(spec, trunk_type="static_ip", registration=None))
    row = desk.jambonz.carriers[0]
    assert row["inbound_auth_username"] is None
    assert row["register_username"] is None


def test_an_empty_realm_is_sent_as_null(desk):
    """The empty string is a 400; null falls back to the gateway's address."""
    registration = replace(REGISTRATION, realm="", from_user="", from_domain="")
    run_attempt(desk.open(), build_carrier_spec(trunk_type="reg", registration=registration))
    assert desk.jambonz.carriers[0]["register_sip_realm"] is None


def test_a_poisoned_list_is_explained(desk):
    spec = build_carrier_spec()
    desk.made(spec)
    desk.jambonz.carriers[0]["register_status"] = "[object Object]"
    with pytest.raises(Refused, match="register_status was overwritten"):
        desk.open().observe(spec)


# twins and ghosts


def twin(desk, spec):
    return desk.put_carrier(f"Acme [{spec.marker}]", "account_sid", "service_provider_sid")


def test_of_twins_the_one_with_numbers_is_adopted(desk):
    spec = build_carrier_spec()
    eldest, used, youngest = (twin(desk, spec) for _ in range(3))
    for year, row in zip((2020, 2021, 2022), desk.jambonz.carriers, strict=True):
        row["created_at"] = f"{year}-01-01T00:00:00.000Z"
    desk.put_number("15550100009", used)
    refs = run_attempt(desk.open(), spec)
    assert refs["voip_carrier_sid"] == used
    assert [row["voip_carrier_sid"] for row in desk.jambonz.carriers] == [used]


def test_of_equal_twins_the_eldest_whatever_the_order_of_the_list(desk):
    """Lists come unordered."""
    spec = build_carrier_spec()
    sids = [twin(desk, spec) for _ in range(4)]
    for day, row in enumerate(desk.jambonz.carriers, start=1):
        row["created_at"] = f"2020-01-0{day}T00:00:00.000Z"
    chosen = {desk.open().observe(spec).refs["voip_carrier_sid"] for _ in range(5)}
    assert chosen == {sids[0]}


def test_a_twin_with_numbers_is_not_deleted(desk):
    spec = build_carrier_spec()
    refs = desk.made(spec)
    used = twin(desk, spec)
    desk.put_number("15550100001", refs["voip_carrier_sid"])
    desk.put_number("15550100009", used)
    assert plan_step_summaries(desk.open(), replace(spec, refs=refs)) == []
    assert len(desk.jambonz.carriers) == 2


def test_a_timed_out_carrier_that_comes_true_later(desk):
    """The ghost makes a twin after we made ours; the next look sees it, refs or not."""
    spec = build_carrier_spec()
    desk.jambonz.hang("POST", "VoipCarriers", then_do_after=0.5)
    with pytest.raises(OutcomeUnknown):
        run_attempt(desk.open(deadline_seconds=0.3), spec)
    refs = run_attempt(desk.open(), spec)
    desk.jambonz.settle()
    assert len(desk.jambonz.carriers) == 2
    assert run_attempt(desk.open(), spec, refs=refs) == refs
    assert [row["voip_carrier_sid"] for row in desk.jambonz.carriers] == [refs["voip_carrier_sid"]]


def test_a_timed_out_gateway_that_comes_true_later(desk):
    spec = build_carrier_spec(gateways=())
    refs = desk.made(spec)
    wanted = replace(spec, gateways=(BIDIRECTIONAL_GATEWAY,), refs=refs)
    desk.jambonz.hang("POST", "SipGateways", then_do_after=0.5)
    with pytest.raises(OutcomeUnknown):
        run_attempt(desk.open(deadline_seconds=0.3), wanted)
    run_attempt(desk.open(), wanted)
    desk.jambonz.settle()
    assert len(desk.jambonz.gateways) == 2
    run_attempt(desk.open(), wanted)
    assert len(desk.jambonz.gateways) == 1


def test_a_timed_out_number_that_comes_true_later(desk):
    """The database knows it is the same one: 422, and there it is."""
    spec = build_number_spec(desk.made(build_carrier_spec()))
    desk.jambonz.hang("POST", "PhoneNumbers", then_do_after=0.5)
    with pytest.raises(OutcomeUnknown):
        run_attempt(desk.open(deadline_seconds=0.3), spec)
    refs = run_attempt(desk.open(), spec)
    desk.jambonz.settle()
    assert run_attempt(desk.open(), spec, refs=refs) == refs
    assert len(desk.jambonz.numbers) == 1
