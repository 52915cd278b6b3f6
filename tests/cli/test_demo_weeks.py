"""Three weeks of patrols and people, without the photos: what is seen is made of the truth.

The whole, photos and all, is `aerogrid demo --weeks 3`; docs/results.md has its figures.
"""

import json
from datetime import timedelta

import numpy as np
import pytest
from shapely import box
from shapely.affinity import scale, translate

from cases.filing import propose
from cases.model import PatrolRecord
from cases.zones import Zones
from cli import demo_weeks
from cli.demo_weeks import WEEK, Story, WeeksOutcome
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


def _file_the_truth(story: Story, number: int) -> None:
    rng = np.random.default_rng([story.district.seed, number])
    week, district = story.weeks[number], story.district
    zones = Zones(
        {
            layer: [district.frame.to_lonlat(part) for part in zone.geoms]
            for layer, zone in district.zones.items()
        }
    )
    seen = [_observed(story, item, number, rng) for item in week.violations.values()]
    flown = EPOCH + number * WEEK + timedelta(minutes=30)
    cells = [cell for cell in district.grid_cells if cell.code in story.codes]
    middle = cells[0].boundary.centroid
    pose = Pose(GeoPoint(middle.x, middle.y, 100.0), Attitude(0.0, -90.0))
    photos = {name: f"{number}{name}".ljust(64, "0") for name in ("a", "b")}
    patrol = PatrolRecord(f"week-{number}", flown, "a" * 64, photos, poses={"a": pose})
    story.people.registry.file(
        patrol,
        propose(seen, story.rulebook, zones, on=flown.date(), cells=district.grid_cells),
        rulebook=story.rulebook,
        footprints=[cell.boundary.buffer(0.001) for cell in cells],
        now=flown + demo_weeks.FILED,
    )


@pytest.fixture(scope="module", params=[5])
def outcome(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> WeeksOutcome:
    folder = tmp_path_factory.mktemp("weeks") / "demo"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(demo_weeks, "_patrol", _file_the_truth)
        return demo_weeks.go_by(folder, seed=request.param, cell_count=2, week_count=3, workers=1)


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


def test_a_folder_that_holds_something_is_left_alone(tmp_path):
    (tmp_path / "thesis.txt").touch()
    with pytest.raises(PipelineError, match="is not empty"):
        demo_weeks.go_by(tmp_path, seed=1, cell_count=1, week_count=2, workers=1)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]
