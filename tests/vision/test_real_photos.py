"""What the readers make of real photos that lie beside the repository."""

import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from shapely import Point

from benchmarks.georef import locate
from geo.raster import read_terrain
from vision.detector import detect_frames, open_detector
from vision.frames import read_frames
from vision.images import list_photos, read_rgb
from vision.package import SHIPPED_MODEL
from vision.quality import QualityLimits, look_at, picture_flaws

ROOT = Path(__file__).parents[2]
DATA = Path(os.environ.get("AEROGRID_DATA", ROOT.parent / "shared"))
BRIGHTON = DATA / "georef" / "brighton"

pytestmark = pytest.mark.skipif(
    not BRIGHTON.is_dir(), reason=f"the shared photos are not at {DATA} (AEROGRID_DATA)"
)


def reasons(folder):
    return {frame.photo_id: "; ".join(frame.reasons) for frame in read_frames(DATA / folder)}


def test_the_six_photos_turned_by_a_viewer_are_named_and_the_others_located():
    frames = read_frames(BRIGHTON / "images", terrain=read_terrain(BRIGHTON / "dsm.tif"))
    turned = {f.photo_id for f in frames if any(r.startswith("edited") for r in f.reasons)}
    assert turned == {f"DJI_00{n}" for n in range(24, 30)}
    assert {f.photo_id for f in frames if not f.is_located} == turned
    assert all(0.015 < f.gsd_m < 0.02 for f in frames)


def test_pixels_of_real_photos_are_placed_as_well_as_their_tags_allow():
    scene = json.loads((BRIGHTON / "scene12.json").read_text())
    errors = []
    for name, image in scene["images"].items():
        truth = np.array(image["truth"])
        found = locate(str(BRIGHTON / name), np.array(image["pixels"]), str(BRIGHTON / "dsm.tif"))
        east = (found[:, 0] - truth[:, 0]) * 111_320 * np.cos(np.radians(truth[:, 1]))
        errors.append(np.hypot(east, (found[:, 1] - truth[:, 1]) * 111_170))
    lengths = np.concatenate(errors)
    assert np.isfinite(lengths).all()
    assert np.median(lengths) <= 2.1
    assert np.percentile(lengths, 95) <= 3.4


DARK_WATER = (
    *(27, 55, 69, 82, 115, 122, 129, 141, 173, 187, 199, 209, 216, 264, 287, 338, 362, 367, 384),
    *(409, 445, 564, 571, 600, 608, 651, 660),
)  # of 621 photos of boats those whose brightest hundredth is below 40 of 255


def test_boats_on_dark_water_are_searched():
    for number in DARK_WATER:
        picture = read_rgb(DATA / "vision" / "fishing" / "images" / f"ccboat_{number:03}.jpg")
        assert look_at(picture).light < 40
        (remark,) = picture_flaws(look_at(picture), QualityLimits())
        assert remark.startswith("dim: ")


def test_no_photo_of_plain_country_is_kept_from_the_search():
    paths = list_photos(DATA / "vision" / "negatives" / "images")[::4]
    assert all(picture_flaws(look_at(read_rgb(p)), QualityLimits()) == [] for p in paths)


def test_photos_without_a_usable_pose_are_refused_with_their_reason():
    found = reasons("georef/no_pose")
    assert found["DJI_XT2"].startswith("thermal")
    assert "shallow" in found["DJI_XT2"]
    assert "thermal" in found["H20T_DJI_0001_R"]
    assert "no GNSS position" in found["H20T_DJI_0001_R"]
    blurred = found["DJI_20251001132715_0396_D_POOR_SHARPNESS"]
    assert blurred.startswith("blurred")
    assert "position only: no camera attitude" in blurred


def test_an_rtk_photo_keeps_its_own_doubt_and_its_exact_time():
    (frame,) = read_frames(DATA / "georef" / "dji_p1_rtk")
    assert frame.is_located
    assert frame.pose.sigma.horizontal_m < 0.05
    assert frame.pose.position.lon_deg == 34.694082868
    assert frame.taken_at.isoformat() == "2024-02-13T11:13:24.526262+00:00"


def test_every_demo_photo_is_located_or_listed_with_its_reason():
    found = reasons("vision/demo")
    for name, text in found.items():
        if name in ("brighton_30_full", "brighton_31_full"):
            assert text == ""
        elif name.startswith("caliterra"):
            assert "position only: no camera attitude" in text
        else:
            assert text


@pytest.mark.skipif(not SHIPPED_MODEL.exists(), reason="no model is shipped yet")
def test_the_real_burning_picture_is_found(tmp_path):
    demo = DATA / "vision" / "demo"
    shutil.copy(demo / "zanzibar_real_smoke.jpg", tmp_path)
    ((_, found),) = detect_frames(read_frames(tmp_path), tmp_path, open_detector())
    mask = read_rgb(demo / "zanzibar_real_smoke_mask.png")[:, :, 0] > 0
    y, x = np.nonzero(mask)
    smoke = [d for d in found if d.class_name == "smoke"]
    assert any(d.polygon_px.convex_hull.contains(Point(x.mean(), y.mean())) for d in smoke)
