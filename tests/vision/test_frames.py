from datetime import UTC, datetime, timedelta

import pytest
from PIL import Image

from geo.pose import Attitude, GeoPoint
from geo.terrain import FlatTerrain
from geo.track import CameraEvent
from tests.vision.photos import GIMBAL, HEIGHTS, save_photo, textured
from vision.errors import PhotoError
from vision.frames import flat_ground_amsl_m, read_frames
from vision.quality import is_worth_looking

TERRAIN = FlatTerrain(5.0)


def only(folder, **options):
    (frame,) = read_frames(folder, **options)
    return frame


def test_a_drone_photo_is_located(tmp_path):
    save_photo(tmp_path / "s1" / "p1.jpg", xmp=GIMBAL | HEIGHTS)
    frame = only(tmp_path, terrain=TERRAIN)
    assert (frame.photo_id, frame.path, frame.reasons) == ("s1/p1", "s1/p1.jpg", ())
    assert frame.is_located
    assert frame.pose.position.altitude_amsl_m == 105.0
    assert frame.gsd_m == pytest.approx(100 / (24 / 36 * 640), rel=1e-4)
    assert frame.taken_at == datetime(2026, 6, 1, 3, 0, tzinfo=UTC)
    assert "absolute altitude" in frame.pose.source


def test_without_terrain_the_gsd_is_from_the_height_above_take_off(tmp_path):
    save_photo(tmp_path / "p.jpg", xmp=GIMBAL | HEIGHTS)
    frame = only(tmp_path)
    assert frame.gsd_m == pytest.approx(100 / frame.camera.focal_px)
    assert flat_ground_amsl_m([frame]) == pytest.approx(5.0)


def test_ground_that_agrees_with_the_photos_is_found_for_slanted_cameras_too(tmp_path):
    slanted = GIMBAL | HEIGHTS | {"GimbalPitchDegree": "-50"}
    save_photo(tmp_path / "p.jpg", xmp=slanted)
    assert flat_ground_amsl_m([only(tmp_path, terrain=TERRAIN)]) == pytest.approx(5.0, abs=0.01)
    assert flat_ground_amsl_m([]) is None


def test_a_position_without_attitude_is_not_taken_for_nadir(tmp_path):
    save_photo(tmp_path / "p.jpg")
    frame = only(tmp_path, terrain=TERRAIN)
    assert frame.pose is None
    assert frame.reasons[0].startswith("position only: no camera attitude")


def test_a_photo_without_position_says_so(tmp_path):
    save_photo(tmp_path / "p.jpg", xmp=GIMBAL | HEIGHTS, lon_lat=None)
    assert only(tmp_path).reasons == ("no pose: no GNSS position in its tags",)


def test_a_photo_that_looks_at_the_horizon_is_not_placed(tmp_path):
    save_photo(tmp_path / "p.jpg", xmp=GIMBAL | HEIGHTS | {"GimbalPitchDegree": "-2.0"})
    frame = only(tmp_path)
    assert frame.pose is None
    assert frame.reasons[0].startswith("shallow: the camera's pitch is -2.0")


def test_an_edited_photo_is_named_and_placed_only_when_asked(tmp_path):
    save_photo(tmp_path / "p.jpg", xmp=GIMBAL | HEIGHTS, Software="Windows Photo Viewer 10")
    assert not only(tmp_path).is_located
    trusted = only(tmp_path, trust_edited=True)
    assert trusted.is_located
    assert "Windows Photo Viewer" in trusted.reasons[0]


def test_a_photo_without_focal_length_says_so(tmp_path):
    save_photo(tmp_path / "p.jpg", xmp=GIMBAL | HEIGHTS, FocalLengthIn35mmFilm=None)
    frame = only(tmp_path)
    assert frame.camera is None
    assert frame.reasons == (
        "no camera: no usable focal length in its tags and its model is unknown",
    )


def test_a_turned_photo_looks_the_same_way(tmp_path):
    save_photo(tmp_path / "p.jpg", xmp=GIMBAL | HEIGHTS, Orientation=6)
    frame = only(tmp_path, terrain=TERRAIN)
    assert (frame.width_px, frame.height_px) == (480, 640)
    assert frame.camera.width_px == 480
    assert frame.pose.attitude.yaw_deg % 360 == pytest.approx((30 - 90) % 360)


def test_a_bad_file_is_listed_and_the_others_are_read(tmp_path):
    save_photo(tmp_path / "a.jpg", xmp=GIMBAL | HEIGHTS)
    (tmp_path / "b.jpg").write_bytes(b"nothing")
    whole = save_photo(tmp_path / "c.jpg", textured(seed=5)).read_bytes()
    (tmp_path / "c.jpg").write_bytes(whole[:-3000])
    a, b, c = read_frames(tmp_path)
    assert a.is_readable
    assert b.reasons[0].startswith("unreadable: no picture")
    assert c.reasons[0].startswith("unreadable: damaged or cut short")
    assert not b.is_readable and not c.is_readable  # noqa: PT018


def test_names_that_differ_in_their_suffix_only_stay_apart(tmp_path):
    save_photo(tmp_path / "p.jpg")
    Image.fromarray(textured(seed=2)).save(tmp_path / "p.png")
    assert [f.photo_id for f in read_frames(tmp_path)] == ["p.jpg", "p.png"]


def test_a_copy_is_named_as_duplicate(tmp_path):
    (tmp_path / "b.jpg").write_bytes(save_photo(tmp_path / "a.jpg").read_bytes())
    assert read_frames(tmp_path)[1].reasons[-1] == "duplicate: the same file as a"


def test_the_flight_log_gives_a_pose_to_photos_without_one(tmp_path):
    save_photo(tmp_path / "p.jpg", lon_lat=None, taken="2026:06:01 11:00:00")
    event = CameraEvent(
        7, datetime(2026, 6, 1, 3, 0, 0, 400_000, tzinfo=UTC), GeoPoint(119.3, 33.2, 85.0), 80.0,
        Attitude(12.0, -90.0),
    )  # fmt: skip
    frame = only(tmp_path, terrain=TERRAIN, events=[event], utc_offset_hours=8)
    assert frame.pose.attitude.yaw_deg == 12.0
    assert frame.pose.source.startswith("flight log: event 7, camera clock -0.4 s")
    assert frame.gsd_m == pytest.approx(80 / frame.camera.focal_px, rel=1e-4)


def test_photos_that_the_flight_log_does_not_fit_have_no_pose_and_say_why(tmp_path):
    save_photo(tmp_path / "p.jpg", lon_lat=None, taken="2025:06:01 11:00:00")
    event = CameraEvent(
        7, datetime(2026, 6, 1, 3, tzinfo=UTC), GeoPoint(119.3, 33.2, 85.0), 80.0,
        Attitude(12.0, -90.0),
    )  # fmt: skip
    frame = only(tmp_path, terrain=TERRAIN, events=[event], utc_offset_hours=8)
    assert frame.pose is None
    assert "-31536000.0 s ahead, at most 300 s are allowed" in frame.reasons[1]


def test_reading_twice_gives_the_same_frames_and_reports_progress(tmp_path):
    for number in range(5):
        save_photo(tmp_path / f"p{number}.jpg", textured(seed=number), xmp=GIMBAL | HEIGHTS)
    seen = []
    first = read_frames(tmp_path, progress=lambda done, total: seen.append((done, total)))
    assert first == read_frames(tmp_path, workers=1)
    assert seen == [(n, 5) for n in range(1, 6)]


def test_each_flight_chooses_its_own_heights(tmp_path):
    save_photo(tmp_path / "good" / "p.jpg", xmp=GIMBAL | HEIGHTS)
    off = HEIGHTS | {"AbsoluteAltitude": "+60.00"}
    save_photo(tmp_path / "off" / "p.jpg", textured(seed=1), xmp=GIMBAL | off)
    good, bad = read_frames(tmp_path, terrain=TERRAIN)
    assert good.pose.position.altitude_amsl_m == bad.pose.position.altitude_amsl_m == 105.0
    assert bad.pose.sigma.vertical_m > good.pose.sigma.vertical_m


def test_an_empty_folder_is_refused(tmp_path):
    with pytest.raises(PhotoError, match="holds no photos"):
        read_frames(tmp_path)


def test_a_guessed_time_zone_stands_in_the_source_of_the_pose(tmp_path):
    save_photo(tmp_path / "a.jpg", xmp=GIMBAL | HEIGHTS)
    (guessed,) = read_frames(tmp_path)
    (told,) = read_frames(tmp_path, utc_offset_hours=9)
    assert guessed.pose.source.endswith("time zone UTC+8 guessed from the longitude")
    assert "time zone" not in told.pose.source
    assert guessed.taken_at - told.taken_at == timedelta(hours=1)


def test_a_photo_by_the_clocks_of_another_district_is_remarked_and_still_used(tmp_path):
    save_photo(tmp_path / "p.jpg", xmp=GIMBAL | HEIGHTS, lon_lat=(-93.1, 45.0))
    (there,) = read_frames(tmp_path, utc_offset_hours=-6)
    (here,) = read_frames(tmp_path, utc_offset_hours=8)
    assert not any(reason.startswith("clock") for reason in there.reasons)
    assert any(
        reason.startswith("clock: its time was taken to be UTC+8") for reason in here.reasons
    )
    assert is_worth_looking(here)
    assert here.is_located
