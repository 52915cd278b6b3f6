"""Any polygon, terrain, zones and drone: what is planned passes the check, or is refused.

Few examples by default; AEROGRID_EXAMPLES=500 for the whole.
"""

import os
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import HealthCheck, Phase, event, given, settings
from hypothesis import strategies as st
from shapely import LineString, Point, Polygon, box
from shapely.affinity import scale

from geo.errors import AerogridError
from geo.terrain import FlatTerrain, Terrain
from missions.airspace import Airspace, CeilingZone, HeightBand, NoFlyZone, Obstacle
from missions.check import check
from missions.check_limits import Limits
from missions.drones import drone_keys, drone_named
from missions.findings import Severity
from missions.litchi import write_litchi
from missions.model import Drone, Sortie
from missions.safe_survey import UnsafeError, survey_safely
from missions.settings import SurveySettings
from missions.wpml import write_wpml
from missions.written import Surroundings
from tests.missions.hills import random_hills
from tests.missions.shapes import on_globe, polygons

EXAMPLES = int(os.environ.get("AEROGRID_EXAMPLES", "8"))
COORDINATE = st.floats(-400, 400)
POINT = st.tuples(COORDINATE, COORDINATE)


@dataclass(frozen=True)
class World:
    area: Polygon
    terrain: Terrain
    airspace: Airspace
    drone: Drone
    height_agl_m: float
    tolerance_m: float


@st.composite
def zones(draw):
    x, y = draw(POINT)
    shape = Point(x, y).buffer(draw(st.floats(10, 120)), quad_segs=draw(st.integers(1, 8)))
    if draw(st.booleans()):
        shape = box(x, y, x + draw(st.floats(5, 300)), y + draw(st.floats(5, 300)))
    bands = [HeightBand(), HeightBand(low_m=150.0), HeightBand(high_m=60.0)]
    return NoFlyZone("zone", on_globe(shape), draw(st.floats(0, 60)), draw(st.sampled_from(bands)))


@st.composite
def obstacles(draw):
    start, end = draw(POINT), draw(POINT)
    shape = Point(start) if draw(st.booleans()) or start == end else LineString([start, end])
    return Obstacle("obstacle", on_globe(shape), draw(st.floats(5, 110)), draw(st.floats(0, 10)))


@st.composite
def ceilings(draw):
    (x, y), ceiling = draw(POINT), draw(st.sampled_from([60.0, 90.0, 110.0]))
    return CeilingZone("ceiling", on_globe(box(x, y, x + 150, y + 100)), ceiling)


@st.composite
def worlds(draw):
    terrain = FlatTerrain(draw(st.sampled_from([0.0, 1500.0])))
    if draw(st.booleans()):
        relief = draw(st.floats(5, 150))
        terrain = random_hills(draw(st.integers(0, 10**6)), relief_m=relief)
    size = draw(st.sampled_from([1.0, 1.0, 1.0, 2.5]))  # large cells take several batteries
    return World(
        scale(draw(polygons()), size, size, origin=(0, 0)),
        terrain,
        Airspace(
            tuple(draw(st.lists(zones(), max_size=3))),
            tuple(draw(st.lists(ceilings(), max_size=1))),
            tuple(draw(st.lists(obstacles(), max_size=2))),
        ),
        drone_named(draw(st.sampled_from(drone_keys()))),
        draw(st.floats(50, 110)),
        draw(st.floats(3, 15)),
    )


def planned(world: World) -> tuple[Sortie, ...]:
    """Along the terrain where it is hilly."""
    wanted = SurveySettings(height_agl_m=world.height_agl_m)
    tolerance = None if isinstance(world.terrain, FlatTerrain) else world.tolerance_m
    return survey_safely(
        on_globe(world.area),
        world.drone,
        wanted,
        terrain=world.terrain,
        airspace=world.airspace,
        tolerance_m=tolerance,
    )


def errors_of(sortie: Sortie, world: World) -> list[str]:
    found = check(sortie, Limits(), world.terrain, world.airspace, world.drone)
    return [str(finding) for finding in found if finding.severity is Severity.ERROR]


def reason(refusal: AerogridError) -> str:
    """The kind of a refusal, without its figures."""
    known = (
        "return height",
        "nothing of the area",
        "too steep",
        "places",
        "battery",
        "too small",
        "too narrow",
    )
    return next((words for words in known if words in str(refusal)), str(refusal))


@settings(
    max_examples=EXAMPLES,
    phases=(Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(worlds())
def test_plan_passes_the_check_or_is_refused_for_another_reason(world):
    try:
        sorties = planned(world)
    except UnsafeError:
        raise
    except AerogridError as refusal:
        event(f"refused: {reason(refusal)}")
        return
    event(f"planned over {'level' if isinstance(world.terrain, FlatTerrain) else 'hilly'} ground")
    event("in one flight" if len(sorties) == 1 else "in several flights")
    for sortie in sorties:
        assert errors_of(sortie, world) == []
        assert errors_of_files(sortie, world) == []


def errors_of_files(sortie: Sortie, world: World) -> list[str]:
    """What is wrong with the whole flight in the formats of remotes; parts may be refused."""
    around = Surroundings(Limits(), world.terrain, world.airspace)
    found: list[str] = []
    with TemporaryDirectory() as folder:
        written = [write_litchi(Path(folder) / "a.csv", sortie, most_waypoints=10_000)]
        if world.drone.key.startswith("dji-"):
            kmz = Path(folder) / "a.kmz"
            written.append(write_wpml(kmz, sortie, world.drone, most_waypoints=10_000))
        for (path,) in written:
            event(f"written as {path.suffix}")
            found += map(str, around.errors(path, sortie, world.drone))
    return found
