import numpy as np
import pytest
from scipy.ndimage import center_of_mass

from geo.camera import Camera
from geo.pose import Attitude, GeoPoint, Pose, R_enu_from_camera
from simulations.camera import Lens, photograph, render
from simulations.ground import build_area
from simulations.light import Light, sunlit
from simulations.planting import Kind, plant
from simulations.raycast import cast_rays, meet_surface
from simulations.sheet import Label
from simulations.town import make_district

CAMERA = Camera.centred(400, 300, 400.0)
LIGHT = Light()
REACH_M = 75.0


@pytest.fixture(scope="module")
def district():
    return make_district(4)


@pytest.fixture(scope="module")
def planted(district):
    return plant(district, district.patrol_codes, seed=4)


def first(planted, kind):
    return next(item for item in planted if item.kind is kind)


def ground_m(district, x, y):
    return float(district.relief.height_at(np.array([x]), np.array([y]))[0])


def pose_over(district, x, y, attitude, height=100.0):
    lon, lat = district.frame.lonlat_from_xy(np.array([[x, y]]))[0]
    return Pose(GeoPoint(lon, lat, ground_m(district, x, y) + height), attitude)


def area_around(district, planted, x, y, reach=REACH_M):
    return build_area(district, planted, (x - reach, y - reach, x + reach, y + reach))


def pixel_of(district, pose, x, y, z):
    """Where the camera sees a point, by the collinearity equations."""
    place = pose.position
    eye = district.frame.xy_from_lonlat(np.array([[place.lon_deg, place.lat_deg]]))[0]
    ray = np.array([x - eye[0], y - eye[1], z - place.altitude_amsl_m])
    return CAMERA.pixels_from_rays((R_enu_from_camera(pose.attitude).T @ ray)[None])[0]


@pytest.mark.parametrize(
    "attitude", [Attitude(0.0, -90.0), Attitude(133.0, -87.0, 2.0), Attitude(-70.0, -75.0)]
)
def test_an_object_is_seen_where_the_collinearity_equations_say(district, planted, attitude):
    cages = first(planted, Kind.CAGES)
    x, y = cages.x_m, cages.y_m
    pose = pose_over(district, x + 12, y - 8, attitude)
    area = area_around(district, planted, x, y)
    photo = photograph(
        area, CAMERA, pose, district.frame, LIGHT, np.random.default_rng(1), lens=Lens()
    )
    expected = pixel_of(district, pose, x, y, ground_m(district, x, y))
    row, column = center_of_mass(photo.label == Label.FISHING_GEAR)
    # GSD is 0.25 m here, so 2 pixels are half a metre.
    assert (column, row) == pytest.approx(tuple(expected), abs=2.0)


def test_a_roof_leans_away_from_the_nadir_by_relief_displacement(district, planted):
    tall = next(b for b in district.buildings if b.kind == "hall")
    x, y = tall.x_m, tall.y_m
    base = ground_m(district, x, y)
    pose = pose_over(district, x + 30, y, Attitude(0.0, -90.0))
    area = area_around(district, (), x, y, 90.0)
    hits = meet_surface(cast_rays(CAMERA, pose, district.frame), area)
    middle_height = tall.eaves_m + tall.width_m / 2 * 0.12
    column, row = np.round(pixel_of(district, pose, x, y, base + middle_height)).astype(int)
    window = area.sheet.window
    seen_x = (hits.column[row, column] + window.left_px + 0.5) / 10
    assert hits.height_m[row, column] == pytest.approx(middle_height, abs=1.0)
    assert seen_x == pytest.approx(x, abs=0.5)


def test_same_random_numbers_give_the_same_photo(district):
    area = area_around(district, (), 0.0, 0.0)
    pose = pose_over(district, 0.0, 0.0, Attitude(20.0, -90.0))
    one, two = (
        render(area, CAMERA, pose, district.frame, LIGHT, np.random.default_rng(5))
        for _ in range(2)
    )
    assert np.array_equal(one, two)
    assert one.shape == (300, 400, 3)


def test_smoke_is_labelled_downwind_of_its_fire(district, planted):
    fire = first(planted, Kind.BURNING)
    x, y = fire.x_m, fire.y_m
    pose = pose_over(district, x, y, Attitude(0.0, -90.0))
    area = area_around(district, planted, x, y)
    photo = photograph(
        area, CAMERA, pose, district.frame, LIGHT, np.random.default_rng(1), lens=Lens()
    )
    row, column = center_of_mass(photo.label == Label.SMOKE)
    angle = np.radians(fire.plume.toward_deg)
    drift = (column - 199.5) * np.cos(angle) - (row - 149.5) * np.sin(angle)
    assert np.sum(photo.label == Label.SMOKE) > 300
    assert np.any(photo.label == Label.FLAME)
    assert drift * 0.25 > 3.0


def test_smoke_drifts_between_two_photos(district, planted):
    fire = first(planted, Kind.BURNING)
    pose = pose_over(district, fire.x_m, fire.y_m, Attitude(0.0, -90.0))
    area = area_around(district, planted, fire.x_m, fire.y_m)
    quiet = Lens(noise=0.0)
    early, late = (
        photograph(
            area, CAMERA, pose, district.frame, LIGHT, np.random.default_rng(1),
            elapsed_s=t, lens=quiet,
        ).rgb.astype(int)
        for t in (0.0, 8.0)
    )  # fmt: skip
    assert np.mean(np.abs(early - late).max(axis=2) > 12) > 0.004


def test_steam_and_dust_are_never_called_smoke(district, planted):
    for kind in (Kind.STEAM, Kind.DUST):
        item = first(planted, kind)
        alone = [item]
        pose = pose_over(district, item.x_m, item.y_m, Attitude(0.0, -90.0))
        area = area_around(district, alone, item.x_m, item.y_m)
        photo = photograph(
            area, CAMERA, pose, district.frame, LIGHT, np.random.default_rng(1), lens=Lens()
        )
        assert not np.any(photo.label == Label.SMOKE)


def test_a_house_casts_its_shadow_away_from_the_sun(district):
    hall = next(b for b in district.buildings if b.kind == "hall")
    area = area_around(district, (), hall.x_m, hall.y_m, 40.0)
    light = Light(sun_azimuth_deg=180.0, sun_elevation_deg=45.0)
    lit = sunlit(area, light)
    window = area.sheet.window

    def share_lit(y_m):
        row = int((-y_m * 10 - window.top_px) / 2)
        column = int((hall.x_m * 10 - window.left_px) / 2)
        return float(lit[row - 2 : row + 3, column - 2 : column + 3].mean())

    edge = hall.width_m / 2 + 3.0
    assert share_lit(hall.y_m + edge) < 40
    assert share_lit(hall.y_m - edge) > 90


def test_a_camera_that_sees_the_horizon_is_refused(district):
    area = area_around(district, (), 0.0, 0.0)
    pose = pose_over(district, 0.0, 0.0, Attitude(0.0, -20.0))
    with pytest.raises(ValueError, match="horizon"):
        render(area, CAMERA, pose, district.frame, LIGHT, np.random.default_rng(5))


def test_a_photo_beside_the_area_is_refused(district):
    area = area_around(district, (), 0.0, 0.0)
    pose = pose_over(district, 200.0, 0.0, Attitude(0.0, -90.0))
    with pytest.raises(ValueError, match="build an area"):
        render(area, CAMERA, pose, district.frame, LIGHT, np.random.default_rng(5))


def test_a_sun_below_the_horizon_is_refused():
    with pytest.raises(ValueError, match="sun_elevation_deg"):
        Light(sun_elevation_deg=-3.0)


def test_a_distorted_lens_moves_the_corners(district):
    area = area_around(district, (), 0.0, 0.0)
    pose = pose_over(district, 0.0, 0.0, Attitude(0.0, -90.0))
    barrel = Camera(400, 300, 400.0, 199.5, 149.5, (-0.1, 0.0, 0.0, 0.0, 0.0))
    straight = meet_surface(cast_rays(CAMERA, pose, district.frame), area)
    bent = meet_surface(cast_rays(barrel, pose, district.frame), area)
    assert bent.x_m[150, 200] == pytest.approx(straight.x_m[150, 200], abs=0.05)
    assert bent.x_m[0, 0] < straight.x_m[0, 0] - 1.0
