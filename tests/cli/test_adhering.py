"""The verb `adherence`: figures, picture and exit code for whole and for broken flights."""

import json
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from flight.fly import FlightResult
from flight.journal import write_summary
from flight.log import write_track
from geo.pose import Attitude
from geo.track import Track
from missions.mission_json import write_sortie
from tests.cli.test_flying import run, said
from tests.flight.sorties import small_sortie
from tests.flight.test_adherence import PATH, PHOTOS, flown

SORTIE = replace(small_sortie(), drone_key="sim-quad")


@pytest.fixture
def mission(tmp_path):
    path = tmp_path / "T-1.mission.json"
    write_sortie(path, SORTIE)
    return path


def measured(mission, track, capsys):
    folder = mission.parent / "flown"
    write_track(folder, track)
    code = run("adherence", folder, mission, "--out", mission.parent / "out", "--json")
    return code, json.loads(capsys.readouterr().out)


def test_a_whole_flight_is_whole(mission, capsys):
    code, figures = measured(mission, flown(PATH, photos=PHOTOS), capsys)
    assert code == 0
    assert figures["rows_missed"] == figures["photos_missed_numbers"] == []
    assert figures["ground_seen_share"] == 1.0
    assert figures["photos_of_a_place_flown"] == figures["photos_of_a_place_planned"]
    assert figures["height_error_m"] == pytest.approx(0.5, abs=0.01)
    kept = json.loads((mission.parent / "out" / "T-1.adherence.json").read_text())
    assert kept == figures


def test_the_folder_of_a_broken_flight_tells_its_cause(mission, capsys):
    track = flown([*PATH[:3], (0, 0)], photos=PHOTOS[:5])
    problem = "it was told to return at item 5"
    result = FlightResult("T-1", False, problem, track, 60.0, (), (), 0.5, mission)
    write_summary(mission.parent / "flown", SORTIE, result)
    _, figures = measured(mission, track, capsys)
    assert figures["cause"] == problem


def test_a_row_that_was_not_flown_is_missed_in_figures_and_picture(mission, capsys):
    track = flown([*PATH[:3], (0, 0)], photos=PHOTOS[:5])
    code, figures = measured(mission, track, capsys)
    assert code == 3
    assert figures["rows_missed"] == [1]
    assert figures["photos_missed_numbers"] == [6, 7, 8, 9, 10]
    assert 0.3 < figures["ground_seen_share"] < 0.8
    picture = np.asarray(Image.open(mission.parent / "out" / "T-1.adherence.png").convert("RGB"))
    yellow = (picture[..., 0] > 220) & (picture[..., 1] > 200) & (picture[..., 2] < 100)
    assert yellow.mean() > 0.005  # the ground in no photo is drawn


def test_photos_that_looked_aside_leave_ground_unseen(mission, capsys):
    track = flown(PATH, photos=PHOTOS)
    aside = tuple(replace(e, attitude=Attitude(90.0, -45.0)) for e in track.camera_events)
    code, figures = measured(mission, Track(track.points, aside), capsys)
    assert code == 3
    assert figures["photos_missed"] == 0
    assert figures["ground_seen_share"] < 0.99


def test_the_same_flight_gives_the_same_picture(mission, capsys):
    picture = mission.parent / "out" / "T-1.adherence.png"
    measured(mission, flown(PATH, photos=PHOTOS), capsys)
    before = picture.read_bytes()
    measured(mission, flown(PATH, photos=PHOTOS), capsys)
    assert picture.read_bytes() == before


def test_a_recording_in_which_nothing_flew_is_refused(mission, tmp_path, capsys):
    write_track(tmp_path / "none", Track((), ()))
    assert run("adherence", tmp_path / "none", mission, "--out", tmp_path / "out") == 1
    assert "holds no flight" in said(capsys)
    assert not (tmp_path / "out").exists()
