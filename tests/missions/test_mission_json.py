import json
from dataclasses import replace

import pytest

from missions.errors import MissionError
from missions.mission_json import read_sortie, sortie_document, write_sortie


def test_sortie_reads_back_equal(sortie, tmp_path):
    write_sortie(tmp_path / "mission.json", sortie)
    assert read_sortie(tmp_path / "mission.json") == sortie


def test_commands_keep_their_names(sortie, tmp_path):
    write_sortie(tmp_path / "mission.json", sortie)
    assert read_sortie(tmp_path / "mission.json").items[0].command.name == "NAV_TAKEOFF"


@pytest.mark.parametrize(
    ("change", "what"),
    [({"format": "x"}, "format"), ({"version": 9}, "version 9"), ({"home": {}}, "damaged")],
)
def test_damaged_file_is_named(sortie, tmp_path, change, what):
    path = tmp_path / "mission.json"
    path.write_text(json.dumps({**sortie_document(sortie), **change}))
    with pytest.raises(MissionError, match=rf"mission\.json.*{what}"):
        read_sortie(path)


def test_missing_and_broken_files_are_named(tmp_path):
    with pytest.raises(MissionError, match="no such file"):
        read_sortie(tmp_path / "gone.json")
    (tmp_path / "bad.json").write_text("{")
    with pytest.raises(MissionError, match=r"bad\.json: not a mission"):
        read_sortie(tmp_path / "bad.json")


def test_a_file_from_before_the_ceiling_is_read(sortie, tmp_path):
    document = sortie_document(sortie)
    del document["ceiling_home_m"]
    (tmp_path / "old.json").write_text(json.dumps(document))
    assert read_sortie(tmp_path / "old.json").ceiling_home_m is None


def test_the_ceiling_is_kept(sortie, tmp_path):
    write_sortie(tmp_path / "mission.json", replace(sortie, ceiling_home_m=131.5))
    assert read_sortie(tmp_path / "mission.json").ceiling_home_m == 131.5


@pytest.mark.parametrize("code", ["", "../A-1", "a/b", "a\\b", ".hidden", "A\n1", "\x7f"])
def test_a_code_that_is_no_file_name_is_refused_with_the_files_name(sortie, tmp_path, code):
    path = tmp_path / "mission.json"
    path.write_text(json.dumps({**sortie_document(sortie), "code": code}))
    with pytest.raises(MissionError, match=r"mission\.json: sortie code .* cannot be a file name"):
        read_sortie(path)


def test_a_code_in_chinese_is_a_code(sortie):
    assert replace(sortie, code="富安镇 东　1-1").code == "富安镇 东　1-1"
