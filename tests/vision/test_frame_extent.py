"""Extents of tables: what they tell of all photos is never less than what a photo shows."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from geo.camera import Camera
from geo.frames import LocalFrame
from geo.pose import Attitude, GeoPoint, Pose
from geo.projection import ground_from_pixels
from geo.terrain import FlatTerrain
from vision.errors import VisionError
from vision.frame_extent import outlook_of, read_extent
from vision.frame_table import write_frames
from vision.model import Frame

LON_DEG, LAT_DEG, GROUND_M = 120.0, 32.0, 12.0
TAKEN = datetime(2026, 6, 10, 2, tzinfo=UTC)


def photo(
    name: str = "a", *, pitch_deg: float = -90.0, height_m: float = 100.0, k1: float = 0.0
) -> Frame:
    """A photo of 1200 x 900 pixels, 73 degrees from corner to corner."""
    camera = replace(Camera.centred(1200, 900, 1000.0), distortion=(k1, 0.0, 0.0, 0.0, 0.0))
    pose = Pose(
        GeoPoint(LON_DEG, LAT_DEG, GROUND_M + height_m), Attitude(30.0, pitch_deg), source="test"
    )
    away_m = height_m / np.sin(np.radians(-pitch_deg))
    return Frame(name, f"{name}.jpg", "ab", 1200, 900, TAKEN, camera, pose, away_m / 1000.0)


def extent_of(folder, *frames: Frame):
    write_frames(folder / "frames.parquet", frames)
    return read_extent(folder / "frames.parquet")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    pitch_deg=st.floats(-100, -35),
    height_m=st.floats(5, 3000),
    k1=st.floats(-0.1, 0.1),
    x_px=st.floats(0, 1199),
    y_px=st.floats(0, 899),
    tells_ground=st.booleans(),
)
def test_what_a_photo_shows_is_never_denied(
    tmp_path, pitch_deg, height_m, k1, x_px, y_px, tells_ground
):
    frame = photo(pitch_deg=pitch_deg, height_m=height_m, k1=k1)
    outlook = extent_of(tmp_path, frame).outlook
    local = LocalFrame(LON_DEG, LAT_DEG)
    ground = FlatTerrain(GROUND_M)
    [xyz_m] = ground_from_pixels(np.array([[x_px, y_px]]), frame.camera, frame.pose, ground, local)
    if np.isfinite(xyz_m).all():
        [(lon_deg, lat_deg)] = local.lonlat_from_xy(xyz_m[None, :2])
        assert outlook.may_show(lon_deg, lat_deg, GROUND_M if tells_ground else None)
        assert outlook_of(frame) == outlook


def test_what_lies_out_of_reach_is_denied_and_the_horizon_is_not(tmp_path):
    down = extent_of(tmp_path, photo()).outlook
    assert not down.may_show(LON_DEG + 0.002, LAT_DEG, GROUND_M)  # 189 m, and it shows 75 m
    assert not down.may_show(LON_DEG, LAT_DEG - 0.002, None)
    assert not down.may_show(LON_DEG, LAT_DEG, float("nan"))
    assert extent_of(tmp_path, photo(pitch_deg=-30)).outlook.may_show(0.0, 0.0, GROUND_M)


def test_limits_are_those_of_all_photos_that_can_be_laid_over_others(tmp_path):
    later = replace(photo("b", height_m=50), taken_at=TAKEN + timedelta(minutes=5, microseconds=3))
    lost = replace(photo("c", height_m=900), pose=None)
    undated = replace(photo("d", height_m=900), taken_at=None)
    extent = extent_of(tmp_path, photo(), later, lost, undated)
    outlook = extent.outlook
    assert (outlook.first_s, outlook.last_s) == (TAKEN.timestamp(), later.taken_at.timestamp())
    assert (outlook.highest_amsl_m, outlook.furthest_m) == (112.0, pytest.approx(100.0))
    assert extent.photo_ids == ("a", "b", "c", "d")
    assert extent.places_deg.tolist() == [[LON_DEG, LAT_DEG]] * 3


def test_photos_that_are_no_pictures_are_left_out(tmp_path):
    torn = replace(photo("torn"), reasons=("duplicate: of a", "unreadable: cut short"))
    blurred = replace(photo("blurred"), reasons=("blurred: 3",), gsd_m=None)
    extent = extent_of(tmp_path, torn, blurred, photo())
    assert extent.photo_ids == ("blurred", "a")
    assert extent_of(tmp_path, torn).outlook is None
    assert extent_of(tmp_path).photo_ids == ()


def test_a_missing_or_foreign_file_is_refused(tmp_path):
    with pytest.raises(VisionError, match="aerogrid ingest"):
        read_extent(tmp_path / "absent")
    (tmp_path / "x").write_text("x")
    with pytest.raises(VisionError, match="no frame table"):
        read_extent(tmp_path / "x")
