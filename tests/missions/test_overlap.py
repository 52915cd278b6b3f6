import numpy as np
import pytest
from affine import Affine
from hypothesis import given
from hypothesis import strategies as st
from shapely import Point, box

from geo.camera import Camera
from geo.footprint import footprint
from geo.frames import WGS84
from geo.pose import Attitude, GeoPoint, Pose
from geo.projection import pixels_from_ground
from geo.terrain import FlatTerrain, RasterTerrain
from missions.errors import MissionError
from missions.overlap import overlap_map, poses
from tests.missions.shapes import FRAME, WITH_POND, on_globe

CAMERA = Camera.centred(100, 75, 100.0)  # 100 x 75 m from 100 m
AREA = on_globe(box(-100, -100, 100, 100))


def pose(x=0.0, y=0.0, altitude=100.0, heading=0.0, pitch=-90.0):
    lon, lat = FRAME.lonlat_from_xy(np.array([[x, y]]))[0]
    return Pose(GeoPoint(lon, lat, altitude), Attitude(heading, pitch))


def test_one_photo_sees_its_footprint_and_nothing_else():
    found = overlap_map(AREA, [pose()], CAMERA)
    assert int(found.counts.sum()) == pytest.approx(100 * 75, rel=0.02)
    rows, columns = np.nonzero(found.counts)
    assert (int(np.ptp(columns)), int(np.ptp(rows))) == (
        pytest.approx(99, abs=1),
        pytest.approx(74, abs=1),
    )


def test_picture_turns_with_the_heading():
    found = overlap_map(AREA, [pose(heading=90.0)], CAMERA)
    rows, columns = np.nonzero(found.counts)
    assert np.ptp(rows) > np.ptp(columns)


def test_north_is_up_and_east_to_the_right():
    rows, columns = np.nonzero(overlap_map(AREA, [pose(60.0, 40.0)], CAMERA).counts)
    assert rows.mean() < 70
    assert columns.mean() > 130


def test_photos_add_up():
    found = overlap_map(AREA, [pose(), pose(), pose(500.0)], CAMERA)
    assert found.counts.max() == 2
    assert found.share_seen(2) == found.share_seen(1) < found.share_seen(0) == 1.0


@given(
    st.floats(-80, 80),
    st.floats(-80, 80),
    st.floats(40, 150),
    st.floats(0, 360),
    st.floats(-90, -30),
)
def test_every_pixel_agrees_with_projecting_it_into_the_picture(x, y, altitude, heading, pitch):
    shot = pose(x, y, altitude, heading, pitch)
    found = overlap_map(AREA, [shot], CAMERA, pixel_m=7.0)
    rows, columns = np.indices(found.counts.shape)
    xs = found.west_m + (columns.ravel() + 0.5) * found.pixel_m
    ys = found.north_m - (rows.ravel() + 0.5) * found.pixel_m
    ground = np.column_stack([xs, ys, np.zeros(len(xs))])
    pixels = pixels_from_ground(ground, CAMERA, shot, found.frame)
    border = np.abs(pixels - [49.5, 37.0]) - [50.0, 37.5]
    clear = np.abs(border).min(axis=1) > 0.05
    seen = (border < 0).all(axis=1)
    assert (found.counts.ravel() > 0)[clear].tolist() == seen[clear].tolist()


@pytest.mark.parametrize("pitch", [-90.0, -60.0])
def test_area_seen_is_that_of_the_footprint(pitch):
    shot = pose(pitch=pitch)
    wide = on_globe(box(-300, -300, 300, 300))
    found = overlap_map(wide, [shot], CAMERA)
    outline = footprint(CAMERA, shot, FlatTerrain(0.0), FRAME)
    assert found.counts.sum() == pytest.approx(FRAME.to_local(outline).area, rel=0.02)


def test_distorted_camera_sees_less_or_more():
    barrel = Camera(100, 75, 100.0, 49.5, 37.0, (-0.3, 0.0, 0.0, 0.0, 0.0))
    plain = overlap_map(AREA, [pose()], CAMERA).counts.sum()
    assert overlap_map(AREA, [pose()], barrel).counts.sum() > 1.05 * plain


def test_higher_ground_is_seen_by_fewer_photos():
    lon, lat = FRAME.lonlat_from_xy(np.array([[0.0, 0.0]]))[0]
    hill = np.full((40, 40), 50.0, dtype=np.float32)
    terrain = RasterTerrain(hill, Affine(2e-4, 0, lon - 4e-3, 0, -2e-4, lat + 4e-3), WGS84)
    low = overlap_map(AREA, [pose()], CAMERA).counts.sum()
    high = overlap_map(AREA, [pose()], CAMERA, terrain).counts.sum()
    assert high == pytest.approx(low / 4, rel=0.03)


def test_ground_that_the_terrain_does_not_know_is_named():
    terrain = RasterTerrain(np.zeros((2, 2), np.float32), Affine(1, 0, 0, 0, -1, 1), WGS84)
    with pytest.raises(MissionError, match=r"119\.\d+, 31\.\d+"):
        overlap_map(AREA, [pose()], CAMERA, terrain)


def test_holes_do_not_count():
    found = overlap_map(on_globe(WITH_POND), [], CAMERA)
    assert found.inside.sum() == pytest.approx(WITH_POND.area, rel=0.01)


def test_gaps_are_what_is_not_seen():
    found = overlap_map(AREA, [pose()], CAMERA)
    gaps = found.gaps_m(1)
    assert gaps.area == pytest.approx(200 * 200 - 100 * 75, rel=0.01)
    assert not gaps.covers(Point(0, 0))


def test_map_of_a_large_area_is_coarser(monkeypatch):
    monkeypatch.setattr("missions.overlap._MOST_PIXELS", 10_000)
    found = overlap_map(AREA, [], CAMERA)
    assert found.counts.size <= 10_500
    assert found.pixel_m == pytest.approx(2.0, rel=0.01)


def test_planned_survey_sees_all_of_its_cell_six_times(sortie, drone):
    found = overlap_map(on_globe(WITH_POND), poses(sortie), drone.camera)
    assert found.share_seen(6) > 0.9
    assert found.share_seen(1) == 1.0
