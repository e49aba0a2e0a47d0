"""Numbers of a Twilio account: found, routed, put back as they were, listed, looked for."""

import json
from dataclasses import replace
from uuid import uuid4

import pytest

from integrations.providers.base import CarrierSpec, NumberSpec, Refused, SearchQuery, Unavailable
from integrations.providers.twilio.routing import NO_ROUTING, Routing, routing_changes
from tests.support.harness_twilio import TwilioHarness, fake_twilio
from tests.support.provider_harness import plan_step_summaries, run_attempt, run_removal

BEFORE, OURS, THEIRS = (f"https://{name}.example/voice" for name in ("before", "ours", "theirs"))
NUMBER = "+15551234567"


@pytest.fixture
def bench():
    with fake_twilio() as opened:
        del opened.account["trunk_sid"], opened.account["application_sid"]
        yield opened


@pytest.fixture
def twilio(bench):
    return bench.twilio


def spec_of(**wish) -> NumberSpec:
    return NumberSpec(f"pb-{uuid4().hex}", NUMBER, **wish)


def routing(bench: TwilioHarness) -> dict[str, str]:
    """What acts, by name."""
    (row,) = bench.twilio.found(NUMBER)
    names = ("voice_url", "voice_method", "voice_application_sid", "trunk_sid")
    return {name: row[name] or "" for name in names}


def posts(bench: TwilioHarness) -> list[str]:
    return [heard.raw.decode() for heard in bench.twilio.requests if heard.method == "POST"]


# -------------------------------------------------------------------------------------- finding


def test_a_number_is_taken_in_and_left_as_it_is(bench, twilio):
    sid = twilio.own(NUMBER, friendly_name="Front desk", voice_url=BEFORE)
    refs = run_attempt(bench.open(), spec_of())
    assert json.loads(refs.pop("routing_before")) == {
        "voice_url": BEFORE,
        "voice_method": "POST",
        "voice_application_sid": "",
        "trunk_sid": "",
    }
    assert refs == {
        "phone_number_sid": sid,
        "friendly_name": "Front desk",
        "capabilities": "sms,voice",
    }
    assert posts(bench) == []


def test_a_part_of_a_number_is_not_the_number(bench, twilio):
    twilio.own(NUMBER + "8")
    twilio.own("+1" + NUMBER[1:])
    with pytest.raises(Refused, match=r"\+15551234567 is not in this Twilio account. Buy it or"):
        run_attempt(bench.open(), spec_of())


def test_it_is_found_on_a_later_page(bench, twilio):
    for n in range(60):
        twilio.own(f"{NUMBER}{n:02}")
    sid = twilio.own(NUMBER)
    assert run_attempt(bench.open(), spec_of())["phone_number_sid"] == sid


def test_what_is_known_is_asked_for_by_its_sid(bench, twilio):
    twilio.own(NUMBER)
    refs = run_attempt(bench.open(), spec_of())
    del twilio.requests[:]
    assert run_attempt(bench.open(), spec_of(), refs=refs) == refs
    assert [heard.path.rpartition("/")[2] for heard in twilio.requests] == [
        f"{refs['phone_number_sid']}.json"
    ]


def test_a_sid_that_has_become_another_number(bench, twilio):
    other = twilio.own("+15559999999")
    sid = twilio.own(NUMBER)
    assert (
        run_attempt(bench.open(), spec_of(), refs={"phone_number_sid": other})["phone_number_sid"]
        == sid
    )


def test_the_letters_of_capabilities_do_not_matter(bench, twilio):
    twilio.own(NUMBER, capabilities={"Voice": True, "SMS": True, "MMS": False, "fax": None})
    assert run_attempt(bench.open(), spec_of())["capabilities"] == "sms,voice"


def test_carriers_are_refused(bench):
    with pytest.raises(Refused, match="takes no carriers"):
        bench.open().observe(CarrierSpec("pb-1", "Acme", "static_ip", ()))


# -------------------------------------------------------------------------------------- routing


def test_only_what_differs_is_sent(bench, twilio):
    twilio.own(NUMBER, voice_url=BEFORE)
    run_attempt(bench.open(), spec_of(webhook=OURS))
    assert posts(bench) == ["VoiceUrl=https%3A%2F%2Fours.example%2Fvoice"]
    twilio.found(NUMBER)[0]["voice_method"] = "GET"
    run_attempt(bench.open(), spec_of(webhook=OURS))
    assert posts(bench)[1:] == ["VoiceMethod=POST"]


PLACES = ["url", "get", "application", "trunk", "trunk over url", "nowhere"]


@pytest.fixture
def before(request, twilio):
    """Where the calls went before us."""
    there = {
        "url": {"voice_url": BEFORE},
        "get": {"voice_url": BEFORE, "voice_method": "GET"},
        "application": {"voice_application_sid": twilio.add_application(), "voice_url": BEFORE},
        "trunk": {"trunk_sid": twilio.make_trunk()},
        "trunk over url": {"trunk_sid": twilio.make_trunk(), "voice_url": BEFORE},
        "nowhere": {"voice_url": None},
    }
    return there[request.param]


WISHES = ["webhook", "trunk", "application", "own application"]


@pytest.mark.parametrize("before", PLACES, indirect=True)
@pytest.mark.parametrize("wish", WISHES)
@pytest.mark.parametrize("back", ["unrouted", "unassigned", "removed"])
def test_it_is_routed_and_put_back(bench, twilio, before, wish, back):
    twilio.own(NUMBER, **before)
    was, application = routing(bench), twilio.add_application()
    bench.account |= {"trunk_sid": twilio.make_trunk()} if wish == "trunk" else {}
    bench.account |= {"application_sid": application} if wish == "application" else {}
    wishes = {
        "webhook": spec_of(webhook=OURS, lands_elsewhere=True),
        "trunk": spec_of(lands_elsewhere=True),
        "application": spec_of(),
        "own application": spec_of(application=application),
    }
    spec = wishes[wish]
    refs = run_attempt(bench.open(), spec)
    assert acting(routing(bench)) == {
        "webhook": OURS,
        "trunk": bench.account.get("trunk_sid"),
    }.get(wish, application)
    assert plan_step_summaries(bench.open(), replace(spec, refs=refs)) == []
    if back == "removed":
        assert run_removal(bench.open(), spec, refs=refs) == {}
    else:
        less = {"webhook": None, "lands_elsewhere": False, "application": None}
        less = {"routed": False} if back == "unrouted" else less
        if back == "unassigned":
            bench.account.pop("application_sid", None)
        refs = run_attempt(bench.open(), replace(spec, **less), refs=refs)
        assert "routing_ours" not in refs
    assert routing(bench) == was | {"voice_method": routing(bench)["voice_method"]}
    assert acting(was) != BEFORE or routing(bench)["voice_method"] == was["voice_method"]


def acting(row: dict[str, str]) -> str:
    return row["trunk_sid"] or row["voice_application_sid"] or row["voice_url"]


def test_a_trunk_is_left_last_and_by_its_own_resource(bench, twilio):
    trunk = twilio.make_trunk()
    sid = twilio.own(NUMBER, trunk_sid=trunk)
    run_attempt(bench.open(), spec_of(webhook=OURS))
    writes = [(h.method, h.path) for h in twilio.requests if h.method != "GET"]
    assert [method for method, _ in writes] == ["POST", "DELETE"]
    assert writes[1][1] == f"/v1/Trunks/{trunk}/PhoneNumbers/{sid}"


def test_somebody_else_has_detached_it_meanwhile(bench, twilio):
    sid = twilio.own(NUMBER, trunk_sid=twilio.make_trunk(), voice_url=OURS)
    provider, spec = bench.open(), spec_of(webhook=OURS)
    (step,) = provider.plan(spec, provider.observe(spec))
    twilio.numbers[sid]["trunk_sid"] = None
    step.run({})
    assert acting(routing(bench)) == OURS


def test_an_application_of_another_kind_is_refused(bench, twilio):
    twilio.own(NUMBER)
    with pytest.raises(Refused, match="is no TwiML application"):
        run_attempt(bench.open(), spec_of(application=str(uuid4())))
    assert run_removal(bench.open(), spec_of(application=str(uuid4()))).get("phone_number_sid")


def test_a_change_that_is_taken_and_not_kept(bench, twilio):
    twilio.own(NUMBER, voice_url=BEFORE)
    twilio.forgets = frozenset({"VoiceUrl"})
    with pytest.raises(Refused, match="took it, but it still routes them to https://before"):
        run_attempt(bench.open(), spec_of(webhook=OURS))


def test_a_number_that_went_away_under_the_change(bench, twilio):
    sid = twilio.own(NUMBER)
    provider, spec = bench.open(), spec_of(webhook=OURS)
    (step,) = provider.plan(spec, provider.observe(spec))
    del twilio.numbers[sid]
    with pytest.raises(Unavailable, match="just been removed"):
        step.run({})


# --------------------------------------------------------------------------------------- memory


def test_what_was_before_is_known_before_anything_is_changed(bench, twilio):
    twilio.own(NUMBER, voice_url=BEFORE)
    noted = run_attempt(bench.open(), spec_of(webhook=OURS), steps=0)
    assert json.loads(noted["routing_before"])["voice_url"] == BEFORE
    run_attempt(bench.open(), spec_of(webhook=OURS), refs=noted, steps=1)
    # Killed before the step's own ids were saved: what was noted first still leads back.
    run_attempt(bench.open(), spec_of(routed=False), refs=noted)
    assert acting(routing(bench)) == BEFORE


def test_it_is_kept_over_many_changes(bench, twilio):
    twilio.own(NUMBER, voice_url=BEFORE)
    refs = {}
    for n in range(3):
        refs = run_attempt(bench.open(), spec_of(webhook=f"{OURS}/{n}"), refs=refs)
    assert json.loads(refs["routing_before"])["voice_url"] == BEFORE


def test_a_second_change_that_was_noted_and_never_made(bench, twilio):
    twilio.own(NUMBER, voice_url=BEFORE)
    refs = run_attempt(bench.open(), spec_of(webhook=OURS))
    refs = run_attempt(bench.open(), spec_of(webhook=f"{OURS}/2"), refs=refs, steps=0)
    run_removal(bench.open(), spec_of(webhook=f"{OURS}/3"), refs=refs)
    assert acting(routing(bench)) == BEFORE


def test_our_own_routing_is_never_taken_for_theirs(bench, twilio):
    twilio.own(NUMBER, voice_url=OURS)
    refs = run_attempt(bench.open(), spec_of(webhook=OURS))
    assert "routing_before" not in refs
    run_attempt(bench.open(), spec_of(webhook=OURS, routed=False), refs=refs)
    run_removal(bench.open(), spec_of(webhook=OURS), refs=refs)
    assert acting(routing(bench)) == OURS
    assert posts(bench) == []


def test_what_was_changed_there_before_we_came_to_route_it(bench, twilio):
    (sid,) = [twilio.own(NUMBER, voice_url="https://long.ago/")]
    refs = run_attempt(bench.open(), spec_of())
    twilio.numbers[sid]["voice_url"] = BEFORE
    refs = run_attempt(bench.open(), spec_of(webhook=OURS), refs=refs)
    run_attempt(bench.open(), spec_of(), refs=refs)
    assert acting(routing(bench)) == BEFORE


def test_drift_is_mended_and_what_was_before_stays(bench, twilio):
    sid = twilio.own(NUMBER, voice_url=BEFORE)
    refs = run_attempt(bench.open(), spec_of(webhook=OURS))
    twilio.numbers[sid]["voice_url"] = THEIRS
    refs = run_attempt(bench.open(), spec_of(webhook=OURS), refs=refs)
    assert acting(routing(bench)) == OURS
    run_attempt(bench.open(), spec_of(), refs=refs)
    assert acting(routing(bench)) == BEFORE


@pytest.mark.parametrize("back", ["unrouted", "removed"])
def test_what_somebody_else_has_set_meanwhile_is_theirs(bench, twilio, back):
    sid = twilio.own(NUMBER, voice_url=BEFORE)
    refs = run_attempt(bench.open(), spec_of(webhook=OURS))
    twilio.numbers[sid]["voice_url"] = THEIRS
    if back == "removed":
        run_removal(bench.open(), spec_of(webhook=OURS), refs=refs)
    else:
        refs = run_attempt(bench.open(), spec_of(webhook=OURS, routed=False), refs=refs)
        assert json.loads(refs["routing_before"])["voice_url"] == THEIRS
    assert acting(routing(bench)) == THEIRS


def test_a_restoration_that_broke_off_between_its_steps(bench, twilio):
    bench.account["trunk_sid"] = twilio.make_trunk()
    twilio.own(NUMBER, voice_url=BEFORE, voice_method="GET")
    refs = run_attempt(bench.open(), spec_of(lands_elsewhere=True))
    twilio.found(NUMBER)[0]["voice_url"] = THEIRS  # which does not act under a trunk
    back = spec_of(routed=False)
    kept = run_attempt(bench.open(), back, refs=refs, steps=1)
    run_attempt(bench.open(), back, refs=kept)
    assert (acting(routing(bench)), routing(bench)["voice_method"]) == (BEFORE, "GET")


# -------------------------------------------------------------------------------------- removal


def test_release_gives_it_back_and_asks_no_routing(bench, twilio):
    twilio.own(NUMBER, voice_url=BEFORE)
    refs = run_attempt(bench.open(), spec_of(webhook=OURS))
    del twilio.requests[:]
    assert run_removal(bench.open(), spec_of(release=True), refs=refs) == {}
    assert twilio.found(NUMBER) == []
    assert [heard.method for heard in twilio.requests] == ["GET", "DELETE"]


def test_a_release_that_somebody_was_faster_with(bench, twilio):
    sid = twilio.own(NUMBER)
    refs = run_attempt(bench.open(), spec_of())
    provider, spec = bench.open(), spec_of(release=True, refs=refs)
    (step,) = provider.plan_removal(spec, provider.observe(spec))
    del twilio.numbers[sid]
    assert step.run(refs) == {}


def test_a_number_that_we_never_had_is_left_alone(bench, twilio):
    twilio.own(NUMBER, voice_url=BEFORE)
    for spec in (spec_of(), spec_of(release=True), spec_of(webhook=BEFORE)):
        provider = bench.open()
        assert provider.plan_removal(spec, provider.observe(spec)) == []


def test_a_number_that_is_gone_needs_no_removal(bench):
    spec = spec_of(release=True, refs={"phone_number_sid": f"PN{'0' * 32}"})
    assert run_removal(bench.open(), spec) == {}


# ---------------------------------------------------------------------------- search, inventory


def test_search(bench, twilio):
    (first, *more) = bench.open().search(SearchQuery("US", area_code="415", contains="5550100"))
    assert more == []
    assert (first.number, first.type, first.country) == ("+14155550100", "local", "US")
    assert (first.region, first.locality) == ("CA", "San Francisco")
    assert (first.capabilities, first.address_requirement) == (("sms", "voice"), "none")
    query = twilio.requests[-1].query
    assert query == {"AreaCode": "415", "Contains": "5550100", "PageSize": "30"}


@pytest.mark.parametrize(("query", "found"), [
    (SearchQuery("US"), 30),
    (SearchQuery("US", limit=100), 30),
    (SearchQuery("US", limit=3), 3),
    (SearchQuery("US", "toll_free"), 30),
    (SearchQuery("US", "mobile"), 0),
    (SearchQuery("GB", "mobile"), 30),
    (SearchQuery("GB", "national"), 30),
    (SearchQuery("ZZ"), 0),
    (SearchQuery("US", locality="San Francisco", region="CA"), 30),
    (SearchQuery("US", locality="Oslo"), 0),
    (SearchQuery("US", contains="***0199"), 1),
])  # fmt: skip
def test_a_search_finds_a_sample_or_nothing(bench, query, found):
    assert len(bench.open().search(query)) == found


def test_what_is_bought_later_needs_papers(bench):
    (first, *_) = bench.open().search(SearchQuery("DE"))
    assert (first.address_requirement, first.beta) == ("any", True)


def test_no_number_in_the_area_code_is_no_error(bench, twilio):
    twilio.reply("GET", "/Available", 400, {"code": 21452, "message": "No numbers", "status": 400})
    assert bench.open().search(SearchQuery("US", area_code="533")) == []


def test_a_kind_that_nobody_sells(bench):
    with pytest.raises(Refused, match="knows no premium numbers"):
        bench.open().search(SearchQuery("US", "premium"))


def test_inventory_reads_every_page(bench, twilio):
    twilio.own("+15550009999", friendly_name="Theirs [pb-0192f3c4]")
    for n in range(1500):
        twilio.own(f"+1555000{n:04}", friendly_name=f"Desk {n}")
    items = list(bench.open().inventory())
    assert len(items) == len({item.name for item in items}) == 1501
    assert [item.name for item in items if item.ours] == ["+15550009999"]
    assert items[1].label == "Desk 0"
    assert items[1].capabilities == ("sms", "voice")
    assert [h.query["PageSize"] for h in twilio.requests] == ["1000", "1000"]


def test_what_an_empty_value_would_break_is_not_sent():
    assert routing_changes(Routing("https://a", "GET"), NO_ROUTING) == {"VoiceUrl": ""}


def test_a_step_tells_no_secret_of_an_address(bench, twilio):
    twilio.own(NUMBER)
    spec = spec_of(webhook="https://user:pa55@ours.example/voice?token=t0ken")
    assert plan_step_summaries(bench.open(), spec) == [
        "route the calls of +15551234567 to https://ours.example/voice at Twilio"
    ]
