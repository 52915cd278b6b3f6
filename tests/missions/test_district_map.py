from dataclasses import replace

import numpy as np
import pytest
from PIL import Image
from shapely import box

from geo.grid import Cell, Grid
from missions.airspace import EMPTY, Airspace, NoFlyZone
from missions.district import Request, plan_district
from missions.district_map import cell_colours, crew_colours, day_colours, write_district_map
from tests.missions.fleets import FIRST, FRAME, crew, fleet, squares

BAD = Cell("bad", "", "", "", "", FRAME.to_lonlat(box(-2, -2, 0, 0)))
GRID = Grid([*squares(4), BAD])
FLEET = fleet(crew(batteries=2, charging="depot"))
REQUEST = Request(GRID, FLEET, FIRST, 2, iterations=20)


def test_cells_have_the_colour_of_their_day_and_the_bad_one_another():
    plan = plan_district(REQUEST)
    colours = dict(zip((cell.code for cell in GRID), cell_colours(GRID, plan), strict=True))
    assert len(day_colours(plan)) == 2
    for slot in plan.schedule.slots:
        assert colours[slot.cell_code] == day_colours(plan)[slot.day]
    assert colours["bad"] not in day_colours(plan).values()


def test_ways_have_the_colour_of_their_crew_and_zones_are_drawn(tmp_path):
    two = fleet(crew("A"), crew("B"))
    plan = plan_district(replace(REQUEST, fleet=two))
    assert len(set(crew_colours(two).values())) == 2
    zone = NoFlyZone("school", FRAME.to_lonlat(box(100, 100, 200, 200)))
    pictures = []
    for name, airspace in (("a.png", EMPTY), ("b.png", Airspace(no_fly=(zone,)))):
        write_district_map(tmp_path / name, GRID, two, plan, airspace)
        pictures.append(np.asarray(Image.open(tmp_path / name).convert("RGB"), dtype=int))
    changed = np.abs(pictures[0] - pictures[1]).max(axis=2) > 20
    rows, columns = np.nonzero(changed)
    assert 1000 < changed.sum() < 0.05 * changed.size
    assert np.ptp(rows) == pytest.approx(np.ptp(columns), rel=0.1)  # a square


def test_cells_left_over_look_unflown():
    plan = plan_district(replace(REQUEST, days=1))
    left = {one.cell_code for one in plan.schedule.unassigned}
    found = {
        colour
        for cell, colour in zip(GRID, cell_colours(GRID, plan), strict=True)
        if cell.code in left
    }
    assert len(left) == 2
    assert len(found) == 1
    assert not found & set(day_colours(plan).values())


def test_map_is_a_picture_and_the_same_each_time(tmp_path):
    plan = plan_district(REQUEST)
    for name in ("a.png", "b.png"):
        write_district_map(tmp_path / name, GRID, FLEET, plan)
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
    picture = Image.open(tmp_path / "a.png").convert("RGB")
    assert picture.size == (1560, 1560)
    assert (0x44, 0x77, 0xAA) in picture.get_flattened_data()
