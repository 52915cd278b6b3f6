import csv
from dataclasses import replace
from datetime import date

import pytest
from shapely import Point, box

from cases.registry import Registry
from cases.rule_files import load_rulebook
from cli.district import Paths, run
from geo.formats import write_features
from missions.mission_json import read_sortie
from missions.qgc_plan import read_plan
from pipeline.settings import Settings
from tests.cases.conftest import patrol_on
from tests.cases.test_registry import file, sights
from tests.missions.fleets import FRAME, squares

FLEET = '[[crew]]\ncode = "A"\ndepot = "D"\ndrone = "sim-quad"\n'


@pytest.fixture
def paths(tmp_path):
    def write(cells):
        records = [{"code": c, "geometry": shape} for c, shape in cells]
        write_features(tmp_path / "cells.geojson", "cells", records)
        depot = {"code": "D", "geometry": Point(119.95, 31.70)}
        write_features(tmp_path / "depots.geojson", "depots", [depot])
        (tmp_path / "fleet.toml").write_text(FLEET)
        return Paths(
            tmp_path / "cells.geojson", tmp_path / "depots.geojson", tmp_path / "fleet.toml"
        )

    return write


def cells(count):
    return [(cell.code, cell.boundary) for cell in squares(count)]


def test_district_is_planned_into_files_that_others_read(paths, tmp_path):
    out = tmp_path / "out"
    assert run(paths(cells(3)), out, Settings(), days=1, first=date(2025, 6, 2), workers=1) == 0
    rows = list(csv.DictReader((out / "2025-06-02" / "A.csv").read_text("utf-8-sig").splitlines()))
    for row in rows:
        own = out / "sorties" / row["cell"]
        assert read_sortie(own / f"{row['flight']}.mission.json").code == row["flight"]
        assert read_plan(own / f"{row['flight']}.plan").items
    assert {row["cell"] for row in rows} == {code for code, _ in cells(3)}
    assert {path.name for path in out.iterdir()} >= {"annex.csv", "annex.geojson", "map.png"}


@pytest.mark.parametrize(("day", "code"), [(2, 3), (4, 0)])
def test_a_zone_counts_on_the_days_on_which_it_is_in_force(paths, tmp_path, day, code):
    event = {
        "name": "event",
        "begins": "2025-06-02T09:00:00+08:00",
        "ends": "2025-06-03T12:00:00+08:00",
        "geometry": FRAME.to_lonlat(box(-100, -100, 2000, 2000)),
    }
    write_features(tmp_path / "zones.geojson", "zones", [event])
    asked = replace(paths(cells(1)), airspace=tmp_path / "zones.geojson")
    first = date(2025, 6, day)
    assert run(asked, tmp_path / "out", Settings(), days=1, first=first, workers=1) == code


def test_bad_cell_gives_exit_code_3_and_stands_in_the_list(paths, tmp_path):
    bad = ("320412001009999", FRAME.to_lonlat(box(-2, -2, 0, 0)))
    out = tmp_path / "out"
    code = run(paths([*cells(2), bad]), out, Settings(), days=1, first=date(2025, 6, 2), workers=1)
    rows = list(csv.DictReader((out / "not-flown.csv").read_text("utf-8-sig").splitlines()))
    assert code == 3
    assert [row["cell"] for row in rows] == [bad[0]]


def test_open_cases_of_a_registry_say_which_cells_come_first(paths, tmp_path):
    rulebook, (other, code) = load_rulebook(), [cell.code for cell in squares(2)]
    found = sights(rulebook)
    placed = [replace(p, place=replace(p.place, cell_code=code)) for p in found.proposals]
    with Registry.open(tmp_path / "patrol" / "cases.sqlite") as registry:
        file(registry, rulebook, replace(found, proposals=tuple(placed)), patrol_on(0))
    asked = replace(paths(cells(2)), patrol=tmp_path / "patrol")
    assert run(asked, tmp_path / "out", Settings(), days=1, first=date(2026, 6, 15), workers=1) == 0
    table = (tmp_path / "out" / "2026-06-15" / "A.csv").read_text("utf-8-sig").splitlines()
    because = {row["cell"]: row["because"] for row in csv.DictReader(table)}
    assert because == {code: "patrol 5.0, open cases 15.0", other: "patrol 20.0"}
