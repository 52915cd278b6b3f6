import pytest
from pymavlink.dialects.v20 import ardupilotmega as mavlink

from simulations.recognising import Recogniser
from simulations.scenarios import Fault


@pytest.mark.parametrize(
    ("words", "fault"),
    [
        ("Battery 1 is low 11.00V used 284 mAh", Fault.BATTERY),
        ("EKF Failsafe: changed to LAND Mode", Fault.GPS),
        ("GCS Failsafe", Fault.LINK),
        ("Radio Failsafe", Fault.RADIO),
        ("Polygon fence breached", Fault.FENCE),
        ("Potential Thrust Loss (1)", Fault.MOTOR),
    ],
)
def test_recorded_words_are_understood(words, fault):
    recogniser = Recogniser(12.0)
    recogniser.hear(mavlink.MAVLink_statustext_message(4, words.encode()), 7.0, flying=True)
    assert recogniser.found == {fault: 7.0}


@pytest.mark.parametrize("words", ["GCS Failsafe Cleared", "Mission: 3 WP", "Fence breach cleared"])
def test_words_that_tell_no_failure_are_passed_over(words):
    recogniser = Recogniser(12.0)
    recogniser.hear(mavlink.MAVLink_statustext_message(4, words.encode()), 7.0, flying=True)
    assert recogniser.found == {}


def feel(winds_m_s):
    recogniser = Recogniser(12.0)
    for second, speed in enumerate(winds_m_s):
        message = mavlink.MAVLink_wind_message(0.0, speed, 0.0)
        recogniser.hear(message, float(second), flying=True)
    return recogniser.found


def test_a_wind_over_the_limit_is_found_and_a_gust_is_not():
    assert Fault.WIND in feel([5.0] * 5 + [15.0] * 20)
    assert feel([5.0] * 5 + [16.0] * 4 + [5.0] * 20) == {}


def test_silence_in_the_air_is_a_lost_link():
    recogniser = Recogniser(12.0)
    recogniser.hear(mavlink.MAVLink_wind_message(0.0, 1.0, 0.0), 1.0, flying=True)
    recogniser.hear(None, 3.0, flying=True)
    assert recogniser.found == {}
    recogniser.hear(None, 4.5, flying=True)
    assert recogniser.found == {Fault.LINK: 4.5}


def test_one_motor_that_is_driven_harder_is_weak():
    found = []
    for outputs in ([1700, 1500, 1500, 1500], [1500, 1510, 1495, 1505]):
        recogniser = Recogniser(12.0)
        for second in range(6):
            message = mavlink.MAVLink_servo_output_raw_message(0, 0, *outputs, 0, 0, 0, 0)
            recogniser.hear(message, float(second), flying=True)
        found.append(Fault.MOTOR in recogniser.found)
    assert found == [True, False]
