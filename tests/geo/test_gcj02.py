import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.gcj02 import gcj02_from_wgs84, wgs84_from_gcj02

METRE_DEG = 1 / 111_320.0


@given(lon=st.floats(73, 137), lat=st.floats(1, 55))
def test_there_and_back_is_the_same_place_within_a_micrometre(lon, lat):
    place = np.array([[lon, lat]])
    back = wgs84_from_gcj02(gcj02_from_wgs84(place))
    assert np.abs(back - place).max() < 1e-6 * METRE_DEG


def test_tiananmen_is_drawn_where_other_programs_draw_it():
    # coordtransform's own example: wgs84togcj02(116.404, 39.915)
    drawn = gcj02_from_wgs84(np.array([[116.404, 39.915]]))[0]
    assert drawn == pytest.approx([116.41024449916938, 39.91640428150164], abs=1e-9)


def test_outside_china_nothing_is_moved():
    places = np.array([[-92.0, 46.8], [2.3, 48.9], [151.2, -33.9]])
    np.testing.assert_array_equal(gcj02_from_wgs84(places), places)
    np.testing.assert_array_equal(wgs84_from_gcj02(places), places)
