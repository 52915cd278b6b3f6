import pytest
from pymavlink.dialects.v20 import ardupilotmega as mavlink

from flight.monitor import FlightMonitor
from flight.recognising import Recogniser
from flight.trouble import Kind


@pytest.fixture
def listener():
    """A recogniser of a vehicle in the air, and how it hears a message at some second."""
    monitor = FlightMonitor()
    recogniser = Recogniser(monitor, 12.0)
    sender, receiver = mavlink.MAVLink(None, 1, 1), mavlink.MAVLink(None)

    def hear(message, now_s):
        arrived = receiver.decode(bytearray(message.pack(sender)))
        monitor.feed(arrived)
        recogniser.hear(arrived, now_s)

    hear(mavlink.MAVLink_heartbeat_message(2, 3, 209, 3, 4, 3), 0.0)
    hear(mavlink.MAVLink_extended_sys_state_message(0, 2), 0.0)
    return recogniser, hear


def words(text, severity=4):
    return mavlink.MAVLink_statustext_message(severity, text.encode())


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Battery 1 is low 11.00V used 284 mAh", Kind.BATTERY),
        ("EKF Failsafe: changed to LAND Mode", Kind.GNSS),
        ("GCS Failsafe", Kind.LINK),
        ("Radio Failsafe", Kind.RADIO),
        ("Polygon fence breached", Kind.FENCE),
        ("Potential Thrust Loss (1)", Kind.MOTOR),
    ],
)
def test_recorded_words_are_understood_when_they_come(listener, text, kind):
    recogniser, hear = listener
    hear(words(text), 7.0)
    hear(words(text), 9.0)
    assert recogniser.found == {kind: 7.0}


@pytest.mark.parametrize("text", ["GCS Failsafe Cleared", "Mission: 3 WP", "Fence breach cleared"])
def test_words_that_tell_no_failure_are_passed_over(listener, text):
    recogniser, hear = listener
    hear(words(text), 7.0)
    assert recogniser.found == {}


def test_words_of_before_the_flight_do_not_count():
    monitor = FlightMonitor()
    monitor.note(2, "PreArm: Battery 1 is low")
    recogniser = Recogniser(monitor, None)
    recogniser.begin()
    recogniser.read_events(1.0)
    assert recogniser.found == {}


def feel(listener, winds_m_s):
    recogniser, hear = listener
    for second, speed in enumerate(winds_m_s):
        hear(mavlink.MAVLink_system_time_message(0, 1000 * second), float(second))
        hear(mavlink.MAVLink_wind_message(0.0, speed, 0.0), float(second))
    return recogniser.found


def test_a_wind_over_the_limit_is_found(listener):
    assert Kind.WIND in feel(listener, [5.0] * 5 + [15.0] * 20)


def test_a_gust_is_not(listener):
    assert feel(listener, [5.0] * 5 + [16.0] * 4 + [5.0] * 20) == {}


def test_a_lost_link_is_found_and_told(listener):
    recogniser, _ = listener
    recogniser.lose_link("nothing heard for 6 s", 8.0)
    assert recogniser.found == {Kind.LINK: 8.0}
    assert "data link lost here: nothing heard for 6 s" in recogniser.monitor.texts_after(0)


@pytest.mark.parametrize(
    ("outputs_us", "weak"),
    [([1700, 1500, 1500, 1500], True), ([1500, 1510, 1495, 1505], False)],
)
def test_one_motor_that_is_driven_harder_is_weak(listener, outputs_us, weak):
    recogniser, hear = listener
    for second in range(6):
        hear(mavlink.MAVLink_system_time_message(0, 1000 * second), float(second))
        hear(mavlink.MAVLink_servo_output_raw_message(0, 0, *outputs_us, 0, 0, 0, 0), float(second))
    assert (Kind.MOTOR in recogniser.found) == weak
