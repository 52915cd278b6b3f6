"""Errors that flights share, estimated on a world where they are known."""

from dataclasses import replace

import numpy as np
import pytest
import shapely

from geo.frames import Array
from vision.flight_errors import ERRORS, estimate, settled
from vision.fuse import Member
from vision.model import ErrorArms

SHARED_M = 1.4
SINGLE_M = 0.2


def world(count: int, photos: int, seed: int) -> tuple[list[list[Member]], Array]:
    """Objects, each in some photos of one flight, without any error; and where they are."""
    rng = np.random.default_rng(seed)
    places = rng.uniform(0, 200, (count, 2))
    groups = []
    for number, place in enumerate(places):
        group = []
        for look in range(photos):
            height, axis_x, axis_y, twist = rng.normal(0, 1.0, (4, 2))
            arms = ErrorArms(
                tuple(height), (tuple(axis_x), tuple(axis_y), tuple(twist)), (0.0, 0.0)
            )
            common = np.vstack([SHARED_M * np.eye(2), height, axis_x, axis_y, twist])
            group.append(
                Member(
                    index=photos * number + look,
                    photo_id=f"p{look}-{number}",
                    flight="a",
                    time_s=float(look),
                    polygon_m=shapely.Point(place).buffer(3.0),
                    centre_m=place,
                    covariance_m2=SINGLE_M**2 * np.eye(2) + common.T @ common,
                    shared_m2=SHARED_M**2,
                    arms_m=arms,
                    cut=False,
                )
            )
        groups.append(group)
    return groups, places


def by_errors(member: Member, errors: Array) -> Array:
    """How far errors, in their standard deviations, move a sighting."""
    gnss = SHARED_M * np.eye(2)
    moved: Array = errors @ np.vstack([gnss, member.arms_m.height_m, *member.arms_m.turns_m])
    return moved


def moved(member: Member, by_m: Array) -> Member:
    outline = shapely.transform(member.polygon_m, lambda points: points + by_m)
    return replace(member, centre_m=member.centre_m + by_m, polygon_m=outline)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_shared_height_and_turns_are_found(seed):
    groups, _ = world(40, 5, seed)
    rng = np.random.default_rng(seed)
    true = rng.normal(0, 1, ERRORS)
    seen = [
        [moved(m, by_errors(m, true) + rng.normal(0, SINGLE_M, 2)) for m in group]
        for group in groups
    ]
    known = estimate(seen, ["a"], 0.0)
    assert known.errors[0, 2:] == pytest.approx(true[2:], abs=0.1)
    assert known.single_share < 0.1
    assert np.abs(known.errors[0, :2]).max() < 0.2, "one flight alone does not tell its place"


def test_settled_sightings_of_one_object_lie_together():
    groups, places = world(40, 5, 4)
    true = np.array([0.0, 0.0, 1.0, -1.0, 0.5, 2.0])
    seen = [[moved(m, by_errors(m, true)) for m in group] for group in groups]
    known = estimate(seen, ["a"], 0.0)
    for group, place in zip(seen, places, strict=True):
        for member in group:
            done = settled(member, known)
            assert np.linalg.norm(done.centre_m - place) < 0.5
            assert done.polygon_m.centroid.distance(shapely.Point(done.centre_m)) < 1e-6
            assert np.trace(done.covariance_m2) < np.trace(member.covariance_m2)


def test_errors_of_single_photos_are_not_taken_for_shared_ones():
    groups, _ = world(60, 6, 5)
    rng = np.random.default_rng(5)
    own = [[moved(m, by_errors(m, rng.normal(0, 1, ERRORS))) for m in g] for g in groups]
    known = estimate(own, ["a"], 0.0)
    assert known.single_share > 0.7
    assert np.abs(known.errors).max() < 0.5


def test_a_flight_that_lies_aside_of_another_is_moved_to_it():
    groups, _ = world(40, 6, 6)
    aside_m = np.array([2.0, -1.0])
    seen = [
        [
            moved(replace(m, flight="b"), aside_m) if number % 2 else m
            for number, m in enumerate(group)
        ]
        for group in groups
    ]
    known = estimate(seen, ["a", "b"], 0.0)
    a, b = known.errors[:, :2] * SHARED_M
    assert b - a == pytest.approx(aside_m, abs=0.2)
    one, other = (settled(m, known).centre_m for m in seen[0][:2])
    assert np.linalg.norm(one - other) < 0.3


def test_sightings_of_something_else_count_little():
    groups, _ = world(40, 5, 7)
    seen = [[moved(m, np.array([9.0, 9.0])) if m.index % 17 == 0 else m for m in g] for g in groups]
    assert np.abs(estimate(seen, ["a"], 0.0).errors).max() < 0.3


def test_a_flight_without_objects_keeps_its_poses():
    groups, _ = world(3, 1, 8)
    known = estimate(groups, ["a", "empty"], 0.15)
    assert np.abs(known.errors).max() == 0
    assert settled(groups[0][0], known).centre_m == pytest.approx(groups[0][0].centre_m)


def test_doubt_is_not_counted_twice_where_nothing_is_known():
    groups, _ = world(10, 1, 9)
    known = estimate(groups, ["a"], 0.15)
    for (member,) in groups:
        done = np.trace(settled(member, known).covariance_m2)
        assert done <= 1.06 * np.trace(member.covariance_m2)
