"""Recordings of a real ArduCopter, flown again by the built-in vehicle: the same course of events.

What was done to the real one (a parameter, silence, a command) is done to ours at the same time
after arming.
"""

import itertools
import os
import re
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from pymavlink.dialects.v20 import ardupilotmega as mavlink

from flight.log import read_messages
from flight.protocol import FENCE, MISSION, RALLY, item_from_message
from geo.frames import LocalFrame
from geo.pose import GeoPoint
from simulations.airframe import Airframe
from simulations.autopilot import Autopilot, Scene
from simulations.commands import receive
from simulations.drift import NO_DRIFT
from simulations.stores import stored_form

DATA = Path(os.environ.get("AEROGRID_DATA", Path(__file__).parents[3] / "shared")) / "sitl"
pytestmark = pytest.mark.skipif(
    not DATA.exists(), reason=f"no recordings of a real ArduCopter at {DATA}"
)
HOME = GeoPoint(120.1276, 32.5098, 3.0)
SITL = Airframe(drag_1_m=0.0, rotor_drag_1_s=0.5)  # ArduPilot's simulated frame, as it coasts
SET_UP = {  # CONFORMANCE 3.5 and the parameters in the recordings
    "AUTO_OPTIONS": 3,
    "BATT_LOW_VOLT": 11.5,
    "BATT_CRT_VOLT": 10.5,
    "FS_GCS_ENABLE": 1,
    "SIM_BATT_VOLTAGE": 12.6,
    "FENCE_TYPE": 5,
}
TOLD = ("Mission: ", "Reached ", "Auto mission changed", "Fail", "Battery", "EKF", "GCS", "Radio",
        "Polygon", "Manual", "Fence breach", "SIM Hit", "Disarming")  # fmt: skip
NOT_MODELLED = ("in-flight yaw alignment", "primary changed:0", "Fence Indexed")


@dataclass
class Course:
    """What a flight came to, from arming to disarming; times in seconds after arming."""

    modes: list = field(default_factory=list)
    texts: list = field(default_factory=list)
    states: list = field(default_factory=list)
    places: list = field(default_factory=list)
    reached: list = field(default_factory=list)
    photos: int = 0
    duration_s: float = 0.0

    def time_of(self, words):
        return next(t for t, text in self.texts if text.startswith(words))


def course_of(messages):
    """Read a flight from (seconds, message) pairs of the vehicle."""
    course, armed_s = Course(), None
    for now_s, message in messages:
        kind = message.get_type()
        if kind == "STATUSTEXT" and message.text == "Arming motors":
            armed_s = now_s
        if armed_s is None or course.duration_s:
            continue
        after_s = now_s - armed_s
        if kind == "HEARTBEAT":
            if [m for _, m in course.modes][-1:] != [message.custom_mode]:
                course.modes.append((after_s, message.custom_mode))
            course.states.append(message.system_status)
        elif kind == "STATUSTEXT" and message.text.startswith(TOLD):
            if not any(words in message.text for words in NOT_MODELLED):
                course.texts.append((after_s, message.text))
            if message.text == "Disarming motors":
                course.duration_s = after_s
        elif kind == "GLOBAL_POSITION_INT":
            place = message.lon / 1e7, message.lat / 1e7, message.relative_alt / 1000
            course.places.append((after_s, *place))
        elif kind == "MISSION_ITEM_REACHED":
            course.reached.append(message.seq)
        elif kind == "CAMERA_FEEDBACK":
            course.photos += 1
    return course


def recorded(name):
    """The real flight, and what was uploaded before it."""
    heard, lists, now_s = [], {MISSION: {}, FENCE: {}, RALLY: {}}, 0.0
    for message in read_messages(DATA / f"{name}.tlog"):
        if message.get_srcSystem() == 255:
            armed = any(
                m.get_type() == "STATUSTEXT" and m.text == "Arming motors" for _, m in heard[-1:]
            )
            if message.get_type() == "MISSION_ITEM_INT" and not armed and now_s < 120:
                kind = lists[message.mission_type]
                kind.setdefault(message.seq, item_from_message(message))
            continue
        if message.get_type() == "GLOBAL_POSITION_INT":
            now_s = message.time_boot_ms / 1000
        heard.append((now_s, message))
    return course_of(heard), {k: [v[s] for s in sorted(v)] for k, v in lists.items()}


class Replay:
    """Our vehicle, armed in AUTO as the real one was, with deeds at times after arming."""

    def __init__(self, lists, deeds=(), silent=(), fence=False):
        parameters = {**SET_UP, "FENCE_ENABLE": float(fence)}
        scene = Scene(HOME, airframe=SITL, drift=NO_DRIFT, parameters=parameters)
        self.autopilot = Autopilot(scene)
        self.ours, self.theirs = mavlink.MAVLink(None, 255, 190), mavlink.MAVLink(None, 1, 1)
        self.reader = mavlink.MAVLink(None)
        self.heard, self.deeds, self.silent = [], list(deeds), silent
        for kind, items in lists.items():
            self.autopilot.stores.lists[kind] = [stored_form(item, kind) for item in items]
            self.autopilot.stores.changed(kind)
        self.say(mavlink.MAVLink_heartbeat_message(6, 8, 0, 0, 4, 3))
        self.command(511, 33, 200_000)
        self.command(176, 1, 3)
        assert self.command(400, 1) == 0

    def say(self, message):
        arrived = self.reader.decode(bytearray(message.pack(self.ours)))
        answers = receive(self.autopilot, arrived)
        self.hear(answers)
        return answers

    def hear(self, messages):
        for message in messages:
            decoded = self.reader.decode(bytearray(message.pack(self.theirs)))
            self.heard.append((self.autopilot.now_s, decoded))

    def command(self, command, *parameters):
        values = [*parameters, *[0.0] * (7 - len(parameters))]
        answers = self.say(mavlink.MAVLink_command_long_message(1, 1, command, 0, *values))
        return next(m.result for m in answers if m.get_type() == "COMMAND_ACK")

    def set(self, name, value):
        self.say(mavlink.MAVLink_param_set_message(1, 1, name.encode(), value, 9))

    def upload(self, items):
        for message in (
            mavlink.MAVLink_mission_count_message(1, 1, len(items), 0),
            *(message_of(item, seq) for seq, item in enumerate(items)),
        ):
            self.say(message)

    def fly(self):
        autopilot = self.autopilot
        begun_s = autopilot.now_s
        while autopilot.armed and autopilot.now_s - begun_s < 900:
            after_s = autopilot.now_s - begun_s
            while self.deeds and self.deeds[0][0] <= after_s:
                self.deeds.pop(0)[1](self)
            quiet = any(start <= after_s < end for start, end in self.silent)
            if autopilot.tick % 50 == 0 and not quiet:
                self.say(mavlink.MAVLink_heartbeat_message(6, 8, 0, 0, 4, 3))
            self.hear(autopilot.step())
        return course_of(self.heard)


def message_of(item, seq):
    return mavlink.MAVLink_mission_item_int_message(
        1, 1, seq, item.frame, item.command, 0, 1, *item.parameters,
        round(item.lat_deg * 1e7), round(item.lon_deg * 1e7), item.altitude_m, 0,
    )  # fmt: skip


def local(course):
    frame = LocalFrame(HOME.lon_deg, HOME.lat_deg)
    places = np.array(course.places)
    return places[:, 0], np.column_stack([frame.xy_from_lonlat(places[:, 1:3]), places[:, 3]])


def rms_m(ours, theirs):
    """Distance of each recorded point from the path flown here."""
    (_, a), (_, b) = local(ours), local(theirs)
    fine = np.concatenate(
        [p + (q - p) * np.linspace(0, 1, 5)[:, None] for p, q in itertools.pairwise(a)]
    )
    nearest = [np.linalg.norm(fine - point, axis=1).min() for point in b]
    return float(np.sqrt(np.mean(np.square(nearest))))


def words(course):
    """Texts in order, without figures that depend on the airframe and which IMU it was."""
    found = []
    for _, text in course.texts:
        plain = re.sub("IMU[01]", "IMU", text.split(" used ")[0])
        found.append("SIM Hit ground" if "SIM Hit" in plain else plain)
    return found


def battery(replay):
    replay.set("SIM_BATT_VOLTAGE", 11.0)


def second_mission():
    """What was uploaded in flight in fs_pause."""
    sent = [
        message
        for message in read_messages(DATA / "fs_pause.tlog")
        if message.get_type() == "MISSION_ITEM_INT" and message.get_srcSystem() == 255
    ]
    begin = max(index for index, message in enumerate(sent) if message.seq == 0)
    return [item_from_message(message) for message in sent[begin:]]


def clear(replay):
    (answer,) = replay.say(mavlink.MAVLink_mission_clear_all_message(1, 1, 0))
    assert answer.type == 1  # refused in AUTO


PAUSES = [
    (25.3, lambda r: r.command(176, 1, 17)),
    (35.5, lambda r: r.command(176, 1, 5)),
    (54.2, lambda r: r.command(193, 0)),  # this and the next at 45.5 s in the recording, see below
    (54.2, lambda r: r.command(176, 1, 3)),
    (56.0, lambda r: r.command(193, 0)),
    (66.3, lambda r: r.command(193, 1)),
    (75.3, lambda r: r.upload(second_mission())),  # 1 s earlier: ours is as much ahead
    (81.5, clear),
]
RECORDINGS = {
    "fs_batt": {"deeds": [(25.2, battery)]},
    "fs_gps": {"deeds": [(25.2, lambda r: r.set("SIM_GPS_DISABLE", 1))]},
    "fs_gcs": {"silent": [(25.2, 55.2)]},
    "fs_relink": {"silent": [(25.2, 35.3)]},
    "fs_rc": {
        "deeds": [
            (25.3, lambda r: r.set("SIM_RC_FAIL", 1)),
            (65.3, lambda r: r.set("SIM_RC_FAIL", 0)),
        ]
    },
    "fs_fence": {"fence": True},
    "copter_fence_breach": {"fence": True},
    "copter_survey": {"fence": True},
}


@pytest.fixture(scope="module", params=RECORDINGS)
def flights(request):
    theirs, lists = recorded(request.param)
    return Replay(lists, **RECORDINGS[request.param]).fly(), theirs, request.param


def test_modes_come_in_the_same_order_at_the_same_time(flights):
    ours, theirs, name = flights
    assert [mode for _, mode in ours.modes] == [mode for _, mode in theirs.modes]
    if name == "fs_relink":
        return  # the recording does not see the change, it was cut off then
    for (our_s, _), (their_s, _) in zip(ours.modes, theirs.modes, strict=True):
        assert our_s == pytest.approx(their_s, abs=2.0)


def test_the_vehicle_says_the_same(flights):
    ours, theirs, _ = flights
    assert words(ours) == words(theirs)


def test_the_same_items_are_reached_and_as_many_pictures_taken(flights):
    ours, theirs, _ = flights
    assert (ours.reached, ours.photos) == (theirs.reached, theirs.photos)


def test_the_path_and_the_time_are_the_same(flights):
    ours, theirs, _ = flights
    assert rms_m(ours, theirs) < 3.0
    assert ours.duration_s == pytest.approx(theirs.duration_s, rel=0.02)


def test_pauses_and_an_upload_in_flight_are_answered_as_recorded():
    """In LOITER the real one sank, as its simulated throttle stick was down; ours has no sticks.

    So its second take-off lasted longer; ours stays in LOITER for as long instead.
    """
    theirs, lists = recorded("fs_pause")
    ours = Replay(lists, deeds=PAUSES).fly()
    assert [mode for _, mode in ours.modes] == [mode for _, mode in theirs.modes]
    assert words(ours) == words(theirs)
    assert ours.reached == theirs.reached
    assert ours.photos == pytest.approx(theirs.photos, abs=1)
    assert rms_m(ours, theirs) < 3.0
    assert ours.duration_s == pytest.approx(theirs.duration_s, rel=0.02)
