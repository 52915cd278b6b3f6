"""How long a patrol flew, and how much ground its photos show."""

from dataclasses import replace
from datetime import timedelta

import pytest
from shapely import box

from geo.frames import LocalFrame
from pipeline.ground import PAUSE_S, flown_of
from tests.cases.world import SEEN, square
from tests.vision.scene import frame_of


def photo(name: str, second: float | None):
    at = None if second is None else SEEN + timedelta(seconds=second)
    return replace(frame_of(name, None), path=f"{name}.jpg", taken_at=at)


def test_pauses_between_flights_do_not_count():
    first = [photo(f"one/{n}", 2.0 * n) for n in range(10)]
    second = [photo(f"one/s{n}", 18 + PAUSE_S + 1 + 2.0 * n) for n in range(5)]
    beside = [photo(f"two/{n}", 3.0 * n) for n in range(4)]  # another drone at the same time
    flown = flown_of([*second, *first, *beside, photo("one/x", None)], ())
    assert (flown.flown_s, flown.photos, flown.covered_m2) == (18 + 8 + 9, 20, 0.0)


def test_ground_that_several_photos_show_counts_once():
    flown = flown_of([], [square(0, 0, 100), square(50, 0, 100), square(500, 0, 10)])
    assert flown.covered_m2 == pytest.approx(150 * 100 + 100, rel=1e-3)


def test_footprints_are_measured_in_metres_on_the_ground():
    frame = LocalFrame(119.8, 60.0)
    far_north = frame.to_lonlat(box(-50, -50, 50, 50))
    assert flown_of([], [far_north]).covered_m2 == pytest.approx(10_000, rel=1e-3)
