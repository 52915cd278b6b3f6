"""ArduPilot's dataflash log, held against pymavlink's reader, and damaged in every way."""

import contextlib
import os
import struct
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pymavlink import DFReader

from flight.bin_log import WANTED, read_bin, read_recording
from flight.dataflash import Damage, records
from flight.errors import LogError
from geo.pose import Attitude

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


@needs_recordings
def test_one_wild_clock_does_not_move_the_flight(tmp_path):
    """A fix of another week, and a record beyond the end of all calendars."""
    data = bytearray(LOG.read_bytes())
    places = [i for i in range(len(data) - 3) if data[i : i + 2] == b"\xa3\x95"]
    gps, pos = (kind_of(data, name) for name in (b"GPS\0", b"POS\0"))
    first_gps = next(i for i in places if data[i + 2] == gps)
    first_pos = next(i for i in places if data[i + 2] == pos)
    data[first_gps + 17 : first_gps + 19] = b"\xff\x0f"  # GWk
    data[first_pos + 3 : first_pos + 11] = b"\xff" * 8  # TimeUS
    path = tmp_path / "wild.bin"
    path.write_bytes(data)
    before, after = read_bin(LOG), read_bin(path)
    assert after.track.camera_events == before.track.camera_events
    assert after.begun == before.begun


@needs_recordings
def test_a_photo_looks_where_the_mount_record_before_it_says(tmp_path):
    """Records of a gimbal are put before every second release of a real log."""
    log = LOG.read_bytes()
    mount, camera = kind_of(log, b"MNT\0"), kind_of(log, b"CAM\0")
    parts = log.split(b"\xa3\x95" + bytes([camera]))
    data = bytearray(parts[0])
    nothing = float("nan")
    for number, part in enumerate(parts[1:]):
        us = int.from_bytes(part[:8], "little")
        angles = nothing, 1.0, nothing, -40.0 - number, nothing, 10.0, nothing, -90.0, nothing
        after = struct.pack("<QB9f", us - (0 if number % 2 else 3_000_000), 0, *angles)
        data += b"\xa3\x95" + bytes([mount]) + after + b"\xa3\x95" + bytes([camera]) + part
    path = tmp_path / "gimbal.bin"
    path.write_bytes(data)
    attitudes = [event.attitude for event in read_bin(path).track.camera_events]
    assert len(attitudes) == 56
    for number, attitude in enumerate(attitudes):
        if number % 2:
            assert attitude == Attitude(270.0, -40.0 - number, 1.0)
        else:  # what was said three seconds before is not known any more
            assert attitude.roll_deg != 1.0


def kind_of(data, name):
    """Type number that a FMT record, A3 95 80 type length name, gives to a name."""
    place = data.find(name)
    while data[place - 5 : place - 2] != b"\xa3\x95\x80":
        place = data.find(name, place + 1)
    return data[place - 2]
