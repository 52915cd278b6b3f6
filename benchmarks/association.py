"""Is one object one case, over photos and over patrols, and how long does it take?

    PYTHONPATH=. python benchmarks/association.py --seeds 1 2 3 4 5

A known world of 200 buildings is flown three times with the errors of photo tags, wrong by another
amount on each flight. Ten buildings are gone before the last one. Every detection is traced to its
object, so each case, each mix-up and each "gone" can be told true or false.
"""

import argparse
import resource
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import shapely
from shapely import Polygon

from cases.filing import propose
from cases.model import Case, FilingResult, PatrolRecord
from cases.registry import Registry
from cases.rule_files import load_rulebook
from cases.rules import Rulebook
from cases.zones import NO_ZONES
from geo.pose import Attitude
from geo.terrain import FlatTerrain
from tests.vision.scene import (
    LOCAL,
    SCALE,
    Errors,
    frame_of,
    photograph,
    pose_at,
    square,
)
from vision.associate import associate
from vision.locate import footprints, locate
from vision.model import Detection, ErrorArms, Frame, Observation, Sighting

OBJECTS, GONE, PATROLS = 200, 10, 3
SIZE_M, PHOTO_STEP_M = (400.0, 300.0), 25.0
CHI2_95 = 5.99
TAGS = Errors(vertical_m=3.0, axis_deg=0.5, twist_deg=2.0)  # the sigmas of geo.pose.PoseSigma
FLOWN = datetime(2026, 6, 1, 3, 0, tzinfo=UTC)
GROUND = FlatTerrain(0.0)
ARMS = ErrorArms((0.3, 0.0), ((0.5, 0.0), (0.0, 0.5), (0.2, 0.2)), (0.1, 0.0))


Seen = tuple[str, bytes]
"""A detection: the photo it is in and its outline."""


@dataclass(frozen=True, slots=True)
class Told:
    """What a patrol said of the world.

    Attributes:
        object_of: the object that each detection shows.
    """

    observations: tuple[Observation, ...]
    object_of: dict[Seen, int]
    frames: tuple[Frame, ...]
    grounds: tuple[Polygon, ...]


@dataclass(frozen=True, slots=True)
class Tally:
    """What came of one seed.

    Attributes:
        seen: objects that any patrol saw.
        one_case: of these, with one case in all.
        mixed: cases that hold two objects.
        returns: objects seen by two patrols in turn, once for each pair.
        kept: of these, under the same case.
        false_gone, true_gone: objects whose case a patrol called gone.
        held, observations: observations whose 95 per cent ellipse holds the object's middle.
    """

    seen: int
    one_case: int
    mixed: int
    returns: int
    kept: int
    false_gone: int
    true_gone: int
    held: int
    observations: int


def world(seed: int) -> list[Polygon]:
    """Buildings of 5 to 14 m with at least 3 m between them."""
    rng = np.random.default_rng(seed)
    placed: list[Polygon] = []
    while len(placed) < OBJECTS:
        new = square(*rng.uniform((0, 0), SIZE_M), rng.uniform(5, 14))
        if all(new.distance(other) >= 3 for other in placed):
            placed.append(new)
    return placed


def fly(objects: Sequence[Polygon], names: Sequence[int], seed: int, number: int) -> Told:
    """Photograph the objects, locate what was seen and join it."""
    across, along = (np.arange(0, size_m + 1, PHOTO_STEP_M) for size_m in SIZE_M)
    places = [(float(x), float(y)) for y in along for x in across]
    told, detections, truth = photograph(
        objects, places, TAGS, seed, folder=f"patrol{number}", class_name="building"
    )
    frames = [replace(frame, taken_at=flown(number)) for frame in told]
    sightings, _ = locate(detections, frames, GROUND, LOCAL, terrain_sigma_m=1.0)
    grounds = footprints(frames, GROUND, LOCAL, SCALE)
    found = associate(sightings, frames, None, local=LOCAL, footprints=grounds)
    parts = shapely.get_parts(list(grounds.values()))
    return Told(
        found,
        {
            (item.photo_id, item.polygon_px.wkb): names[index]
            for item, index in zip(detections, truth, strict=True)
        },
        tuple(frames),
        tuple(part for part in parts if isinstance(part, Polygon)),
    )


def flown(number: int) -> datetime:
    """When a patrol was flown: one a week."""
    return FLOWN + timedelta(days=7 * number)


def file(registry: Registry, rulebook: Rulebook, told: Told, number: int) -> FilingResult:
    """File a patrol."""
    photos = {frame.photo_id: frame.sha256 for frame in told.frames}
    patrol = PatrolRecord(f"patrol-{number}", flown(number), "a" * 64, photos)
    findings = propose(told.observations, rulebook, NO_ZONES, on=flown(number).date())
    return registry.file(
        patrol, findings, rulebook=rulebook, footprints=told.grounds, now=flown(number)
    )


def judge(seed: int, folder: Path) -> Tally:
    """Fly, join and file three patrols over one world and compare the cases with it."""
    objects = world(seed)
    rulebook = load_rulebook().without_grid()
    gone = set(np.random.default_rng(seed).choice(OBJECTS, GONE, replace=False).tolist())
    object_of: dict[Seen, int] = {}
    missing: list[tuple[int, str]] = []
    held = observations = 0
    with Registry.open(folder / f"{seed}.sqlite") as registry:
        for number in range(PATROLS):
            last = number == PATROLS - 1
            names = [i for i in range(OBJECTS) if not (last and i in gone)]
            told = fly([objects[i] for i in names], names, 100 * seed + number, number)
            object_of |= told.object_of
            missing += [(number, no) for no in file(registry, rulebook, told, number).gone]
            held += sum(_holds(item, objects, told.object_of) for item in told.observations)
            observations += len(told.observations)
        cases = registry.cases(limit=None)
    case_of = _objects_by_case(cases, object_of)
    truly = {i for n, no in missing if n == PATROLS - 1 for i in case_of[no] if i in gone}
    called = {(n, i) for n, no in missing for i in case_of[no]}
    cases_of = Counter(i for found in case_of.values() for i in found)
    returns, kept = _returns(cases, object_of)
    return Tally(
        seen=len(cases_of),
        one_case=sum(count == 1 for count in cases_of.values()),
        mixed=sum(len(found) > 1 for found in case_of.values()),
        returns=returns,
        kept=kept,
        false_gone=len(called) - len(truly),
        true_gone=len(truly),
        held=held,
        observations=observations,
    )


def _objects_by_case(cases: Sequence[Case], object_of: dict[Seen, int]) -> dict[str, set[int]]:
    return {
        case.case_no: {object_of[item.photo_id, item.polygon_px.wkb] for item in case.evidence}
        for case in cases
    }


def _returns(cases: Sequence[Case], object_of: dict[Seen, int]) -> tuple[int, int]:
    """How many objects were seen by two patrols in turn, and how many under one case."""
    under: dict[tuple[int, str], set[str]] = {}
    for case in cases:
        for item in case.evidence:
            key = object_of[item.photo_id, item.polygon_px.wkb], item.patrol_id
            under.setdefault(key, set()).add(case.case_no)
    pairs = [
        (found, under[i, f"patrol-{number + 1}"])
        for number in range(PATROLS - 1)
        for (i, patrol), found in under.items()
        if patrol == f"patrol-{number}" and (i, f"patrol-{number + 1}") in under
    ]
    return len(pairs), sum(before == after for before, after in pairs)


def _holds(item: Observation, objects: Sequence[Polygon], object_of: dict[Seen, int]) -> bool:
    """Whether the ellipse of 95 per cent holds the middle of the object seen most."""
    seen = zip(item.photo_ids, item.detections_px, strict=True)
    ((index, _),) = Counter(object_of[photo, px.wkb] for photo, px in seen).most_common(1)
    a, b = LOCAL.to_local(item.polygon).centroid, objects[index].centroid
    offset = np.array([a.x - b.x, a.y - b.y])
    ee, en, nn = item.covariance_m2
    squared = offset @ np.linalg.inv(np.array([[ee, en], [en, nn]])) @ offset
    return bool(squared <= CHI2_95)


def crowd(count: int, seed: int) -> tuple[list[Frame], list[Sighting]]:
    """Sightings of a long flight: each of `count // 10` buildings in up to ten photos."""
    rng = np.random.default_rng(seed)
    side = round((count / 10) ** 0.5)
    frames: list[Frame] = []
    sightings: list[Sighting] = []
    sigma = TAGS.sigma
    for row in range(side):
        middles = np.column_stack([np.arange(side) * 30.0, np.full(side, row * 30.0)])
        sides = rng.uniform(4, 14, side)
        for look in range(10):
            photos = [f"crowd/{row:04d}-{look}-{part:03d}" for part in range(side // 8 + 1)]
            for part, name in enumerate(photos):
                pose = pose_at(part * 240.0 + 120, row * 30.0, Attitude(0, -90), sigma)
                frames.append(frame_of(name, pose, 3.0 * len(frames)))
            for k, (middle, size) in enumerate(zip(middles, sides, strict=True)):
                x, y = middle + rng.normal(0, 0.4, 2)
                ground = LOCAL.to_lonlat(square(float(x), float(y), float(size)))
                outline = square(100.0 * (k % 8), 100.0, 10 * float(size))
                seen = Detection(photos[k // 8], "building", 0.8, outline)
                sightings.append(Sighting(seen, ground, (3.0, 0.0, 3.0), ARMS))
    return frames, sightings


def main() -> int:
    """Print what came of each seed, all together, and the time that many sightings take."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, nargs="*", default=[1, 2, 3, 4, 5])
    parser.add_argument("--sightings", type=int, default=100_000)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        tallies = [judge(seed, Path(folder)) for seed in given.seeds]
    for seed, tally in zip(given.seeds, tallies, strict=True):
        print(seed, tally)
    total = {name: sum(getattr(t, name) for t in tallies) for name in Tally.__slots__}
    print(
        f"one case per object {total['one_case'] / total['seen']:.4f} (>= 0.99), "
        f"identity kept {total['kept'] / total['returns']:.4f} (>= 0.98), "
        f"mixed {total['mixed']}, false gone {total['false_gone']} (0), "
        f"true gone {total['true_gone']} of {GONE * len(tallies)}, "
        f"ellipses hold {total['held'] / total['observations']:.3f} (0.90 to 0.99)"
    )
    frames, sightings = crowd(given.sightings, 1)
    start = time.process_time()
    found = associate(sightings, frames, None, local=LOCAL)
    spent_s = time.process_time() - start
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"{len(sightings)} sightings joined to {len(found)} objects in {spent_s:.1f} s of CPU, "
        f"{peak_mb:.0f} MB at most"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
