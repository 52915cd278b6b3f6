import json

import pytest

from geo.terrain import FlatTerrain
from missions.airspace import EMPTY
from missions.check_files import Assumed, check_file, findings_document
from missions.check_limits import Limits
from missions.drones import drone_named
from missions.errors import MissionError
from missions.findings import Code
from missions.mission_json import write_sortie
from missions.qgc_plan import write_plan
from missions.waypoints import write_waypoints

ASSUMED = Assumed("sim-quad", Limits(), 15.0, None)


def found(path):
    drone = drone_named("sim-quad")
    return check_file(path, Limits(), FlatTerrain(0.0), EMPTY, lambda _: drone)


@pytest.fixture
def waypoints(tmp_path, sortie):
    path = tmp_path / "a.waypoints"
    write_waypoints(path, sortie)
    return path


@pytest.mark.parametrize(
    ("write", "name"),
    [(write_sortie, "a.mission.json"), (write_plan, "a.plan"), (write_waypoints, "a.waypoints")],
)
def test_every_file_of_a_planned_sortie_passes(tmp_path, sortie, write, name):
    write(tmp_path / name, sortie)
    document = findings_document([(tmp_path / name, found(tmp_path / name), ASSUMED)])
    assert document["passed"]


def test_header_of_another_version_is_found(waypoints):
    waypoints.write_text(waypoints.read_text().replace("QGC WPL 110", "QGC WPL 120"))
    (finding,) = found(waypoints)
    assert finding.code is Code.FILE_VERSION
    assert "QGC WPL 120" in finding.message


def test_swapped_columns_are_found(waypoints):
    header, *rows = waypoints.read_text().splitlines()
    columns = [row.split("\t") for row in rows]
    for row in columns:
        row[8], row[9] = row[9], row[8]
    waypoints.write_text("\n".join([header, *("\t".join(row) for row in columns)]))
    assert [finding.code for finding in found(waypoints)] == [Code.COORDINATES_SWAPPED]


def test_swapped_place_in_a_plan_is_found(tmp_path, sortie):
    path = tmp_path / "a.plan"
    write_plan(path, sortie)
    document = json.loads(path.read_text())
    item = next(i for i in document["mission"]["items"] if i["command"] == 16)
    item["params"][4], item["params"][5] = item["params"][5], item["params"][4]
    path.write_text(json.dumps(document))
    (finding,) = found(path)
    assert finding.code is Code.COORDINATES_SWAPPED
    assert finding.leg == item["doJumpId"]


def test_file_that_cannot_be_read_is_a_finding(tmp_path):
    path = tmp_path / "a.plan"
    path.write_text("{}")
    (finding,) = found(path)
    assert finding.code is Code.FILE_UNREADABLE
    assert "a.plan" in finding.message


@pytest.mark.parametrize("name", ["absent.plan", "a.gpx"])
def test_absent_file_and_unknown_kind_are_refused(tmp_path, name):
    (tmp_path / "a.gpx").write_text("")
    with pytest.raises(MissionError, match=name):
        found(tmp_path / name)


def test_document_is_json_with_places_figures_and_two_languages(waypoints):
    waypoints.write_text(waypoints.read_text().replace("QGC WPL 110", "QGC WPL 120"))
    text = json.dumps(findings_document([(waypoints, found(waypoints), ASSUMED)]), allow_nan=False)
    (file,) = json.loads(text)["files"]
    assert not file["passed"]
    assert {"code", "severity", "leg", "lon_deg", "value", "limit", "unit", "message_zh"} <= set(
        file["findings"][0]
    )


def test_fence_that_crosses_itself_is_a_finding(tmp_path, sortie):
    path = tmp_path / "a.plan"
    write_plan(path, sortie)
    document = json.loads(path.read_text())
    corners = document["geoFence"]["polygons"][0]["polygon"]
    corners[0], corners[1] = corners[1], corners[0]
    path.write_text(json.dumps(document))
    (finding,) = found(path)
    assert finding.code is Code.FILE_UNREADABLE
    assert "no clear inside" in finding.message
