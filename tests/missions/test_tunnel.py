import numpy as np
from hypothesis import assume, given
from hypothesis import strategies as st

from missions.tunnel import Band, narrowed, thread


@st.composite
def bands(draw):
    count = draw(st.integers(2, 40))
    steps = draw(st.lists(st.floats(0.5, 50), min_size=count - 1, max_size=count - 1))
    middle = draw(st.lists(st.floats(-30, 30), min_size=count, max_size=count))
    width = draw(st.floats(0.5, 20))
    along = np.concatenate([[0.0], np.cumsum(steps)])
    return Band(along, np.array(middle) - width, np.array(middle) + width)


SLOPES = st.tuples(st.floats(0.05, 2), st.floats(0.05, 2))


def line(corners, along):
    index = sorted(corners)
    return np.interp(along, along[index], [corners[i] for i in index])


@given(bands(), SLOPES, st.data())
def test_line_stays_in_the_band_and_is_never_too_steep(band, slopes, data):
    rise, fall = slopes
    tight = narrowed(band, rise, fall)
    assume((tight.low_m <= tight.high_m).all())
    count = len(band.along_m)
    fixed = np.array(data.draw(st.lists(st.booleans(), min_size=count, max_size=count)))
    corners = thread(tight, (band.low_m + band.high_m) / 2, fixed, rise, fall)
    heights = line(corners, band.along_m)
    assert (heights >= band.low_m - 1e-6).all()
    assert (heights <= band.high_m + 1e-6).all()
    slope = np.diff(heights) / np.diff(band.along_m)
    assert slope.max() <= rise + 1e-6
    assert slope.min() >= -fall - 1e-6
    assert {0, count - 1, *np.flatnonzero(fixed).tolist()} <= set(corners)


@given(bands(), SLOPES)
def test_any_line_that_exists_is_left_in_the_narrowed_band(band, slopes):
    rise, fall = slopes
    heights = np.zeros(len(band.along_m))
    for i, step in enumerate(np.diff(band.along_m)):
        low, high = heights[i] - fall * step, heights[i] + rise * step
        heights[i + 1] = np.clip((band.low_m[i + 1] + band.high_m[i + 1]) / 2, low, high)
    wide = Band(band.along_m, np.minimum(band.low_m, heights), np.maximum(band.high_m, heights))
    tight = narrowed(wide, rise, fall)
    assert (tight.low_m <= heights + 1e-6).all()
    assert (tight.high_m >= heights - 1e-6).all()


def test_wall_higher_than_the_band_leaves_no_room():
    along = np.array([0.0, 10.0, 11.0, 20.0])
    ground = np.array([0.0, 0.0, 30.0, 30.0])
    tight = narrowed(Band(along, ground + 90, ground + 110), 0.5, 0.5)
    assert (tight.low_m > tight.high_m).any()


def test_straight_band_needs_no_corners_between():
    along = np.linspace(0, 1000, 101)
    band = Band(along, 0.1 * along - 5, 0.1 * along + 5)
    fixed = np.zeros(101, dtype=bool)
    assert set(thread(band, 0.1 * along, fixed, 1.0, 1.0)) == {0, 100}


def test_one_hill_needs_few_corners():
    along = np.linspace(0, 1000, 201)
    ground = 40 * np.exp(-(((along - 500) / 150) ** 2))
    band = narrowed(Band(along, ground - 5, ground + 5), 1.0, 1.0)
    corners = thread(band, ground, np.zeros(201, dtype=bool), 1.0, 1.0)
    assert 4 <= len(corners) <= 8
