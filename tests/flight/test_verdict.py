import json
import math
from dataclasses import replace

import pytest

from flight.adherence import measure_adherence
from flight.errors import RefusedError
from flight.verdict import (
    Proof,
    Verdict,
    adherence_figures,
    content_sha256,
    require_passed,
    sha256_of,
    write_verdict,
)
from geo.track import Track
from tests.flight.sorties import small_sortie

SCENARIOS = {"calm": "c", "wind": "w"}


@pytest.fixture
def mission(tmp_path):
    path = tmp_path / "A-1.mission.json"
    path.write_text("a mission")
    return path


@pytest.fixture
def passed(mission):
    figures = {"cross_track_rms_m": 0.4, "cross_track_worst_m": 1.2, "least_flown_share": 0.99}
    return Verdict(
        sortie="A-1",
        mission_sha256=sha256_of(mission),
        completed=True,
        problem=None,
        seed=1,
        wind_m_s=3.0,
        wind_from_deg=225.0,
        gust_m_s=1.0,
        photos_planned=10,
        photos_taken=10,
        photos_missed=0,
        passed=True,
        backend="builtin",
        scenarios={"calm": True, "wind": True},
        scenario_sha256=SCENARIOS,
        dem_sha256="d",
        **figures,
    )


@pytest.fixture
def proof(mission):
    return Proof(mission, sha256_of(mission), SCENARIOS, 3.0, "d")


def test_a_passed_verdict_of_the_very_file_is_accepted(proof, passed, tmp_path):
    write_verdict(tmp_path, passed)
    assert require_passed(proof, tmp_path / "verdict.json") == passed


def test_one_changed_byte_of_the_mission_needs_another_simulation(mission, proof, passed, tmp_path):
    write_verdict(tmp_path, passed)
    mission.write_text("A mission")
    proof = replace(proof, mission_sha256=sha256_of(mission))
    with pytest.raises(RefusedError, match=r"another mission file.*aerogrid simulate"):
        require_passed(proof, tmp_path / "verdict.json")


@pytest.mark.parametrize("completed", [False, None, "yes", 1])
def test_a_flight_that_was_not_completed_allows_nothing(proof, passed, tmp_path, completed):
    write_verdict(tmp_path, replace(passed, completed=completed, problem="it left its fence"))
    with pytest.raises(RefusedError, match="was not completed"):
        require_passed(proof, tmp_path / "verdict.json")


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": "aerogrid verdict"}', "\x00"])
def test_a_damaged_verdict_allows_nothing(proof, tmp_path, text):
    (tmp_path / "verdict.json").write_text(text)
    with pytest.raises(RefusedError, match="aerogrid simulate"):
        require_passed(proof, tmp_path / "verdict.json")


def test_without_a_verdict_it_is_said_what_to_run(proof, tmp_path):
    with pytest.raises(RefusedError, match=r"aerogrid simulate .*A-1\.mission\.json"):
        require_passed(proof, tmp_path / "verdict.json")


def test_what_there_is_no_figure_of_is_null():
    figures = adherence_figures(measure_adherence(small_sortie(), Track((), ())))
    assert figures["cross_track_rms_m"] is None
    assert not any(isinstance(v, float) and math.isnan(v) for v in figures.values())
    json.dumps(figures, allow_nan=False)


def test_a_flight_that_did_not_keep_to_its_limits_allows_nothing(proof, passed, tmp_path):
    write_verdict(tmp_path, replace(passed, passed=False, problem="calm: ceiling"))
    with pytest.raises(RefusedError, match="calm: ceiling"):
        require_passed(proof, tmp_path / "verdict.json")


LITTLE = [
    ({"scenarios": {}}, "calm, wind"),
    ({"scenarios": {"calm": True}}, "wind"),
    ({"scenarios": {"calm": True, "wind": False}}, "wind"),
    ({"scenario_sha256": {"calm": "c", "wind": "another of that name"}}, "wind"),
    ({"scenario_sha256": {}}, "calm, wind"),
    ({"scenario_sha256": [1]}, "is damaged"),
    ({"scenarios": None}, "is damaged"),
    ({"photos_missed": 99}, "did not keep to its limits"),
    ({"wind_m_s": 2.9}, r"2\.9 m/s of wind; 3 m/s are needed"),
    ({"wind_m_s": None}, "m/s are needed"),
    ({"dem_sha256": None}, "--dem"),
    ({"dem_sha256": "another"}, "--dem"),
]


@pytest.mark.parametrize(("change", "words"), LITTLE)
def test_flights_of_too_little_allow_nothing(proof, passed, tmp_path, change, words):
    write_verdict(tmp_path, replace(passed, **change))
    with pytest.raises(RefusedError, match=words):
        require_passed(proof, tmp_path / "verdict.json")


@pytest.mark.parametrize(
    "change",
    [
        {"passed": True, "problem": None},
        {"wind_m_s": 12.0},
        {"scenario_sha256": {"calm": "c", "wind": "w2"}},
        {"content_sha256": None},
        {"remark": "good enough"},
    ],
)
def test_a_verdict_that_was_edited_allows_nothing(proof, passed, tmp_path, change):
    write_verdict(tmp_path, replace(passed, passed=False, problem="calm: ceiling"))
    path = tmp_path / "verdict.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(RefusedError, match=r"does not say what `aerogrid simulate` wrote"):
        require_passed(proof, path)


def test_a_verdict_that_only_an_editor_has_laid_out_anew_is_accepted(proof, passed, tmp_path):
    write_verdict(tmp_path, passed)
    path = tmp_path / "verdict.json"
    path.write_text(json.dumps(json.loads(path.read_text()), indent=8, sort_keys=True))
    assert require_passed(proof, path) == passed


def test_a_verdict_with_a_figure_more_is_damaged(proof, passed, tmp_path):
    write_verdict(tmp_path, passed)
    path = tmp_path / "verdict.json"
    document = json.loads(path.read_text()) | {"remark": 1}
    path.write_text(json.dumps(document | {"content_sha256": content_sha256(document)}))
    with pytest.raises(RefusedError, match="is damaged"):
        require_passed(proof, path)
