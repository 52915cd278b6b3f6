import numpy as np
import pytest

from geo.frames import LocalFrame
from geo.polynomial import fit_plane_map

LOW, HIGH = np.array([-4000.0, -3000.0]), np.array([5000.0, 6000.0])


def test_the_way_from_metres_to_degrees_is_a_polynomial():
    frame = LocalFrame(119.3, 33.2)
    fitted = fit_plane_map(frame.lonlat_from_xy, LOW, HIGH, 1e-8)
    points = np.random.default_rng(0).uniform(LOW, HIGH, (1000, 2))
    np.testing.assert_allclose(
        np.column_stack(fitted(points)), frame.lonlat_from_xy(points), atol=1e-8
    )


def test_outside_its_box_it_says_nothing():
    fitted = fit_plane_map(lambda p: p, LOW, HIGH, 1e-6)
    assert np.isnan(fitted(np.array([[5001.0, 0.0]]))).all()
    assert fitted(np.array([[5000.0, 6000.0]]))[1] == pytest.approx(6000.0)


@pytest.mark.parametrize("rough", [lambda p: np.sin(p / 300), lambda p: np.full_like(p, np.nan)])
def test_a_map_that_is_not_smooth_or_not_known_is_not_fitted(rough):
    assert fit_plane_map(rough, LOW, HIGH, 1e-3) is None
