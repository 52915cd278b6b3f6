import numpy as np
import pytest
from shapely import box

from missions.crosshatch import plan_crosshatch
from missions.drones import drone_named
from missions.settings import SurveySettings
from missions.survey import plan_survey
from tests.missions.shapes import on_globe

DRONE = drone_named("sim-quad")
AREA = on_globe(box(0, 0, 300, 200))


def headings(sorties):
    return np.array([photo.heading_deg % 180 for s in sorties for photo in s.photos])


def test_second_half_flies_across_the_first():
    sorties = plan_crosshatch(AREA, DRONE, SurveySettings(row_heading_deg=30.0), code="7")
    assert [sortie.code for sortie in sorties] == ["7-1", "7-2"]
    assert {sortie.cell_codes for sortie in sorties} == {("7",)}
    assert np.median(headings(sorties[:1])) == pytest.approx(30, abs=0.1)
    assert np.median(headings(sorties[1:])) == pytest.approx(120, abs=0.1)


def test_first_half_is_the_usual_survey():
    usual = plan_survey(AREA, DRONE)
    assert plan_crosshatch(AREA, DRONE)[0].items == usual[0].items
