"""What a vehicle must be set to before it is armed, and what it is left with afterwards."""

from dataclasses import replace

import pytest

from flight.errors import RefusedError
from flight.fly import fly_sortie
from flight.protocol import RALLY
from flight.safeguards import Safeguards
from flight.session import Session
from missions.model import MissionItem
from simulations import commands
from simulations.parameters import DEFAULTS
from tests.flight.links import SimulatedLink
from tests.flight.sorties import area, lonlat, small_sortie, with_fence

SORTIE = small_sortie()
TIGHT = with_fence(SORTIE, area(-60, -60, 150, 70))


@pytest.fixture
def link():
    return SimulatedLink()


@pytest.fixture
def parameters(link):
    return link.autopilot.parameters


@pytest.fixture
def safeguards(link):
    return Safeguards(Session(link), SORTIE)


@pytest.fixture
def fly(link, tmp_path, monkeypatch):
    monkeypatch.setattr("flight.fly.open_link", lambda *_, **__: link)

    def fly(sortie, on_progress=None):
        return fly_sortie(
            sortie,
            "tcp:x:1",
            log_path=tmp_path / "a.tlog",
            on_progress=on_progress,
            arm_real=True,
        )

    return fly


def test_the_height_fence_is_the_ceiling_whatever_the_items_say(link, parameters):
    items = tuple(
        replace(item, altitude_m=400.0) if item.command == 16 else item for item in SORTIE.items
    )
    Safeguards(Session(link), replace(SORTIE, items=items)).raise_fence()
    assert parameters["FENCE_ALT_MAX"] == SORTIE.height_home_m + 15
    assert parameters["FENCE_ENABLE"] == 1


@pytest.mark.parametrize("action", [0, 2, 4])
def test_a_fence_that_would_not_bring_the_vehicle_home_is_made_to(safeguards, parameters, action):
    parameters.set("FENCE_ACTION", action)
    safeguards.raise_fence()
    assert parameters["FENCE_ACTION"] == 1


def test_the_users_own_kinds_of_fence_stay_on(safeguards, parameters):
    parameters.set("FENCE_TYPE", 10)
    safeguards.raise_fence()
    assert parameters["FENCE_TYPE"] == 15


@pytest.mark.parametrize(("radius_m", "kinds"), [(100, 5), (129, 5), (133, 5), (300, 7)])
def test_a_circle_that_the_sortie_would_leave_is_off_for_the_flight(
    safeguards, parameters, radius_m, kinds
):
    """The sortie reaches 130 m; its own polygon is on instead."""
    parameters.set("FENCE_RADIUS", radius_m)
    safeguards.raise_fence()
    assert parameters["FENCE_TYPE"] == kinds
    assert parameters["FENCE_RADIUS"] == radius_m
    safeguards.restore()
    assert parameters["FENCE_TYPE"] == 7


def test_everything_that_was_changed_is_put_back_and_told(safeguards, parameters):
    parameters.set("FENCE_ACTION", 0)
    before = dict(parameters.values)
    safeguards.raise_fence()
    told = safeguards.restore()
    after = {name: parameters[name] for name in before if name != "FENCE_TOTAL"}
    assert after.items() <= before.items()
    assert "parameter FENCE_ACTION was 0, set to 1 for the flight and put back" in told


def test_a_return_above_the_ceiling_is_refused(safeguards, parameters):
    parameters.set("RTL_ALT", 6000)
    with pytest.raises(RefusedError, match=r"returns at 60 m .* ceiling of 45 m"):
        safeguards.check_return()


def test_return_height_that_a_sortie_needs_is_set_and_put_back(link, parameters):
    safeguards = Safeguards(Session(link), replace(SORTIE, return_height_m=32.0))
    safeguards.raise_return()
    assert parameters["RTL_ALT"] == 3200
    safeguards.restore()
    assert parameters["RTL_ALT"] == DEFAULTS["RTL_ALT"][0]


@pytest.mark.parametrize("height_m", [None, 10.0, 15.0])
def test_return_height_that_suffices_is_left_alone(link, parameters, height_m):
    Safeguards(Session(link), replace(SORTIE, return_height_m=height_m)).raise_return()
    assert parameters["RTL_ALT"] == DEFAULTS["RTL_ALT"][0]


def test_a_return_above_the_ground_is_above_home_for_the_flight(safeguards, parameters):
    """Over a hill of 30 m a return at 40 m above ground is one at 70 m, above a ceiling of 45 m."""
    parameters.set("RTL_ALT_TYPE", 1)
    safeguards.raise_return()
    assert parameters["RTL_ALT_TYPE"] == 0
    safeguards.restore()
    assert parameters["RTL_ALT_TYPE"] == 1


def test_way_home_above_the_ceiling_is_refused(link):
    safeguards = Safeguards(Session(link), replace(SORTIE, return_height_m=60.0))
    with pytest.raises(RefusedError, match="return height of 60 m, above its ceiling of 45 m"):
        safeguards.raise_return()


@pytest.mark.parametrize("name", ["RTL_ALT", "FS_GCS_ENABLE"])
def test_a_silent_parameter_is_not_a_good_one(safeguards, link, monkeypatch, name):
    read = safeguards.session.read_parameter
    monkeypatch.setattr(
        safeguards.session, "read_parameter", lambda asked: None if asked == name else read(asked)
    )
    with pytest.raises(RefusedError, match=f"does not tell its parameter {name}"):
        safeguards.check_return()
        safeguards.watch_link()


def test_a_real_vehicle_that_ignores_a_lost_ground_station_is_made_to_return(fly, parameters):
    parameters.set("FS_GCS_ENABLE", 0)
    during = []
    result = fly(SORTIE, lambda progress: during.append(parameters["FS_GCS_ENABLE"]))
    assert result.completed
    assert during[-1] == 1
    assert parameters["FS_GCS_ENABLE"] == 0
    assert "parameter FS_GCS_ENABLE was 0, set to 1 for the flight and put back" in result.notes


def test_the_return_height_of_newer_ardupilots_is_read(safeguards, monkeypatch):
    read = {"RTL_ALT": None, "RTL_ALT_M": 60.0}
    monkeypatch.setattr(safeguards.session, "read_parameter", read.get)
    with pytest.raises(RefusedError, match=r"returns at 60 m \(RTL_ALT_M\).*to 45 or less"):
        safeguards.check_return()


def test_a_rally_point_outside_of_the_fence_is_refused(safeguards):
    safeguards.session.store((rally_point(0, 0),), RALLY)
    assert safeguards.check_rally() == ()
    safeguards.session.store((rally_point(0, 0), rally_point(900, 0)), RALLY)
    with pytest.raises(RefusedError, match="1 of the vehicle's 2 rally points lie outside"):
        safeguards.check_rally()


def rally_point(x_m, y_m):
    return MissionItem(5100, 3, (0, 0, 0, 0), *lonlat(x_m, y_m), 30.0)


def test_a_flight_whose_fence_was_switched_to_report_only_turns_back(fly, parameters, monkeypatch):
    monkeypatch.setattr("flight.fly.check_sortie", lambda sortie: None)
    parameters.set("FENCE_ACTION", 0)
    result = fly(TIGHT)
    assert not result.completed
    assert "Polygon fence breached" in result.problem
    assert result.modes[-1] == "RTL"
    assert parameters["FENCE_ACTION"] == 0
    assert parameters["FENCE_ENABLE"] == DEFAULTS["FENCE_ENABLE"][0]


def test_a_breach_that_the_vehicle_does_not_answer_is_a_problem(fly, monkeypatch):
    monkeypatch.setattr("flight.fly.check_sortie", lambda sortie: None)
    monkeypatch.setattr("flight.safeguards.RETURNING", {0, 1})
    monkeypatch.setattr("simulations.fencing.FENCE_ACTIONS", {})
    result = fly(TIGHT)
    assert not result.completed
    assert "fence was breached" in result.problem


def test_photos_of_a_real_vehicle_need_to_know_the_gimbal(fly, link, monkeypatch):
    read = Session.read_parameter
    monkeypatch.setattr(
        Session,
        "read_parameter",
        lambda self, name: None if name == "MNT1_TYPE" else read(self, name),
    )
    with pytest.raises(RefusedError, match="MNT1_TYPE"):
        fly(SORTIE)
    assert not link.autopilot.armed


def test_an_empty_battery_is_refused_before_arming(fly, link):
    link.autopilot.craft.battery.used_wh = 0.8 * link.autopilot.scene.airframe.battery_wh
    with pytest.raises(RefusedError, match="The battery holds 20%"):
        fly(replace(SORTIE, drone_key="sim-quad"))
    assert not link.autopilot.armed


def test_a_vehicle_that_its_pilot_took_over_is_left_alone(fly, link, monkeypatch):
    told = []

    def interfere(progress):
        told.append(progress)
        if progress.phase == "flight" and progress.height_home_m > 10:
            if progress.mode == "LOITER":
                raise KeyboardInterrupt
            link.autopilot.set_mode(5)

    with pytest.raises(KeyboardInterrupt) as caught:
        fly(SORTIE, interfere)
    link.receive(5.0)
    assert link.autopilot.mode == 5
    assert "is in LOITER, which was not ordered from here" in caught.value.__notes__[0]


def test_a_vehicle_that_somebody_else_flies_is_refused_at_once_and_left_alone(fly, link):
    autopilot = link.autopilot
    autopilot.set_mode(4)
    autopilot.arm()
    autopilot.take_off(20.0)
    autopilot.take_outbox()  # sent before we came
    before, began_s = dict(autopilot.parameters.values), link.now_s()
    with pytest.raises(RefusedError, match="armed already") as caught:
        fly(SORTIE)
    assert link.now_s() - began_s < 5.0
    assert (autopilot.mode, autopilot.is_flying) == (4, True)
    assert autopilot.parameters.values == before
    assert not hasattr(caught.value, "__notes__")


def test_a_vehicle_that_somebody_else_arms_meanwhile_is_not_flown(fly, link):
    def interfere(progress):
        if progress.phase == "upload":
            link.autopilot.arm()

    with pytest.raises(RefusedError, match="armed by somebody else"):
        fly(SORTIE, interfere)
    assert link.autopilot.armed
    assert not link.autopilot.is_flying


def test_a_return_that_the_vehicle_refuses_is_told(fly, link, monkeypatch):
    def interrupt(progress):
        if progress.phase == "flight" and progress.height_home_m > 10:
            monkeypatch.setitem(commands._COMMANDS, 20, lambda *_: 4)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt) as caught:
        fly(SORTIE, interrupt)
    assert "told to return: failed, but RTL was NOT seen" in caught.value.__notes__[0]


def wait_for_battery(session):
    """Look at nothing but the battery, which a sortie asks for, before the arming."""
    assert session.wait_until(lambda: session.monitor.battery_share is not None, 10.0)


def test_parameters_are_put_back_when_arming_is_refused(fly, parameters, monkeypatch):
    parameters.set("FENCE_ACTION", 0)
    monkeypatch.setattr("flight.fly.wait_ready", wait_for_battery)
    parameters.set("BATT_ARM_VOLT", 30)
    with pytest.raises(RefusedError, match=r"refuses to arm \(failed\)") as caught:
        fly(SORTIE)
    assert parameters["FENCE_ACTION"] == 0
    assert any("FENCE_ACTION was 0" in note for note in caught.value.__notes__)


def answers_for(link, monkeypatch, **values):
    """Let the vehicle answer for parameters of another version too."""
    session = Session(link)
    read = session.read_parameter
    monkeypatch.setattr(session, "read_parameter", lambda n: values[n] if n in values else read(n))
    return Safeguards(session, SORTIE)


def test_a_vehicle_that_listens_to_another_ground_station_is_refused(safeguards, parameters):
    parameters.set("SYSID_MYGCS", 252)
    with pytest.raises(RefusedError, match=r"listens to ground station 252 .* Set SYSID_MYGCS"):
        safeguards.watch_link()


@pytest.mark.parametrize(
    ("first", "last", "good"),
    [(255, 0, True), (250, 255, True), (252, 0, False), (250, 254, False)],
)
def test_the_ground_stations_of_newer_ardupilots_are_read(link, monkeypatch, first, last, good):
    names = {"SYSID_MYGCS": None, "MAV_GCS_SYSID": first, "MAV_GCS_SYSID_HI": last}
    safeguards = answers_for(link, monkeypatch, **names)
    if good:
        safeguards.check_listener()
        return
    with pytest.raises(RefusedError, match="Set MAV_GCS_SYSID to 255"):
        safeguards.check_listener()


def test_a_mission_is_not_flown_on_without_a_ground_station(safeguards, parameters):
    parameters.set("FS_OPTIONS", 16 + 2 + 1)
    safeguards.watch_link()
    assert parameters["FS_OPTIONS"] == 17
    assert parameters["FS_GCS_ENABLE"] == 1
    safeguards.restore()
    assert parameters["FS_OPTIONS"] == 19


@pytest.mark.parametrize(("climb_cm", "good"), [(0, True), (1400, True), (1600, False)])
def test_a_climb_before_each_return_stays_below_the_ceiling(safeguards, parameters, climb_cm, good):
    parameters.set("RTL_CLIMB_MIN", climb_cm)
    if good:
        safeguards.check_return()
        return
    with pytest.raises(RefusedError, match=r"climbing 16 m \(RTL_CLIMB_MIN\), from up to 30 m"):
        safeguards.check_return()


def test_a_mission_begins_at_its_first_item_whatever_was_set(fly, link):
    link.autopilot.mission.seq = 5
    assert fly(SORTIE).completed


def test_a_vehicle_that_stays_in_the_middle_of_its_mission_is_not_armed(fly, link, monkeypatch):
    link.autopilot.mission.seq = 5
    monkeypatch.setitem(commands._COMMANDS, 224, lambda autopilot, p: 2)
    with pytest.raises(RefusedError, match=r"begin at item 5 .* \(denied\)"):
        fly(SORTIE)
    assert not link.autopilot.armed


def test_arming_is_tried_again_where_what_is_against_it_passes(fly, link, monkeypatch):
    refused = []

    def arm(autopilot, p):
        if p[0] == 1 and len(refused) < 2:
            refused.append(autopilot.now_s)
            autopilot.say(2, "Arm: Fences invalid")
            return 4
        return commands._arm(autopilot, p)

    monkeypatch.setitem(commands._COMMANDS, 400, arm)
    assert fly(SORTIE).completed
    assert len(refused) == 2


def test_a_vehicle_that_somebody_else_arms_meanwhile_is_left_to_them(fly, link, monkeypatch):
    def refuse(autopilot, p):
        if p[0] == 1:
            autopilot.arm(forced=True)  # by a pilot's sticks, right after our order was refused
        return 4

    monkeypatch.setitem(commands._COMMANDS, 400, refuse)
    with pytest.raises(RefusedError, match="armed by somebody else"):
        fly(SORTIE)
    assert link.autopilot.armed
    assert not link.autopilot.is_flying
