import numpy as np
import pytest
from shapely import LineString

from missions.drones import drone_named
from missions.errors import MissionError
from missions.legs import legs
from missions.safe_survey import survey_safely
from missions.settings import SurveySettings
from missions.survey import plan_survey
from tests.missions.shapes import FRAME, SQUARE, on_globe

DRONE = drone_named("sim-quad")
AREA = on_globe(SQUARE)


def flown(sortie):
    """Legs in local metres with whether the camera is on."""
    for leg in legs(sortie.home, sortie.items):
        ends = FRAME.xy_from_lonlat(np.array([leg.start[:2], leg.end[:2]]))
        if np.hypot(*(ends[1] - ends[0])) > 0.5:
            yield ends, leg.camera_on


@pytest.mark.parametrize("beyond_m", [20.0, 60.0])
def test_rows_are_come_onto_and_left_straight(beyond_m):
    (sortie,) = plan_survey(AREA, DRONE, SurveySettings(overshoot_m=beyond_m))
    ways = list(flown(sortie))
    rows = [n for n, (_, camera_on) in enumerate(ways) if camera_on]
    assert len(rows) > 5
    for number in rows:
        row = ways[number][0]
        ahead = (row[1] - row[0]) / np.hypot(*(row[1] - row[0]))
        (before, on_before), (after, on_after) = ways[number - 1], ways[number + 1]
        assert not on_before
        assert not on_after
        assert before[1] - beyond_m * ahead == pytest.approx(before[0], abs=0.1)
        assert after[0] + beyond_m * ahead == pytest.approx(after[1], abs=0.1)


def test_photos_stay_where_they_were_and_the_fence_is_wider():
    (usual,), (beyond,) = (
        plan_survey(AREA, DRONE, SurveySettings(overshoot_m=far, row_heading_deg=10.0))
        for far in (0.0, 40.0)
    )
    assert beyond.photos == usual.photos
    fence = FRAME.to_local(beyond.fence)
    assert fence.area > FRAME.to_local(usual.fence).area
    assert all(fence.buffer(-25).covers(LineString(ends)) for ends, _ in flown(beyond))


def test_plan_with_overshoot_passes_the_check():
    assert survey_safely(AREA, DRONE, SurveySettings(overshoot_m=50.0))


def test_overshoot_has_limits():
    with pytest.raises(MissionError, match="0 to 500"):
        SurveySettings(overshoot_m=-1.0)
