import json
import os

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
