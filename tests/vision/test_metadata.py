from datetime import UTC, datetime

import pytest

from vision import metadata
from vision.metadata import AltitudeDatum, PhotoTags

GPS = {
    "GPSLatitude": (33.0, 12.0, 0.0),
    "GPSLatitudeRef": "N",
    "GPSLongitude": (119.0, 18.0, 0.0),
    "GPSLongitudeRef": "E",
    "GPSAltitude": 40.0,
}


def tags(width=4000, height=3000, *, exif=None, gps=None, **xmp):
    named = {f"drone-dji:{name}": str(value) for name, value in xmp.items()}
    return PhotoTags(width, height, exif or {}, gps or {}, named)


def test_position_in_exif_is_degrees_minutes_seconds_with_its_hemisphere():
    south_west = GPS | {"GPSLatitudeRef": "S", "GPSLongitudeRef": "W"}
    position = metadata.position_of(tags(gps=south_west))
    assert (position.lon_deg, position.lat_deg) == pytest.approx((-119.3, -33.2))
    assert position.altitude_m == 40.0


@pytest.mark.parametrize("lon_name", ["GpsLongitude", "GpsLongtitude"])
def test_xmp_position_wins_because_it_has_more_digits(lon_name):
    xmp = {"GpsLatitude": "33.123456789", lon_name: "119.123456789"}
    position = metadata.position_of(tags(gps=GPS, **xmp))
    assert (position.lon_deg, position.lat_deg) == (119.123456789, 33.123456789)


def test_a_height_below_sea_level_is_negative():
    assert metadata.position_of(tags(gps=GPS | {"GPSAltitudeRef": b"\x01"})).altitude_m == -40.0


@pytest.mark.parametrize(
    "gps",
    [
        {},
        {"GPSLatitude": (0.0, 0.0, 0.0), "GPSLongitude": (0.0, 0.0, 0.0)},
        {"GPSLatitude": (float("nan"), 0, 0), "GPSLongitude": (1.0, 0, 0)},
        {"GPSLatitude": "33", "GPSLongitude": None},
        {"GPSLatitude": (133.0, 0, 0), "GPSLongitude": (1.0, 0, 0)},
    ],
)
def test_a_photo_without_a_fix_has_no_position(gps):
    assert metadata.position_of(tags(gps=gps)) is None


def test_an_rtk_height_is_above_the_ellipsoid():
    position = metadata.position_of(tags(gps=GPS, AltitudeType="RtkAlt", AbsoluteAltitude="+175.2"))
    assert position.datum is AltitudeDatum.ELLIPSOID
    assert position.altitude_m == 175.2


def test_relative_height_is_above_the_take_off_point():
    assert metadata.position_of(tags(gps=GPS, RelativeAltitude="+60.5")).height_home_m == 60.5


def test_an_attitude_needs_all_three_gimbal_angles():
    angles = {"GimbalYawDegree": "+10", "GimbalPitchDegree": "-90", "GimbalRollDegree": "0"}
    assert metadata.attitude_of(tags(**angles)).yaw_deg == 10
    for missing in angles:
        rest = {name: value for name, value in angles.items() if name != missing}
        assert metadata.attitude_of(tags(**rest)) is None
    assert metadata.attitude_of(tags(**angles | {"GimbalPitchDegree": "nan"})) is None


def test_rtk_sigmas_are_the_photos_own():
    fixed = tags(RtkFlag=50, RtkStdLon=0.04, RtkStdLat=0.02, RtkStdHgt=0.08)
    assert metadata.sigma_of(fixed).horizontal_m == 0.04
    assert metadata.sigma_of(fixed).vertical_m == 0.08
    assert metadata.sigma_of(tags(RtkFlag=34)).horizontal_m == 0.3
    assert metadata.sigma_of(tags(RtkFlag=16)).horizontal_m == 1.5
    assert metadata.sigma_of(tags()).vertical_m == 3.0


def test_a_camera_known_for_a_loose_gimbal_has_wider_angles():
    assert metadata.sigma_of(tags(exif={"Model": "FC300S\x00\x00"})).axis_deg == 1.9


@pytest.mark.parametrize(
    ("exif", "xmp", "gps", "expected"),
    [
        ({}, {"UTCAtExposure": "2024-02-13T11:13:24.526262"}, {}, "2024-02-13T11:13:24.526262"),
        ({"DateTimeOriginal": "2026:06:01 11:00:00"}, {}, GPS, "2026-06-01T03:00:00"),
        ({"DateTimeOriginal": "2026:06:01 11:00:00"}, {}, {}, "2026-06-01T11:00:00"),
        (
            {"DateTimeOriginal": "2026:06:01 11:00:00", "OffsetTimeOriginal": "-05:30"},
            {},
            GPS,
            "2026-06-01T16:30:00",
        ),
        (
            {"DateTimeOriginal": "2026-06-01 11:00:00", "SubsecTimeOriginal": "25"},
            {},
            {},
            "2026-06-01T11:00:00.250000",
        ),
    ],
)
def test_times_become_utc(exif, xmp, gps, expected):
    found = metadata.taken_at_of(tags(exif=exif, gps=gps, **xmp))
    assert found == datetime.fromisoformat(expected).replace(tzinfo=UTC)


@pytest.mark.parametrize("text", ["", "0000:00:00 00:00:00", "yesterday"])
def test_a_time_that_is_none_stays_unknown(text):
    assert metadata.taken_at_of(tags(exif={"DateTimeOriginal": text})) is None


def test_the_name_of_a_viewer_makes_a_photo_suspicious():
    viewer = {"Software": "Microsoft Windows Photo Viewer 10.0"}
    assert "Photo Viewer" in metadata.editing_reason(tags(exif=viewer))
    assert metadata.editing_reason(tags(exif={"Software": "v01.23.4920"})) is None


def test_a_shape_other_than_the_cameras_makes_a_photo_suspicious():
    taken = {"ExifImageWidth": 4000, "ExifImageHeight": 3000}
    assert metadata.editing_reason(tags(2000, 1500, exif=taken)) is None
    assert "turned" in metadata.editing_reason(tags(3000, 4000, exif=taken))
    assert "cropped" in metadata.editing_reason(tags(3000, 3000, exif=taken))


def test_a_mirrored_photo_is_suspicious():
    assert "mirrored" in metadata.editing_reason(tags(exif={"Orientation": 2}))


def test_thermal_pictures_are_known_by_camera_and_size():
    assert metadata.is_thermal(tags(640, 512, exif={"Model": "ZH20T"}))
    assert not metadata.is_thermal(tags(4056, 3040, exif={"Model": "ZH20T"}))
    assert not metadata.is_thermal(tags(640, 512, exif={"Model": "FC300S"}))


def test_numbers_that_are_none_are_none():
    assert metadata.number_of("+1.5") == 1.5
    for value in (None, "", "abc", "inf", float("nan"), (1, 2)):
        assert metadata.number_of(value) is None


def test_the_district_knows_its_civil_time_better_than_the_longitude():
    kashgar = GPS | {"GPSLongitude": (76.0, 0.0, 0.0)}  # UTC+5 by the sun, UTC+8 by law
    photo = tags(exif={"DateTimeOriginal": "2026:06:01 11:00:00"}, gps=kashgar)
    assert metadata.taken_at_of(photo).hour == 6
    assert metadata.taken_at_of(photo, 8.0).hour == 3
    assert metadata.zone_guess(photo) == "time zone UTC+5 guessed from the longitude"
    assert metadata.zone_guess(photo, 8.0) == ""


def test_a_time_that_knows_its_zone_is_not_moved():
    stated = {"DateTimeOriginal": "2026:06:01 11:00:00", "OffsetTimeOriginal": "+02:00"}
    for photo in (tags(exif=stated), tags(UTCAtExposure="2026-06-01T09:00:00")):
        assert metadata.taken_at_of(photo, 8.0) == datetime(2026, 6, 1, 9, tzinfo=UTC)
        assert metadata.zone_guess(photo) == ""


@pytest.mark.parametrize(
    ("model", "aircraft", "yaw"),
    [("FC300S", "46.0", 46.0), ("FC300S", "90.0", 45.0), ("FC6310R", "46.0", 45.0)],
)
def test_a_gimbal_that_only_follows_takes_the_heading_of_its_aircraft(model, aircraft, yaw):
    angles = {"GimbalYawDegree": "45.0", "GimbalPitchDegree": "-90", "GimbalRollDegree": "0"}
    photo = tags(exif={"Model": model}, FlightYawDegree=aircraft, **angles)
    assert metadata.attitude_of(photo).yaw_deg == yaw


@pytest.mark.parametrize(
    ("make", "xmp", "expected"),
    [
        ("Autel Robotics", {"drone:Gimbal{}Degree": (12.0, -88.0, 1.0)}, (12.0, -88.0, 1.0)),
        ("Parrot", {"drone-parrot:Camera{}Degree": (176.3, -78.4, -0.3)}, (176.3, -78.4, -0.3)),
        ("senseFly", {"Camera:{}": (40.0, 5.0, -2.0)}, (40.0, -85.0, -2.0)),
        ("Autel Robotics", {"Camera:{}": (40.0, 85.0, 0.0)}, None),
        ("DJI", {"drone-dji:Gimbal{}Degree": (1.0, 200.0, 0.0)}, None),
    ],
)
def test_each_makers_angles_are_brought_to_one_sense(make, xmp, expected):
    ((pattern, angles),) = xmp.items()
    names = {
        pattern.format(axis): str(angle)
        for axis, angle in zip(("Yaw", "Pitch", "Roll"), angles, strict=True)
    }
    found = metadata.attitude_of(PhotoTags(4000, 3000, {"Make": make}, {}, names))
    assert (found and (found.yaw_deg, found.pitch_deg, found.roll_deg)) == expected


def test_heights_are_read_under_each_makers_name():
    names = {"drone-autel:RelativeAltitude": "28.0", "drone-skydio:AbsoluteAltitude": "140.5"}
    position = metadata.position_of(PhotoTags(4000, 3000, {}, GPS, names))
    assert (position.height_home_m, position.altitude_m) == (28.0, 140.5)


@pytest.mark.parametrize(
    ("lon_deg", "offset_hours", "doubted"),
    [
        (-93.1, 8.0, True),  # Minnesota by Chinese clocks
        (-93.1, -6.0, False),
        (75.9, 8.0, False),  # Kashgar keeps Beijing time, 2.9 hours from the sun
        (-179.0, 12.0, False),  # across the date line
        (119.3, None, False),
    ],
)
def test_a_zone_far_from_the_sun_of_the_place_is_doubted(lon_deg, offset_hours, doubted):
    exif = {"DateTimeOriginal": "2026:06:01 16:31:59"}
    west = "W" if lon_deg < 0 else "E"
    gps = {
        "GPSLatitude": (45.0, 0.0, 0.0),
        "GPSLatitudeRef": "N",
        "GPSLongitude": (abs(lon_deg), 0.0, 0.0),
        "GPSLongitudeRef": west,
    }
    told = metadata.zone_doubt(PhotoTags(100, 100, exif, gps), offset_hours)
    assert bool(told) is doubted
    assert not doubted or ("UTC+8" in told and "UTC-6" in told)
    stated = PhotoTags(100, 100, {**exif, "OffsetTimeOriginal": "-05:00"}, gps)
    assert metadata.zone_doubt(stated, offset_hours) == ""
    assert metadata.zone_doubt(PhotoTags(100, 100, {}, gps), offset_hours) == ""
