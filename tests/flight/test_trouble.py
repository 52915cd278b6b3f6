"""What went wrong in a flight is recognised by the words of ArduCopter and PX4."""

from datetime import UTC, datetime, timedelta

import pytest

from flight.trouble import FlightEvent, Kind, cause_of, kind_of, troubles_of

START = datetime(2026, 6, 15, 1, tzinfo=UTC)


def said(*told):
    return [FlightEvent(START + timedelta(seconds=s), 4, text) for s, text in told]


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Battery 1 is low 11.00V used 284 mAh", Kind.BATTERY),
        ("Battery Failsafe", Kind.BATTERY),
        ("EKF Failsafe: changed to LAND Mode", Kind.GNSS),
        ("GPS Glitch or Compass error", Kind.GNSS),
        ("GCS Failsafe", Kind.LINK),
        ("Radio Failsafe", Kind.RADIO),
        ("Polygon fence breached", Kind.FENCE),
        ("Potential Thrust Loss (1)", Kind.MOTOR),
        ("Crash: Disarming: AngErr=60>30, Accel=0.1<3.0", Kind.CRASH),
        ("SIM Hit ground at 14.45612 m/s", Kind.CRASH),
        ("Terrain data missing", Kind.TERRAIN),
        ("Vibration compensation ON", Kind.VIBRATION),
        # PX4
        ("Low battery level, return advised", Kind.BATTERY),
        ("Connection to ground station lost", Kind.LINK),
        ("GCS connection lost", Kind.LINK),
        ("Manual control signal lost", Kind.RADIO),
        ("Geofence violation: approaching or outside geofence", Kind.FENCE),
        ("Global position estimate lost", Kind.GNSS),
    ],
)
def test_words_of_trouble_are_known(text, kind):
    assert kind_of(text) is kind


@pytest.mark.parametrize(
    "text",
    [
        "SIM Hit ground at 0.500015 m/s",
        "Mission: 3 WP",
        "EKF3 IMU0 is using GPS",
        "EKF primary changed:1",
        "Fence Indexed OK",
        "Flight plan received",
        "Disarming motors",
        "Manual recovery started",
    ],
)
def test_everyday_words_are_no_trouble(text):
    assert kind_of(text) is None


def test_trouble_is_told_once_until_it_is_over():
    events = said(
        (0, "GCS Failsafe"), (1, "GCS Failsafe"), (9, "GCS Failsafe Cleared"), (20, "GCS Failsafe")
    )
    assert [t.time for t in troubles_of(events)] == [START, START + timedelta(seconds=20)]


def test_the_mode_that_was_entered_with_the_words_is_the_response():
    events = said((0, "Mode AUTO"), (10, "Mode RTL"), (10, "Battery 1 is low"), (60, "Mode LAND"))
    (trouble,) = troubles_of(events)
    assert trouble.response == "RTL"
    assert str(trouble) == "battery: Battery 1 is low; the vehicle went to RTL"


def test_a_trouble_that_changed_nothing_is_no_cause():
    events = said((0, "Mode AUTO"), (10, "GPS Glitch or Compass error"), (60, "Disarming motors"))
    assert [t.kind for t in troubles_of(events)] == [Kind.GNSS]
    assert cause_of(events) is None


def test_a_mode_without_a_word_was_ordered():
    cause = cause_of(said((0, "Mode AUTO"), (30, "Mode LOITER")))
    assert (cause.kind, cause.response) == (Kind.ORDER, "LOITER")


def test_a_mission_that_was_gone_on_with_has_no_cause():
    assert cause_of(said((0, "Mode AUTO"), (9, "Mode BRAKE"), (20, "Mode AUTO"))) is None
