"""A recording that grows is read as a whole one is, however it is cut."""

from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from pymavlink.dialects.v20 import ardupilotmega as mavlink

from flight.log import STAMP, TlogWriter, messages_of
from flight.tail import RecordingTail


def frames(count: int) -> list[bytes]:
    """Positions four times a second, a heartbeat between two of them."""
    sender = mavlink.MAVLink(None, srcSystem=1, srcComponent=1)
    made = []
    for index in range(count):
        place = mavlink.MAVLink_global_position_int_message(
            250 * index, 320_000_000 + index, 1_200_000_000 + index, 50_000, 45_000, 300, 400, 0, 0
        )
        beat = mavlink.MAVLink_heartbeat_message(2, 3, 0, 0, 4, 3)
        made += [bytearray(place.pack(sender)), bytearray(beat.pack(sender))]
    return [bytes(frame) for frame in made]


WHOLE = b"".join(STAMP.pack(1_781_000_000_000_000 + n) + f for n, f in enumerate(frames(40)))


@given(st.lists(st.integers(0, len(WHOLE)), max_size=30))
@settings(max_examples=60, deadline=None)
def test_every_message_is_read_once_however_the_file_is_cut(cuts: list[int]):
    left, kinds = b"", []
    for start, end in zip([0, *sorted(cuts)], [*sorted(cuts), len(WHOLE)], strict=True):
        left += WHOLE[start:end]
        messages, read = messages_of(left)
        left = left[read:]
        kinds += [message.get_type() for message in messages]
    assert kinds == ["GLOBAL_POSITION_INT", "HEARTBEAT"] * 40
    assert left == b""


def test_positions_come_once_a_second_as_they_are_written(tmp_path: Path):
    path = tmp_path / "flight.tlog"
    tail = RecordingTail(path)
    assert tail.look() == []  # not there yet
    writer = TlogWriter(path)
    writer.FLUSH_S = -1.0
    seen = []
    for frame in frames(13):
        writer.write(frame)
        seen += tail.look()
    writer.close()
    assert [sight.time_ms for sight in seen] == [0, 1000, 2000, 3000]
    assert (seen[0].lon_deg, seen[0].lat_deg) == (120.0, 32.0)
    assert (seen[0].height_home_m, seen[0].speed_m_s) == (45.0, 5.0)
    assert tail.look() == []
