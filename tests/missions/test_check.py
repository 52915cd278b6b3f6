from dataclasses import replace

import numpy as np
import pytest
from affine import Affine
from shapely import LineString, Point, Polygon, box

from geo.pose import GeoPoint
from geo.terrain import FlatTerrain, RasterTerrain
from missions.airspace import EMPTY, Airspace, CeilingZone, HeightBand, NoFlyZone, Obstacle
from missions.check import check, safe_return_height_m
from missions.check_limits import Limits
from missions.drones import drone_named
from missions.energy import flight_cost
from missions.findings import Code, Severity
from missions.model import AltitudeFrame, Command, MissionFile, MissionItem
from missions.wind import Wind
from tests.missions.hills import raster
from tests.missions.shapes import FRAME, on_globe

DRONE = drone_named("sim-quad")
LEVEL = FlatTerrain(0.0)
LIMITS = Limits()


def at(x, y, height=60.0, command=Command.NAV_WAYPOINT, frame=AltitudeFrame.ABOVE_HOME):
    lon, lat = FRAME.lonlat_from_xy(np.array([[x, y]]))[0]
    return MissionItem(command, frame, lon_deg=lon, lat_deg=lat, altitude_m=height)


def photos_every(distance_m):
    return MissionItem(
        Command.DO_SET_CAM_TRIGG_DIST, AltitudeFrame.MISSION, (distance_m, 0.0, 1.0, 0.0)
    )


def mission(*places, height=60.0, fence=None, home=(0.0, 0.0)):
    """Take-off at home, places at one height, return; each place (x, y) or an item."""
    items = [p if isinstance(p, MissionItem) else at(*p, height=height) for p in places]
    take_off = at(*home, height=height, command=Command.NAV_TAKEOFF)
    back = MissionItem(Command.NAV_RETURN_TO_LAUNCH, AltitudeFrame.MISSION)
    lon, lat = FRAME.lonlat_from_xy(np.array([home]))[0]
    outline = on_globe(box(-300, -300, 700, 700) if fence is None else fence)
    return MissionFile(GeoPoint(lon, lat, 0.0), (take_off, *items, back), outline)


def checked(file, *, limits=LIMITS, terrain=LEVEL, airspace=EMPTY, drone=DRONE):
    return check(file, limits, terrain, airspace, drone)


def codes(*args, **kwargs):
    return {finding.code for finding in checked(*args, **kwargs)}


def on_leg(number, found):
    (finding,) = (f for f in found if f.leg == number and f.severity is Severity.ERROR)
    return finding


def hill(x, y):
    """A narrow ridge of 50 m between the ends of the leg from (0, 0) to (400, 0)."""
    return 50 * np.exp(-(((x - 200) / 40) ** 2))


def valley(x, y):
    return -80 * np.exp(-(((x - 200) / 40) ** 2))


NOTCH = box(-50, -50, 450, 300).difference(box(150, -50, 250, 200))
ZONE = NoFlyZone("airport", on_globe(box(180, -200, 220, -25)))
WIRE = Obstacle("power line", on_globe(LineString([(200, -300), (200, 300)])), height_agl_m=50.0)
MAST = Obstacle("mast", on_globe(Point(200, 200)), height_agl_m=90.0)
LONG_ROWS = [(x, y) for x in range(0, 400, 20) for y in ((0, 600) if x % 40 == 0 else (600, 0))]


def order(command, *parameters):
    return MissionItem(command, AltitudeFrame.MISSION, (*parameters, 0.0, 0.0, 0.0, 0.0)[:4])


WAITING = replace(at(100, 0), command=17)
TURNS = replace(at(200, 0), command=18, parameters=(2.0, 0.0, 40.0, 0.0))
UNCERTAIN = {
    "way without end": WAITING,
    "spline": replace(at(100, 0), command=82),
    "climb in circles": replace(at(100, 0), command=31),
    "another home": order(179, 1.0),
    "fence switched off": order(207, 0.0),
    "reposition": replace(at(100, 0), command=192),
    "other altitude": order(186, 500.0),
    "condition of altitude": order(113, 1.0),
    "package let down": replace(at(100, 0), command=94),
    "termination": order(185, 1.0),
    "motors off": order(400, 0.0, 21196.0),
    "guided": order(92, 1.0),
    "mode": order(176, 1.0),
    "delay until a time of day": order(93, -1.0, 23.0),
    "take-off in the air": at(100, 0, command=Command.NAV_TAKEOFF),
}
ENDS = {
    "landing in between": replace(at(100, 0, 0.0), command=21),
    "return in between": order(20),
}
PLANTED = [
    *(
        pytest.param(Code.COMMAND_UNKNOWN, mission((100, 0), item, (0, 100)), {}, id=name)
        for name, item in UNCERTAIN.items()
    ),
    *(
        pytest.param(Code.AFTER_END, mission((100, 0), end, (0, 100)), {}, id=name)
        for name, end in ENDS.items()
    ),
    pytest.param(
        Code.REPEATED, mission((100, 0), (100, 100), order(177, 2.0, 500.0)), {}, id="jump"
    ),
    pytest.param(
        Code.BATTERY, mission((100, 0), order(93, 7200.0), (0, 0)), {}, id="delay of two hours"
    ),
    pytest.param(
        Code.FENCE,
        mission(TURNS, (0, 0), fence=box(-50, -50, 300, 30)),
        {},
        id="circle leaves the fence",
    ),
    pytest.param(
        Code.BATTERY,
        mission(replace(TURNS, parameters=(200.0, 0.0, 40.0, 0.0)), (0, 0)),
        {},
        id="very many circles",
    ),
    pytest.param(
        Code.SPEED_TOP, mission((50, 0), order(178, 1.0, 40.0), (300, 0)), {}, id="too fast"
    ),
    pytest.param(
        Code.TAKEOFF_ASIDE,
        replace(mission((100, 0), home=(60, 60)), home=mission().home),
        {},
        id="take-off aside of home",
    ),
    pytest.param(
        Code.CURVES,
        mission((100, 0), replace(at(100, 100), parameters=(0.0, 300.0, 0.0, 0.0)), (0, 100)),
        {},
        id="place counts as reached from afar",
    ),
    pytest.param(
        Code.FENCE_SHAPE,
        mission((100, 0), fence=Polygon([(-9, -9), (500, 500), (500, -9), (-9, 500)])),
        {},
        id="fence crosses itself",
    ),
    pytest.param(
        Code.CURVES, replace(mission((100, 0)), corner_cut_m=150.0), {}, id="corners cut short"
    ),
    pytest.param(
        Code.CURVES, replace(mission((100, 0)), corner_cut_m=np.inf), {}, id="curves of any width"
    ),
    pytest.param(
        Code.FENCE, mission((400, 0), fence=box(-50, -50, 300, 300)), {}, id="leg crosses the fence"
    ),
    pytest.param(Code.FENCE, mission((400, 0), fence=NOTCH), {}, id="leg crosses a concavity"),
    pytest.param(
        Code.NO_FLY_ZONE,
        mission((400, 0)),
        {"airspace": Airspace(no_fly=(ZONE,))},
        id="leg passes the corner of a no-fly zone",
    ),
    pytest.param(
        Code.CEILING,
        mission((400, 0)),
        {"terrain": raster(valley, pixel_m=5.0)},
        id="ceiling exceeded in the middle of a leg",
    ),
    pytest.param(
        Code.TERRAIN,
        mission((400, 0)),
        {"terrain": raster(hill)},
        id="hill in the middle of a leg",
    ),
    pytest.param(
        Code.OBSTACLE,
        mission((400, 0)),
        {"airspace": Airspace(obstacles=(WIRE,))},
        id="power line across a leg",
    ),
    pytest.param(Code.CLIMB_RATE, mission((50, 0), at(150, 0, 100.0)), {}, id="climb is too steep"),
    pytest.param(
        Code.BATTERY,
        mission(*LONG_ROWS),
        {"drone": replace(DRONE, battery_wh=60.0)},
        id="battery does not last for the mission and the way home",
    ),
    pytest.param(
        Code.HOME_DISTANCE,
        mission((400, 0)),
        {"limits": replace(LIMITS, home_distance_m=350.0)},
        id="too far from home",
    ),
    pytest.param(
        Code.WAYPOINT_LIMIT,
        mission((100, 0), (100, 100)),
        {"drone": replace(DRONE, waypoint_limit=3)},
        id="more places than the drone takes",
    ),
    pytest.param(
        Code.CAMERA_INTERVAL,
        mission((50, 0), photos_every(4.0), (400, 0)),
        {},
        id="photos follow faster than the camera",
    ),
    pytest.param(
        Code.RETURN_OBSTACLE,
        mission((0, 400), (400, 400), (400, 0), (0, 0)),
        {"airspace": Airspace(obstacles=(MAST,))},
        id="return height below an obstacle",
    ),
    pytest.param(
        Code.RETURN_ZONE,
        mission((0, 400), (400, 400), (400, 0), (0, 0)),
        {"airspace": Airspace(no_fly=(replace(ZONE, area=on_globe(box(180, 180, 220, 220))),))},
        id="return across a no-fly zone that the legs go around",
    ),
    pytest.param(
        Code.COORDINATES_SWAPPED,
        mission((100, 0), replace(at(100, 100), lon_deg=FRAME.centre_lat_deg, lat_deg=119.95)),
        {},
        id="longitude and latitude swapped",
    ),
    pytest.param(
        Code.COORDINATES_ZERO,
        mission((100, 0), MissionItem(Command.NAV_WAYPOINT, AltitudeFrame.ABOVE_HOME)),
        {},
        id="way-point without coordinates",
    ),
    pytest.param(
        Code.DESCENT_RATE, mission(at(150, 0, 60.0), height=110.0), {}, id="descent too steep"
    ),
    pytest.param(
        Code.RETURN_TERRAIN,
        mission((0, 300), (400, 300), (400, 0), (400, 300), (0, 300), (0, 0)),
        {"terrain": raster(lambda x, y: 90.0 * (np.hypot(x - 200, y - 120) < 60))},
        id="return height below a hill",
    ),
    pytest.param(
        Code.WIND, mission((100, 0)), {"limits": replace(LIMITS, wind_m_s=15.0)}, id="much wind"
    ),
    pytest.param(
        Code.FRAME, mission(at(100, 0, frame=AltitudeFrame.MISSION)), {}, id="frame without meaning"
    ),
    pytest.param(
        Code.TERRAIN_UNKNOWN,
        mission((400, 0)),
        {"terrain": raster(lambda x, y: np.where(np.abs(x - 200) < 20, np.nan, 0.0))},
        id="gap in the terrain",
    ),
]


@pytest.mark.parametrize(("code", "file", "surroundings"), PLANTED)
def test_planted_fault_is_found(code, file, surroundings):
    assert code in codes(file, **surroundings)


ALSO_ON_THE_WAY_HOME = {Code.TERRAIN: Code.RETURN_TERRAIN, Code.OBSTACLE: Code.RETURN_OBSTACLE}


@pytest.mark.parametrize(("code", "file", "surroundings"), PLANTED)
def test_nothing_else_is_an_error(code, file, surroundings):
    found = checked(file, **surroundings)
    errors = {finding.code for finding in found if finding.severity is Severity.ERROR}
    assert errors - {ALSO_ON_THE_WAY_HOME.get(code)} == {code}


def test_mission_without_fault_has_no_findings():
    assert checked(mission((100, 0), (100, 100), (0, 100))) == ()


def test_planned_sortie_passes(sortie):
    assert all(finding.severity is Severity.WARNING for finding in checked(sortie))


def test_fault_is_placed_where_it_is_worst():
    finding = on_leg(2, checked(mission((400, 0)), terrain=raster(valley, pixel_m=5.0)))
    (place,) = FRAME.xy_from_lonlat(np.array([[finding.lon_deg, finding.lat_deg]]))
    assert place == pytest.approx([200, 0], abs=15)
    assert finding.value == pytest.approx(140, abs=3)


def test_ends_of_a_leg_are_clear_where_only_its_middle_is_not():
    places = [(0, 0), (150, 0), (250, 0), (400, 0)]
    heights = raster(hill).altitudes_amsl_m(FRAME.lonlat_from_xy(np.array(places, dtype=float)))
    assert 60 - heights[[0, 3]].max() > 20
    assert Code.TERRAIN in codes(mission((400, 0)), terrain=raster(hill))


def test_zone_with_a_band_of_heights_may_be_passed_below():
    zone = replace(ZONE, band=HeightBand(low_m=90.0))
    assert codes(mission((400, 0)), airspace=Airspace(no_fly=(zone,))) == set()
    high = mission((400, 0), height=85.0)
    assert Code.NO_FLY_ZONE in codes(high, airspace=Airspace(no_fly=(zone,)))


@pytest.mark.parametrize("above", ["ground", "sea"])
@pytest.mark.parametrize(("low_m", "forbidden"), [(90.0, False), (65.0, True)])
def test_way_home_may_pass_below_a_zone_too(above, low_m, forbidden):
    zone = replace(
        ZONE, area=on_globe(box(180, 180, 220, 220)), band=HeightBand(low_m=low_m, above=above)
    )
    around = mission((0, 400), (400, 400), (400, 0), (0, 0))
    found = codes(around, airspace=Airspace(no_fly=(zone,)))
    assert (Code.RETURN_ZONE in found) is forbidden


def test_zone_outside_its_margin_is_no_fault():
    zone = replace(ZONE, margin_m=20.0)
    assert Code.NO_FLY_ZONE not in codes(mission((400, 0)), airspace=Airspace(no_fly=(zone,)))


def test_obstacle_may_be_passed_above_with_clearance():
    low = replace(WIRE, height_agl_m=40.0)
    assert codes(mission((400, 0)), airspace=Airspace(obstacles=(low,))) == set()


def test_wire_over_a_valley_is_as_high_as_its_masts():
    terrain = raster(lambda x, y: np.where(np.abs(y) > 100, 0.0, -40.0))
    wire = replace(WIRE, height_agl_m=40.0)
    file = mission((400, 0), home=(0, 150), height=30.0)
    found = checked(file, terrain=terrain, airspace=Airspace(obstacles=(wire,)))
    assert Code.OBSTACLE in {finding.code for finding in found}


def test_lower_ceiling_counts_only_in_its_zone():
    zone = CeilingZone("heliport", on_globe(box(150, -10, 250, 10)), 50.0)
    finding = on_leg(2, checked(mission((400, 0)), airspace=Airspace(ceilings=(zone,))))
    assert (finding.code, finding.limit) == (Code.CEILING, 50.0)
    assert checked(mission((0, 400)), airspace=Airspace(ceilings=(zone,))) == ()


def test_safe_return_height_mends_what_it_is_for():
    file = mission((0, 400), (400, 400), (400, 0), (0, 0))
    airspace = Airspace(obstacles=(MAST,))
    height = safe_return_height_m(file, LIMITS, LEVEL, airspace, DRONE)
    assert height == 105
    mended = replace(LIMITS, return_height_m=height)
    assert codes(file, limits=mended, airspace=airspace) == set()


def test_altitude_above_ground_follows_hills():
    frame = 10
    places = [at(0, 0, 60.0, frame=frame), at(400, 0, 60.0, frame=frame)]
    near = Limits(floor_agl_m=59.0, ceiling_agl_m=61.0)
    found = checked(mission(*places), terrain=raster(hill), limits=near)
    assert not [f for f in found if f.leg == 3 and f.code in (Code.TERRAIN, Code.CEILING)]


def test_altitude_above_sea_is_not_above_home():
    file = mission(at(100, 0, 260.0, frame=AltitudeFrame.AMSL))
    high = raster(lambda x, y: 200.0)
    assert codes(replace(file, home=replace(file.home, altitude_amsl_m=200.0)), terrain=high) == {
        Code.FRAMES_MIXED
    }


def test_home_altitude_of_the_file_gives_way_to_the_terrain():
    terrain = raster(lambda x, y: 200.0)
    assert codes(mission((100, 0)), terrain=terrain) == {Code.HOME_ALTITUDE}


@pytest.mark.parametrize(
    ("items", "code"),
    [
        (slice(1, None), Code.TAKEOFF_MISSING),
        (slice(0, -1), Code.RETURN_MISSING),
        (slice(-1, None), Code.EMPTY),
    ],
)
def test_missing_parts_are_found(items, code):
    file = mission((100, 0), (100, 100))
    assert code in codes(replace(file, items=file.items[items]))


def test_half_a_mission_is_an_error_unless_its_format_never_says_how_it_ends():
    file = mission((100, 0), (100, 100))
    half = replace(file, items=file.items[: len(file.items) // 2])
    errors = {f.code for f in checked(half) if f.severity is Severity.ERROR}
    assert errors == {Code.RETURN_MISSING}
    unsaid = checked(replace(half, end_unsaid=True))
    assert Code.END_UNSAID in {f.code for f in unsaid}
    assert all(f.severity is Severity.WARNING for f in unsaid)


def test_file_without_fence_or_home_is_checked_all_the_same():
    file = replace(mission((400, 0)), fence=None, home=None)
    found = codes(file, terrain=raster(valley, pixel_m=5.0))
    assert {Code.FENCE_MISSING, Code.HOME_MISSING, Code.CEILING} <= found


def test_battery_as_told_by_another_model_counts():
    file = mission((100, 0))
    full = check(
        file, LIMITS, LEVEL, EMPTY, DRONE, battery=lambda p, v: np.linspace(0, 0.9, len(p))
    )
    assert Code.BATTERY in {finding.code for finding in full}


def test_way_home_from_the_worst_place_counts_and_not_only_the_end():
    """A mission that lands far out never flies home, but a failsafe there would have to."""
    land = replace(at(2500, 0, 0.0), command=Command.NAV_LAND)
    file = mission((2500, 0), land, fence=box(-100, -100, 2600, 100))
    file = replace(file, items=file.items[:-1])
    there = flight_cost(file.home, file.items, DRONE, Wind(5.0)).energy_wh
    small = replace(DRONE, battery_wh=1.2 * there / (1 - DRONE.reserve_share))
    (finding,) = (f for f in checked(file, drone=small) if f.code is Code.BATTERY)
    assert finding.leg == 2
    assert finding.value > 100 * (1 - DRONE.reserve_share)


def test_message_names_leg_place_value_limit_and_remedy():
    finding = on_leg(2, checked(mission((400, 0)), terrain=raster(valley, pixel_m=5.0)))
    for part in ("Leg 2", "119.95", "140 m", "120 m", "2024-01-01", "Fly lower"):
        assert part in finding.message
    assert "120 米" in finding.message_zh
    assert finding.document()["unit"] == "m"


@pytest.mark.parametrize("command", [112, 115, 178, 195, 201, 203, 205, 206, 1000, 2000, 2500])
def test_orders_to_nose_and_camera_are_harmless(command):
    assert codes(mission((50, 0), order(command), (100, 0))) == set()


def test_corner_cut_no_more_than_a_vehicle_does_by_itself_is_no_finding():
    assert codes(replace(mission((100, 0)), corner_cut_m=5.0)) == set()


@pytest.mark.parametrize("wall_x", [103.0, 148.5, 197.0])
def test_a_narrow_wall_in_a_fine_terrain_model_is_found_under_the_way_home(wall_x):
    """Three metres wide between home and the far corner of the flight; no leg crosses it."""
    values = np.zeros((700, 700), dtype=np.float32)
    values[300:480, round(wall_x) + 99 : round(wall_x) + 102] = 45.0  # y from 20 to 200
    terrain = RasterTerrain(values, Affine(1.0, 0, -100.0, 0, -1.0, 500.0), FRAME.crs)
    around = mission((0, 0), (300, 0), (300, 150), (300, 0), (0, 0))
    found = {finding.code for finding in checked(around, terrain=terrain)}
    assert Code.RETURN_TERRAIN in found
    assert Code.TERRAIN not in found
