"""The revisit flight of a demonstration: to the cases that were fed back, before the patrol."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import partial

from cases.model import Case
from cli import console
from cli.demo_flight import DRONE, Outing
from geo.terrain import Terrain
from missions.drones import drone_named
from missions.errors import MissionError
from missions.model import Sortie
from missions.plan import Plan
from missions.revisit import RevisitCase, RevisitSettings, plan_revisit
from missions.safe_survey import safely
from missions.settings import SurveySettings
from pipeline import planning
from pipeline.settings import Planning

STEEPLY = RevisitSettings(fill_shares=(0.3, 0.45, 0.75), pitches_deg=(-45.0, -50.0, -55.0))
"""Steeper and nearer than the usual: the simulated camera has no sky and no far land to show."""

FLATTEST_DEG = -36.0
"""From here on down the upper edge of its picture lies on land that can be drawn."""


def plan_demo_revisit(
    outing: Outing,
    cases: Sequence[Case],
    asked: Planning,
    terrain: Terrain,
    cell_codes: Sequence[str],
) -> tuple[Sortie, ...]:
    """Plan photos of cases that wait to be verified into the outing's plan; () without any.

    What the simulated camera cannot show from a safe place is told and left to the patrol.
    """
    drone = drone_named(DRONE)
    [cell] = [cell for cell in outing.district.grid_cells if cell.code == cell_codes[0]]
    home = cell.boundary.centroid
    survey = planning.survey_settings(asked, (home.x, home.y))
    when = outing.epoch
    wanted = list(_shown(cases, when, survey, terrain))
    if not wanted:
        return ()
    plan = partial(
        plan_revisit,
        wanted,
        when,
        settings=survey,
        revisit=STEEPLY,
        cell_codes=tuple(cell_codes),
        terrain=terrain,
    )
    try:
        sorties = safely(plan, drone, survey, terrain=terrain)
    except MissionError as error:
        console.warn(f"no revisit flight to {len(wanted)} cases: {error}")
        return ()
    outlines = {case.case_no: case.polygon for case in wanted}
    planning.keep(Plan(sorties, ()), outing.workspace.plan, asked, outlines, terrain=terrain)
    return sorties


def _shown(
    cases: Sequence[Case], when: datetime, survey: SurveySettings, terrain: Terrain
) -> Iterator[RevisitCase]:
    for case in cases:
        wanted = RevisitCase(case.case_no, case.polygon)
        try:
            sorties = plan_revisit(
                [wanted], when, drone_named(DRONE), survey, revisit=STEEPLY, terrain=terrain
            )
        except MissionError as error:
            console.warn(f"case {case.case_no} is left to the patrol: {error}")
            continue
        flattest = max(photo.pitch_deg for sortie in sorties for photo in sortie.photos)
        if flattest > FLATTEST_DEG:
            console.warn(
                f"case {case.case_no} is left to the patrol: it would be seen at {flattest:.0f} "
                "degrees, too flat for the simulated camera"
            )
            continue
        yield wanted
