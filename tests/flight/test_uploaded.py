"""Which mission a recording shows being uploaded."""

import os
from pathlib import Path

import pytest

from flight.errors import LogError
from flight.log import read_tlog
from flight.uploaded import read_uploaded
from missions.drones import drone_named
from missions.foreign import foreign_sortie
from missions.model import Command
from missions.resume import remaining

DATA = Path(os.environ.get("AEROGRID_DATA", "../shared")) / "sitl"
SURVEY = DATA / "copter_survey.tlog"
needs_data = pytest.mark.skipif(not SURVEY.exists(), reason=f"{SURVEY} is not there")


@needs_data
def test_mission_of_a_real_recording_is_read():
    found = read_uploaded(SURVEY)
    assert found.items[0].command == Command.NAV_TAKEOFF
    assert found.items[-1].command == Command.NAV_RETURN_TO_LAUNCH
    assert any(item.command == Command.DO_SET_CAM_TRIGG_DIST for item in found.items)


@needs_data
def test_nothing_is_left_of_a_real_survey_flown_to_its_end():
    found = foreign_sortie(read_uploaded(SURVEY), drone_named("sim-quad"), code="survey")
    assert len(found.sortie.photos) > 50
    assert remaining(found.sortie, read_tlog(SURVEY).track) is None


def test_recording_without_an_upload_is_refused(tmp_path):
    path = tmp_path / "a.tlog"
    path.write_bytes(b"")
    with pytest.raises(LogError, match="--flown"):
        read_uploaded(path)
