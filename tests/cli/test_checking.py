import json

import numpy as np
import pytest
import rasterio
from affine import Affine
from shapely import box
from shapely.geometry import mapping

from cli import checking
from geo.errors import AerogridError
from missions.drones import drone_named
from missions.mission_json import write_sortie
from missions.qgc_plan import write_plan
from missions.settings import SurveySettings
from missions.survey import plan_survey
from missions.waypoints import write_waypoints

CELL = box(119.95, 31.70, 119.953, 31.7025)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("plans")
    (sortie,) = plan_survey(CELL, drone_named("sim-quad"), code="a")
    write_sortie(path / "a.mission.json", sortie)
    write_plan(path / "a.plan", sortie)
    write_waypoints(path / "a.waypoints", sortie)
    (path / "plan.json").write_text("{}")
    return path


def zones(path, **columns):
    feature = {"type": "Feature", "properties": columns, "geometry": mapping(CELL.buffer(-0.0005))}
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))
    return path


def test_planned_files_of_a_folder_pass(folder, capsys):
    assert checking.run([folder]) == 0
    told = capsys.readouterr().out
    assert told.count("passed") == 1
    assert "a.mission.json, .plan, .waypoints" in told.replace("\n", " ")
    assert "terrain-missing" in told


def test_zone_over_the_cell_fails_and_is_told_as_json(folder, tmp_path, capsys):
    airspace = zones(tmp_path / "z.geojson", name="airport")
    assert checking.run([folder / "a.mission.json"], airspace=airspace, as_json=True) == 3
    document = json.loads(capsys.readouterr().out)
    assert not document["passed"]
    codes = {finding["code"] for finding in document["files"][0]["findings"]}
    assert "no-fly-zone" in codes


def test_zone_of_another_day_does_not_count(folder, tmp_path):
    window = {"begins": "2026-06-01T00:00:00+08:00", "ends": "2026-06-02T00:00:00+08:00"}
    airspace = zones(tmp_path / "z.geojson", **window)
    for day, code in ((1, 3), (5, 0)):
        at = f"2026-06-{day:02}T12:00+08:00"
        assert checking.run([folder / "a.plan"], airspace=airspace, at=at) == code


def test_terrain_from_a_file_counts(folder, tmp_path):
    path = tmp_path / "dem.tif"
    heights = np.full((60, 60), 5.0, dtype=np.float32)
    heights[27:30, 27:30] = 95.0
    transform = Affine(0.0004, 0, 119.94, 0, -0.0004, 31.7125)
    profile = {"driver": "GTiff", "width": 60, "height": 60, "count": 1, "dtype": "float32"}
    with rasterio.open(path, "w", **profile, crs="EPSG:4326", transform=transform) as file:
        file.write(heights, 1)
    assert checking.run([folder / "a.waypoints"], dem=path) == 3


def test_limits_on_the_command_line_count(folder):
    for limit in (
        {"wind_m_s": 14.0},
        {"ceiling_agl_m": 90.0},
        {"home_distance_m": 50.0},
        {"floor_agl_m": 110.0},
    ):
        assert checking.run([folder / "a.plan"], **limit) == 3


def test_drone_of_a_foreign_file_can_be_named(folder, capsys):
    assert checking.run([folder / "a.plan"], drone="ardupilot-hexa-a6100") == 0
    with pytest.raises(AerogridError, match="no drone 'kite'"):
        checking.run([folder / "a.plan"], drone="kite")


@pytest.mark.parametrize("name", ["absent.plan", "empty"])
def test_nothing_to_check_is_refused(tmp_path, name):
    (tmp_path / "empty").mkdir()
    with pytest.raises(AerogridError, match=name):
        checking.run([tmp_path / name])


def test_limits_that_contradict_are_refused(folder):
    with pytest.raises(AerogridError, match="floor_agl_m"):
        checking.run([folder / "a.plan"], floor_agl_m=130.0)


def test_files_without_a_place_for_a_fence_are_checked_in_the_one_of_their_sortie(folder, capsys):
    assert checking.run([folder]) == 0
    said = " ".join("".join(capsys.readouterr()).split())
    assert "fence-missing" not in said
    assert said.count("terrain-missing") == 1  # files of one sortie are told together
    assert ".waypoints" in said


def test_a_file_of_its_own_without_a_fence_is_told(folder, tmp_path, capsys):
    alone = tmp_path / "alone.waypoints"
    alone.write_bytes(next(folder.glob("*.waypoints")).read_bytes())
    assert checking.run([alone]) == 0
    assert "fence-missing" in "".join(capsys.readouterr())


def assumed(path, capsys, **given):
    checking.run([path], as_json=True, **given)
    return json.loads(capsys.readouterr().out)["files"][0]["assumed"]


def test_what_was_assumed_is_told(folder, capsys):
    checking.run([folder / "a.plan"])
    told = " ".join(capsys.readouterr().out.split())
    assert "assumed: drone sim-quad, wind 5 m/s, ceiling 120 m above ground (as of" in told
    assert "DEM none, level ground at home, return height" in told
    said = assumed(folder / "a.plan", capsys)
    assert said["ceiling_as_of"] == "2024-01-01"
    assert said["dem"] is None


def test_drone_and_wind_are_those_that_the_sortie_beside_was_planned_for(tmp_path, capsys):
    settings = SurveySettings(wind_m_s=9.0)
    (sortie,) = plan_survey(CELL, drone_named("dji-mini4pro"), settings, code="b")
    write_sortie(tmp_path / "b.mission.json", sortie)
    write_plan(tmp_path / "b.plan", sortie)
    said = assumed(tmp_path / "b.plan", capsys)
    assert (said["drone"], said["wind_m_s"]) == ("dji-mini4pro", 9.0)
    said = assumed(tmp_path / "b.plan", capsys, wind_m_s=3.0, drone="sim-quad")
    assert (said["drone"], said["wind_m_s"]) == ("sim-quad", 3.0)


def test_the_wind_of_the_settings_counts(folder, tmp_path, capsys):
    config = tmp_path / "settings.toml"
    config.write_text("[planning]\nwind_m_s = 8.0\n")
    assert assumed(folder / "a.plan", capsys, config=config)["wind_m_s"] == 8.0
    alone = tmp_path / "alone.plan"
    alone.write_bytes((folder / "a.plan").read_bytes())
    assert assumed(alone, capsys, config=config)["wind_m_s"] == 8.0


def test_a_damaged_sortie_beside_a_file_is_a_finding(folder, tmp_path, capsys):
    (tmp_path / "a.plan").write_bytes((folder / "a.plan").read_bytes())
    (tmp_path / "a.mission.json").write_text('{"format": ')
    assert checking.run([tmp_path / "a.plan"], as_json=True) == 3
    found = json.loads(capsys.readouterr().out)["files"][0]["findings"]
    assert "file-unreadable" in {finding["code"] for finding in found}
    assert "a.mission.json" in json.dumps(found)
