import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulations.sheet import Window
from simulations.textures import BANDS, broad, noise, palette, toned

PLACES = st.integers(-30_000, 30_000)


@pytest.mark.parametrize("band", list(BANDS))
def test_noise_has_no_mean_and_unit_deviation(band):
    values = noise(Window(0, 0, 1024, 1024), band)
    assert float(values.mean()) == pytest.approx(0, abs=1e-3)
    assert float(values.std()) == pytest.approx(1, abs=1e-3)


@given(PLACES, PLACES, st.integers(0, 60), st.integers(0, 60))
def test_noise_belongs_to_the_place_and_not_to_the_window(left, top, right, down):
    whole = noise(Window(left, top, 90, 80), "cloud")
    part = noise(Window(left + right, top + down, 20, 15), "cloud")
    assert np.array_equal(whole[down : down + 15, right : right + 20], part)


@given(PLACES, PLACES)
def test_slow_noise_belongs_to_the_place_too(left, top):
    whole = broad(Window(left, top, 120, 100))
    part = broad(Window(left + 33, top + 21, 40, 30))
    assert np.allclose(whole[21:51, 33:73], part, atol=0.15)


def test_noise_of_a_window_larger_than_its_tile_repeats():
    values = noise(Window(-5, 7, 3000, 1100), "clod")
    assert values.shape == (1100, 3000)
    assert np.array_equal(values[:, :1024], values[:, 1024:2048])


def test_tones_run_from_the_first_colour_to_the_last():
    ramp = palette([(0, 0, 0), (200, 100, 50)])
    colours = toned(np.array([[-1.0, 0.0, 1.0, 2.0]]), ramp)
    assert colours[0].tolist() == [[0, 0, 0], [0, 0, 0], [200, 100, 50], [200, 100, 50]]
