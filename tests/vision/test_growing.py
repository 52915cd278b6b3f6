"""Photos joined as they come against the same photos joined at once."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
import shapely

from geo.terrain import FlatTerrain
from tests.vision.scene import EXACT, LOCAL, SCALE, Errors, grid_of_places, photograph
from tests.vision.test_associate import scattered
from vision import growing
from vision.associate import associate
from vision.growing import Ground, Growing
from vision.locate import footprints, locate
from vision.model import Detection, Frame, Observation

GROUND = FlatTerrain(0.0)
ON = Ground(GROUND, LOCAL, None, SCALE, 0.5, terrain_has_roofs=True, terrain_name="flat")


def at_once(frames: Sequence[Frame], found: Sequence[Detection]) -> tuple[Observation, ...]:
    sightings, _ = locate(found, frames, GROUND, LOCAL, terrain_sigma_m=0.5)
    clear = footprints(frames, GROUND, LOCAL, SCALE)
    return associate(sightings, frames, None, local=LOCAL, footprints=clear)


def by_photo(found: Sequence[Detection]) -> dict[str, list[Detection]]:
    told: dict[str, list[Detection]] = {}
    for item in found:
        told.setdefault(item.photo_id, []).append(item)
    return told


def grown(
    frames: Sequence[Frame], found: Sequence[Detection], step: int
) -> tuple[Observation, ...]:
    growing_on = Growing(ON)
    for count in range(step, len(frames) + step, step):
        observations = growing_on.take(frames[:count], by_photo(found))
    return observations


@pytest.mark.parametrize("step", [1, 3])
def test_exact_photos_that_come_one_by_one_show_what_they_show_at_once(step):
    frames, found, _ = photograph(scattered(25, 3), grid_of_places(75, 25), EXACT, 3)
    whole, parts = at_once(frames, found), grown(frames, found, step)
    assert [item.observation_id for item in parts] == [item.observation_id for item in whole]
    for one, other in zip(parts, whole, strict=True):
        assert one.score == other.score
        assert one.polygon.equals_exact(other.polygon, 1e-7)


@pytest.mark.parametrize("seed", [1, 2])
def test_photos_with_errors_show_the_same_objects_some_decimetres_off_at_most(seed):
    frames, found, _ = photograph(scattered(25, seed), grid_of_places(75, 25), Errors(), seed)
    whole, parts = at_once(frames, found), grown(frames, found, 1)
    assert sorted(sorted(o.photo_ids) for o in parts) == sorted(sorted(o.photo_ids) for o in whole)
    middles = [
        LOCAL.xy_from_lonlat(shapely.get_coordinates([o.polygon.centroid for o in told]))
        for told in (whole, parts)
    ]
    nearest = np.linalg.norm(middles[0][:, None] - middles[1][None], axis=2).min(axis=1)
    assert nearest.max() < 0.5


def test_a_photo_that_has_changed_is_joined_anew_and_one_that_is_gone_leaves_nothing():
    frames, found, _ = photograph(scattered(25, 3), grid_of_places(75, 25), EXACT, 3)
    growing_on = Growing(ON)
    growing_on.take(frames, by_photo(found))
    moved = [replace(frames[0], sha256="other"), *frames[1:]]
    assert growing_on.take(moved, by_photo(found)) == at_once(moved, found)
    left = [item for item in found if item.photo_id != frames[0].photo_id]
    assert growing_on.take(frames[1:], by_photo(left)) == at_once(frames[1:], left)


def test_a_far_photo_joins_only_what_it_shows(monkeypatch):
    near, near_found, _ = photograph(scattered(25, 3), grid_of_places(100, 25), EXACT, 3)
    far_objects = [shapely.affinity.translate(one, 2000, 0) for one in scattered(25, 4)[:4]]
    far_places = [(x + 2000, y) for x, y in grid_of_places(25, 25)]
    far, far_found, _ = photograph(far_objects, far_places, EXACT, 4, folder="later")
    growing_on = Growing(ON)
    before = growing_on.take(near, by_photo(near_found))
    asked = []
    monkeypatch.setattr(
        growing,
        "associate",
        lambda group, *of, **by: asked.append(group) or associate(group, *of, **by),
    )
    after = growing_on.take([*near, *far], by_photo([*near_found, *far_found]))
    assert [len(group) for group in asked] == [len(far_found)]
    assert set(before) < set(after)


def test_nothing_new_joins_nothing(monkeypatch):
    frames, found, _ = photograph(scattered(25, 3), grid_of_places(75, 25), EXACT, 3)
    growing_on = Growing(ON)
    before = growing_on.take(frames, by_photo(found))
    monkeypatch.delattr(growing, "associate")
    assert growing_on.take(frames, by_photo(found)) is before
