from dataclasses import replace

import numpy as np
import pytest
import rasterio
import shapely
from affine import Affine
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.footprint import local_gsd_m
from geo.pose import Attitude, PoseSigma
from geo.projection import ground_from_pixels
from geo.terrain import FlatTerrain
from tests.vision.photos import textured
from tests.vision.scene import (
    CAMERA,
    EXACT,
    LOCAL,
    SCALE,
    frame_of,
    grid_of_places,
    outline_px,
    photograph,
    pose_at,
    raised,
    renamed,
    square,
    turned,
)
from vision.frame_table import read_frame_table, write_frames
from vision.frames import read_frames
from vision.locate import covariances_m2, footprints, locate
from vision.model import Detection

GROUND = FlatTerrain(0.0)


def test_a_detection_is_put_where_the_object_is():
    objects = [square(5, 8), square(-20, 3, 10), square(90, 40)]
    frames, detections, truth = photograph(objects, grid_of_places(60, 30), EXACT, 1)
    sightings, failures = locate(detections, frames, GROUND, LOCAL)
    assert failures == ()
    whole = [s for s in sightings if not s.detection.cut]
    assert len(whole) > 5
    by_detection = dict(zip(map(id, detections), truth, strict=True))
    for sighting in whole:
        ground = LOCAL.to_local(sighting.polygon)
        true = objects[by_detection[id(sighting.detection)]]
        assert ground.intersection(true).area / ground.union(true).area > 0.98


def test_a_hole_stays_a_hole():
    ring = shapely.box(500, 400, 700, 600) - shapely.box(550, 450, 650, 550)
    frame = frame_of("a", pose_at(0, 0, Attitude(20.0, -70.0)))
    ((sighting,), _) = locate([Detection("a", "smoke", 0.5, ring)], [frame], GROUND, LOCAL)
    assert len(sighting.polygon.interiors) == 1


@pytest.mark.parametrize(("pitch_deg", "slant_deg"), [(-90.0, 0.0), (-45.0, 45.0), (-60.0, 30.0)])
def test_a_sighting_knows_how_slanting_its_view_is(pitch_deg, slant_deg):
    frame = frame_of("a", pose_at(0, 0, Attitude(20.0, pitch_deg)))
    middle = shapely.box(630, 470, 649, 489)
    ((sighting,), _) = locate([Detection("a", "boat", 0.5, middle)], [frame], GROUND, LOCAL)
    assert sighting.off_nadir_deg == pytest.approx(slant_deg, abs=0.01)


def test_a_detection_above_the_horizon_is_listed_with_its_reason():
    frame = frame_of("a", pose_at(0, 0, Attitude(0.0, -15.0)))
    sky, ground = shapely.box(0, 0, 200, 300), shapely.box(500, 700, 600, 800)
    detections = [Detection("a", "smoke", 0.5, sky), Detection("a", "smoke", 0.5, ground)]
    sightings, (failure,) = locate(detections, [frame], GROUND, LOCAL, terrain_name="dem.tif")
    assert [s.detection for s in sightings] == detections[1:]
    assert failure.detection == detections[0]
    assert "corners look above the horizon or beyond dem.tif" in failure.reason


def test_detections_without_a_pose_are_listed_with_the_photos_reason():
    detection = Detection("a", "smoke", 0.5, shapely.box(0, 0, 9, 9))
    blind = renamed(frame_of("a", None), reasons=("position only: no camera attitude",))
    assert locate([detection], [blind], GROUND, LOCAL)[1][0].reason.startswith("position only")
    remarked = renamed(blind, reasons=("clock: c", "no pose: x", "fine: f"))
    assert locate([detection], [remarked], GROUND, LOCAL)[1][0].reason == "no pose: x"
    assert "not among the frames" in locate([detection], [], GROUND, LOCAL)[1][0].reason


def shaken(pose, rng):
    """The same pose with errors drawn from its sigmas."""
    sigma = pose.sigma
    turn_deg = rng.normal(0, [sigma.axis_deg, sigma.axis_deg, sigma.twist_deg])
    east, north = rng.normal(0, sigma.horizontal_m, 2)
    xy = LOCAL.xy_from_lonlat(np.array([[pose.position.lon_deg, pose.position.lat_deg]]))[0]
    moved = pose_at(xy[0] + east, xy[1] + north, turned(pose.attitude, turn_deg), sigma)
    return raised(moved, rng.normal(0, sigma.vertical_m))


@settings(max_examples=4, deadline=None)
@given(
    yaw=st.floats(-180, 180), pitch=st.sampled_from([-90.0, -70.0, -50.0]), seed=st.integers(0, 9)
)
def test_covariances_are_those_of_many_drawn_poses(yaw, pitch, seed):
    rng = np.random.default_rng(seed)
    pose = pose_at(0, 0, Attitude(yaw, pitch), PoseSigma(0.5, 0.8, 0.4, 1.0))
    pixel = np.array([[300.0, 700.0]])
    ground = ground_from_pixels(pixel, CAMERA, pose, GROUND, LOCAL)
    drawn = np.vstack(
        [
            ground_from_pixels(
                pixel, CAMERA, shaken(pose, rng), FlatTerrain(rng.normal(0, 0.6)), LOCAL
            )
            for _ in range(800)
        ]
    )
    found = covariances_m2(CAMERA.rays_from_pixels(pixel), ground, pose, LOCAL, 0.6)[0]
    wanted = np.cov(drawn[:, :2].T)
    scale = np.sqrt(wanted[0, 0] * wanted[1, 1])
    np.testing.assert_allclose(found, wanted[[0, 0, 1], [0, 1, 1]], atol=0.2 * scale)


def test_doubt_grows_towards_the_edge_of_the_picture():
    pose = pose_at(0, 0, Attitude(0.0, -90.0))
    pixels = np.array([[639.5, 479.5], [1000.0, 479.5], [1279.0, 479.5]])
    ground = ground_from_pixels(pixels, CAMERA, pose, GROUND, LOCAL)
    east = covariances_m2(CAMERA.rays_from_pixels(pixels), ground, pose, LOCAL, 2.0)[:, 0]
    assert east[0] < east[1] < east[2]


def test_only_photos_that_were_looked_at_have_a_footprint():
    down = pose_at(0, 0, Attitude(0.0, -90.0))
    good, poor = frame_of("good", down), renamed(frame_of("poor", down), reasons=("blurred: x",))
    sky = frame_of("sky", pose_at(0, 0, Attitude(0.0, 60.0)))
    dim = renamed(good, photo_id="dim", reasons=("dim: the brightest hundredth is at 25",))
    found = footprints([good, poor, sky, dim, frame_of("blind", None)], GROUND, LOCAL, SCALE)
    assert list(found) == ["good"]
    assert LOCAL.to_local(found["good"]).area == pytest.approx(1280 * 960 * 0.08**2, rel=0.001)


def from_height(height_m, pitch=-90.0):
    """A photo from a height above the ground."""
    pose = pose_at(0, 0, Attitude(0.0, pitch))
    pose = replace(pose, position=replace(pose.position, altitude_amsl_m=height_m))
    gsd_m = height_m / np.sin(np.radians(-pitch)) / CAMERA.focal_px
    return renamed(frame_of("a", pose), gsd_m=float(gsd_m))


@pytest.mark.parametrize("height_m", [16.0, 40.0, 80.0, 245.0])
def test_a_photo_fine_enough_has_the_footprint_of_its_picture(height_m):
    found = footprints([from_height(height_m)], GROUND, LOCAL, SCALE)["a"]
    across_m, along_m = 1.28 * height_m, 0.96 * height_m
    assert LOCAL.to_local(found).area == pytest.approx(across_m * along_m, rel=0.001)


def test_a_photo_too_coarse_for_the_model_has_no_footprint():
    assert footprints([from_height(260.0), from_height(2000.0)], GROUND, LOCAL, SCALE) == {}


def test_an_oblique_photo_covers_what_it_shows_clearly_and_no_more():
    found = LOCAL.to_local(footprints([from_height(110.0, -30.0)], GROUND, LOCAL, SCALE)["a"])
    away_m = np.hypot(*shapely.get_coordinates(found).T)
    assert 140 < away_m.max() < 157.1  # 35 degrees below the horizon
    outline = shapely.box(-5, 1000, 5, 1010)
    assert not found.intersects(outline)


def test_far_ground_that_shrinks_with_a_fine_picture_is_not_covered():
    """Its middle is at 4 cm and shown at 10: what is at 7 cm is shown at 18, too coarsely."""
    photo, fine = from_height(28.0, -45.0), replace(SCALE, gsd_range_m=(0.03, 0.15))
    found = LOCAL.to_local(footprints([photo], GROUND, LOCAL, fine)["a"])
    ahead = np.array([[639.5, y] for y in np.arange(0.0, 960.0, 5.0)])
    ground = ground_from_pixels(ahead, photo.camera, photo.pose, GROUND, LOCAL)
    coarsest = local_gsd_m(ahead, ground, photo.camera, photo.pose, LOCAL)[:, 1]
    inside = shapely.contains_xy(found, ground[:, 0], ground[:, 1])
    assert 0.05 < coarsest[inside].max() <= 0.15 * photo.gsd_m / 0.1
    assert coarsest[~inside].max() < 0.25


def test_the_world_of_these_tests_is_seen_as_it_is():
    pose = pose_at(0, 0, Attitude(0.0, -90.0))
    outline, cut = outline_px(square(0, 0, 8), pose)
    assert outline.area == pytest.approx(100 * 100, rel=0.01)
    assert not cut


def test_a_doubted_focal_length_moves_points_away_from_the_middle():
    pose = pose_at(0, 0, Attitude(0.0, -90.0), PoseSigma(0.0, 0.0, 0.0, 0.0))
    pixels = np.array([[639.5, 479.5], [1139.5, 479.5]])
    rays = CAMERA.rays_from_pixels(pixels)
    ground = ground_from_pixels(pixels, CAMERA, pose, GROUND, LOCAL)
    longer = replace(CAMERA, focal_px=CAMERA.focal_px * 1.01)
    moved = ground_from_pixels(pixels, longer, pose, GROUND, LOCAL) - ground
    found = covariances_m2(rays, ground, pose, LOCAL, 0.0, 0.01)
    np.testing.assert_allclose(found[:, 0], moved[:, 0] ** 2, rtol=0.03, atol=1e-9)


def test_a_shift_that_a_tilt_undoes_leaves_no_doubt():
    free = pose_at(0, 0, Attitude(0.0, -90.0), PoseSigma(0.0, 0.0, 0.0, 0.0))
    tilt_deg = np.degrees(1.0 / 80.0)  # of a metre on the ground from 80 m
    bound = np.zeros((6, 6))
    bound[np.ix_([0, 4], [0, 4])] = np.outer([1.0, tilt_deg], [1.0, tilt_deg])
    pixel = np.array([[639.5, 479.5]])
    ground = ground_from_pixels(pixel, CAMERA, free, GROUND, LOCAL)

    def east_m2(matrix):
        pose = replace(free, covariance=tuple(matrix.ravel()))
        return covariances_m2(CAMERA.rays_from_pixels(pixel), ground, pose, LOCAL, 0.0)[0, 0]

    both = bound * np.where(np.eye(6) > 0, 1.0, -1.0)
    assert sorted([east_m2(bound), east_m2(both)]) == pytest.approx([0.0, 4.0], abs=1e-3)


def test_ellipses_of_95_per_cent_hold_about_as_many_truths():
    rng = np.random.default_rng(7)
    camera = replace(CAMERA, focal_sigma_share=0.01)
    pose = pose_at(0, 0, Attitude(40.0, -60.0), PoseSigma(0.5, 0.8, 0.4, 1.0))
    pixels = rng.uniform([0, 0], [1280, 960], (600, 2))
    ground = ground_from_pixels(pixels, CAMERA, pose, GROUND, LOCAL)
    covariance = covariances_m2(CAMERA.rays_from_pixels(pixels), ground, pose, LOCAL, 0.6, 0.01)
    held = []
    for k, pixel in enumerate(pixels):
        true = replace(camera, focal_px=1000.0 * (1 + rng.normal(0, 0.01)))
        level = FlatTerrain(rng.normal(0, 0.6))
        place = ground_from_pixels(pixel[None], true, shaken(pose, rng), level, LOCAL)[0]
        off = (place - ground[k])[:2]
        east, both, north = covariance[k]
        held.append(off @ np.linalg.solve([[east, both], [both, north]], off) < 5.991)
    assert 0.90 <= np.mean(held) <= 0.99


def test_what_an_orthophoto_shows_lies_where_its_pixels_lie(tmp_path):
    picture = textured(320, 240)
    with rasterio.open(
        tmp_path / "mosaic.tif", "w", driver="GTiff", width=320, height=240, count=3,
        dtype="uint8", crs=LOCAL.crs.to_wkt(), transform=Affine(0.1, 0, 10.0, 0, -0.1, 50.0),
    ) as out:  # fmt: skip
        out.write(np.moveaxis(picture, -1, 0))
    (frame,) = read_frames(tmp_path)
    assert frame.is_located
    assert frame.reasons == ()
    assert frame.gsd_m == pytest.approx(0.1, rel=0.01)
    write_frames(tmp_path / "frames.parquet", [frame])
    assert read_frame_table(tmp_path / "frames.parquet") == (frame,)
    seen = Detection("mosaic", "boat", 0.9, shapely.box(19.5, 39.5, 39.5, 59.5))
    ((sighting,), failures) = locate([seen], [frame], GROUND, LOCAL)
    assert failures == ()
    assert LOCAL.to_local(sighting.polygon).bounds == pytest.approx((12, 44, 14, 46), abs=1e-6)
    outline = footprints([frame], GROUND, LOCAL, SCALE)["mosaic"]
    assert LOCAL.to_local(outline).area == pytest.approx(32 * 24, rel=1e-6)


@pytest.mark.parametrize(("dtype", "count", "is_picture"), [
    ("float32", 1, False), ("uint8", 1, True), ("uint16", 1, True),
])  # fmt: skip
def test_heights_on_a_map_are_no_orthophoto(tmp_path, dtype, count, is_picture):
    grey = textured(320, 240)[..., 0].astype(dtype)
    with rasterio.open(
        tmp_path / "dsm.tif", "w", driver="GTiff", width=320, height=240, count=count,
        dtype=dtype, crs=LOCAL.crs.to_wkt(), transform=Affine(0.1, 0, 10.0, 0, -0.1, 50.0),
    ) as out:  # fmt: skip
        out.write(np.stack([grey] * count))
    (frame,) = read_frames(tmp_path)
    assert frame.is_readable is is_picture
    assert is_picture or "give heights by --dem" in frame.reasons[0]


def test_roofs_are_doubted_more_where_the_terrain_has_none():
    frame = frame_of("a", pose_at(0, 0, Attitude(0.0, -60.0)))
    outline = shapely.box(100, 100, 160, 160)
    detections = [Detection("a", name, 0.9, outline) for name in ("building", "boat")]

    def spread(**options):
        found, _ = locate(detections, [frame], GROUND, LOCAL, **options)
        return [s.covariance_m2[0] + s.covariance_m2[2] for s in found]

    bare, surface = spread(terrain_has_roofs=False), spread()
    assert bare[0] > 2 * surface[0]
    assert bare[1] == surface[1]
