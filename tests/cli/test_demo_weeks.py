"""Three weeks of patrols and people, without the photos: what is seen is made of the truth.

The whole, photos and all, is `aerogrid demo --weeks 3`; docs/results.md has its figures.
"""

import json
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from shapely import Polygon, box
from shapely.affinity import scale, translate

from cases.filing import propose
from cases.lifecycle import Stage
from cases.model import PatrolRecord
from cases.outcomes import VERIFIED
from cases.registry import Registry
from cases.zones import Zones
from cli import demo_weeks
from cli.demo_times import FILED, REVISIT_FILED, WEEK
from cli.demo_weeks import Story, WeeksOutcome
from geo.pose import Attitude, GeoPoint, Pose
from pipeline.errors import PipelineError
from simulations.planting import Planted
from simulations.scene import EPOCH
from vision.model import Observation

SHIFT_M = 1.0
STRETCH = 0.02
"""Of each side, one standard deviation: areas differ by 3 % from patrol to patrol."""


def _observed(story: Story, item: Planted, number: int, rng: np.random.Generator) -> Observation:
    """What a good detector makes of something planted."""
    outline = item.polygon if item.plume is None else item.plume.outline()
    east_m, north_m = rng.normal(0, SHIFT_M, 2)
    x_share, y_share = 1 + rng.normal(0, STRETCH, 2)
    seen_m = scale(translate(outline, east_m, north_m), x_share, y_share)
    return Observation(
        observation_id=f"{number}-{item.code}",
        class_name=item.class_name,
        score=0.9,
        polygon=story.district.frame.to_lonlat(seen_m),
        covariance_m2=(SHIFT_M**2, 0.0, SHIFT_M**2),
        area_m2=seen_m.area,
        cell_code=item.cell_code,
        other_cells=(),
        photo_ids=("a", "b"),
        detections_px=(box(10, 20, 30, 40),) * 2,
        seen_at=EPOCH + number * WEEK,
    )


def _file(
    story: Story, number: int, name: str, items: Sequence[Planted], grounds: Sequence[Polygon]
) -> None:
    """File what a flight of a week sees of the truth, over some ground in lon/lat degrees."""
    rng = np.random.default_rng([story.district.seed, number, len(name)])
    district = story.district
    zones = Zones(
        {
            layer: [district.frame.to_lonlat(part) for part in zone.geoms]
            for layer, zone in district.zones.items()
        }
    )
    seen = [_observed(story, item, number, rng) for item in items]
    flown = EPOCH + number * WEEK + timedelta(minutes=30 if name == "week" else -60)
    middle = grounds[0].centroid
    pose = Pose(GeoPoint(middle.x, middle.y, 100.0), Attitude(0.0, -90.0))
    photos = {photo: f"{number}{photo}{name}".encode().hex().ljust(64, "0") for photo in "ab"}
    patrol = PatrolRecord(f"{name}-{number}", flown, "a" * 64, photos, poses={"a": pose})
    cells = [cell for cell in district.grid_cells if cell.code in story.codes]
    story.people.registry.file(
        patrol,
        propose(seen, story.rulebook, zones, on=flown.date(), cells=cells),
        rulebook=story.rulebook,
        footprints=grounds,
        now=EPOCH + number * WEEK + (FILED if name == "week" else REVISIT_FILED),
    )


def _file_the_truth(story: Story, number: int) -> None:
    cells = [cell for cell in story.district.grid_cells if cell.code in story.codes]
    grounds = [cell.boundary.buffer(0.001) for cell in cells]
    _file(story, number, "week", list(story.weeks[number].violations.values()), grounds)


def _file_the_revisit(story: Story, number: int) -> None:
    """What is around the cases that wait to be verified, and nothing else."""
    waiting = story.people.registry.cases(stage=Stage.FED_BACK, order="number", limit=None)
    if not waiting:
        return
    frame = story.district.frame
    around_m = [frame.to_local(case.polygon).buffer(25.0) for case in waiting]
    there = story.weeks[number].violations.values()
    near = [item for item in there if any(item.polygon.within(one) for one in around_m)]
    _file(story, number, "revisit", near, [frame.to_lonlat(one) for one in around_m])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("weeks") / "demo"


@pytest.fixture(scope="module")
def outcome(folder: Path) -> WeeksOutcome:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(demo_weeks, "_patrol", _file_the_truth)
        patch.setattr(demo_weeks, "_revisit", _file_the_revisit)
        return demo_weeks.go_by(folder, seed=5, cell_count=2, week_count=3, workers=1)


def test_bulletins_say_what_was_so(outcome: WeeksOutcome):
    wrong = [entry for entry in outcome.figures if entry.truth != entry.bulletin]
    assert wrong == []
    last = {entry.name: entry.bulletin for entry in outcome.figures if entry.week == 3}
    assert last["verified: solved"] == last["closed"] > 0
    assert last["verified: unchanged"] + last["verified: grown"] == last["reworked"] > 0


def test_every_violation_ends_as_it_did(outcome: WeeksOutcome):
    assert [entry for entry in outcome.ended if entry.truth != entry.state] == []
    assert {entry.truth for entry in outcome.ended} == {"solved", "open", "grown"}
    assert outcome.rejected == 0
    assert json.loads(json.dumps(demo_weeks.as_plain(outcome)))["is_true"]


def test_what_was_fed_back_is_verified_by_the_revisit_flight(outcome: WeeksOutcome, folder: Path):
    with Registry.open(folder / "district.sqlite") as registry:
        cases = registry.cases(stage=tuple(Stage), limit=None)
        events = [entry for case in cases for entry in registry.history(case.case_no)]
    by = [event.details["patrol"] for event in events if event.action == VERIFIED]
    verified = [entry for entry in outcome.figures if entry.name.startswith("verified")]
    assert len(by) == sum(entry.truth for entry in verified) > 0
    assert {name.rpartition("-")[0] for name in by} == {"revisit"}


def test_a_folder_that_holds_something_is_left_alone(tmp_path):
    (tmp_path / "thesis.txt").touch()
    with pytest.raises(PipelineError, match="is not empty"):
        demo_weeks.go_by(tmp_path, seed=1, cell_count=1, week_count=2, workers=1)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]
