"""Numbers of commands and frames against MAVLink's own definitions, as pymavlink carries them."""

import pytest
from pymavlink.dialects.v20 import common

from missions import flown
from missions.model import AltitudeFrame, Command

FRAMES = {
    AltitudeFrame.AMSL: "MAV_FRAME_GLOBAL",
    AltitudeFrame.MISSION: "MAV_FRAME_MISSION",
    AltitudeFrame.ABOVE_HOME: "MAV_FRAME_GLOBAL_RELATIVE_ALT",
}
READ = {
    "NAV_LOITER_UNLIM": flown.LOITER_UNLIMITED,
    "NAV_LOITER_TURNS": flown.LOITER_TURNS,
    "NAV_LOITER_TIME": flown.LOITER_TIME,
    "NAV_LOITER_TO_ALT": flown.LOITER_TO_ALT,
    "NAV_SPLINE_WAYPOINT": flown.SPLINE,
    "NAV_VTOL_TAKEOFF": flown.VTOL_TAKEOFF,
    "NAV_VTOL_LAND": flown.VTOL_LAND,
    "NAV_DELAY": flown.DELAY,
    "DO_JUMP": flown.JUMP,
    "DO_CHANGE_SPEED": flown.CHANGE_SPEED,
    "DO_SET_CAM_TRIGG_DIST": flown.TRIGGER_DISTANCE,
    "DO_SET_CAM_TRIGG_INTERVAL": flown.TRIGGER_INTERVAL,
    "IMAGE_START_CAPTURE": flown.START_CAPTURE,
    "IMAGE_STOP_CAPTURE": flown.STOP_CAPTURE,
}


@pytest.mark.parametrize("command", Command)
def test_commands_that_are_written_have_their_numbers(command):
    assert getattr(common, f"MAV_CMD_{command.name}") == command


@pytest.mark.parametrize("frame", AltitudeFrame)
def test_frames_that_are_written_have_their_numbers(frame):
    assert getattr(common, FRAMES[frame]) == frame


@pytest.mark.parametrize("name", READ)
def test_commands_that_are_read_have_their_numbers(name):
    assert getattr(common, f"MAV_CMD_{name}") == READ[name]


def test_frames_that_are_read_have_their_numbers():
    named = {int(value): entry.name for value, entry in common.enums["MAV_FRAME"].items()}
    assert {named[frame] for frame in flown.ABOVE_SEA} == {
        "MAV_FRAME_GLOBAL",
        "MAV_FRAME_GLOBAL_INT",
    }
    assert all("RELATIVE_ALT" in named[frame] for frame in flown.ABOVE_HOME)
    assert all("TERRAIN_ALT" in named[frame] for frame in flown.ABOVE_GROUND)
