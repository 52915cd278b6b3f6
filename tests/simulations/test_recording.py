import os
from dataclasses import replace
from datetime import UTC, datetime

import geopandas as gpd
import numpy as np
import pyogrio
import pytest
from PIL import Image

from geo.camera import Camera
from geo.files import WriteError
from geo.pose import Attitude, GeoPoint, Pose
from geo.raster import read_terrain
from simulations.planting import plant
from simulations.recording import DEM_SIGMA_M, write_district, write_photo
from simulations.town import make_district

CAMERA = Camera.centred(64, 48, 50.0)
POSE = Pose(GeoPoint(120.1301, 32.5102, 104.25), Attitude(-123.4, -90.0))
TAKEN_AT = datetime(2026, 5, 31, 18, 4, 5, 123456, tzinfo=UTC)
RGB = np.arange(48 * 64 * 3, dtype=np.uint8).reshape(48, 64, 3)


@pytest.fixture(scope="module")
def district():
    return make_district(4)


@pytest.fixture(scope="module")
def folder(district, tmp_path_factory):
    path = tmp_path_factory.mktemp("district")
    write_district(path, district, plant(district, district.patrol_codes, seed=4))
    return path


def test_cells_are_read_back_with_their_attributes(folder, district):
    cells = gpd.read_file(folder / "cells.gpkg")
    assert list(cells.code) == [cell.code for cell in district.cells]
    assert list(cells.officer) == [cell.officer for cell in district.cells]
    assert set(cells.columns) >= {"code", "name", "town", "village", "officer"}
    assert cells.crs.to_epsg() == 4326
    assert cells.is_valid.all()


@pytest.mark.parametrize(
    "layer", ["farmland", "closed_water", "open_water", "industrial", "permitted"]
)
def test_zone_layers_keep_their_area(folder, district, layer):
    zone = gpd.read_file(folder / "zones.gpkg", layer=layer)
    local = zone.to_crs(district.frame.crs)
    assert local.area.sum() == pytest.approx(district.zones[layer].area, rel=1e-6)


def test_dem_is_the_relief_with_the_error_of_a_survey(folder, district):
    places = np.random.default_rng(1).uniform(-900, 900, (400, 2))
    lonlat = district.frame.lonlat_from_xy(places)
    found = read_terrain(folder / "dem.tif").altitudes_amsl_m(lonlat)
    truth = district.relief.height_at(places[:, 0], places[:, 1])
    assert np.std(found - truth) == pytest.approx(DEM_SIGMA_M, rel=0.2)
    assert abs(np.mean(found - truth)) < 0.15


def test_truth_names_every_planted_object(folder, district):
    planted = plant(district, district.patrol_codes, seed=4)
    truth = gpd.read_file(folder / "truth.gpkg", layer="planted")
    assert list(truth.code) == [item.code for item in planted]
    assert list(truth.violation) == [item.violation for item in planted]


def test_writing_twice_gives_the_same_bytes(folder, district, tmp_path):
    write_district(tmp_path, district, plant(district, district.patrol_codes, seed=4))
    for path in folder.iterdir():
        assert (tmp_path / path.name).read_bytes() == path.read_bytes(), path.name


def test_writing_leaves_the_date_option_of_other_programs_alone(folder):
    assert pyogrio.get_gdal_config_option("OGR_CURRENT_DATE") is None


def test_a_district_that_cannot_be_written_is_explained(district, tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(WriteError, match="cannot be written"):
        write_district(tmp_path / "file", district)


def tags_of(path):
    with Image.open(path) as image:
        text = image.info["xmp"].decode()
    pairs = [line.strip().split("=", 1) for line in text.splitlines() if "drone-dji:" in line]
    return {
        name.removeprefix("drone-dji:"): value.strip('">')
        for name, value in pairs
        if not name.startswith("xmlns")
    }


@pytest.fixture
def photo(tmp_path):
    path = tmp_path / "a" / "photo.jpg"
    write_photo(path, RGB, POSE, CAMERA, TAKEN_AT, height_home_m=99.5, flight_yaw_deg=56.6)
    return path


def test_xmp_holds_the_measured_pose(photo):
    tags = tags_of(photo)
    assert float(tags["GpsLongitude"]) == pytest.approx(120.1301, abs=1e-9)
    assert float(tags["GpsLatitude"]) == pytest.approx(32.5102, abs=1e-9)
    assert tags["AbsoluteAltitude"] == "+104.250"
    assert tags["RelativeAltitude"] == "+99.500"
    assert (tags["GimbalYawDegree"], tags["GimbalPitchDegree"]) == ("-123.40", "-90.00")
    assert tags["FlightYawDegree"] == "+56.60"


def test_xmp_holds_the_camera(photo):
    tags = tags_of(photo)
    assert float(tags["CalibratedFocalLength"]) == 50.0
    # DJI counts from the corner of the first pixel.
    assert float(tags["CalibratedOpticalCenterX"]) == 32.0
    assert tags["UTCAtExposure"] == "2026-05-31T18:04:05.123456"


def test_exif_holds_local_time_and_place(photo):
    with Image.open(photo) as image:
        exif = image.getexif()
        details, place = exif.get_ifd(0x8769), exif.get_ifd(0x8825)
    assert details[0x9003] == "2026:06:01 02:04:05"
    assert (details[0x9011], details[0x9291]) == ("+08:00", "123")
    degrees, minutes, seconds = place[4]
    assert float(degrees + minutes / 60 + seconds / 3600) == pytest.approx(120.1301, abs=1e-7)
    assert (place[1], place[3], float(place[6])) == ("N", "E", 104.25)
    assert exif[0x010F] == "DJI"


def test_focal_length_of_full_frame_goes_by_width(photo):
    with Image.open(photo) as image:
        details = image.getexif().get_ifd(0x8769)
    assert details[0xA405] == round(50.0 / 64 * 36)


def test_lens_distortion_is_written_as_dji_writes_it(tmp_path):
    bent = replace(CAMERA, distortion=(-0.1, 0.02, 0.001, 0.002, 0.003))
    write_photo(tmp_path / "p.jpg", RGB, POSE, bent, TAKEN_AT, height_home_m=99.5)
    numbers = tags_of(tmp_path / "p.jpg")["DewarpData"].split(";")[1].split(",")
    assert [float(n) for n in numbers] == [50, 50, 0, 0, -0.1, 0.02, 0.001, 0.002, 0.003]


def test_same_photo_twice_is_the_same_file(photo, tmp_path):
    again = tmp_path / "again.jpg"
    write_photo(again, RGB, POSE, CAMERA, TAKEN_AT, height_home_m=99.5, flight_yaw_deg=56.6)
    assert again.read_bytes() == photo.read_bytes()


def test_nothing_half_written_stays_behind(photo, tmp_path, monkeypatch):
    def fail(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(WriteError, match="No space"):
        write_photo(photo.with_name("b.jpg"), RGB, POSE, CAMERA, TAKEN_AT, height_home_m=1.0)
    assert [path.name for path in photo.parent.iterdir()] == ["photo.jpg"]


def test_picture_of_another_size_is_refused(tmp_path):
    with pytest.raises(ValueError, match="size"):
        write_photo(tmp_path / "p.jpg", RGB[:10], POSE, CAMERA, TAKEN_AT, height_home_m=1.0)


def test_time_without_zone_is_refused(tmp_path):
    naive = TAKEN_AT.replace(tzinfo=None)
    with pytest.raises(ValueError, match="time zone"):
        write_photo(tmp_path / "p.jpg", RGB, POSE, CAMERA, naive, height_home_m=1.0)
