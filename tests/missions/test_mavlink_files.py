import numpy as np
import pytest
from hypothesis import given
from pymavlink import mavutil
from pymavlink.mavwp import MissionItemProtocol_Fence, MissionItemProtocol_Rally
from shapely import Point, Polygon

from geo.frames import LocalFrame
from missions.errors import MissionError
from missions.mavlink_files import (
    fence_items,
    read_fence,
    read_rally,
    write_fence,
    write_rally,
)
from tests.missions.mutation import ROUNDS, read_damaged
from tests.missions.shapes import on_globe, polygons

RALLY = ((119.95, 31.7, 40.0), (119.96, 31.71, 55.5))


@pytest.fixture
def fence_path(sortie, tmp_path):
    write_fence(tmp_path / "a.fence", sortie.fence)
    return tmp_path / "a.fence"


@pytest.fixture
def mavlink2(monkeypatch):
    monkeypatch.setenv("MAVLINK20", "1")
    dialect = mavutil.mavlink
    mavutil.set_dialect("common")
    yield
    mavutil.mavlink = dialect


def test_fence_reads_back(sortie, fence_path):
    assert read_fence(fence_path).equals(sortie.fence)


@given(polygons())
def test_any_fence_reads_back(tmp_path_factory, polygon):
    path = tmp_path_factory.mktemp("f") / "a.fence"
    write_fence(path, on_globe(polygon))
    assert read_fence(path).equals_exact(on_globe(polygon), 1e-8)


@pytest.mark.usefixtures("mavlink2")
def test_pymavlink_loads_the_same_fence(sortie, fence_path):
    loader = MissionItemProtocol_Fence()
    assert loader.load(str(fence_path)) == len(fence_items(sortie.fence))
    ring = sortie.fence.exterior
    for number, (lon, lat) in enumerate(list(ring.coords)[:-1]):
        corner = loader.item(number)
        assert (corner.command, corner.param1) == (5001, len(ring.coords) - 1)
        assert (corner.x, corner.y) == pytest.approx((lat, lon), abs=1e-7)
    pond = loader.item(len(ring.coords) - 1)
    assert (pond.command, pond.param1) == (5002, len(sortie.fence.interiors[0].coords) - 1)


@pytest.mark.usefixtures("mavlink2")
def test_pymavlink_loads_the_same_rally_points(tmp_path):
    write_rally(tmp_path / "a.rally", RALLY)
    assert read_rally(tmp_path / "a.rally") == RALLY
    loader = MissionItemProtocol_Rally()
    assert loader.load(str(tmp_path / "a.rally")) == 2
    point = loader.item(1)
    assert (point.command, point.frame) == (5100, 3)
    assert (point.x, point.y, point.z) == pytest.approx((31.71, 119.96, 55.5))


def test_commands_are_those_of_the_mavlink_definitions(sortie):
    enum = mavutil.mavlink
    assert {item.command for item in fence_items(sortie.fence)} == {
        enum.MAV_CMD_NAV_FENCE_POLYGON_VERTEX_INCLUSION,
        enum.MAV_CMD_NAV_FENCE_POLYGON_VERTEX_EXCLUSION,
    }


def test_header_is_version_110(fence_path):
    assert fence_path.read_text().splitlines()[0] == "QGC WPL 110"


def test_fence_cut_short_is_refused(fence_path):
    lines = fence_path.read_text().splitlines()
    fence_path.write_text("\n".join(lines[:4]))
    with pytest.raises(MissionError, match="cut short"):
        read_fence(fence_path)


def circles(*rows):
    text = "".join(
        f"{n}\t0\t0\t{command}\t{radius}\t0\t0\t0\t{lat}\t{lon}\t0\t1\n"
        for n, (command, radius, lat, lon) in enumerate(rows)
    )
    return f"QGC WPL 110\n{text}"


def test_circles_are_read_on_the_safe_side(fence_path):
    fence_path.write_text(circles((5003, 50, 31.7, 119.9), (5004, 10, 31.7, 119.9)))
    fence = LocalFrame(119.9, 31.7).to_local(read_fence(fence_path))
    assert Point(0, 0).buffer(50.001, quad_segs=64).covers(Polygon(fence.exterior))
    assert Polygon(fence.interiors[0]).buffer(0.001).covers(Point(0, 0).buffer(10, quad_segs=64))
    assert fence.area == pytest.approx(np.pi * (50**2 - 10**2), rel=0.01)


def test_circle_to_stay_out_of_leaves_everything_around_it(fence_path):
    fence_path.write_text(circles((5004, 10, 31.7, 119.9)))
    fence = read_fence(fence_path)
    assert not fence.covers(Point(119.9, 31.7))
    assert fence.covers(Point(120.2, 31.9))


@pytest.mark.parametrize(
    "rows",
    [
        [(5003, 10, 31.7, 119.9), (5003, 10, 31.8, 119.9)],
        [(5003, 0, 31.7, 119.9)],
    ],
)
def test_fence_without_one_area_to_stay_in_is_refused(fence_path, rows):
    fence_path.write_text(circles(*rows))
    with pytest.raises(MissionError, match="incomplete or damaged"):
        read_fence(fence_path)


def test_damaged_files_are_refused_or_read(fence_path):
    assert 0 < read_damaged(read_fence, fence_path) <= ROUNDS
