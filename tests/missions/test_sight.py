import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.camera import Camera
from geo.frames import LocalFrame
from geo.pose import Attitude, GeoPoint, Pose
from geo.projection import ground_from_pixels, pixels_from_ground
from geo.terrain import FlatTerrain
from missions.errors import MissionError
from missions.sight import sure_sight

CAMERA = Camera.centred(1280, 960, 1000.0)
FRAME = LocalFrame(119.95, 31.70)


def pose(pitch, height, heading=90.0):
    return Pose(GeoPoint(119.95, 31.70, height), Attitude(heading, pitch))


@given(st.floats(-90, -40), st.floats(30, 60), st.floats(1.0, 1.3), st.floats(0, 1))
def test_all_of_the_sight_is_in_the_picture_whatever_the_ground_height(pitch, low, factor, share):
    sight = sure_sight(CAMERA, pitch, low, low * factor)
    height = low * (1 + share * (factor - 1))
    corners = np.array(sight.outlines(np.zeros((1, 2)), 0.0)[0].exterior.coords)
    points = np.column_stack([corners, np.zeros(len(corners))])
    x, y = pixels_from_ground(points, CAMERA, pose(pitch, height), FRAME).T
    assert (x > -1).all()
    assert (x < 1280).all()
    assert (y > -1).all()
    assert (y < 960).all()


def test_the_sight_on_level_ground_is_the_whole_picture_between_its_edges():
    edges = ground_from_pixels(
        np.array([[639.5, 959.5], [639.5, -0.5]]), CAMERA, pose(-45, 100), FlatTerrain(0), FRAME
    )
    sight = sure_sight(CAMERA, -45, 100, 100)
    assert [sight.near_m, sight.far_m] == pytest.approx(edges[:, 0].tolist(), abs=0.1)


def test_the_coarsest_gsd_is_that_of_neighbouring_pixels_at_the_far_edge():
    sight = sure_sight(CAMERA, -45, 100, 100, worst_gsd_m=0.3)
    assert sight.gsd_m == pytest.approx(0.3, abs=0.002)
    far = np.array([[sight.far_m, 0, 0]])
    (pixel,) = pixels_from_ground(far, CAMERA, pose(-45, 100), FRAME)
    pair = pixel + np.array([[0, 0], [0, 1]])
    ground = ground_from_pixels(pair, CAMERA, pose(-45, 100), FlatTerrain(0), FRAME)
    assert np.hypot(*(ground[0] - ground[1])[:2]) == pytest.approx(0.3, abs=0.002)


def test_a_view_to_the_horizon_is_refused():
    with pytest.raises(MissionError, match="below the horizon"):
        sure_sight(CAMERA, -20, 100, 100)


def test_relief_that_leaves_no_common_ground_is_refused():
    with pytest.raises(MissionError, match="no ground is in view for sure"):
        sure_sight(CAMERA, -45, 10, 120)


def test_a_gsd_that_cannot_be_had_is_refused():
    with pytest.raises(MissionError, match=r"0.01 m is wanted"):
        sure_sight(CAMERA, -90, 100, 100, worst_gsd_m=0.01)
