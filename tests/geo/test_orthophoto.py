import numpy as np
import pytest
from pyproj import CRS

from geo.camera import Camera
from geo.frames import LocalFrame
from geo.orthophoto import orthophoto
from geo.pose import Attitude, GeoPoint, Pose
from geo.projection import ground_from_pixels, pixels_from_ground
from geo.terrain import FlatTerrain
from tests.geo.test_terrain import waves

LOCAL = LocalFrame(119.3, 33.2)
CAMERA = Camera(400, 300, 350.0, 199.5, 149.5, (0.02, -0.01, 0.001, 0.0, 0.0))
POSE = Pose(GeoPoint(119.3, 33.2, 120.0), Attitude(25.0, -70.0, 2.0))


def painted(terrain):
    """A photo whose red is ground x and green ground y, in metres about the camera plus 100."""
    x, y = np.meshgrid(np.arange(400.0), np.arange(300.0))
    seen = ground_from_pixels(np.column_stack([x.ravel(), y.ravel()]), CAMERA, POSE, terrain, LOCAL)
    red, green = (np.clip(seen[:, k] + 100, 0, 255).reshape(300, 400) for k in range(2))
    return np.dstack([red, green, np.full((300, 400), 7.0)]).round().astype(np.uint8)


@pytest.mark.parametrize("terrain", [FlatTerrain(20.0), waves(CRS.from_epsg(32650), 1.0)])
def test_each_pixel_of_the_map_shows_its_own_place(terrain):
    made = orthophoto(painted(terrain), CAMERA, POSE, terrain, LOCAL, (-40, -20, 50, 80), 0.5)
    rows, columns = np.nonzero(made.picture[:, :, 3])
    x, y = -40 + 0.5 * (columns + 0.5), 80 - 0.5 * (rows + 0.5)
    assert made.transform[:6] == (0.5, 0.0, -40.0, 0.0, -0.5, 80.0)
    assert len(rows) > 5000
    shown = made.picture[rows, columns].astype(float)
    off = np.hypot(shown[:, 0] - 100 - x, shown[:, 1] - 100 - y)
    assert np.percentile(off, 95) < 1.2


def test_what_the_photo_does_not_show_is_transparent():
    terrain = FlatTerrain(20.0)
    made = orthophoto(painted(terrain), CAMERA, POSE, terrain, LOCAL, (-300, -300, 300, 300), 4.0)
    outside = made.picture[:, :, 3] == 0
    assert outside.mean() > 0.8
    assert (made.picture[outside] == 0).all()


def test_a_map_of_no_size_is_refused():
    with pytest.raises(ValueError, match="must make 1 to"):
        orthophoto(painted(FlatTerrain(0)), CAMERA, POSE, FlatTerrain(0), LOCAL, (0, 0, 0, 9), 1.0)


def test_the_way_back_is_the_way_there():
    pixels = np.random.default_rng(0).uniform([0, 0], [399, 299], (200, 2))
    ground = ground_from_pixels(pixels, CAMERA, POSE, FlatTerrain(20.0), LOCAL)
    np.testing.assert_allclose(pixels_from_ground(ground, CAMERA, POSE, LOCAL), pixels, atol=1e-6)
