"""Which patrol a photo is of changes nothing of the cases: what two patrols show is one case."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import Polygon

from cases.filing import propose
from cases.model import Case, PatrolRecord
from cases.registry import Registry
from cases.rule_files import load_rulebook
from cases.zones import NO_ZONES
from geo.terrain import FlatTerrain
from tests.vision.scene import (
    LOCAL,
    SCALE,
    Errors,
    grid_of_places,
    photograph,
    square,
)
from vision.associate import associate
from vision.locate import footprints, locate
from vision.model import Detection, Frame

FLOWN = datetime(2026, 6, 1, 3, 0, tzinfo=UTC)
GROUND = FlatTerrain(0.0)
ADJUSTED = Errors(0.0, 0.05, 0.02, 0.02, 0.1, 0.0, 0.1)
TAGS = Errors()
BOOK = load_rulebook().without_grid()

Photos = tuple[Sequence[Frame], Sequence[Detection]]
Seen = frozenset[tuple[str, bytes]]
"""Detections: the photo each is in and its outline."""


def file_patrol(registry: Registry, photos: Photos, number: int) -> None:
    """File some photos as a patrol of their own, an hour after the one before."""
    frames, detections = photos
    at = FLOWN + timedelta(hours=number)
    frames = [
        replace(frame, taken_at=at, sha256=sha256(frame.photo_id.encode()).hexdigest())
        for frame in frames
    ]
    sightings, _ = locate(detections, frames, GROUND, LOCAL, terrain_sigma_m=0.2)
    shown = footprints(frames, GROUND, LOCAL, SCALE)
    found = associate(sightings, frames, None, local=LOCAL, footprints=shown)
    grounds = [p for p in shapely.get_parts(list(shown.values())) if isinstance(p, Polygon)]
    hashes = {frame.photo_id: frame.sha256 for frame in frames}
    patrol = PatrolRecord(f"patrol-{number}", at, "a" * 64, hashes)
    findings = propose(found, BOOK, NO_ZONES, on=at.date())
    registry.file(patrol, findings, rulebook=BOOK, footprints=grounds, now=at)


def cases_of(patrols: Sequence[Photos]) -> list[Case]:
    """The cases once all patrols are filed, in this order."""
    with (
        TemporaryDirectory() as folder,
        Registry.open(Path(folder) / "cases.sqlite") as registry,
    ):
        for number, photos in enumerate(patrols):
            file_patrol(registry, photos, number)
        return registry.cases(limit=None)


def shown_by(case: Case) -> Seen:
    return frozenset((entry.photo_id, entry.polygon_px.wkb) for entry in case.evidence)


@cache
def flown_once() -> tuple[Photos, dict[Seen, Case]]:
    """Photos over houses 14 m apart, and the cases where they are one patrol."""
    houses = [square(x, y, 8) for x in range(5, 80, 14) for y in range(5, 80, 14)]
    frames, detections, _ = photograph(houses, grid_of_places(75, 25), ADJUSTED, 3)
    whole = {shown_by(case): case for case in cases_of([(frames, detections)])}
    assert len(whole) == len(houses)
    return (frames, detections), whole


def of_photos(photos: Photos, names: set[str]) -> Photos:
    frames, detections = photos
    return (
        [frame for frame in frames if frame.photo_id in names],
        [item for item in detections if item.photo_id in names],
    )


@settings(max_examples=6)
@given(st.lists(st.integers(0, 3), min_size=16, max_size=16), st.permutations(range(4)))
def test_any_split_of_photos_into_patrols_in_any_order_gives_the_same_cases(parts, order):
    photos, whole = flown_once()
    names = [frame.photo_id for frame in photos[0]]
    chosen = [{n for n, part in zip(names, parts, strict=True) if part == k} for k in order]
    cases = cases_of([of_photos(photos, part) for part in chosen if part])
    assert {shown_by(case) for case in cases} == whole.keys()
    for case in cases:
        one = whole[shown_by(case)]
        assert (case.stage, case.class_name, case.gone_at) == (one.stage, one.class_name, None)
        apart_m = LOCAL.to_local(case.polygon).centroid.distance(
            LOCAL.to_local(one.polygon).centroid
        )
        assert apart_m < 1.0
        assert case.area_m2 == pytest.approx(one.area_m2, rel=0.15)


@pytest.mark.parametrize("seed", [0, 1])
def test_two_teams_whose_positions_differ_by_metres_see_the_houses_at_their_border_once(seed):
    houses = [square(x, y, 8) for x in range(5, 130, 18) for y in range(5, 80, 18)]
    west, east = ([(x + d, y) for x, y in grid_of_places(75, 25)] for d in (0.0, 75.0))
    patrols, truth = [], {}
    for number, places in enumerate((west, east)):
        frames, detections, shown = photograph(
            houses, places, TAGS, 10 * seed + number, folder=f"team-{number}"
        )
        patrols.append((frames, detections))
        truth |= {
            (item.photo_id, item.polygon_px.wkb): index
            for item, index in zip(detections, shown, strict=True)
        }
    cases = cases_of(patrols)
    objects = [{truth[seen] for seen in shown_by(case)} for case in cases]
    assert all(len(found) == 1 for found in objects)
    assert len(cases) == len(set.union(*objects))
    both = [case for case in cases if len({e.patrol_id for e in case.evidence}) == 2]
    assert len(both) > 10
