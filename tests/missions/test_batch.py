import os
from dataclasses import dataclass
from pathlib import Path

import pytest
from shapely import box

from geo.grid import Cell
from geo.terrain import FlatTerrain
from missions.airspace import Airspace, NoFlyZone
from missions.batch import Job, Tools, heights_agl_m, plan_batch
from missions.mission_json import write_sortie
from missions.settings import SurveySettings
from missions.survey import plan_survey
from tests.missions.fleets import FRAME, squares


def jobs(drone, cells):
    return [Job(cell, drone, SurveySettings()) for cell in cells]


def sliver():
    return Cell("sliver", "", "", "", "", FRAME.to_lonlat(box(0, 0, 2, 2)))


@dataclass(frozen=True)
class Files:
    folder: Path

    def __call__(self, sortie):
        write_sortie(self.folder / f"{sortie.code}.json", sortie)


@dataclass(frozen=True)
class Dies:
    """Ends the process that plans one cell, as a fault in a library would."""

    code: str

    def __call__(self, sortie):
        if sortie.cell_codes[0] == self.code:
            os._exit(9)


def breaks(sortie):
    raise RuntimeError("a fault of ours")


def test_one_bad_cell_is_reported_and_the_rest_planned(drone):
    seen = []
    cells = [*squares(2), sliver()]
    batch = plan_batch(jobs(drone, cells), on_cell=seen.append)
    assert [flight.cell_code for flight in batch.flights] == [cell.code for cell in cells[:2]]
    assert [(one.cell_code, "too small" in one.reason) for one in batch.refused] == [
        ("sliver", True)
    ]
    assert seen == [cell.code for cell in cells]


def test_processes_give_the_same_flights_as_one(drone, tmp_path):
    cells = [*squares(10), sliver()]
    tools = Tools(keep=Files(tmp_path))
    assert plan_batch(jobs(drone, cells), tools, workers=2) == plan_batch(jobs(drone, cells))
    assert len(list(tmp_path.glob("*.json"))) == 10


def test_a_cell_that_ends_its_process_costs_only_itself(drone):
    cells = list(squares(3))
    batch = plan_batch(jobs(drone, cells), Tools(keep=Dies(cells[1].code)), workers=2)
    assert [flight.cell_code for flight in batch.flights] == [cells[0].code, cells[2].code]
    assert "ended the process" in batch.refused[0].reason


def test_cell_in_a_no_fly_zone_is_refused_and_its_neighbour_keeps_away(drone):
    cells = list(squares(2))
    zone = NoFlyZone("airport", cells[0].boundary, margin_m=20.0)
    batch = plan_batch(jobs(drone, cells), Tools(airspace=Airspace(no_fly=(zone,))))
    assert [flight.cell_code for flight in batch.flights] == [cells[1].code]
    assert "airport" in batch.refused[0].reason
    assert FRAME.to_local(batch.flights[0].fence).disjoint(FRAME.to_local(zone.area).buffer(-0.1))


def test_a_fault_of_ours_is_a_refusal_that_names_it(drone):
    batch = plan_batch(jobs(drone, squares(1)), Tools(keep=breaks))
    assert batch.refused[0].reason == "planning failed (RuntimeError: a fault of ours)"


def test_heights_above_level_ground_are_the_flying_height(drone):
    cell = next(iter(squares(1)))
    sortie = plan_survey(cell.boundary, drone, terrain=FlatTerrain(12.0))[0]
    assert heights_agl_m(sortie, FlatTerrain(12.0)) == pytest.approx((100, 100))
    assert heights_agl_m(sortie, FlatTerrain(2.0)) == pytest.approx((110, 110))
