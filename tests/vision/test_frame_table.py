import pytest

from geo.pose import Attitude
from tests.vision.scene import frame_of, pose_at, renamed
from vision.errors import VisionError
from vision.frame_table import read_frame_table, write_frames

FRAMES = (
    frame_of("s1/a", pose_at(3, 4, Attitude(10.0, -80.0, 1.0)), 1.5),
    renamed(frame_of("s1/b", None), camera=None, gsd_m=None, taken_at=None, reasons=("no pose",)),
)


def test_frames_come_back_as_they_were(tmp_path):
    write_frames(tmp_path / "frames.parquet", FRAMES)
    assert read_frame_table(tmp_path / "frames.parquet") == FRAMES


def test_no_frames_come_back_as_none(tmp_path):
    write_frames(tmp_path / "frames.parquet", [])
    assert read_frame_table(tmp_path / "frames.parquet") == ()


def test_the_same_frames_give_the_same_bytes(tmp_path):
    for name in ("a", "b"):
        write_frames(tmp_path / name, FRAMES)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert len(list(tmp_path.iterdir())) == 2


def test_a_missing_or_foreign_file_is_refused(tmp_path):
    with pytest.raises(VisionError, match="aerogrid ingest"):
        read_frame_table(tmp_path / "absent")
    (tmp_path / "x").write_text("x")
    with pytest.raises(VisionError, match="no frame table"):
        read_frame_table(tmp_path / "x")
