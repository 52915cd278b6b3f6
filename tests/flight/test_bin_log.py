"""ArduPilot's dataflash log, held against pymavlink's reader, and damaged in every way."""

import contextlib
import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pymavlink import DFReader

from flight.bin_log import WANTED, read_bin, read_recording
from flight.dataflash import Damage, records
from flight.errors import LogError

DATA = Path(os.environ.get("AEROGRID_DATA", Path(__file__).parents[3] / "shared")) / "sitl"
LOG = DATA / "copter_survey_compact.BIN"
needs_recordings = pytest.mark.skipif(
    not LOG.exists(), reason=f"recordings of a real ArduCopter are not at {DATA}"
)


@needs_recordings
def test_every_record_is_what_pymavlinks_reader_finds():
    damage = Damage()
    ours = list(records(LOG.read_bytes(), WANTED, damage))
    reader = DFReader.DFReader_binary(str(LOG))
    count = 0
    while (theirs := reader.recv_match(type=sorted(WANTED))) is not None:
        name, fields = ours[count]
        count += 1
        assert name == theirs.get_type()
        for column in theirs.fmt.columns:
            value = getattr(theirs, column)
            assert fields[column] == pytest.approx(value, nan_ok=True), (name, column)
    reader.close()
    assert count == len(ours)
    assert damage.words() == ()


@needs_recordings
def test_a_log_that_was_cut_off_is_read_up_to_there_and_says_so(tmp_path):
    path = tmp_path / "cut.bin"
    path.write_bytes(LOG.read_bytes()[:200_001])
    log = read_recording(path)
    assert log.problems
    assert 0 < len(log.track.camera_events) < 56


@needs_recordings
@settings(max_examples=25)
@given(st.binary(min_size=1, max_size=300), st.floats(0, 1), st.booleans())
def test_no_damage_makes_the_reader_fail(tmp_path_factory, noise, place, insert):
    data = LOG.read_bytes()[:120_000]
    start = round(place * len(data))
    path = tmp_path_factory.mktemp("bin") / "a.BIN"
    path.write_bytes(data[:start] + noise + data[start if insert else start + len(noise) :])
    with contextlib.suppress(LogError):
        assert len(read_bin(path).track.points) <= 800


@pytest.mark.parametrize("name", ["photo.jpg", "flight.log"])
def test_another_kind_of_file_is_refused(tmp_path, name):
    with pytest.raises(LogError, match=r"\.tlog or \.bin"):
        read_recording(tmp_path / name)


def test_a_file_that_is_no_log_is_refused_by_name(tmp_path):
    path = tmp_path / "photo.bin"
    path.write_bytes(b"\xa3\x95\xff\xd8" * 100)
    with pytest.raises(LogError, match=r"photo\.bin"):
        read_bin(path)


def test_a_missing_log_is_refused_by_name(tmp_path):
    with pytest.raises(LogError, match="nowhere"):
        read_bin(tmp_path / "nowhere.bin")
