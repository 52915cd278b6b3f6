from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch.errors import AlertError
from dispatch.policies import parse_alerts
from tests.dispatch.alerting import FIRE, ORDERS, SETTINGS, at

SMS_ONLY = FIRE.replace('"push", "sms", "voice", "page"', '"sms"')


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (SETTINGS + FIRE.replace('"file"', '"fire"'), "no event is called 'fire'"),
        (SETTINGS + FIRE.replace("acknowledge_within_min = 5", ""), "or neither"),
        (SETTINGS + FIRE.replace('to = ["department", "officer"]', ""), "somebody to tell"),
        ('version = "x"' + FIRE, "uses sms, for which there is no gateway"),
        (SETTINGS + SMS_ONLY.replace('"sms"', '"mqtt"'), "no broker is named"),
        (SETTINGS.replace("attempts = 4", "digest_at = []"), "digest_at needs at least one"),
        (SETTINGS.replace("attempts = 4", "attempts = 0"), "attempts: .*greater than"),
        (SETTINGS.replace(":8000", ":8000/"), "page_url"),
        (SETTINGS + FIRE.replace('"page"', '"fax"'), "channels.3"),
        (SETTINGS + FIRE + 'channel = "sms"', "policies.0.channel: Extra"),
    ],
)
def test_settings_that_cannot_be_followed_are_refused(text: str, said: str):
    with pytest.raises(AlertError, match=rf"(?s)alerts\.toml.*{said}"):
        parse_alerts(text, "alerts.toml")


def test_the_first_policy_that_fits_counts():
    parsed = parse_alerts(SETTINGS + FIRE.replace("burning.straw", "burning.*") + ORDERS, "a")
    fire = parsed.policy("burning.straw", "file", at("10T10:00"))
    assert fire is not None
    assert fire.escalate_to
    assert parsed.policy("fishing.boat", "file", at("10T10:00")) is None
    assert parsed.policy("fishing.boat", "assign", at("10T10:00")) is not None


@pytest.mark.parametrize(
    ("now", "until"),
    [
        ("10T21:59", None),
        ("10T22:00", "11T07:00"),
        ("11T03:00", "11T07:00"),
        ("11T06:59", "11T07:00"),
        ("11T07:00", None),
    ],
)
def test_quiet_hours_run_over_midnight(now: str, until: str | None):
    parsed = parse_alerts(SETTINGS + ORDERS, "a")
    assert parsed.quiet_until(parsed.policies[0], at(now)) == (until and at(until))


@given(minute=st.integers(0, 3 * 24 * 60))
def test_what_is_held_back_comes_when_nobody_is_left_alone_any_more(minute: int):
    parsed = parse_alerts(SETTINGS + ORDERS, "a")
    now = at("10T00:00") + timedelta(minutes=minute)
    until = parsed.quiet_until(parsed.policies[0], now)
    if until is not None:
        assert now < until <= now + timedelta(hours=9)
        assert parsed.quiet_until(parsed.policies[0], until) is None


def test_the_next_digest_is_the_next_time_of_day_that_is_named():
    two = parse_alerts(
        SETTINGS.replace("attempts", 'digest_at = ["18:00", "08:30"]\nattempts'), "a"
    )
    moments = ("10T08:29", "10T08:30", "10T18:00")
    found = [two.next_digest(at(moment)) for moment in moments]
    assert found == [at("10T08:30"), at("10T18:00"), at("11T08:30")]


@given(attempts=st.integers(1, 100), key=st.from_regex(r"\A[0-9a-f]{32}\Z"))
def test_waits_double_up_to_the_longest_and_are_scattered(attempts: int, key: str):
    parsed = parse_alerts(SETTINGS, "a")
    wait_s = parsed.retry_after(attempts, key).total_seconds()
    whole_s = min(2.0 * 2 ** (attempts - 1), 300.0)
    assert 0.75 * whole_s <= wait_s <= 1.25 * whole_s
