import json

import pytest
from shapely import Point, Polygon

from missions.errors import MissionError
from missions.mavlink_files import rally_place
from missions.model import Command
from missions.qgc_plan import plan_document, read_plan, write_plan


def test_what_is_written_reads_back(sortie, tmp_path):
    path = tmp_path / "a.plan"
    write_plan(path, sortie)
    found = read_plan(path)
    assert found.items == sortie.items
    assert found.home == sortie.home
    assert found.fence.equals(sortie.fence)


def test_same_sortie_gives_the_same_bytes(sortie, tmp_path):
    write_plan(tmp_path / "a.plan", sortie)
    write_plan(tmp_path / "b.plan", sortie)
    assert (tmp_path / "a.plan").read_bytes() == (tmp_path / "b.plan").read_bytes()


def test_document_has_the_versions_that_qgroundcontrol_reads(sortie):
    document = plan_document(sortie)
    assert (document["fileType"], document["version"]) == ("Plan", 1)
    assert document["mission"]["version"] == 2
    assert document["geoFence"]["version"] == 2
    lon, lat, height_m = rally_place(sortie)
    assert document["rallyPoints"] == {"points": [[lat, lon, height_m]], "version": 2}
    assert {"cruiseSpeed", "hoverSpeed", "firmwareType", "vehicleType"} <= set(document["mission"])


def test_items_are_simple_items_numbered_from_one(sortie):
    items = plan_document(sortie)["mission"]["items"]
    assert [item["doJumpId"] for item in items] == list(range(1, len(items) + 1))
    assert all(item["type"] == "SimpleItem" and len(item["params"]) == 7 for item in items)


def test_latitude_comes_first_as_the_format_wants_it(sortie):
    document = plan_document(sortie)
    first = document["mission"]["items"][0]
    assert first["params"][4:6] == [sortie.items[0].lat_deg, sortie.items[0].lon_deg]
    assert document["mission"]["plannedHomePosition"][0] == pytest.approx(31.7, abs=0.1)
    assert document["geoFence"]["polygons"][0]["polygon"][0][0] == pytest.approx(31.7, abs=0.1)


def test_pond_is_an_exclusion(sortie):
    polygons = plan_document(sortie)["geoFence"]["polygons"]
    assert [polygon["inclusion"] for polygon in polygons] == [True, False]
    ring = [(lon, lat) for lat, lon in polygons[1]["polygon"]]
    assert Polygon(ring).equals(Polygon(sortie.fence.interiors[0]))


def test_items_of_a_foreign_survey_are_read(sortie, tmp_path):
    document = plan_document(sortie)
    items = document["mission"]["items"]
    survey = {"type": "ComplexItem", "TransectStyleComplexItem": {"Items": items[3:-1]}}
    document["mission"]["items"] = [*items[:3], survey, items[-1]]
    document["geoFence"]["polygons"] = []
    (tmp_path / "a.plan").write_text(json.dumps(document))
    found = read_plan(tmp_path / "a.plan")
    assert found.items == sortie.items
    assert found.fence is None


def test_empty_parameters_and_unknown_commands_of_a_foreign_file_are_read(sortie, tmp_path):
    document = plan_document(sortie)
    item = document["mission"]["items"][3]
    item["params"][3], item["command"] = None, 82
    (tmp_path / "a.plan").write_text(json.dumps(document))
    found = read_plan(tmp_path / "a.plan").items[3]
    assert (found.command, found.parameters[3]) == (82, 0.0)
    assert found.command not in list(Command)


@pytest.mark.parametrize(
    ("content", "what"),
    [
        ("{", "not a .plan.*line 1, column 2.*cut off"),
        ("", "the file is empty"),
        ('{"fileType": "Fence"}', "fileType"),
        ("[]", "fileType"),
        ('{"fileType": "Plan", "mission": {}}', "plannedHomePosition"),
    ],
)
def test_damaged_file_is_named(tmp_path, content, what):
    path = tmp_path / "bad.plan"
    path.write_text(content)
    with pytest.raises(MissionError, match=rf"bad\.plan.*{what}"):
        read_plan(path)


def test_item_with_too_many_parameters_is_numbered(sortie, tmp_path):
    document = plan_document(sortie)
    document["mission"]["items"][2]["params"].append(0.0)
    path = tmp_path / "a.plan"
    path.write_text(json.dumps(document))
    with pytest.raises(MissionError, match=r"item 3 has 8 params, not 7"):
        read_plan(path)


def test_missing_file_is_named(tmp_path):
    with pytest.raises(MissionError, match="no such file"):
        read_plan(tmp_path / "gone.plan")


def test_circles_of_a_foreign_fence_are_not_passed_over(sortie, tmp_path):
    path = tmp_path / "a.plan"
    document = plan_document(sortie)
    center = [sortie.home.lat_deg, sortie.home.lon_deg]
    document["geoFence"]["circles"] = [
        {"circle": {"center": center, "radius": 5}, "inclusion": False, "version": 1}
    ]
    path.write_text(json.dumps(document))
    fence = read_plan(path).fence
    assert not fence.covers(Point(sortie.home.lon_deg, sortie.home.lat_deg))
    assert sortie.fence.covers(fence)


def test_circle_of_a_fence_with_swapped_axes_is_refused(sortie, tmp_path):
    path = tmp_path / "a.plan"
    document = plan_document(sortie)
    swapped = {"center": [sortie.home.lon_deg, sortie.home.lat_deg], "radius": 5}
    document["geoFence"]["circles"] = [{"circle": swapped, "inclusion": True, "version": 1}]
    path.write_text(json.dumps(document))
    with pytest.raises(MissionError, match="circle around"):
        read_plan(path)
