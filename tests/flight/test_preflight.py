"""Each point of the preflight report, with a vehicle that is wrong in it."""

from dataclasses import replace

import pytest

from flight.preflight import Status, document, passed, report
from flight.protocol import FENCE, fence_items
from flight.session import Session
from missions.model import MissionItem
from simulations import commands
from tests.flight.links import SimulatedLink
from tests.flight.px4 import Px4Link
from tests.flight.sorties import HOME, lonlat, small_sortie

SORTIE = replace(small_sortie(), drone_key="sim-quad")


def look(link, sortie=SORTIE):
    points = report(Session(link), link.wait_for_vehicle(), sortie)
    return {point.name: point for point in points}


@pytest.fixture
def link():
    return SimulatedLink()


def test_a_vehicle_that_is_set_up_is_fit(link):
    session = Session(link)
    session.store(fence_items(SORTIE.fence), FENCE)
    link.autopilot.parameters.set("FENCE_ENABLE", 1)
    link.autopilot.parameters.set("FENCE_ALT_MAX", 45)
    link.autopilot.parameters.set("FS_GCS_ENABLE", 1)
    points = look(link)
    assert {point.status for point in points.values()} == {Status.OK}
    assert document(SORTIE, tuple(points.values()))["passed"] is True


@pytest.mark.parametrize(
    ("name", "value", "point", "status", "words"),
    [
        ("FENCE_ENABLE", 0, "fence", Status.WARNING, "switched off"),
        ("FENCE_TYPE", 2, "fence", Status.WARNING, "FENCE_TYPE is 2"),
        ("FENCE_ACTION", 0, "fence", Status.WARNING, "does not return"),
        ("FENCE_RADIUS", 100, "fence", Status.WARNING, "(FENCE_RADIUS) ends at 100 m from home"),
        ("FENCE_ALT_MAX", 100, "ceiling", Status.WARNING, "FENCE_ALT_MAX is 100 m"),
        ("RTL_ALT", 9000, "return height", Status.FAILED, "returns at 90 m"),
        ("RTL_ALT_FINAL", 500, "return height", Status.FAILED, "hovers 5 m above home"),
        ("RTL_ALT_TYPE", 1, "return height", Status.WARNING, "RTL_ALT_TYPE is 1: above the ground"),
        ("FS_GCS_ENABLE", 0, "link failsafe", Status.WARNING, "would fly on"),
        ("FS_OPTIONS", 18, "link failsafe", Status.WARNING, "lets it fly its mission on"),
        ("SYSID_MYGCS", 1, "link failsafe", Status.FAILED, "listens to ground station 1"),
        ("BATT_FS_LOW_ACT", 0, "battery failsafe", Status.WARNING, "BATT_FS_LOW_ACT 0"),
        ("BATT_LOW_VOLT", 0, "battery failsafe", Status.WARNING, "at 0 V"),
        ("MNT1_TYPE", 0, "camera", Status.WARNING, "fixed to the body"),
        ("CAM1_TYPE", 0, "camera", Status.WARNING, "no photo will be taken"),
        ("BATT_ARM_VOLT", 30, "pre-arm checks", Status.FAILED, "below minimum arming voltage"),
    ],
)
def test_a_parameter_that_does_not_suit_the_sortie_is_told(link, name, value, point, status, words):
    link.autopilot.parameters.set(name, value)
    found = look(link)[point]
    assert found.status is status
    assert words in found.found


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("PreArm: Compass not calibrated", Status.FAILED),
        ("Arm: Throttle too high", Status.FAILED),
        ("Preflight Fail: Accel 0 uncalibrated", Status.FAILED),
        ("Arming denied: resolve system health failures first", Status.FAILED),
        ("Alarm volume set", Status.OK),
        ("Disarming motors", Status.OK),
        ("Warming up", Status.OK),
    ],
)
def test_only_words_against_arming_fail(link, monkeypatch, text, status):
    monkeypatch.setitem(commands._COMMANDS, 401, lambda autopilot, p: autopilot.say(4, text) or 0)
    assert look(link)["pre-arm checks"].status is status


def test_a_vehicle_without_position_is_not_fit():
    link = SimulatedLink()
    link.autopilot.tick = 0
    points = look(link)
    assert points["GNSS"].status is Status.FAILED
    assert not passed(points.values())


def test_an_empty_battery_a_far_home_and_a_rally_point_outside_fail(link):
    link.autopilot.craft.battery.used_wh = 0.9 * link.autopilot.scene.airframe.battery_wh
    away = MissionItem(5100, 3, (0, 0, 0, 0), *lonlat(900, 0), 30.0)
    Session(link).store((away,), 2)
    points = look(link, replace(SORTIE, home=replace(HOME, lon_deg=HOME.lon_deg + 0.001)))
    for name in ("battery", "home", "rally points"):
        assert points[name].status is Status.FAILED, name


def test_an_armed_vehicle_is_not_fit(link):
    link.autopilot.mode = 4
    assert link.autopilot.arm()
    assert look(link)["vehicle"].found.endswith("ARMED")


def test_a_report_changes_nothing_in_the_vehicle(link):
    parameters, lists = dict(link.autopilot.parameters.values), dict(link.autopilot.stores.lists)
    look(link)
    assert link.autopilot.parameters.values == parameters
    assert link.autopilot.stores.lists == lists
    assert not link.autopilot.armed


def test_px4_is_looked_at_by_its_own_parameters():
    points = look(Px4Link())
    assert points["vehicle"].found.startswith("PX4")
    assert points["link failsafe"].found == "NAV_DLL_ACT is 0: it would fly on"
    assert points["ceiling"].found == "GF_MAX_VER_DIST is 0 m"
    assert points["battery failsafe"].found == "COM_LOW_BAT_ACT is not told"


def test_a_circle_of_px4_that_the_sortie_would_leave_forbids_the_flight():
    link = Px4Link()
    link.values["GF_MAX_HOR_DIST"] = (100.0, 9)  # MAV_PARAM_TYPE_REAL32
    found = look(link)["fence"]
    assert found.status is Status.FAILED
    assert "Enlarge GF_MAX_HOR_DIST" in found.found
