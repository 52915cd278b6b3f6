import numpy as np
import pytest

from geo import geoid
from geo.errors import TerrainError
from geo.geoid import geoid_heights_m


# The first two are check values of the test data, the others of NGA's EGM96 calculator.
@pytest.mark.parametrize(
    ("lon", "lat", "height_m"),
    [
        (116.4, 39.9, -9.92),
        (-91.994, 46.8426, -28.68),
        (0.0, 0.0, 17.16),
        (0.0, 90.0, 13.61),
    ],
)
def test_the_geoid_is_where_others_have_it(lon, lat, height_m):
    assert geoid_heights_m(np.array([[lon, lat]]))[0] == pytest.approx(height_m, abs=0.01)


def test_the_date_line_is_no_gap():
    heights = geoid_heights_m(np.array([[179.9, 10.0], [180.0, 10.0], [-180.0, 10.0], [190, 10]]))
    assert np.isfinite(heights).all()
    assert heights[1] == heights[2]
    assert abs(heights[0] - heights[1]) < 0.2


def test_without_its_grid_it_says_so(monkeypatch, tmp_path):
    geoid._grid.cache_clear()
    monkeypatch.setattr(geoid, "files", lambda name: tmp_path)
    with pytest.raises(TerrainError, match="EGM96 geoid is missing"):
        geoid_heights_m(np.array([[116.4, 39.9]]))
