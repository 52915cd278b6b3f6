"""When a stream's pictures were taken, by made-up arrivals."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.pose import Attitude
from tests.cli.streams import write_stream
from vision import stream_photos
from vision.errors import VisionError
from vision.stills import Still
from vision.stream_photos import StreamClock, StreamStills, is_stream
from vision.subtitles import VideoMoment


def test_pictures_that_were_kept_back_are_not_live_until_they_come_at_their_pace():
    clock = StreamClock()
    for number in range(50):  # 5 s that come in half a second
        clock.taken_s(number / 10, 1005.0 + number / 100)
        assert not clock.is_live
    for number in range(50, 75):
        taken_s = clock.taken_s(number / 10, 1000.5 + number / 10)
        assert taken_s == pytest.approx(1000.5 + number / 10)
    assert clock.is_live


@given(late_s=st.lists(st.floats(0, 0.4), min_size=30, max_size=60))
def test_the_picture_that_came_soonest_tells_when_all_were_taken(late_s: list[float]):
    clock = StreamClock()
    taken = [clock.taken_s(n / 10, 1000 + n / 10 + late) for n, late in enumerate(late_s)]
    assert taken[-1] == pytest.approx(1000 + (len(late_s) - 1) / 10 + min(late_s), abs=1e-6)


def test_a_stream_that_begins_anew_is_timed_anew():
    clock = StreamClock()
    for number in range(20):
        clock.taken_s(number / 10, 1000 + number / 10)
    assert clock.is_live
    assert clock.taken_s(0.0, 1060.0) == 1060.0
    assert not clock.is_live


class Live(StreamClock):
    """A clock to which each picture comes as it is taken."""

    def taken_s(self, told_s: float, came_s: float) -> float:
        self.is_live = True
        return came_s


def test_a_still_that_cannot_be_written_ends_the_watch_in_words(tmp_path: Path, monkeypatch):
    """A file stands where the folder of the photos should be."""
    monkeypatch.setattr(stream_photos, "StreamClock", Live)
    write_stream(tmp_path / "live.ts", 1.0)
    (tmp_path / "photos").write_text("in the way")
    attitude = Attitude(0.0, -90.0)
    taker = StreamStills(str(tmp_path / "live.ts"), tmp_path / "photos", 24.0)
    taker.make_room(1)
    taker.begin(
        lambda at: Still(VideoMoment(0.0, at, 120.0, 32.0, 60.0, 62.0, attitude), attitude, 60.0)
    )
    taker._thread.join(30)
    with pytest.raises(VisionError, match="cannot be written"):
        taker.make_room(1)
    taker.close()
    assert taker.taken == 0


@pytest.mark.parametrize(
    ("name", "is_one"),
    [
        ("rtsp://127.0.0.1:8554/live", True),
        ("udp://@:5600", True),
        ("photos/", False),
        ("rtsp:/x", False),
        ("C:/flights/a.mp4", False),
    ],
)
def test_a_stream_is_told_by_its_address(name: str, is_one: bool):
    assert is_stream(name) is is_one
