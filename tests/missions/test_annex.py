import csv
from zoneinfo import ZoneInfo

import pytest
from shapely import Polygon

from geo.errors import GeoError
from geo.formats import read_features
from missions.annex import entries, write_annex
from missions.district import Request, plan_district
from tests.missions.fleets import FIRST, fleet, squares

ZONE = ZoneInfo("Asia/Shanghai")


@pytest.fixture(scope="module")
def plan():
    return plan_district(Request(squares(2), fleet(), FIRST, 1, iterations=20))


def test_annex_has_each_flight_with_its_heights_time_and_aircraft(plan):
    found = entries(plan, ZONE, approval="WX-2025-17")
    assert [entry.flight for entry in found] == [slot.sortie_code for slot in plan.schedule.slots]
    first = found[0]
    assert first.highest_agl_m == pytest.approx(100)
    assert (first.aircraft, first.approval) == ("Simulated quadcopter", "WX-2025-17")
    assert first.start.utcoffset().total_seconds() == 8 * 3600
    assert 8 <= first.start.hour < 18


def test_corners_in_the_csv_are_those_of_the_fence(plan, tmp_path):
    found = entries(plan, ZONE)
    write_annex(tmp_path / "annex.csv", found)
    rows = list(csv.DictReader((tmp_path / "annex.csv").read_text("utf-8-sig").splitlines()))
    own = [row for row in rows if row["flight"] == found[0].flight]
    corners = Polygon([(float(row["lon_deg"]), float(row["lat_deg"])) for row in own])
    assert corners.equals_exact(found[0].area, 1e-6)
    assert [int(row["corner"]) for row in own] == list(range(1, len(own) + 1))


def test_geojson_is_read_back_with_the_same_areas(plan, tmp_path):
    found = entries(plan, ZONE)
    write_annex(tmp_path / "annex.geojson", found)
    features = read_features(tmp_path / "annex.geojson")
    assert [feature.properties["flight"] for feature in features] == [e.flight for e in found]
    assert all(
        feature.geometry.equals_exact(entry.area, 1e-6)
        for feature, entry in zip(features, found, strict=True)
    )


def test_approval_may_differ_by_cell(plan):
    cell = plan.schedule.slots[0].cell_code
    found = entries(plan, ZONE, approval={cell: "only this"})
    assert {entry.approval for entry in found if entry.cell == cell} == {"only this"}
    assert {entry.approval for entry in found if entry.cell != cell} == {""}


def test_other_formats_are_refused(tmp_path):
    with pytest.raises(GeoError, match=r"\.csv, \.geojson or \.gpkg"):
        write_annex(tmp_path / "annex.pdf", [])
