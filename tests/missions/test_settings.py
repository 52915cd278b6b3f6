import pytest

from missions.errors import MissionError
from missions.settings import SurveySettings


@pytest.mark.parametrize(
    ("wrong", "what"),
    [
        ({"height_agl_m": 80, "gsd_m": 0.05}, "not both"),
        ({"height_agl_m": -1}, "height_agl_m"),
        ({"gsd_m": 0}, "gsd_m"),
        ({"side_overlap_share": 1.0}, "side_overlap_share"),
        ({"front_overlap_share": -0.1}, "front_overlap_share"),
        ({"fence_margin_m": 0}, "fence_margin_m"),
    ],
)
def test_settings_that_cannot_be_flown_are_refused(wrong, what):
    with pytest.raises(MissionError, match=what):
        SurveySettings(**wrong)
