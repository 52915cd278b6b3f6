import os
from datetime import datetime
from pathlib import Path

import pytest

from geo.pose import Attitude
from vision.errors import VisionError
from vision.subtitles import read_subtitles

DATA = Path(os.environ.get("AEROGRID_DATA", Path(__file__).parents[3] / "shared"))
LOGS = DATA / "georef" / "srt"
needs_logs = pytest.mark.skipif(not LOGS.is_dir(), reason=f"the video logs are not at {DATA}")


@needs_logs
@pytest.mark.parametrize(
    ("name", "records", "lon", "lat", "height_home_m"),
    [
        ("MAVIC3_head.srt", 207, -3.37440, 3.41531, -2.4),
        ("air2s.srt", 17, 2.234156, 41.424724, None),
        ("mavic_air2.srt", 25, 2.162162, 41.420684, None),
        ("matrice_300.srt", 381, -6.1120, 36.6146, 0.3),
        ("mavic_pro.SRT", 468, 149.0251, -20.2533, 1.9),
        ("old_format.SRT", 468, 149.0251, -20.2533, 1.9),
        ("p4_rtk.SRT", 55, -58.851745, -34.237922, 85.8),
        ("broken_incomplete.SRT", 19, -58.4563, -34.7383, 20.1),
    ],
)
def test_each_kind_says_where_it_was_taken(name, records, lon, lat, height_home_m):
    moments = read_subtitles(LOGS / name)
    assert len(moments) == records
    first = moments[0]
    assert (first.lon_deg, first.lat_deg, first.height_home_m) == (lon, lat, height_home_m)
    spread = [abs(m.lon_deg - lon) + abs(m.lat_deg - lat) for m in moments]
    assert max(spread) < 0.05


@needs_logs
def test_a_video_without_positions_is_refused_with_its_line():
    with pytest.raises(VisionError, match=r"mavic_air\.SRT: line 2: the record has no GNSS"):
        read_subtitles(LOGS / "mavic_air.SRT")


@needs_logs
def test_the_phantom_4_rtk_also_says_where_its_camera_looked():
    first = read_subtitles(LOGS / "p4_rtk.SRT")[0]
    assert first.attitude == Attitude(110.4, -24.4, 0.0)
    assert read_subtitles(LOGS / "air2s.srt")[1].clock == datetime(2022, 8, 7, 13, 40, 40, 808000)
    assert read_subtitles(LOGS / "air2s.srt")[1].start_s == 0.033
    assert read_subtitles(LOGS / "air2s.srt")[0].altitude_m == 117.0


def write(tmp_path, *records):
    path = tmp_path / "video.srt"
    timed = [f"{n}\n00:00:0{n},000 --> 00:00:0{n},500\n{text}\n" for n, text in enumerate(records)]
    path.write_text("\n".join(timed), encoding="utf-8")
    return path


def test_a_gap_in_the_middle_is_refused_a_cut_end_is_left_out(tmp_path):
    good, cut = "GPS(119.3,33.2,20) BAROMETER:30.0", "HOME(119.3,33.2)"
    assert len(read_subtitles(write(tmp_path, good, good, cut))) == 2
    with pytest.raises(VisionError, match="line 6"):
        read_subtitles(write(tmp_path, good, cut, good))


@pytest.mark.parametrize("text", ["GPS(0.0,0.0,0)", "GPS(119.3,133.2,20)"])
def test_a_place_that_is_none_is_refused(tmp_path, text):
    with pytest.raises(VisionError, match="is no place"):
        read_subtitles(write(tmp_path, text))


def test_a_file_without_records_is_refused(tmp_path):
    path = tmp_path / "a.srt"
    path.write_text("nothing", encoding="utf-8")
    with pytest.raises(VisionError, match="line 1: holds no subtitles"):
        read_subtitles(path)
    with pytest.raises(VisionError, match="cannot be read"):
        read_subtitles(tmp_path / "gone.srt")
