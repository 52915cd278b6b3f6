"""Alerts of a registry's history: nothing lost, nothing twice, order kept, noise held back."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from cases.filing import propose
from cases.lifecycle import Action
from cases.registry import Registry
from dispatch.alerts import Outcome, State
from dispatch.errors import AlertError, UnknownAlertError
from dispatch.expanding import Rules
from dispatch.outbox import Outbox
from dispatch.policies import Channel, parse_alerts
from tests.cases.conftest import DAY, patrol_on
from tests.cases.test_registry import file
from tests.cases.world import cell, seen, zones
from tests.dispatch.alerting import (
    CATEGORIES,
    FIRE,
    ORDERS,
    RULEBOOK,
    SETTINGS,
    TIMETABLE,
    District,
    at,
)
from tests.dispatch.routes import TEXT as ROUTES
from tests.dispatch.routes import table


@pytest.fixture
def district(where: str) -> Iterator[District]:
    with Registry.open(where) as registry, Outbox.open(where) as outbox:
        rules = Rules(parse_alerts(SETTINGS, "alerts.toml"), table(), lambda: "", TIMETABLE)
        made = District(where, registry, outbox, rules)
        made.settings(FIRE + ORDERS)
        yield made


PUSHED = {("li", "officer", "push"), ("li", "officer", "sms"), ("li", "officer", "voice")}
CALLED = {("wang-eco", "department", "sms"), ("wang-eco", "department", "voice")}
SHOWN = {("", "all", "page")}


def test_a_fire_is_told_at_once_by_every_channel_to_department_and_officer(district: District):
    district.find()
    district.refresh()
    assert district.told() == PUSHED | CALLED | SHOWN
    assert {message.address for message in district.claim()} == {
        "json://${PUSH_HOST}/li",
        "+8613800000001",
        "+8613800000002",
    }


def test_what_happened_is_told_once_however_often_it_is_looked_at(district: District):
    district.find()
    district.refresh()
    before = district.entries()
    district.refresh()
    with Outbox.open(district.where) as other:
        other.refresh(district.rules, district.now)
    assert district.entries() == before


def test_events_before_the_first_alert_settings_are_told_to_nobody_after_a_migration(
    where: str,
):
    from cases.database import connect, migrate

    engine = connect(where, lock_timeout_s=5)
    migrate(engine, "0005")
    with Registry(engine) as registry:
        made = District(where, registry, Outbox(engine), None)  # type: ignore[arg-type]
        made.find()
        migrate(engine)
        made.settings(FIRE)
        made.refresh()
        assert made.entries() == []
        made.find(3)  # the same fire place, three days later: a new event
        made.refresh()
        assert made.told() == PUSHED | CALLED | SHOWN


def test_an_alert_says_what_where_and_how_to_acknowledge(district: District):
    district.find()
    district.refresh()
    fire = district.case("burning.straw")
    message = next(entry for entry in district.claim() if entry.channel is Channel.SMS)
    body = message.body
    assert body["text_zh"].startswith(f"秸秆露天焚烧发现：{fire.case_no}，West Town Reed Village")
    assert "办理时限40 分钟" in body["text_zh"]
    assert body["text_en"].endswith(body["link"])
    assert body["link"].startswith("http://127.0.0.1:8000/alerts/token-")
    assert (body["lon_deg"], body["lat_deg"]) == (round(fire.lon_deg, 7), round(fire.lat_deg, 7))


def test_a_taken_alert_is_never_given_out_again(district: District):
    district.find()
    district.refresh()
    assert len(district.deliver()) == 5
    district.refresh(1)
    assert district.claim() == []
    receipts = {entry.receipt for entry in district.entries(State.DELIVERED)}
    assert len(receipts) == 5 + 1  # that of the page is empty


def test_what_a_dead_sender_had_in_hand_is_given_out_again_word_for_word(district: District):
    district.find()
    district.refresh()
    first = district.claim()
    assert district.claim() == []
    assert district.outbox.take_over(district.now) == 5
    again = district.claim()
    assert [(m.key, m.body) for m in again] == [(m.key, m.body) for m in first]
    assert all(message.is_repeat for message in again)
    # the dead sender's own answer, should it come after all, changes nothing that is settled
    taken = [Outcome(m.alert_id, State.DELIVERED, receipt="new") for m in again]
    district.outbox.settle(district.rules, taken, district.now)
    district.outbox.settle(district.rules, [Outcome(again[0].alert_id, State.DEAD)], district.now)
    assert district.entries(State.DEAD) == []


def test_a_refused_alert_comes_again_later_and_holds_up_its_lane(district: District):
    district.settings(ORDERS)
    district.find()
    district.step("burning.straw", Action.CONFIRM)
    district.step("burning.straw", Action.ASSIGN, assigned_to="department:ecology")
    district.refresh()
    (first,) = district.claim()
    retry_at = district.now + timedelta(minutes=3)
    district.outbox.settle(
        district.rules,
        [Outcome(first.alert_id, State.WAITING, error="busy", retry_at=retry_at)],
        district.now,
    )
    district.step("burning.straw", Action.START)
    district.step("burning.straw", Action.FEED_BACK)
    district.step("burning.straw", Action.REWORK)
    district.refresh(1)
    # fed back: the first order needs no more telling; the rework does
    assert [entry.state for entry in district.entries()] == [State.WAITING, State.CANCELLED]
    assert [message.body["event"] for message in district.deliver()] == ["rework"]


def test_of_one_case_person_and_channel_alerts_keep_their_order(district: District):
    district.settings(ORDERS.replace('"rework"', '"supervise"'))
    district.find()
    district.step("burning.straw", Action.CONFIRM)
    district.step("burning.straw", Action.ASSIGN, assigned_to="department:ecology")
    district.step("burning.straw", Action.SUPERVISE)
    district.step("burning.straw", Action.SUPERVISE)
    district.refresh()
    given = []
    while messages := district.deliver():
        given.append([message.body["sequence"] for message in messages])
    assert [len(entry) for entry in given] == [1, 1, 1]
    assert given == sorted(given)


def test_nobody_answers_and_the_next_level_is_told(district: District):
    district.find()
    district.refresh()
    district.deliver()
    steps = []
    for minutes in (4, 2, 3, 2, 5, 60):
        before = district.told()
        district.refresh(minutes)
        district.deliver()
        steps.append({(person, role) for person, role, _ in district.told() - before})
    assert steps == [
        set(),
        {("village-head", "village")},
        set(),
        {("town-head", "town")},
        {("duty", "district")},
        set(),
    ]


def test_a_level_without_a_post_loses_no_time(district: District):
    village = ROUTES.index('[[posts]]\nlevel = "village"')
    town = ROUTES.index('[[posts]]\nlevel = "town"')
    district.settings(FIRE, routes=ROUTES[:village] + ROUTES[town:])
    district.find()
    district.refresh()
    district.deliver()
    district.refresh(6)
    assert ("town-head", "town", "sms") in district.told()


def test_whoever_acknowledges_stops_the_escalation(district: District):
    district.find()
    district.refresh()
    link = next(m.body["link"] for m in district.deliver() if m.person_id == "li")
    token = link.rpartition("/")[2]
    assert district.outbox.subject(token).event == "file"
    answer = district.outbox.acknowledge(token, now=district.now)
    assert (answer.by, answer.case_nos) == ("li", (district.case("burning.straw").case_no,))
    again = district.outbox.acknowledge(token, now=at("11T10:00"))
    assert again == answer
    district.refresh(60)
    assert district.told() == PUSHED | CALLED | SHOWN
    with pytest.raises(AlertError, match="no alert has this link"):
        district.outbox.acknowledge("guessed", now=district.now)


def test_a_pressed_button_acknowledges_by_the_word_of_the_call(district: District):
    district.find()
    district.refresh()
    call = next(message for message in district.deliver() if message.channel is Channel.VOICE)
    with pytest.raises(UnknownAlertError):  # whoever knows the history can tell the key
        district.outbox.acknowledge(call.key, now=district.now)
    with pytest.raises(UnknownAlertError):
        district.outbox.subject(call.key)
    answer = district.outbox.acknowledge(call.word, now=district.now)
    assert answer.by == call.person_id
    district.refresh(60)
    assert district.told() == PUSHED | CALLED | SHOWN


def test_a_case_that_was_rejected_needs_no_alert_any_more(district: District):
    district.find()
    district.refresh()
    district.step("burning.straw", Action.REJECT)
    district.refresh(6)
    assert {entry.state for entry in district.entries()} == {State.CANCELLED, State.DELIVERED}
    assert district.told() == PUSHED | CALLED | SHOWN
    assert district.claim() == []


def test_cases_of_one_event_are_one_alert(district: District):
    district.settings(FIRE.replace("burning.straw", "*"))
    houses = [seen("a", "building", 60, 60, 12), seen("b", "building", 150, 200, 12)]
    findings = propose(
        [*houses, seen("c", "flame", -60, 0, 2)], RULEBOOK, zones(), on=DAY, cells=[cell()]
    )
    file(district.registry, RULEBOOK, findings, patrol_on(0))
    district.refresh()
    bodies = {message.body["category"]: message.body for message in district.deliver()}
    assert {name: len(body["cases"]) for name, body in bodies.items()} == {
        "building.unpermitted": 2,
        "burning.straw": 1,
    }
    assert "等2处" in bodies["building.unpermitted"]["text_zh"]
    # ended only with the last of them
    numbers = bodies["building.unpermitted"]["cases"]
    district.reject(numbers[0])
    district.refresh(6)
    assert ("village-head", "village", "sms") in district.told()
    district.reject(numbers[1])
    district.refresh(6)
    still = {number for message in district.claim() for number in message.body["cases"]}
    assert still == {district.case("burning.straw").case_no}


def test_what_comes_after_a_while_is_an_event_of_its_own(district: District):
    district.settings(FIRE.replace('"file"', '"confirm"'))
    district.find()
    for minutes in (0, 8, 3):
        district.now += timedelta(minutes=minutes)
        district.step("burning.straw", Action.CONFIRM)
        district.step("burning.straw", Action.UNDO)
        district.refresh()
    assert len({entry.key for entry in district.entries() if entry.channel == "page"}) == 2


def test_in_quiet_hours_people_are_left_alone_and_urgent_alerts_are_not(district: District):
    district.now = at("10T23:30")
    district.find()
    district.step("burning.straw", Action.CONFIRM)
    district.step("burning.straw", Action.ASSIGN, assigned_to="department:ecology")
    district.refresh()
    assert {message.body["event"] for message in district.deliver()} == {"file"}
    (held,) = district.entries(State.HELD)
    assert held.ready_at == at("11T07:00")
    district.now = at("11T07:00")
    assert [message.body["event"] for message in district.deliver()] == ["assign"]


def test_who_gets_too_many_gets_the_rest_in_a_digest(district: District):
    district.settings(ORDERS.replace('channels = ["sms"]', 'channels = ["sms"]\nmost_per_hour = 1'))
    everything = ROUTES + '[[routes]]\ncategory = "*"\ncells = ["cell-1"]\nresponsible = "urban"\n'
    base = SETTINGS.replace("attempts", 'digest_at = ["08:30", "18:00"]\nattempts')
    limited = ORDERS.replace('channels = ["sms"]', 'channels = ["sms"]\nmost_per_hour = 1')
    district.settings(limited, base=base, routes=everything)
    district.find()
    for category in CATEGORIES:
        if district.registry.count(category=category):
            district.step(category, Action.CONFIRM)
            district.step(category, Action.ASSIGN, assigned_to="department:urban")
    district.refresh()
    assert len(district.deliver()) == 1
    assert [entry.ready_at for entry in district.entries(State.DIGEST)] == [at("10T18:00")] * 2
    district.now = at("10T18:00")
    district.refresh()
    (digest,) = district.deliver()
    assert digest.body["event"] == "digest"
    assert digest.body["text_zh"].startswith("案件2起：")
    assert set(digest.body["cases"]) < {case.case_no for case in district.registry.cases()}
    (merged,) = district.entries(State.MERGED)
    assert merged.receipt == digest.key


def test_a_season_or_a_day_of_risk_changes_who_is_told(district: District):
    season = FIRE.replace('to = ["department", "officer"]', 'to = ["officer", "town"]')
    season = season.replace("merge_min", 'season = { from = "06-10", to = "06-12" }\nmerge_min')
    days = season.replace('season = { from = "06-10", to = "06-12" }', "days = [2026-06-20]")
    district.settings(days + season + FIRE)
    district.find()
    district.refresh()
    assert {role for _, role, _ in district.told()} == {"officer", "town", "all"}
    district.now = at("20T09:00")
    policy = district.rules.settings.policy("burning.straw", "file", district.now)
    assert policy is not None
    assert policy.days
    later = district.rules.settings.policy("burning.straw", "file", at("21T09:00"))
    assert later is not None
    assert later.to == ("department", "officer")


def test_people_without_an_address_and_nobody_at_all_are_dead_letters(district: District):
    silent = ROUTES.replace('phone = "+8613800000002"', "")
    district.settings(FIRE.replace('"officer"', '"assisting"'), routes=silent)
    district.find()
    district.refresh()
    dead = {entry.person_id: entry.error for entry in district.entries(State.DEAD)}
    assert dead == {"wang-eco": "wang-eco has no address for push, sms, voice in the routing table"}
    alone = ROUTES[: ROUTES.index("[[posts]]")] + ROUTES[ROUTES.index("[[routes]]") :]
    alone = alone.replace('people = ["wang-eco"]', "").replace('name = "Li Wei"', 'name = "Li"')
    district.settings(FIRE, routes=alone)
    district.find(3)
    district.refresh(20)
    errors = {entry.error for entry in district.entries(State.DEAD)}
    assert "the routing table has nobody for department, officer" in errors


def test_dead_letters_can_be_sent_again(district: District):
    district.find()
    district.refresh()
    messages = district.claim()
    district.outbox.settle(
        district.rules,
        [Outcome(m.alert_id, State.DEAD, error="no") for m in messages],
        at("10T10:31"),
    )
    assert district.outbox.counts()[State.DEAD] == 5
    assert district.outbox.retry_dead(district.now) == 5
    assert {message.key for message in district.deliver()} == {m.key for m in messages}


def test_of_a_case_that_is_over_by_now_nobody_is_told_its_past(district: District):
    district.settings(FIRE + ORDERS)
    district.find()
    district.step("burning.straw", Action.CONFIRM)
    district.step("burning.straw", Action.REJECT)
    assert district.outbox.preview(district.rules, district.now, at("01T00:00")) == []
    district.refresh()
    assert district.entries() == []
    assert district.outbox.notices(10) == []  # nor is it on the page
    district.step("burning.straw", Action.REOPEN)
    district.step("burning.straw", Action.CONFIRM)
    district.step("burning.straw", Action.ASSIGN, assigned_to="department:ecology")
    district.refresh()
    assert [entry.event for entry in district.entries()] == ["assign"]


def test_what_was_cancelled_does_not_count_towards_the_limit_of_the_hour(district: District):
    district.settings(ORDERS.replace('channels = ["sms"]', 'channels = ["sms"]\nmost_per_hour = 1'))
    district.find()
    district.step("burning.straw", Action.CONFIRM)
    for _ in range(2):
        district.step("burning.straw", Action.ASSIGN, assigned_to="department:ecology")
        district.refresh()
        assert district.entries()[0].state is State.WAITING
        district.step("burning.straw", Action.START)
        district.step("burning.straw", Action.FEED_BACK)
        district.step("burning.straw", Action.CLOSE)
        district.refresh()
        assert {entry.state for entry in district.entries()} == {State.CANCELLED}
        district.step("burning.straw", Action.REOPEN)


def test_the_first_start_passes_over_what_is_long_past_and_no_later_one_does(district: District):
    district.find()
    before = district.outbox.preview(district.rules, district.now, at("01T00:00"))
    assert len(before) == len(PUSHED | CALLED | SHOWN)
    assert not district.outbox.has_begun()  # a preview begins nothing
    assert district.outbox.preview(district.rules, district.now, at("30T00:00")) == []
    assert district.outbox.begin(at("30T00:00")) == 3  # three cases were filed
    assert district.outbox.has_begun()
    district.refresh()
    assert district.entries() == []
    district.find(3)
    assert district.outbox.begin(at("30T00:00")) == 0
    district.refresh()
    assert district.told() == PUSHED | CALLED | SHOWN


def test_what_happens_after_a_first_start_on_nothing_is_never_passed_over(district: District):
    assert district.outbox.begin(at("09T10:30")) == 0
    assert district.outbox.has_begun()
    district.refresh()
    district.find()
    with Outbox.open(district.where) as restarted:
        assert restarted.has_begun()
        assert restarted.begin(at("12T10:30")) == 0
    district.refresh()
    assert district.told() == PUSHED | CALLED | SHOWN


def test_a_sender_that_ends_before_its_first_look_has_begun(district: District):
    district.find()
    assert district.outbox.begin(at("01T00:00")) == 0  # all is newer
    assert district.outbox.has_begun()
    assert district.outbox.begin(at("30T00:00")) == 0
    district.refresh()
    assert district.told() == PUSHED | CALLED | SHOWN


def test_a_preview_tells_who_would_get_what_and_writes_nothing(district: District):
    district.find()
    planned = district.outbox.preview(district.rules, district.now, at("01T00:00"))
    assert district.entries() == []
    district.refresh()
    assert {(e.key, e.person_id, e.channel) for e in planned} == {
        (e.key, e.person_id, e.channel) for e in district.entries()
    }


def test_filing_and_deciding_know_nothing_of_alerts(district: District):
    """The history is the same, hash for hash, with and without an outbox at work."""
    district.find()
    district.refresh()
    district.deliver()
    assert district.registry.verify_chain().problems == ()
