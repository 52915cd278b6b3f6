import cv2
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.vision.scene import frame_of, renamed
from vision.package import ModelPackage
from vision.polygons import (
    ClassRule,
    PolygonRules,
    detections_from_maps,
    outlines,
    polygon_from_mask,
)

PLAIN = {"high": 0.5, "low": 0.5, "gap_px": 0.0, "least_px": 1.0, "tolerance_px": 0.0}


def blob(seed, size=64, threshold=0.8):
    noise = np.random.default_rng(seed).normal(size=(size, size)).astype(np.float32)
    smooth = cv2.GaussianBlur(noise, (0, 0), 6)
    mask = (smooth / smooth.std() > threshold).astype(np.uint8)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(mask)
    return labels == 1 + int(np.argmax(stats[1:, cv2.CC_STAT_AREA]))


def probability(*boxes, size=(80, 120), value=0.9):
    out = np.zeros(size, dtype=np.float32)
    for left, top, right, bottom in boxes:
        out[top:bottom, left:right] = value
    return out


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_the_outline_of_a_mask_holds_its_pixels(seed):
    mask = blob(seed)
    polygon = polygon_from_mask(mask, tolerance_px=0.0)
    assert polygon.is_valid
    y, x = np.nonzero(mask)
    # Tails of a single pixel's width have no inside and may be lost.
    assert shapely.contains_xy(polygon, x, y).mean() > 0.99
    assert mask.sum() <= polygon.area <= mask.sum() * 1.1 + 4


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_a_simpler_outline_stays_within_its_tolerance(seed):
    mask = blob(seed)
    exact, simple = (polygon_from_mask(mask, tolerance_px=t) for t in (0.0, 1.0))
    assert shapely.hausdorff_distance(exact.boundary, simple.boundary) <= 1.5
    assert shapely.get_num_coordinates(simple) < shapely.get_num_coordinates(exact)


def test_a_box_is_outlined_along_the_outer_edges_of_its_pixels():
    (found,) = outlines(probability((10, 20, 30, 50)), **PLAIN)
    assert found.polygon.bounds == (9.5, 19.5, 29.5, 49.5)
    assert found.polygon.area == 600


def test_a_hole_stays_a_hole():
    ring = probability((10, 10, 60, 60))
    ring[25:45, 25:45] = 0
    (found,) = outlines(ring, **PLAIN)
    assert len(found.polygon.interiors) == 1
    assert found.polygon.area == pytest.approx(2500 - 400, rel=0.01)


def test_an_object_needs_one_certain_pixel_and_reaches_to_the_uncertain_ones():
    weak = probability((10, 10, 40, 40), value=0.4)
    assert outlines(weak, **PLAIN | {"low": 0.3}) == []
    weak[20, 20] = 0.9
    (found,) = outlines(weak, **PLAIN | {"low": 0.3})
    assert found.polygon.area == 900


def test_the_score_is_the_mean_probability_inside():
    half = probability((10, 10, 30, 30), value=0.6)
    half[10:30, 20:30] = 0.8
    assert outlines(half, **PLAIN)[0].score == pytest.approx(0.7, abs=1e-3)


def test_parts_within_the_gap_are_one_object_and_others_are_not():
    near = probability((10, 10, 30, 30), (36, 10, 60, 30))
    assert len(outlines(near, **PLAIN | {"gap_px": 10})) == 1
    assert len(outlines(near, **PLAIN | {"gap_px": 3})) == 2


def test_small_parts_are_dropped():
    assert outlines(probability((10, 10, 14, 14)), **PLAIN | {"least_px": 17}) == []


@pytest.mark.parametrize(
    "box", [(0, 10, 20, 30), (100, 10, 120, 30), (10, 0, 30, 20), (10, 60, 30, 80)]
)
def test_what_touches_the_edge_is_cut(box):
    assert outlines(probability(box), **PLAIN)[0].cut
    assert not outlines(probability((10, 10, 30, 30)), **PLAIN)[0].cut


def test_closing_gaps_makes_nothing_touch_the_edge():
    (found,) = outlines(probability((3, 10, 20, 30), (24, 10, 40, 30)), **PLAIN | {"gap_px": 12})
    assert not found.cut
    assert found.polygon.bounds[0] == 2.5


PACKAGE = ModelPackage(
    path=None, name="t", version="1", sha256="", classes=("building", "smoke"),
    mean=(0, 0, 0), std=(1, 1, 1), model_gsd_m=0.1, gsd_range_m=(0.01, 1.0), tile_px=128,
    thresholds={"building": 0.5, "smoke": 0.5},
)  # fmt: skip


def test_outlines_are_in_pixels_of_the_full_picture():
    photo = renamed(frame_of("a", None), width_px=1200, height_px=800, gsd_m=0.02)
    maps = np.stack([probability((10, 20, 30, 50)), probability()])
    (found,) = detections_from_maps(maps, photo, PACKAGE, PolygonRules())
    assert (found.photo_id, found.class_name) == ("a", "building")
    assert found.polygon_px.bounds == pytest.approx((99.5, 199.5, 299.5, 499.5))
    assert found.score == pytest.approx(0.9, abs=1e-3)


def test_sizes_are_in_square_metres_whatever_the_scale():
    maps = np.stack([probability((10, 20, 30, 50)), probability()])  # 600 pixels
    rules = PolygonRules(by_class={"building": ClassRule(least_area_m2=6.0, gap_m=0.0)})
    for gsd_m, count in ((0.0105, 1), (0.0095, 0)):  # 6.6 and 5.4 square metres
        photo = renamed(frame_of("a", None), width_px=1200, height_px=800, gsd_m=gsd_m)
        assert len(detections_from_maps(maps, photo, PACKAGE, rules)) == count
