import itertools
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from pymavlink.dialects.v20 import ardupilotmega as mavlink

from flight.gimbals import gimbal_attitude
from flight.log import read_messages, read_tlog
from flight.monitor import FlightMonitor
from flight.protocol import FENCE, MISSION, fence_items, home_item, item_from_message
from geo.frames import LocalFrame
from geo.pose import GeoPoint
from missions.model import MissionItem
from simulations.autopilot import FLIGHT_START_S, Autopilot, Scene
from simulations.commands import receive
from simulations.drift import NO_DRIFT
from simulations.stores import stored_form
from simulations.telemetry import BUILDERS
from tests.flight.sorties import HOME, area, lonlat, small_sortie, waypoint

DATA = Path(os.environ.get("AEROGRID_DATA", Path(__file__).parents[3] / "shared")) / "sitl"


class Station:
    """A ground station that talks to an autopilot without a wire."""

    def __init__(self, scene=None):
        self.autopilot = Autopilot(scene or Scene(HOME))
        self.mav = mavlink.MAVLink(None, 255, 190)
        self.reader = mavlink.MAVLink(None)
        self.vehicle = mavlink.MAVLink(None, 1, 1)
        self.monitor = FlightMonitor()

    def say(self, message):
        arrived = self.reader.decode(bytearray(message.pack(self.mav)))
        return self.hear(receive(self.autopilot, arrived))

    def hear(self, messages):
        heard = [self.reader.decode(bytearray(m.pack(self.vehicle))) for m in messages]
        for message in heard:
            self.monitor.feed(message)
        return heard

    def command(self, command, *parameters):
        values = [*parameters, *[0.0] * (7 - len(parameters))]
        answers = self.say(mavlink.MAVLink_command_long_message(1, 1, command, 0, *values))
        return next(m.result for m in answers if m.get_type() == "COMMAND_ACK")

    def set(self, name, value):
        return self.say(mavlink.MAVLink_param_set_message(1, 1, name.encode(), value, 9))

    def load(self, items, mission_type=MISSION):
        stored = [stored_form(item, mission_type) for item in items]
        self.autopilot.stores.lists[mission_type] = stored
        self.autopilot.stores.changed(mission_type)

    def run(self, seconds, until=lambda station: False):
        for _ in range(round(seconds * 50)):
            if until(self):
                return
            self.hear(self.autopilot.step())

    def fly(self, items, seconds=600):
        self.load((home_item(HOME), *items))
        for kind, interval_us in ((33, 200_000), (245, 500_000), (2, 1_000_000), (42, 500_000)):
            self.command(511, kind, interval_us)
        self.command(176, 1, 4)
        assert self.command(400, 1) == 0
        assert self.command(300) == 0
        self.run(seconds, until=lambda station: not station.autopilot.armed)
        self.run(1.1)

    @property
    def words(self):
        return [event.text for event in self.monitor.events]


@pytest.fixture
def station():
    return Station()


def test_a_mission_ends_on_the_ground_at_home_with_the_rotors_stopped(station):
    station.fly(small_sortie().items)
    assert not station.autopilot.armed
    assert station.autopilot.craft.position == pytest.approx((0, 0, 0), abs=0.5)
    assert station.monitor.reached == [2, 3, 5, 7, 9, 11]


def test_pictures_keep_their_spacing_and_order(station):
    station.fly(small_sortie().items)
    events = station.monitor.track().camera_events
    assert [e.index for e in events] == list(range(1, 11))
    frame = LocalFrame(HOME.lon_deg, HOME.lat_deg)
    places = frame.xy_from_lonlat(
        np.array([(e.position.lon_deg, e.position.lat_deg) for e in events])
    )
    gaps = np.linalg.norm(np.diff(places, axis=0), axis=1)
    within_rows = np.delete(gaps, 4)
    assert within_rows.min() >= 19.99
    assert np.median(within_rows) < 20.2


def test_truth_differs_from_the_report_by_the_drift_only():
    exact, drifting = Station(Scene(HOME, drift=NO_DRIFT)), Station(Scene(HOME, seed=4))
    for station in (exact, drifting):
        station.fly(small_sortie().items)
    frame = LocalFrame(HOME.lon_deg, HOME.lat_deg)

    def misses_m(station):
        truth = [e.pose.position for e in station.autopilot.exposures]
        told = [e.position for e in station.monitor.track().camera_events]
        told_xy, true_xy = (
            frame.xy_from_lonlat(np.array([(p.lon_deg, p.lat_deg) for p in points]))
            for points in (told, truth)
        )
        return np.linalg.norm(told_xy - true_xy, axis=1)

    assert misses_m(exact).max() < 0.02
    assert 0.05 < np.median(misses_m(drifting)) < 3.0


def test_time_on_the_ground_does_not_change_the_flight():
    def exposures(wait_s):
        station = Station(Scene(HOME, seed=2))
        station.run(wait_s)
        station.fly(small_sortie().items)
        return station.autopilot.exposures

    assert exposures(0.5) == exposures(17.3)


def test_a_flight_begins_at_its_fixed_time(station):
    station.load((home_item(HOME), *small_sortie().items))
    station.command(176, 1, 4)
    station.command(400, 1)
    station.command(300)
    assert station.autopilot.now_s == FLIGHT_START_S


@pytest.mark.parametrize(
    ("prepare", "reason"),
    [
        (lambda s: s.command(176, 1, 6), "Arm: RTL mode not armable"),
        (lambda s: s.command(176, 1, 3), "Arm: AUTO mode not armable"),
        (lambda s: s.set("BATT_ARM_VOLT", 18), "Arm: Battery 1 below minimum arming voltage"),
        (
            lambda s: (s.set("FENCE_ENABLE", 1), s.set("FENCE_TYPE", 0)),
            "Arm: Fences enabled, but none selected",
        ),
        (
            lambda s: (
                s.load(fence_items(area(50, 50, 90, 90)), FENCE),
                s.set("FENCE_ENABLE", 1),
            ),
            "Arm: Vehicle breaching Polygon fence",
        ),
    ],
)
def test_arming_is_refused_with_the_reason(station, prepare, reason):
    prepare(station)
    assert station.command(400, 1) == 4
    assert reason in station.words


def test_arming_needs_a_position():
    station = Station(Scene(HOME, boot_s=10))
    assert station.command(400, 1) == 4
    assert "Arm: Need Position Estimate" in station.words


def test_a_mission_without_take_off_does_not_start_on_the_ground(station):
    station.load((home_item(HOME), waypoint(20, 20)))
    station.command(176, 1, 4)
    station.command(400, 1)
    assert station.command(300) == 4


def test_standing_armed_for_long_disarms(station):
    station.command(176, 1, 4)
    station.command(400, 1)
    station.run(11)
    assert not station.autopilot.armed


def test_disarming_in_the_air_is_refused_unless_forced(station):
    station.load((home_item(HOME), *small_sortie().items))
    station.command(176, 1, 4)
    station.command(400, 1)
    station.command(300)
    station.run(15)
    assert station.command(400, 0) == 4
    assert station.command(400, 0, 21196) == 0


def airborne(station, item=4):
    station.load((home_item(HOME), *small_sortie().items))
    station.command(176, 1, 4)
    station.command(400, 1)
    station.command(300)
    station.run(120, until=lambda s: s.autopilot.mission.seq >= item)
    station.run(3)


def test_leaving_the_fence_turns_the_vehicle_home(station):
    station.load(fence_items(area(-50, -50, 100, 70)), FENCE)
    station.set("FENCE_ENABLE", 1)
    station.fly(small_sortie().items)
    assert station.monitor.modes[-2:] == ["AUTO", "RTL"]
    assert {"Polygon fence breached", "Fence breach cleared"} <= set(station.words)


def test_a_low_battery_turns_the_vehicle_home(station):
    airborne(station)
    station.set("SIM_BATT_VOLTAGE", 13.5)
    station.run(12)
    assert station.monitor.modes[-1] == "RTL"
    assert any(words.startswith("Battery 1 is low 13.50V") for words in station.words)


def test_a_critical_battery_lands_where_it_is(station):
    airborne(station)
    station.set("SIM_BATT_VOLTAGE", 13.0)
    station.run(12)
    assert station.monitor.modes[-1] == "LAND"


def test_a_silent_ground_station_turns_the_vehicle_home(station):
    station.set("FS_GCS_ENABLE", 1)
    station.say(mavlink.MAVLink_heartbeat_message(6, 8, 0, 0, 4, 3))
    airborne(station)
    station.run(6)
    assert "GCS Failsafe" in station.words
    assert station.monitor.modes[-1] == "RTL"


def test_pausing_holds_and_continuing_ends_the_mission(station):
    airborne(station)
    assert station.command(193, 0) == 0
    station.run(10)
    here = station.autopilot.craft.position
    station.run(5)
    assert station.autopilot.craft.position == pytest.approx(here, abs=0.2)
    assert station.command(193, 1) == 0
    station.run(300, until=lambda s: not s.autopilot.armed)
    assert station.autopilot.mission.complete


def test_another_mode_and_back_goes_on_at_the_same_item(station):
    airborne(station)
    before = station.autopilot.mission.seq
    station.command(176, 1, 17)
    station.run(5)
    station.command(176, 1, 3)
    assert station.autopilot.mission.seq == before
    station.run(300, until=lambda s: not s.autopilot.armed)
    assert station.autopilot.mission.complete


def test_unknown_modes_commands_and_parameters_are_answered_as_ardupilot_does(station):
    assert station.command(176, 1, 99) == 4
    assert "No such mode 99" in station.words
    assert station.command(12345) == 3
    assert station.set("NO_SUCH_PARAM", 1) == []
    assert station.set("WPNAV_SPEED", float("nan")) == []


def test_nothing_streams_until_asked_for(station):
    heard = []
    for _ in range(150):
        heard += station.autopilot.step()
    assert {m.get_type() for m in heard} <= {"HEARTBEAT", "TIMESYNC", "STATUSTEXT"}


@pytest.mark.parametrize("kind", sorted(BUILDERS))
def test_every_message_can_be_asked_for_and_follows_the_acknowledgement(station, kind):
    answers = station.say(mavlink.MAVLink_command_long_message(1, 1, 512, 0, kind, *[0] * 6))
    assert next(m.get_type() for m in answers) == "COMMAND_ACK"
    assert answers[1].get_msgId() == kind


@pytest.mark.parametrize("mount", [0, 6])
def test_a_gimbal_tells_its_angles_where_there_is_one(station, mount):
    """Without one the request is granted, and nothing comes, as with ArduPilot's."""
    words = list(station.words)
    station.autopilot.parameters.set("MNT1_TYPE", mount)
    station.autopilot.shutter.pitch_deg = -50
    assert station.command(511, 285, 200_000) == 0
    assert list(station.words) == words
    heard = [m for _ in range(100) for m in station.autopilot.step()]
    told = [gimbal_attitude(m, 120.0) for m in heard if m.get_msgId() == 285]
    assert len(told) == (10 if mount else 0)
    for view in told:
        assert (view.yaw_deg, view.pitch_deg, view.roll_deg) == pytest.approx((120, -50, 0))


def test_a_data_stream_gives_telemetry_at_its_rate(station):
    station.say(mavlink.MAVLink_request_data_stream_message(1, 1, 0, 4, 1))
    heard = []
    for _ in range(100):
        heard += station.autopilot.step()
    assert sum(m.get_type() == "ATTITUDE" for m in heard) == pytest.approx(8, abs=1)


def test_another_vehicles_orders_are_not_ours(station):
    assert station.say(mavlink.MAVLink_command_long_message(9, 1, 400, 0, 1, *[0] * 6)) == []


def test_guided_take_off_climbs_and_stays(station):
    station.command(176, 1, 4)
    station.command(400, 1)
    assert station.command(22, 0, 0, 0, 0, 0, 0, 12) == 0
    station.run(20)
    assert station.autopilot.craft.position[2] == pytest.approx(12, abs=0.1)


def test_a_new_mode_is_told_at_once_and_only_then(station):
    ordered = mavlink.MAVLink_command_long_message(1, 1, 176, 0, 1, 5, 0, 0, 0, 0, 0)
    modes = [
        [m.custom_mode for m in station.say(ordered) if m.get_type() == "HEARTBEAT"]
        for _ in range(2)
    ]
    assert modes == [[5], []]


def test_auto_after_a_guided_take_off_flies_the_whole_mission(station):
    station.load((home_item(HOME), *small_sortie().items))
    for kind in (33, 42):
        station.command(511, kind, 200_000)
    station.command(176, 1, 4)
    station.command(400, 1)
    station.command(22, 0, 0, 0, 0, 0, 0, 40)
    station.run(60, until=lambda s: s.monitor.height_home_m > 39.5)
    assert station.command(176, 1, 3) == 0
    station.run(5)
    assert station.monitor.height_home_m > 39.5  # the mission's take-off to 30 m does not sink
    station.run(600, until=lambda s: not s.autopilot.armed)
    assert station.monitor.reached == [2, 3, 5, 7, 9, 11]
    assert len(station.autopilot.exposures) == 10


@pytest.mark.skipif(not DATA.exists(), reason=f"no recordings of a real ArduCopter at {DATA}")
def test_the_recorded_survey_flies_like_the_real_one():
    recorded = read_tlog(DATA / "copter_survey.tlog")
    sent = {
        m.seq: item_from_message(m)
        for m in read_messages(DATA / "copter_survey.tlog")
        if m.get_type() == "MISSION_ITEM_INT" and m.get_srcSystem() == 255 and not m.mission_type
    }
    items = [sent[seq] for seq in sorted(sent)]
    home = GeoPoint(items[0].lon_deg, items[0].lat_deg, items[0].altitude_m)
    station = Station(Scene(home, drift=NO_DRIFT))
    station.fly(items[1:])
    ours = station.monitor
    assert tuple(ours.reached) == recorded.reached
    assert len(ours.track().camera_events) == 56 == len(recorded.track.camera_events)
    assert ours.duration_s == pytest.approx(recorded.duration_s, rel=0.05)
    assert path_rms_m(ours.track(), recorded.track, home) < 1.0


def path_rms_m(ours, theirs, home):
    """Distance of each recorded point from the path flown here."""
    frame = LocalFrame(home.lon_deg, home.lat_deg)
    a, b = (
        np.column_stack(
            [
                frame.xy_from_lonlat(
                    np.array([(p.position.lon_deg, p.position.lat_deg) for p in track.points])
                ),
                [p.height_home_m for p in track.points],
            ]
        )
        for track in (ours, theirs)
    )
    fine = np.concatenate(
        [p + (q - p) * np.linspace(0, 1, 5)[:, None] for p, q in itertools.pairwise(a)]
    )
    nearest = [np.linalg.norm(fine - point, axis=1).min() for point in b]
    return float(np.sqrt(np.mean(np.square(nearest))))


def test_a_mission_with_a_hold_waits_there():
    waiting = replace(waypoint(40, 0), parameters=(10.0, 0.0, 0.0, 0.0))
    durations = []
    for item in (waypoint(40, 0), waiting):
        station = Station()
        station.fly((MissionItem(22, 3, altitude_m=20), item, waypoint(0, 40), MissionItem(20, 2)))
        durations.append(station.monitor.duration_s)
    assert durations[1] - durations[0] == pytest.approx(13, abs=4)  # the hold, and no rounding


def test_a_turn_of_the_nose_holds_up_the_items_behind_it(station):
    rows = (
        MissionItem(22, 3, altitude_m=20),
        waypoint(40, 0, 20),
        MissionItem(115, 2, (270, 0, 0, 0)),  # back where it came from
        MissionItem(206, 2, (10, 0, 1, 0)),
        waypoint(140, 0, 20),
        MissionItem(20, 2),
    )
    station.fly(rows)
    first = station.monitor.track().camera_events[0]
    assert first.attitude.yaw_deg == pytest.approx(270, abs=2.1)
    assert first.position.lon_deg > lonlat(45, 0)[0]


def test_a_waypoint_takes_the_heading_back(station):
    items = (
        MissionItem(22, 3, altitude_m=20),
        waypoint(0, 40, 20),
        MissionItem(115, 2, (90, 0, 0, 0)),
        waypoint(0, 120, 20),
        waypoint(0, 200, 20),
        MissionItem(20, 2),
    )
    station.load((home_item(HOME), *items))
    station.command(176, 1, 4)
    station.command(400, 1)
    station.command(300)
    headings = {}

    def note(station):
        craft = station.autopilot.craft
        headings.setdefault(round(craft.position[1]), craft.heading_deg)

    station.run(90, until=note)
    assert headings[100] == pytest.approx(90, abs=1)
    assert headings[170] % 360 == pytest.approx(0, abs=1)


def test_rotors_that_are_stopped_in_the_air_let_the_vehicle_fall(station):
    station.command(176, 1, 4)
    station.command(400, 1)
    station.command(22, 0, 0, 0, 0, 0, 0, 12)
    station.run(20)
    assert station.command(400, 0, 21196) == 0
    station.run(3)
    (hit,) = [text for text in station.words if text.startswith("SIM Hit ground")]
    assert float(hit.split()[4]) == pytest.approx((2 * 9.80665 * 12) ** 0.5, rel=0.02)
    assert station.autopilot.craft.position[2] == 0.0


def test_a_landing_right_after_the_start_ends_with_the_rotors_stopped(station):
    station.command(176, 1, 4)
    station.command(400, 1)
    station.command(22, 0, 0, 0, 0, 0, 0, 12)
    station.run(4.2)
    station.command(176, 1, 9)
    station.run(15)
    assert not station.autopilot.armed


def test_a_return_goes_to_a_rally_point_that_is_nearer_than_home(station):
    lon, lat = lonlat(30, 120)
    station.load((MissionItem(5100, 3, (0, 0, 0, 0), lon, lat, 25.0),), 2)
    airborne(station, item=7)
    station.command(20)
    station.run(200, until=lambda s: not s.autopilot.armed)
    assert station.autopilot.craft.position[:2] == pytest.approx((30, 120), abs=0.5)


def test_without_a_camera_set_up_before_the_boot_no_picture_is_told():
    station = Station(Scene(HOME, parameters={"CAM1_TYPE": 0}))
    station.fly(small_sortie().items)
    assert station.autopilot.exposures == []
