from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest
from PIL import Image

from geo.camera import Camera
from geo.pose import Attitude, GeoPoint, Pose
from geo.track import CameraEvent
from simulations import photography
from simulations.exposures import TrueExposure
from simulations.ground import build_area
from simulations.light import Light
from simulations.photography import Roll, take_photos
from simulations.town import make_district
from vision.frames import read_frames

NOON = datetime(2026, 6, 15, 4, tzinfo=UTC)
NADIR = Attitude(0.0, -90.0)


@pytest.fixture(scope="module")
def district():
    return make_district(4)


def roll_over(district, clock_error_s):
    ((lon, lat),) = district.frame.lonlat_from_xy([[0.0, 0.0]])
    place = GeoPoint(float(lon), float(lat), 120.0)
    truth = TrueExposure(1, NOON, Pose(place, NADIR), clock_error_s)
    return Roll("T-1", (truth,), (CameraEvent(1, NOON, place, 100.0, NADIR),))


@pytest.mark.parametrize("clock_error_s", [0.0, 0.437, -0.25])
def test_a_photos_time_is_the_cameras_own(district, tmp_path, clock_error_s):
    camera = Camera.centred(80, 60, 80.0)
    take_photos(district, (), roll_over(district, clock_error_s), camera, tmp_path, Light())
    (path,) = tmp_path.glob("*.jpg")
    with Image.open(path) as image:
        tags = image.getexif().get_ifd(0x8769)
    text = f"{tags[0x9003]}.{tags[0x9291]} {tags[0x9011]}"
    taken_at = datetime.strptime(text, "%Y:%m:%d %H:%M:%S.%f %z")
    assert (taken_at - NOON).total_seconds() == pytest.approx(clock_error_s, abs=1e-3)


def slanting_roll(district, places_m, pitch_deg=-45.0):
    lonlat = district.frame.lonlat_from_xy(places_m)
    attitude = Attitude(30.0, pitch_deg)
    places = [GeoPoint(float(lon), float(lat), 60.0) for lon, lat in lonlat]
    truths = [
        TrueExposure(i, NOON, Pose(place, attitude), told_pitch_deg=pitch_deg)
        for i, place in enumerate(places, 1)
    ]
    events = [CameraEvent(i, NOON, place, 100.0, attitude) for i, place in enumerate(places, 1)]
    return Roll("T-1", tuple(truths), tuple(events))


def test_a_slanting_photo_shows_built_ground_and_the_pitch_of_its_gimbal(district, tmp_path):
    """Ground that was not built is black; the far edge lies 150 m away.

    The vehicle knows nothing of the gimbal, and says what a camera that looks down would have.
    """
    camera, told = Camera.centred(160, 120, 125.0), slanting_roll(district, [[0.0, 0.0]])
    events = tuple(replace(event, attitude=NADIR) for event in told.events)
    take_photos(district, (), replace(told, events=events), camera, tmp_path, Light())
    (frame,) = read_frames(tmp_path)
    assert frame.pose.attitude.pitch_deg == -45.0
    picture = np.asarray(Image.open(tmp_path / frame.path).convert("L"))
    assert np.median(picture[:8], axis=0).min() > 40


def test_photos_far_apart_are_of_grounds_of_their_own_and_show_the_same(
    district, tmp_path, monkeypatch
):
    camera = Camera.centred(80, 60, 62.5)
    places = [[-30.0, 0.0], [-25.0, 0.0], [30.0, 5.0]]
    grounds = []
    monkeypatch.setattr(
        photography, "build_area", lambda *of: grounds.append(of) or build_area(*of)
    )
    for folder, most_m2 in (("one", 1e9), ("several", 265.0**2)):
        monkeypatch.setattr(photography, "LARGEST_M2", most_m2)
        roll = slanting_roll(district, places, -90.0)
        assert take_photos(district, (), roll, camera, tmp_path / folder, Light()) == 3
    assert len(grounds) == 1 + 2
    for path in (tmp_path / "one").glob("*.jpg"):
        one, other = (np.asarray(Image.open(f)) for f in (path, tmp_path / "several" / path.name))
        assert np.abs(one.astype(int) - other).mean() < 3.0  # leaves may differ
