import json
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from shapely import LineString, Polygon, box
from shapely.affinity import rotate, scale
from shapely.geometry import shape

from benchmarks.planning import seen_share
from missions.canvas import Photos
from missions.coverage import covered_share
from missions.pattern import cover, simplified
from missions.runs import places_along, runs_of
from missions.timing import Motion, length_m
from tests.missions.shapes import SQUARE, U_SHAPE, WITH_POND, polygons

MOTION = Motion(10.0, 2.5)
PHOTOS = Photos.overlapping(30.0, 18.75, 0.70, 0.75)
DATA = Path(os.environ.get("AEROGRID_DATA", Path(__file__).parents[3] / "shared"))


def assert_safe(polygon, route, share=0.985):
    path = route.points()
    assert polygon.buffer(0.5).covers(LineString(path))
    assert covered_share(polygon, path, 30) >= share


@settings(max_examples=30)
@given(polygons())
def test_any_polygon_is_covered_without_leaving_it(polygon):
    assert_safe(polygon, cover(polygon, 30, MOTION, PHOTOS))


FIELD = box(0, 0, 900, 640)


@settings(max_examples=15)
@given(polygons())
def test_photos_see_enough_of_any_polygon_that_rows_end_early_in(polygon):
    route = cover(polygon, 30, MOTION, PHOTOS)
    assert_safe(polygon, route)
    taken = [places_along(run, 18.75) for run in runs_of(route)]
    assert seen_share(polygon, taken) >= (0.965 if polygon.area > 1e5 else 0.93)


@pytest.mark.parametrize("polygon", [FIELD, scale(U_SHAPE, 2, 2), scale(WITH_POND, 2, 2)])
def test_early_ends_save_time_and_photos_still_see_enough(polygon):
    whole = cover(polygon, 30, MOTION, PHOTOS, wanted_share=0.9995)
    early = cover(polygon, 30, MOTION, PHOTOS)
    assert MOTION.path_seconds(early.points()) < MOTION.path_seconds(whole.points())
    assert seen_share(polygon, [places_along(run, 18.75) for run in runs_of(early)]) >= 0.99


def test_half_of_the_usual_photos_are_wanted_of_nearly_every_place():
    assert [Photos.overlapping(1, 1, *both).least for both in SHARES] == [6, 2, 1, 8]


SHARES = [(0.70, 0.75), (0.4, 0.6), (0.0, 0.0), (0.8, 0.7)]


@pytest.mark.parametrize("polygon", [SQUARE, U_SHAPE, WITH_POND])
def test_each_shape_is_covered_without_leaving_it(polygon):
    assert_safe(polygon, cover(polygon, 30, MOTION, PHOTOS), share=0.99)


def test_bay_and_pond_are_not_flown_across():
    for polygon in (U_SHAPE, WITH_POND):
        beyond = LineString(cover(polygon, 30, MOTION, PHOTOS).points()).difference(
            polygon.buffer(0.06)
        )
        assert beyond.length == 0


def test_long_strip_is_flown_lengthwise():
    strip = Polygon([(0, 0), (1000, 100), (990, 200), (-10, 100)])
    rows = cover(strip, 30, MOTION, PHOTOS).rows
    longest = rows[np.hypot(*(rows[:, 1] - rows[:, 0]).T).argmax()]
    angle = np.degrees(np.arctan2(*(longest[1] - longest[0])[::-1])) % 180
    assert angle == pytest.approx(np.degrees(np.arctan2(100, 1000)), abs=2)


def test_chosen_direction_is_no_slower_than_the_usual_ones():
    best = MOTION.path_seconds(cover(U_SHAPE, 30, MOTION, PHOTOS).points())
    for angle in (0.0, 45.0, 90.0):
        fixed = cover(U_SHAPE, 30, MOTION, PHOTOS, angle_deg=angle)
        assert best <= MOTION.path_seconds(fixed.points()) + 1e-6


def test_given_direction_is_kept():
    route = cover(SQUARE, 30, MOTION, replace(PHOTOS, share=0.0), angle_deg=25.0, wanted_share=0.0)
    steps = route.rows[:, 1] - route.rows[:, 0]
    angles = np.degrees(np.arctan2(steps[:, 1], steps[:, 0])) % 180
    assert angles == pytest.approx(25, abs=1e-6)


def test_sharp_corners_get_rows_of_their_own():
    needle = Polygon([(0, 0), (600, 0), (600, 300), (300, 20)])
    bare = cover(needle, 30, MOTION, PHOTOS, angle_deg=80.0, wanted_share=0.0)
    closed = cover(needle, 30, MOTION, PHOTOS, angle_deg=80.0, wanted_share=0.995)
    assert covered_share(needle, closed.points(), 30) > covered_share(needle, bare.points(), 30)
    assert covered_share(needle, closed.points(), 30) >= 0.99


def test_time_estimate_is_not_length_over_speed():
    path = cover(SQUARE, 30, MOTION, PHOTOS).points()
    assert MOTION.path_seconds(path) > 1.1 * length_m(path) / 10


def test_area_smaller_than_the_spacing_gets_a_row():
    assert len(cover(Polygon([(0, 0), (8, 0), (8, 8), (0, 8)]), 30, MOTION, PHOTOS).rows) >= 1


def test_simplified_outline_stays_close():
    ring = [(x, 0.2 * (x % 2)) for x in range(200)] + [(199, 100), (0, 100)]
    shape_ = simplified(Polygon(ring))
    assert len(shape_.exterior.coords) < 20
    assert shape_.exterior.hausdorff_distance(Polygon(ring).exterior) <= 0.5


@pytest.mark.skipif(not (DATA / "planning/dev.geojson").exists(), reason="no shared polygons here")
def test_shared_polygons_of_each_kind_are_safe():
    features = json.loads((DATA / "planning/dev.geojson").read_text("utf-8"))["features"]
    first = {f["properties"]["kind"]: shape(f["geometry"]) for f in reversed(features)}
    for polygon in first.values():
        assert_safe(polygon, cover(polygon, 30, MOTION, PHOTOS))


@pytest.mark.parametrize("turned_deg", [0, 20])
@pytest.mark.parametrize("spacing_m", [42.5, 61.0])
def test_a_square_is_flown_no_more_slowly_than_along_a_side(spacing_m, turned_deg):
    """Gaps between fewer rows look cheap to the estimate and are not."""
    photos = Photos.overlapping(spacing_m, spacing_m / 1.6, 0.70, 0.75)
    square = rotate(box(0, 0, 400, 400), turned_deg)
    route = cover(square, spacing_m, MOTION, photos)
    along = cover(square, spacing_m, MOTION, photos, angle_deg=turned_deg)
    assert MOTION.path_seconds(route.points()) < 1.001 * MOTION.path_seconds(along.points())
