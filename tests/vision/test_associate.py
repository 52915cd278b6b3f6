from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
import shapely

from geo.grid import Cell, Grid
from geo.pose import Attitude
from geo.projection import pixels_from_ground
from geo.terrain import FlatTerrain
from tests.vision.scene import (
    CAMERA,
    EXACT,
    LOCAL,
    SCALE,
    Errors,
    frame_of,
    grid_of_places,
    photograph,
    pose_at,
    square,
)
from vision.associate import associate
from vision.locate import footprints, locate
from vision.model import Detection

GROUND = FlatTerrain(0.0)
PLACES = grid_of_places(100, 25)
TAGS = Errors(vertical_m=3.0, axis_deg=0.5, twist_deg=2.0)  # the default of geo.pose.PoseSigma
ADJUSTED = Errors(0.0, 0.05, 0.02, 0.02, 0.1, 0.1)


class Patrol:
    """What association made of a known world."""

    def __init__(self, objects, errors, seed, *, places=PLACES, grid=None, terrain_sigma_m=0.5):
        self.objects = objects
        frames, detections, truth = photograph(objects, places, errors, seed)
        self.object_of = {
            (d.photo_id, d.polygon_px.wkb): i for d, i in zip(detections, truth, strict=True)
        }
        self.sightings, _ = locate(
            detections, frames, GROUND, LOCAL, terrain_sigma_m=terrain_sigma_m
        )
        self.frames = frames
        self.outlines = footprints(frames, GROUND, LOCAL, SCALE)
        self.observations = associate(
            self.sightings, frames, grid, local=LOCAL, footprints=self.outlines
        )

    def objects_in(self, observation):
        pairs = zip(observation.photo_ids, observation.detections_px, strict=True)
        return {self.object_of[photo, outline.wkb] for photo, outline in pairs}

    def duplicates(self):
        counts = Counter(i for o in self.observations for i in self.objects_in(o))
        return sum(count > 1 for count in counts.values())

    def mixed(self):
        return sum(len(self.objects_in(o)) > 1 for o in self.observations)


def scattered(step_m, seed, low=1.5, high=12.0, size_m=100):
    rng = np.random.default_rng(seed)
    along = np.arange(-10, size_m + 10, step_m)
    return [
        square(x + rng.uniform(-0.1, 0.1) * step_m, y, rng.uniform(low, high))
        for x in along
        for y in along
    ]


@pytest.mark.parametrize("seed", [1, 2, 3, 4])
def test_one_object_is_one_observation_with_the_errors_of_photo_tags(seed):
    patrol = Patrol(scattered(25, seed), Errors(), seed)
    assert (patrol.duplicates(), patrol.mixed()) == (0, 0)
    assert len(patrol.observations) == len(
        {i for o in patrol.observations for i in patrol.objects_in(o)}
    )


@pytest.mark.parametrize("seed", [1, 2])
def test_objects_three_metres_apart_stay_apart_when_poses_are_adjusted(seed):
    objects = [square(x, y, 2) for x in range(0, 60, 3) for y in range(0, 30, 3)]
    patrol = Patrol(objects, ADJUSTED, seed, places=grid_of_places(75, 25), terrain_sigma_m=0.05)
    assert patrol.mixed() == 0
    assert patrol.duplicates() <= 0.02 * len(objects)


@pytest.mark.parametrize("seed", [1, 2])
def test_houses_of_a_dense_village_stay_apart_with_the_errors_of_photo_tags(seed):
    houses = [square(x, y, 7) for x in range(0, 100, 10) for y in range(0, 100, 11)]
    patrol = Patrol(houses, TAGS, seed, terrain_sigma_m=1.0)
    assert (patrol.duplicates(), patrol.mixed()) == (0, 0)


def test_two_detections_in_one_photo_are_never_one_object():
    patrol = Patrol([square(0, 0, 3), square(3.5, 0, 3)], Errors(), 5)
    for observation in patrol.observations:
        assert len(set(observation.photo_ids)) == len(observation.photo_ids)


def test_the_middle_of_an_object_is_better_known_than_from_one_photo():
    patrol = Patrol(scattered(25, 6, low=5), Errors(shared_m=0.0), 6)

    def error(polygon, index):
        return LOCAL.to_local(polygon).centroid.distance(patrol.objects[index].centroid)

    fused = [error(o.polygon, *patrol.objects_in(o)) for o in patrol.observations]
    single = [
        error(s.polygon, patrol.object_of[s.detection.photo_id, s.detection.polygon_px.wkb])
        for s in patrol.sightings
        if not s.detection.cut
    ]
    assert np.median(fused) < 0.7 * np.median(single)


@pytest.mark.parametrize(
    ("pitch_deg", "turn_deg", "place"),
    [(-90.0, 90.0, (30, 20)), (-60.0, 0.0, (20, 70)), (-45.0, 0.0, (20, 95)),
     (-45.0, 90.0, (75, 75))],
)  # fmt: skip
def test_ellipses_hold_the_truth_as_often_as_they_say(pitch_deg, turn_deg, place):
    inside = []
    target = square(*place)
    for seed in range(100):  # what is wrong with a flight is drawn once a flight
        places = [(float(x), float(y)) for x in (0, 14, 28, 42) for y in (0, 14, 28)]
        frames, detections, _ = photograph(
            [target], places, TAGS, seed, pitch_deg=pitch_deg, turn_deg=turn_deg
        )
        ground = FlatTerrain(np.random.default_rng(seed + 1000).normal(0, 1.0))
        sightings, _ = locate(detections, frames, ground, LOCAL, terrain_sigma_m=1.0)
        assert len(sightings) >= 4
        (found, *_) = associate(sightings, frames, None, local=LOCAL)
        a, b = LOCAL.to_local(found.polygon).centroid, target.centroid
        offset = np.array([a.x - b.x, a.y - b.y])
        ee, en, nn = found.covariance_m2
        squared = offset @ np.linalg.inv(np.array([[ee, en], [en, nn]])) @ offset
        inside.append(squared <= 5.99)  # 95 per cent of a 2-D normal
    assert 0.91 <= np.mean(inside) <= 0.99


def test_the_fused_outline_has_the_objects_size():
    patrol = Patrol(scattered(25, 7, low=6), Errors(shared_m=0.0), 7)
    for observation in patrol.observations:
        (index,) = patrol.objects_in(observation)
        if len(observation.photo_ids) >= 3:
            assert observation.area_m2 == pytest.approx(patrol.objects[index].area, rel=0.12)


def seen_house(poses, height_m=4.0):
    """A house of 10 x 6 m with walls, its whole silhouette found in one photo from each pose."""
    base = shapely.get_coordinates(shapely.box(-5, -3, 5, 3))[:4]
    corners = np.vstack([np.c_[base, np.full(4, z)] for z in (0.0, height_m)])
    frames, found = [], []
    for number, pose in enumerate(poses):
        frames.append(frame_of(f"p{number}", pose, number))
        pixels = pixels_from_ground(corners, CAMERA, pose, LOCAL)
        silhouette = shapely.MultiPoint(pixels).convex_hull
        found.append(Detection(f"p{number}", "building", 0.9, silhouette))
    sightings, _ = locate(found, frames, GROUND, LOCAL)
    (house,) = associate(sightings, frames, None, local=LOCAL)
    return house


def test_a_house_is_as_large_as_from_above_however_long_its_walls_look_from_the_side():
    above = [pose_at(0, 0, Attitude(0.0, -90.0))]
    aside = [pose_at(0, y, Attitude(0.0, -45.0)) for y in (-82, -80, -78)]
    from_above, from_aside, both = map(seen_house, (above, aside, above + aside))
    assert from_aside.area_m2 > 1.4 * 60
    assert both.area_m2 == pytest.approx(from_above.area_m2, rel=1e-6)
    assert from_above.area_m2 == pytest.approx(60, rel=0.15)
    assert (from_above.is_aslant, from_aside.is_aslant, both.is_aslant) == (False, True, False)


def test_what_few_views_show_of_a_house_is_not_the_house():
    """Each of four views adds a strip on its own side, where a wall faces it; two add a shed."""
    strips = [(-7, -3, 5, 3), (-5, -3, 7, 3), (-5, -4.5, 5, 3), (-5, -3, 5, 4.5)]
    shed = shapely.box(-2, 3, 2, 7)
    frames, found = [], []
    for number, bounds in enumerate(strips):
        pose = pose_at(0, 0, Attitude(0.0, -90.0))
        frames.append(frame_of(f"p{number}", pose, number))
        shown = shapely.box(*bounds).union(shed if number < 2 else shapely.Polygon())
        ground = np.column_stack(
            [shapely.get_coordinates(shown), np.zeros(shapely.get_num_coordinates(shown))]
        )
        outline = shapely.Polygon(pixels_from_ground(ground, CAMERA, pose, LOCAL))
        found.append(Detection(f"p{number}", "building", 0.9, outline))
    sightings, _ = locate(found, frames, GROUND, LOCAL)
    (house,) = associate(sightings, frames, None, local=LOCAL)
    areas_m2 = [LOCAL.to_local(sighting.polygon).area for sighting in sightings]
    assert house.area_m2 < min(areas_m2)


def test_an_object_missed_by_most_photos_is_doubted():
    patrol = Patrol([square(50, 50)], EXACT, 1)
    sure = patrol.observations[0]
    assert sure.score == pytest.approx(0.8, abs=0.01)
    (alone,) = associate(
        patrol.sightings[:1], patrol.frames, None, local=LOCAL, footprints=patrol.outlines
    )
    assert alone.score < 0.3
    (unasked,) = associate(patrol.sightings[:1], patrol.frames, None, local=LOCAL)
    assert unasked.score == pytest.approx(0.8, abs=0.01)


def called(sighting, class_name):
    return replace(sighting, detection=replace(sighting.detection, class_name=class_name))


def test_different_classes_stay_apart():
    patrol = Patrol([square(50, 50)], EXACT, 1)
    other = [called(s, "flame") for s in patrol.sightings]
    found = associate([*patrol.sightings, *other], patrol.frames, None, local=LOCAL)
    assert sorted(o.class_name for o in found) == ["building", "flame"]


def test_a_building_called_construction_elsewhere_is_no_miss():
    patrol = Patrol([square(50, 50)], EXACT, 1)
    first, *rest = patrol.sightings
    mixed = [first, *(called(s, "construction") for s in rest)]
    found = associate(mixed, patrol.frames, None, local=LOCAL, footprints=patrol.outlines)
    assert [round(o.score, 2) for o in found] == [0.8, 0.8]


def test_the_best_photo_shows_the_object_whole_and_near_the_middle():
    patrol = Patrol([square(50, 50)], EXACT, 1)
    best = patrol.observations[0].photo_ids[0]
    assert best == "flight/p0012"  # taken right above it
    assert patrol.observations[0].seen_at == patrol.frames[12].taken_at


def cell(code, west, east):
    area = shapely.box(west, -500, east, 500)
    return Cell(code, code, "t", "v", "", LOCAL.to_lonlat(area))


def test_an_object_on_a_border_belongs_to_the_cell_with_the_larger_share():
    grid = Grid([cell("left", -500, 49), cell("right", 49, 500)])
    (found,) = Patrol([square(50, 50)], EXACT, 1, grid=grid).observations
    assert (found.cell_code, found.other_cells) == ("right", ("left",))
    (outside,) = Patrol([square(50, 50)], EXACT, 1, grid=Grid([cell("x", 300, 400)])).observations
    assert (outside.cell_code, outside.other_cells) == (None, ())


def test_the_result_does_not_depend_on_the_order_of_the_sightings():
    patrol = Patrol(scattered(25, 8), Errors(), 8)
    again = associate(
        patrol.sightings[::-1], patrol.frames, None, local=LOCAL, footprints=patrol.outlines
    )
    assert [o.observation_id for o in again] == [o.observation_id for o in patrol.observations]


def test_a_large_object_cut_in_every_photo_is_one():
    (found,) = Patrol([square(50, 50, 90)], EXACT, 1).observations
    assert found.area_m2 == pytest.approx(8100, rel=0.1)


def test_nothing_seen_is_nothing_observed():
    assert associate([], [], None, local=LOCAL) == ()
