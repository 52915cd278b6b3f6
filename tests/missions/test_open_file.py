import json
import os
import zipfile

import pytest

from missions.drones import drone_named
from missions.errors import MissionError
from missions.litchi import write_litchi
from missions.mission_json import sortie_document, write_sortie
from missions.open_file import read_mission
from missions.qgc_plan import plan_document, write_plan
from missions.reading import MOST_BYTES
from missions.waypoints import write_waypoints
from missions.wpml import write_wpml
from tests.missions.mutation import ROUNDS, read_damaged


def write_kmz(path, sortie):
    write_wpml(path, sortie, drone_named("dji-m3e"))


WRITERS = {
    "a.plan": write_plan,
    "a.waypoints": write_waypoints,
    "a.mission.json": write_sortie,
    "a.kmz": write_kmz,
    "a.csv": write_litchi,
}


@pytest.mark.parametrize("name", WRITERS)
@pytest.mark.parametrize("as_name", [None, "renamed.txt"])
def test_every_format_is_read_by_its_content(sortie, tmp_path, name, as_name):
    WRITERS[name](tmp_path / name, sortie)
    path = (tmp_path / name).rename(tmp_path / (as_name or name))
    found = read_mission(path)
    assert len(found.items) >= 20
    places = {(item.lon_deg, item.lat_deg) for item in found.items if item.command == 16}
    assert places == {(item.lon_deg, item.lat_deg) for item in sortie.items if item.command == 16}


@pytest.mark.parametrize("name", WRITERS)
def test_damaged_files_are_refused_or_read(sortie, tmp_path, name):
    WRITERS[name](tmp_path / name, sortie)
    assert 0 < read_damaged(read_mission, tmp_path / name) <= ROUNDS


@pytest.mark.parametrize("change", [5, 4])
def test_swapped_axes_in_a_plan_are_refused(sortie, tmp_path, change):
    document = plan_document(sortie)
    for item in document["mission"]["items"]:
        item["params"][4:6] = item["params"][4:6][::-1]
    (tmp_path / "a.plan").write_text(json.dumps(document))
    with pytest.raises(MissionError, match="latitude comes first"):
        read_mission(tmp_path / "a.plan")


def test_swapped_axes_of_a_plans_fence_are_refused(sortie, tmp_path):
    document = plan_document(sortie)
    for polygon in document["geoFence"]["polygons"]:
        polygon["polygon"] = [place[::-1] for place in polygon["polygon"]]
    (tmp_path / "a.plan").write_text(json.dumps(document))
    with pytest.raises(MissionError, match=r"fence.*latitude comes first"):
        read_mission(tmp_path / "a.plan")


@pytest.mark.parametrize("field", ["speed_m_s", "duration_s", "code", "fence"])
def test_wrong_kinds_of_values_in_a_mission_json_are_refused(sortie, tmp_path, field):
    document = {**sortie_document(sortie), field: ["x"]}
    (tmp_path / "a.mission.json").write_text(json.dumps(document))
    with pytest.raises(MissionError, match="damaged"):
        read_mission(tmp_path / "a.mission.json")


@pytest.mark.parametrize("content", [b"", b"hello", b"\x89PNG"])
def test_unknown_content_is_refused_with_what_is_known(tmp_path, content):
    (tmp_path / "a.bin").write_bytes(content)
    with pytest.raises(MissionError, match=r"a\.bin: not a mission file.*\.plan"):
        read_mission(tmp_path / "a.bin")


def test_missing_file_and_folder_are_named(tmp_path):
    with pytest.raises(MissionError, match="no such file"):
        read_mission(tmp_path / "gone.plan")
    with pytest.raises(MissionError, match="cannot be read"):
        read_mission(tmp_path)


def test_huge_file_is_not_read(tmp_path):
    with (tmp_path / "a.plan").open("wb") as file:
        os.truncate(file.fileno(), MOST_BYTES + 1)
    with pytest.raises(MissionError, match="too much"):
        read_mission(tmp_path / "a.plan")


def test_deeply_nested_json_is_refused(tmp_path):
    (tmp_path / "a.plan").write_text('{"a":' * 100_000)
    with pytest.raises(MissionError, match=r"a\.plan"):
        read_mission(tmp_path / "a.plan")


@pytest.mark.parametrize("corner", [[float("nan"), 31.7], [119.9, float("inf")], [200, 31.7]])
def test_a_fence_with_a_corner_that_is_not_on_earth_is_refused(sortie, tmp_path, corner):
    ours, plan = sortie_document(sortie), plan_document(sortie)
    outline, *holes = ours["fence"]["coordinates"]
    ours["fence"] = {
        "type": "Polygon",
        "coordinates": [[*outline[:-1], corner, outline[0]], *holes],
    }
    plan["geoFence"]["polygons"][0]["polygon"].append(corner[::-1])
    for name, document in (("a.mission.json", ours), ("a.plan", plan)):
        (tmp_path / name).write_text(json.dumps(document))
        with pytest.raises(MissionError, match="the fence has a corner at"):
            read_mission(tmp_path / name)


def test_a_fence_without_corners_is_refused(sortie, tmp_path):
    plan = plan_document(sortie)
    plan["geoFence"]["polygons"] = [{"inclusion": True, "polygon": [], "version": 1}]
    (tmp_path / "a.plan").write_text(json.dumps(plan))
    with pytest.raises(MissionError, match="fence has no corners"):
        read_mission(tmp_path / "a.plan")


@pytest.mark.parametrize("name", ["a.waypoints", "a.csv", "a.mission.json", "a.plan"])
def test_a_refusal_does_not_quote_a_whole_hostile_file(sortie, tmp_path, name):
    WRITERS[name](tmp_path / name, sortie)
    content = (tmp_path / name).read_text()
    last = content.rindex("119.")
    (tmp_path / name).write_text(content[:last] + '"' * name.endswith("n") + "[" * 90_000)
    with pytest.raises(MissionError) as caught:
        read_mission(tmp_path / name)
    assert len(str(caught.value)) < 600


def test_an_archive_that_lies_about_its_names_is_refused_in_few_words(sortie, tmp_path):
    write_kmz(tmp_path / "a.kmz", sortie)
    content = bytearray((tmp_path / "a.kmz").read_bytes())
    content[26:28] = b"\xff\x0f"  # length of the first name, local file header
    (tmp_path / "a.kmz").write_bytes(content)
    with pytest.raises(MissionError, match=r"a\.kmz: not a \.kmz archive") as caught:
        read_mission(tmp_path / "a.kmz")
    assert len(str(caught.value)) < 600


def test_an_archive_of_few_bytes_that_would_take_a_gigabyte_is_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.kmz", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("wpmz/waylines.wpml", "<a>" * 5_000_000)
    with pytest.raises(MissionError, match="5000000 tags"):
        read_mission(tmp_path / "a.kmz")
