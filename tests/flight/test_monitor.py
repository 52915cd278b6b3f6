import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pymavlink.dialects.v20 import ardupilotmega as mavlink
from scipy.spatial.transform import Rotation

from flight.body_camera import body_fixed_attitude
from flight.monitor import FlightMonitor
from geo.pose import Attitude, R_enu_from_camera


def feed(monitor, *messages):
    sender, receiver = mavlink.MAVLink(None, 1, 1), mavlink.MAVLink(None)
    for message in messages:
        monitor.feed(receiver.decode(bytearray(message.pack(sender))))


def heartbeat(mode, armed):
    return mavlink.MAVLink_heartbeat_message(2, 3, 81 + 128 * armed, mode, 4, 3)


def photo(index):
    return mavlink.MAVLink_camera_feedback_message(
        1_781_484_120_000_000, 0, 0, index, 325098000, 1201276000, 63, 60, -11, -13, 26, 0, 0, 0
    )


@settings(deadline=None)
@given(st.floats(-60, 60), st.floats(-60, 60), st.floats(0, 360))
def test_a_fixed_camera_looks_through_the_floor_of_the_body(roll, pitch, yaw):
    attitude = body_fixed_attitude(roll, pitch, yaw)
    r, p, y = np.radians([roll, pitch, yaw])
    about_x = np.array([[1, 0, 0], [0, np.cos(r), -np.sin(r)], [0, np.sin(r), np.cos(r)]])
    about_y = np.array([[np.cos(p), 0, np.sin(p)], [0, 1, 0], [-np.sin(p), 0, np.cos(p)]])
    about_z = np.array([[np.cos(y), -np.sin(y), 0], [np.sin(y), np.cos(y), 0], [0, 0, 1]])
    R_ned_from_body = about_z @ about_y @ about_x
    nose, right, floor = R_ned_from_body.T
    R_enu_from_ned = np.array([[0, 1, 0], [1, 0, 0], [0, 0, -1]])
    expected = R_enu_from_ned @ np.column_stack([right, -nose, floor])  # camera x, y, z
    np.testing.assert_allclose(R_enu_from_camera(attitude), expected, atol=2e-4)


def test_a_gimbal_keeps_the_camera_at_nadir_whatever_the_body_does():
    monitor = FlightMonitor(parameters={"MNT1_TYPE": 1})
    feed(monitor, heartbeat(3, True), photo(1))
    (event,) = monitor.track().camera_events
    assert event.attitude.pitch_deg == -90
    assert event.attitude.yaw_deg == pytest.approx(26)
    assert not event.is_view_told  # the gimbal may have looked elsewhere and said nothing


def mount(pitch_deg, yaw_deg):
    return mavlink.MAVLink_mount_orientation_message(1000, 1.5, pitch_deg, 0.0, yaw_deg)


@pytest.mark.parametrize("mount_type", [None, 0, 1])
def test_a_photo_looks_where_the_gimbal_said_last(mount_type):
    """PX4 has no MNT1_TYPE, and a payload's own gimbal is not among the autopilot's."""
    monitor = FlightMonitor(parameters={} if mount_type is None else {"MNT1_TYPE": mount_type})
    feed(monitor, heartbeat(3, True), mount(-90, 26), photo(1), mount(-45, 200), photo(2))
    events = monitor.track().camera_events
    assert [e.attitude for e in events] == [Attitude(26, -90, 1.5), Attitude(200, -45, 1.5)]
    assert all(event.is_view_told for event in events)


def test_a_gimbals_yaw_is_added_to_the_nose_at_the_release():
    """A vehicle that turns while it photographs has another heading than when the gimbal spoke."""
    monitor = FlightMonitor()
    half = math.radians(-45) / 2
    in_vehicle_frame = mavlink.MAVLink_gimbal_device_attitude_status_message(
        0, 0, 1000, 32, [math.cos(half), 0, math.sin(half), 0], NAN, NAN, NAN, 0
    )
    feed(monitor, heartbeat(3, True), place(1000), in_vehicle_frame, photo(1))
    (event,) = monitor.track().camera_events
    assert event.attitude.yaw_deg == pytest.approx(26)
    assert event.attitude.pitch_deg == pytest.approx(-45)


def test_a_gimbal_that_fell_silent_or_says_nonsense_is_not_believed():
    monitor = FlightMonitor(parameters={"MNT1_TYPE": 1})
    feed(monitor, heartbeat(3, True), mount(-45, 200), place(3100), photo(1))
    feed(monitor, mount(-45, 200), mount(NAN, 200), photo(2))
    assert [event.attitude.pitch_deg for event in monitor.track().camera_events] == [-90, -90]
    assert monitor.impossible == 0


def test_a_camera_event_that_comes_twice_counts_once():
    monitor = FlightMonitor()
    feed(monitor, heartbeat(3, True), photo(1), photo(1), photo(2))
    assert monitor.photo_count == 2


def test_bit_eight_of_the_base_mode_means_nothing():
    monitor = FlightMonitor()
    for base_mode in (81, 89, 81):
        feed(monitor, mavlink.MAVLink_heartbeat_message(2, 3, base_mode, 0, 3, 3))
    assert monitor.modes == ["STABILIZE"]
    assert not monitor.armed


def test_time_is_the_vehicles_own():
    monitor = FlightMonitor()
    feed(
        monitor,
        mavlink.MAVLink_system_time_message(1_781_484_000_000_000, 1000),
        heartbeat(3, True),
        mavlink.MAVLink_extended_sys_state_message(3, 3),
        mavlink.MAVLink_global_position_int_message(3000, 0, 0, 0, 0, 0, 0, 0, 0),
    )
    (point,) = monitor.track().points
    assert point.time.timestamp() == 1_781_484_002


def test_without_landed_state_a_metre_of_height_is_flying():
    monitor = FlightMonitor()
    feed(
        monitor,
        heartbeat(3, True),
        mavlink.MAVLink_global_position_int_message(5000, 0, 0, 0, 1500, 0, 0, 0, 0),
    )
    assert monitor.is_airborne
    assert monitor.took_off_ms == 5000


def test_the_second_flight_forgets_the_first():
    monitor = FlightMonitor()
    feed(monitor, heartbeat(3, True), photo(1), heartbeat(3, False), heartbeat(3, True))
    assert monitor.photo_count == 0
    assert monitor.ended_ms is None


def current(seq, state):
    return mavlink.MAVLink_mission_current_message(seq, 10, state, 0)


def test_the_end_of_the_flight_before_is_not_this_ones():
    """ArduPilot tells COMPLETE until AUTO starts the mission anew."""
    monitor = FlightMonitor()
    feed(monitor, heartbeat(4, False), current(0, 5), heartbeat(4, True), current(0, 5))
    feed(monitor, heartbeat(3, True), current(1, 3))
    assert not monitor.mission_complete
    feed(monitor, current(10, 5))
    assert monitor.mission_complete


def test_a_wind_of_exactly_nothing_is_not_known():
    monitor = FlightMonitor()
    feed(monitor, mavlink.MAVLink_wind_message(-90.0, 4.5, 0))
    assert (monitor.wind_m_s, monitor.wind_from_deg) == (4.5, 270)
    feed(monitor, mavlink.MAVLink_wind_message(0.0, 0.0, 0))
    assert (monitor.wind_m_s, monitor.wind_from_deg) == (None, None)


def test_a_breach_of_the_fence_is_remembered_until_the_next_flight():
    monitor = FlightMonitor()
    breach = mavlink.MAVLink_fence_status_message(1, 1, 3, 9000, 0)
    over = mavlink.MAVLink_fence_status_message(0, 1, 0, 9000, 0)
    feed(monitor, heartbeat(3, True), breach, over)
    assert monitor.fence_breached
    feed(monitor, heartbeat(3, False), heartbeat(3, True))
    assert not monitor.fence_breached


def test_the_words_of_a_breach_count_too():
    monitor = FlightMonitor()
    feed(
        monitor,
        heartbeat(3, True),
        mavlink.MAVLink_statustext_message(5, b"Max Alt fence breached"),
    )
    assert monitor.fence_breached


def test_px4_tells_its_pictures_by_another_message():
    """The same release told by ArduPilot and by PX4 gives the same event."""
    quaternion = Rotation.from_euler("ZYX", [26, -13, -11], degrees=True).as_quat(scalar_first=True)
    told = mavlink.MAVLink_camera_image_captured_message(
        0, 1_781_484_120_000_000, 0, 325098000, 1201276000, 63_000, 60_000,
        quaternion.tolist(), 0, 1, b"",
    )  # fmt: skip
    failed = mavlink.MAVLink_camera_image_captured_message(
        0, 0, 0, 325098000, 1201276000, 63_000, 60_000, [0.0] * 4, 1, 0, b""
    )
    events = []
    for message in (photo(1), told):
        monitor = FlightMonitor(parameters={"MNT1_TYPE": 0})
        feed(monitor, heartbeat(3, True), message, message, failed)
        (event,) = monitor.track().camera_events
        events.append(event)
    ardupilot, px4 = events
    assert (px4.index, px4.time, px4.position) == (
        ardupilot.index, ardupilot.time, ardupilot.position,
    )  # fmt: skip
    for name in ("yaw_deg", "pitch_deg", "roll_deg"):
        ours, theirs = getattr(px4.attitude, name), getattr(ardupilot.attitude, name)
        assert ours == pytest.approx(theirs, abs=1e-3)


def place(boot_ms, lat_dege7=325_098_000, heading_cdeg=9_000):
    return mavlink.MAVLink_global_position_int_message(
        boot_ms, lat_dege7, 1_201_276_000, 60_000, 57_000, 0, 0, 0, heading_cdeg
    )


NAN = float("nan")
NOT_POSSIBLE = [
    place(2000, lat_dege7=2**31 - 1),
    mavlink.MAVLink_home_position_message(-(2**31), 0, 0, 0, 0, 0, [NAN] * 4, 0, 0, 0),
    mavlink.MAVLink_system_time_message(2**64 - 1, 2000),
    mavlink.MAVLink_camera_feedback_message(2**63, 0, 0, 2, 0, 0, 63, 60, 0, 0, 0, 0, 0, 0),
    mavlink.MAVLink_camera_feedback_message(1, 0, 0, 2, 0, 0, 63, 60, 0, 0, NAN, 0, 0, 0),
    mavlink.MAVLink_camera_feedback_message(1, 0, 0, 2, 0, 0, NAN, 60, 0, 0, 0, 0, 0, 0),
    mavlink.MAVLink_camera_feedback_message(1, 0, 0, 2, 0, 0, 63, 60, float("inf"), 0, 0, 0, 0, 0),
]


@pytest.mark.parametrize("message", NOT_POSSIBLE)
def test_what_cannot_be_is_counted_and_changes_nothing(message):
    monitor = FlightMonitor()
    feed(monitor, mavlink.MAVLink_system_time_message(1_781_484_000_000_000, 1000))
    feed(monitor, heartbeat(3, armed=True), place(1000), photo(1))
    before = monitor.track(), monitor.home
    feed(monitor, message)
    assert (monitor.track(), monitor.home) == before
    assert monitor.impossible == 1


def test_a_track_is_in_time_order_whatever_the_order_of_arrival():
    monitor = FlightMonitor()
    feed(monitor, mavlink.MAVLink_system_time_message(1_781_484_000_000_000, 1000))
    feed(monitor, heartbeat(3, armed=True), place(1000), place(1400), place(1200), place(1600))
    times = [point.time for point in monitor.track().points]
    assert len(times) == 4
    assert times == sorted(times)


@pytest.mark.parametrize("heading_cdeg", [36_000, 40_000, 65_535])
def test_a_heading_that_is_not_known_is_north(heading_cdeg):
    monitor = FlightMonitor()
    feed(monitor, mavlink.MAVLink_system_time_message(1_781_484_000_000_000, 1000))
    feed(monitor, heartbeat(3, armed=True), place(1000, heading_cdeg=heading_cdeg))
    assert monitor.track().points[0].heading_deg == 0


def test_a_clock_that_runs_backwards_gives_no_negative_duration():
    monitor = FlightMonitor()
    feed(monitor, place(9000), heartbeat(3, armed=True), place(9200), place(100))
    assert monitor.duration_s == 0


def test_the_clock_of_a_camera_is_not_the_vehicles():
    monitor, reader = FlightMonitor(), mavlink.MAVLink(None)
    feed(monitor, mavlink.MAVLink_system_time_message(1_781_484_000_000_000, 1000))
    feed(monitor, heartbeat(3, armed=True))
    image = mavlink.MAVLink_camera_image_captured_message(
        3_000_000_000, 0, 0, 325098000, 1201276000, 63000, 60000, [0, 0, 0, 0], 0, 1, b""
    )
    status = mavlink.MAVLink_gimbal_device_attitude_status_message(
        0, 0, 4_000_000_000, 0, [1, 0, 0, 0], 0, 0, 0, 0
    )
    for component, message in ((100, image), (154, status)):
        frame = message.pack(mavlink.MAVLink(None, 1, component))
        monitor.feed(reader.decode(bytearray(frame)))
    assert monitor.boot_ms == 1000
    assert monitor.photo_count == 1
    (event,) = monitor.track().camera_events
    assert event.time.timestamp() == pytest.approx(1_781_484_000.0)


def test_a_breach_is_told_where_the_vehicle_has_no_words_for_it():
    def status(breached):
        return mavlink.MAVLink_fence_status_message(breached, 1, 2, 0)

    words = mavlink.MAVLink_statustext_message(5, b"Polygon fence breached")
    for messages, told in (
        ((status(1), status(1), status(1)), ["fence breached, as FENCE_STATUS says"]),
        ((status(1), words, status(1), status(1)), ["Polygon fence breached"]),
        ((status(0), status(0)), []),
    ):
        monitor = FlightMonitor()
        feed(monitor, heartbeat(3, armed=True), *messages)
        assert [t for t in monitor.texts_after(0) if "fence" in t] == told


def chunk(text, number, part):
    return mavlink.MAVLink_statustext_message(2, text.encode(), number, part)


def test_a_long_text_is_put_together():
    monitor = FlightMonitor()
    long = "PreArm: Battery 1 below minimum arming voltage, and the battery 2 is unhealthy too"
    feed(monitor, chunk(long[:50], 7, 0), chunk(long[50:], 7, 1), chunk("Other", 0, 0))
    assert monitor.texts_after(0) == (long, "Other")


def test_a_text_whose_end_is_lost_does_not_spoil_the_next():
    monitor = FlightMonitor()
    feed(monitor, chunk("a" * 50, 7, 0), chunk("b" * 50, 8, 0), chunk("end", 8, 1))
    assert monitor.texts_after(0) == ("b" * 50 + "end",)
