"""Who is told next when nobody acknowledges: from when, of how much at once, and in which words."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from cases.lifecycle import Action
from cases.registry import Registry
from dispatch.alerts import Message, Outcome, State
from dispatch.expanding import Rules
from dispatch.outbox import Outbox
from dispatch.policies import parse_alerts
from tests.dispatch.alerting import CATEGORIES, FIRE, SETTINGS, TIMETABLE, District, at
from tests.dispatch.routes import TEXT as ROUTES
from tests.dispatch.routes import table

EVERYWHERE = ROUTES + '[[routes]]\ncategory = "*"\ncells = ["cell-1"]\nresponsible = "urban"\n'
TWICE_A_DAY = SETTINGS.replace("attempts", 'digest_at = ["08:30", "18:00"]\nattempts')
WORK = """
[[policies]]
category = "*"
events = ["assign"]
to = ["department"]
channels = ["sms"]
acknowledge_within_min = 30
escalate_to = ["town", "district"]
"""
LIMITED = f"{WORK}most_per_hour = 1\n"


@pytest.fixture
def district(where: str) -> Iterator[District]:
    with Registry.open(where) as registry, Outbox.open(where) as outbox:
        rules = Rules(parse_alerts(SETTINGS, "alerts.toml"), table(), lambda: "", TIMETABLE)
        made = District(where, registry, outbox, rules)
        made.find()
        yield made


def assign_all(district: District) -> list[str]:
    """Establish and assign the house, the fire and the boat; the numbers of their cases."""
    found = [category for category in CATEGORIES if district.registry.count(category=category)]
    for category in found:
        district.step(category, Action.CONFIRM)
        district.step(category, Action.ASSIGN, assigned_to="department:urban")
    district.refresh()
    return [district.case(category).case_no for category in found]


def of_town(messages: list[Message]) -> list[Message]:
    return [message for message in messages if message.person_id == "town-head"]


def feed_back(district: District, case_no: str) -> None:
    category = district.registry.case(case_no).category
    district.step(category, Action.START)
    district.step(category, Action.FEED_BACK)


def digest_of_two(district: District) -> Message:
    """Go by the limit until its digest is handed over, at 18:00; nobody has acknowledged."""
    district.settings(LIMITED, base=TWICE_A_DAY, routes=EVERYWHERE)
    assign_all(district)
    (first,) = district.deliver()
    district.outbox.acknowledge(first.word, now=district.now)
    district.now = at("10T18:00")
    district.refresh()
    (digest,) = district.deliver()
    return digest


def test_what_waits_for_the_digest_is_not_escalated_before_it_was_told(district: District):
    district.settings(LIMITED, base=TWICE_A_DAY, routes=EVERYWHERE)
    assign_all(district)
    (first,) = district.deliver()
    district.outbox.acknowledge(first.word, now=district.now)
    district.refresh(7 * 60)  # 17:30: two cases wait for 18:00
    assert district.told() == {("qian-urban", "department", "sms")}
    district.now = at("10T18:00")
    district.refresh()
    district.deliver()
    district.refresh(29)
    assert district.deliver() == []
    district.refresh(1)
    (message,) = district.deliver()
    assert message.person_id == "town-head"
    assert len(message.body["cases"]) == 2
    assert "Qian Jun (told at 18:00) did not acknowledge" in message.body["text_en"]


def test_what_quiet_hours_hold_is_not_escalated_before_it_was_told(district: District):
    district.settings(f'{WORK}quiet = {{ from = "22:00", to = "06:59" }}\n', routes=EVERYWHERE)
    district.now = at("10T23:30")
    assign_all(district)
    district.refresh(7 * 60)
    assert district.told() == {("qian-urban", "department", "sms")}
    district.now = at("11T07:00")
    assert len(district.deliver()) == 3
    district.refresh(30)
    assert len(of_town(district.deliver())) == 1


def test_a_person_whom_nothing_reaches_is_not_waited_for(district: District):
    district.settings(FIRE)
    district.refresh()
    refused = [
        Outcome(m.alert_id, State.WAITING, error="busy", retry_at=at("10T20:00"))
        for m in district.claim()
    ]
    district.outbox.settle(district.rules, refused, district.now)
    district.refresh(5)
    (message, _) = district.claim()  # by text message and by call
    assert message.person_id == "village-head"
    assert "nobody could be reached before" in message.body["text_en"]
    assert "此前无法通知任何人" in message.body["text_zh"]


def test_the_clock_of_the_next_level_waits_for_its_own_alert(district: District):
    district.settings(FIRE)
    district.refresh()
    district.deliver()
    district.refresh(5)
    district.refresh(60)  # no sender is at work
    assert ("town-head", "town", "sms") not in district.told()
    district.deliver()
    district.refresh(5)
    assert ("town-head", "town", "sms") in district.told()


def test_escalations_of_one_moment_are_one_message(district: District):
    district.settings(WORK, routes=EVERYWHERE)
    numbers = assign_all(district)
    assert len(district.deliver()) == 3
    district.refresh(30)
    (message,) = district.deliver()
    assert message.person_id == "town-head"
    assert set(message.body["cases"]) == set(numbers)
    assert message.body["text_zh"].startswith("案件3起：")
    assert message.body["text_en"].count("Qian Jun (told at 10:30) did not acknowledge") == 3
    # nobody of the town acknowledges either
    district.refresh(30)
    (last,) = district.deliver()
    assert last.person_id == "duty"
    assert last.body["text_en"].count("Zhou Bo (told at 11:00) did not acknowledge") == 3


def test_escalations_keep_to_the_limit_of_their_policy(district: District):
    district.settings(LIMITED, base=TWICE_A_DAY)
    district.step("burning.straw", Action.CONFIRM)
    district.step("burning.straw", Action.ASSIGN, assigned_to="department:ecology")
    district.refresh()
    district.deliver()
    district.refresh(20)
    district.step("building.unpermitted", Action.CONFIRM)
    district.step("building.unpermitted", Action.ASSIGN, assigned_to="department:urban")
    district.refresh()
    district.deliver()
    district.refresh(10)
    assert len(of_town(district.deliver())) == 1  # 11:00, the fire
    district.refresh(20)
    assert of_town(district.deliver()) == []  # 11:20, the house: too many in this hour
    held = [entry for entry in district.entries(State.DIGEST) if entry.person_id == "town-head"]
    assert [entry.ready_at for entry in held] == [at("10T18:00")]


def test_a_fire_without_a_limit_is_told_upwards_at_once(district: District):
    district.settings(FIRE)
    district.now = at("10T23:30")
    district.refresh()
    district.deliver()
    district.refresh(5)
    assert {message.person_id for message in district.deliver()} == {"village-head"}


def test_a_digest_is_acknowledged_by_its_link_with_all_its_cases(district: District):
    digest = digest_of_two(district)
    assert digest.body["link"].endswith(f"/alerts/{digest.word}")
    assert digest.body["link"] in digest.body["text_zh"]
    assert "West Town Reed Village" in digest.body["text_en"]
    assert digest.body["text_en"].count("assigned to you 1") == 2
    assert "; overdue since 2026-06-10 14:30 UTC+8." in digest.body["text_en"]
    subject = district.outbox.subject(digest.word)
    assert (subject.event, subject.acknowledged_by) == ("digest", None)
    assert set(subject.case_nos) == set(digest.body["cases"])
    answer = district.outbox.acknowledge(digest.word, now=district.now)
    assert (answer.case_nos, answer.by) == (subject.case_nos, "qian-urban")
    assert district.outbox.subject(digest.word).acknowledged_by == "qian-urban"
    district.refresh(60)
    assert district.deliver() == []


def test_the_photos_of_a_digest_are_those_of_all_its_cases(district: District):
    digest = digest_of_two(district)
    (merged,) = district.entries(State.MERGED)
    photos = district.outbox.photos_of([digest.alert_id, merged.alert_id])
    evidence = {
        number: {entry.photo_sha256 for entry in district.registry.case(number).evidence}
        for number in digest.body["cases"]
    }
    assert len(evidence) == 2
    assert photos[digest.alert_id] == sorted(set().union(*evidence.values()))
    assert photos[merged.alert_id] == sorted(evidence[merged.case_no])
    assert set(photos[digest.alert_id]) > set(photos[merged.alert_id])


def test_one_of_a_digest_alone_is_not_the_digest(district: District):
    digest = digest_of_two(district)
    merged = next(e for e in district.entries(State.MERGED))
    word = next(
        word
        for word in map("token-{}".format, range(1, 9))
        if word != digest.word and district.outbox.subject(word).case_nos == (merged.case_no,)
    )
    district.outbox.acknowledge(word, now=district.now)
    assert district.outbox.subject(digest.word).acknowledged_by is None
    district.refresh(30)
    (message,) = district.deliver()
    assert set(message.body["cases"]) == set(digest.body["cases"]) - {merged.case_no}


def test_a_digest_goes_out_without_what_has_ended_and_not_at_all_without_any(district: District):
    district.settings(LIMITED, base=TWICE_A_DAY, routes=EVERYWHERE)
    assign_all(district)
    district.deliver()
    district.now = at("10T18:00")
    district.refresh()  # the digest is made, and waits
    numbers = [entry.case_no for entry in district.entries() if entry.told_as == "digest"]
    merged = [entry.case_no for entry in district.entries(State.MERGED)]
    feed_back(district, numbers[0])
    district.refresh()
    (digest,) = [m for m in district.claim() if m.body["event"] == "digest"]
    assert digest.body["cases"] == merged
    busy = Outcome(digest.alert_id, State.WAITING, error="busy", retry_at=at("10T18:05"))
    district.outbox.settle(district.rules, [busy], district.now)
    feed_back(district, merged[0])
    district.refresh(5)
    assert [m for m in district.claim() if m.body["event"] == "digest"] == []
    assert len(district.entries(State.CANCELLED)) == 1


def test_an_escalation_is_no_assignment_and_says_until_when(district: District):
    district.settings(WORK, routes=EVERYWHERE)
    district.step("burning.straw", Action.CONFIRM)
    district.step("burning.straw", Action.ASSIGN, assigned_to="department:urban")
    district.refresh()
    (order,) = district.deliver()
    assert "assigned to you" in order.body["text_en"]
    assert "Due 2026-06-10 11:10 UTC+8." in order.body["text_en"]  # 40 minutes
    district.refresh(30)
    (town,) = district.deliver()
    assert town.body["text_en"].startswith(
        "Not acknowledged, so you are told: Qian Jun (told at 10:30) did not acknowledge. "
        "Open straw burning was assigned: "
    )
    assert town.body["text_zh"].startswith("无人确认，现上报：Qian Jun（10:30已通知）未确认。")
    assert "to you:" not in town.body["text_en"]
    district.refresh(30)
    (duty,) = district.deliver()
    assert "Overdue since 2026-06-10 11:10 UTC+8." in duty.body["text_en"]
    assert "已于2026-06-10 11:10 UTC+8超期" in duty.body["text_zh"]
    assert "Zhou Bo (told at 11:00)" in duty.body["text_en"]


def test_only_who_has_to_handle_a_case_reads_that_it_is_assigned_to_them(district: District):
    both = WORK.replace('["department"]', '["department", "town"]')
    district.settings(both, routes=EVERYWHERE)
    district.step("burning.straw", Action.CONFIRM)
    district.step("burning.straw", Action.ASSIGN, assigned_to="department:urban")
    district.refresh()
    said = {message.person_id: message.body["text_zh"] for message in district.deliver()}
    assert said["qian-urban"].startswith("秸秆露天焚烧已派遣，请处理：")
    assert said["town-head"].startswith("秸秆露天焚烧已派遣：")


def test_whom_a_digest_told_the_day_before_is_named_with_the_day(district: District):
    digest_of_two(district)
    district.now += timedelta(days=1)
    district.refresh()
    (message,) = district.deliver()
    assert "Qian Jun (told at 2026-06-10 18:00)" in message.body["text_en"]
